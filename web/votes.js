// Blind votes: which of two lists is better, without knowing whose they are.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { t } from './i18n.js';
import { panel } from './page.js';
import { dataTable } from './table.js';

// Two-sided sign test: how likely so uneven a result is when nobody prefers either.
export function signTest(a, b) {
  const n = a + b;
  if (n === 0) return null;
  let logChoose = 0;
  let sum = 0;
  for (let i = 0; i <= Math.min(a, b); i += 1) {
    sum += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log(n - i) - Math.log(i + 1);
  }
  return Math.min(1, 2 * sum);
}

// Buttons under two lists; after the vote the names are told.
export function votingBar(seed, [left, right], bench) {
  const bar = el('div', { class: 'toolbar votes' });
  const vote = (winner) => el('button', {
    type: 'button', class: 'button button-quiet button-small', 'aria-label': `${t(winner)}: ${seed.title}`,
    onclick: async () => {
      try {
        await api.vote({ grader: bench.grader(), seed: seed.id, left, right, winner });
        const named = (model) => `${model.name} ${model.version}`;
        bar.replaceChildren(el('p', { role: 'status' }, `${t('voted')} `, el('strong', {}, `A = ${named(left)}, B = ${named(right)}`)));
        await bench.voted();
      } catch (error) {
        bench.say(t('failed_because', { text: error.message }));
      }
    },
  }, t(winner));
  bar.append(vote('left'), vote('tie'), vote('right'));
  return bar;
}

export async function votesPanel() {
  const pairs = await api.votes();
  if (pairs.length === 0) return '';
  return panel(t('blind_votes'), el('p', { class: 'quiet' }, t('votes_help')), dataTable({
    name: 'votes',
    caption: t('blind_votes'),
    rows: pairs,
    columns: [
      { key: 'a', head: 'A', value: (v) => v.a, cell: (v) => el('code', {}, v.a) },
      { key: 'b', head: 'B', value: (v) => v.b, cell: (v) => el('code', {}, v.b) },
      { key: 'wins_a', head: t('wins', { name: 'A' }), number: true, value: (v) => v.wins_a, cell: (v) => formatCount(v.wins_a) },
      { key: 'wins_b', head: t('wins', { name: 'B' }), number: true, value: (v) => v.wins_b, cell: (v) => formatCount(v.wins_b) },
      { key: 'ties', head: t('tie'), number: true, value: (v) => v.ties, cell: (v) => formatCount(v.ties) },
      { key: 'p', head: t('sign_test'), number: true, value: (v) => signTest(v.wins_a, v.wins_b), cell: (v) => signTest(v.wins_a, v.wins_b)?.toFixed(3) ?? '–' }],
  }).node);
}
