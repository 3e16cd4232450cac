// Bad pairs that were reported: each is a regression case, looked up in the served model whenever
// the page is made.

import * as api from './api.js';
import { el, formatCount, movieHref } from './dom.js';
import { t } from './i18n.js';
import { panel, refusal, token } from './page.js';
import { dataTable } from './table.js';

// What the served lists say about a case now.
export function verdict({ state, now }) {
  if (state === 'fixed') return now.rank_without_rules === null ? 'holds' : 'regressed';
  if (now.rank !== null) return 'still_shown';
  return now.blocked ? 'is_blocked' : 'gone_now';
}

const kNext = { reported: 'understood', understood: 'fixed', fixed: 'reported' };

async function liftBlock(report) {
  const rules = await api.rules();
  const kept = rules.rules.filter((rule) => !(rule.type === 'block_pair' && rule.a === report.seed && rule.b === report.item));
  await api.putRules({ ...rules, rules: kept }, token());
}

function actions(report, act) {
  const move = (state) => act(() => api.report({
    seed: report.seed, item: report.item, state, ...(report.note ? { note: report.note } : {}), ...(state === 'fixed' ? { fixed_in: report.now.version } : {}),
  }, token()));
  const button = (text, run) => el('button', { type: 'button', class: 'tool', 'aria-label': `${text}: ${report.seed_title} → ${report.item_title}`, onclick: run }, text);
  const next = kNext[report.state];
  return el('span', { class: 'cell-tools' },
    button(next === 'fixed' ? t('mark_fixed') : t(`mark_${next}`), () => move(next)),
    report.now.blocked
      ? button(t('lift_block'), () => act(() => liftBlock(report)))
      : button(t('block'), () => act(() => api.report({ seed: report.seed, item: report.item, state: report.state, block: true, ...(report.note ? { note: report.note } : {}), ...(report.fixed_in ? { fixed_in: report.fixed_in } : {}) }, token()))));
}

export async function reportsPanel() {
  let reports = await api.reports();
  const said = el('p', { class: 'quiet', role: 'status' });
  const list = dataTable({
    name: 'reports',
    caption: t('reports'),
    rows: reports,
    empty: t('no_reports'),
    columns: [
      { key: 'pair', head: t('pair'), wrap: true, value: (r) => r.seed_title ?? r.seed, cell: (r) => [el('a', { href: movieHref(r.seed) }, r.seed_title ?? r.seed), ' → ', el('a', { href: movieHref(r.item) }, r.item_title ?? r.item)] },
      { key: 'state', head: t('state'), wrap: true, value: (r) => r.state, cell: (r) => [el('span', { class: `badge is-${r.state}` }, t(`state_${r.state}`)), r.fixed_in ? el('small', { class: 'state-version' }, r.fixed_in) : ''] },
      { key: 'now', head: t('now'), value: (r) => verdict(r), cell: (r) => el('span', { class: `verdict is-${verdict(r)}` }, t(verdict(r))) },
      { key: 'rank', head: t('rank_shown'), number: true, value: (r) => r.now.rank, cell: (r) => (r.now.rank === null ? '–' : formatCount(r.now.rank)) },
      { key: 'model_rank', head: t('rank_model'), number: true, value: (r) => r.now.rank_without_rules, cell: (r) => (r.now.rank_without_rules === null ? '–' : formatCount(r.now.rank_without_rules)) },
      { key: 'note', head: t('note'), value: (r) => r.note ?? '', cell: (r) => t(r.note ?? '') },
      { key: 'history', head: t('history'), cell: (r) => el('ol', { class: 'history' }, r.history.slice(-3).map(({ time, state }) => el('li', {}, `${time.slice(0, 10)} ${t(`state_${state}`)}`))) },
      { key: 'do', head: t('change'), cell: (r) => actions(r, act) }],
  });
  async function act(work) {
    try {
      await work();
      reports = await api.reports();
      list.update(reports);
      said.textContent = t('saved');
    } catch (error) {
      said.textContent = refusal(error);
    }
  }
  return {
    node: panel(t('reports'), el('p', { class: 'quiet' }, t('reports_help', { n: 20 })), said, list.node),
    reload: async () => list.update(await api.reports()),
  };
}
