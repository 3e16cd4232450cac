// Where people judge lists: models side by side, grades by keyboard, blind votes, reports.

import * as api from './api.js';
import { remember } from './controls.js';
import { el, movieHref } from './dom.js';
import { t } from './i18n.js';
import { control, frame, panel, start, table } from './page.js';

const kTen = 10;
const kFixed = ['1', '589', '858', '4896', '5618', '455'];
const kReasons = ['same series', 'too popular', 'wrong tone', 'unsuitable'];
const parameters = new URLSearchParams(location.search);
const grades = new Map();  // "seed/item" -> mean grade

const gradeOf = (seed, item) => grades.get(`${seed}/${item}`);

async function seedIds(kind) {
  if (kind === 'fixed') return (parameters.get('seeds') ?? kFixed.join(',')).split(',').filter(Boolean).slice(0, 12);
  const names = (await api.genres()).map(({ name }) => name);
  const pools = await Promise.all(names.slice(0, 8).map((name) => api.itemsByGenre(name, 400)));
  const all = [...new Map(pools.flat().map((movie) => [movie.id, movie])).values()];
  const draw = (list, n) => list.map((x) => [Math.random(), x]).sort((a, b) => a[0] - b[0]).slice(0, n).map(([, x]) => x.id);
  if (kind === 'random') return draw(all, 6);
  const sorted = all.sort((a, b) => b.ratings - a.ratings);
  const cut = (from, to) => sorted.slice(Math.floor(from * sorted.length), Math.max(1, Math.floor(to * sorted.length)));
  return [cut(0, 0.05), cut(0.2, 0.5), cut(0.5, 1).filter((m) => m.ratings > 0), sorted.filter((m) => m.ratings === 0)].flatMap((part) => draw(part, 2));
}

// Normalised discounted cumulative gain of the judged part (Järvelin & Kekäläinen 2002).
function quality(seed, items) {
  const judged = items.map(({ id }) => gradeOf(seed, id));
  const known = judged.filter((g) => g !== undefined);
  const gain = (list) => list.reduce((sum, g, i) => sum + ((2 ** g) - 1) / Math.log2(i + 2), 0);
  const ideal = gain([...known].sort((a, b) => b - a));
  return { judged: known.length, ndcg: ideal > 0 ? gain(judged.map((g) => g ?? 0)) / ideal : null };
}

function entry(seed, movie, rank, first, context) {
  const before = first?.findIndex(({ id }) => id === movie.id);
  const mark = first === null ? '' : before < 0 ? t('new_mark') : before !== rank ? `${before > rank ? '↑' : '↓'}${Math.abs(before - rank)}` : '';
  const shown = el('span', { class: 'grade' }, gradeOf(seed, movie.id) === undefined ? '·' : String(gradeOf(seed, movie.id)));
  const item = el('li', { class: 'judged', tabindex: 0, 'data-grade': gradeOf(seed, movie.id) ?? null },
    el('span', { class: 'quiet' }, String(rank + 1)),
    el('span', {}, el('a', { href: movieHref(movie.id), tabindex: -1 }, movie.title), movie.year ? ` (${movie.year}) ` : ' ', el('span', { class: 'mark' }, mark)),
    shown);
  item.addEventListener('focus', () => context.focus({ seed, item: movie.id, title: movie.title }));
  item.addEventListener('keydown', async (event) => {
    if (!['0', '1', '2', '3'].includes(event.key)) return;
    event.preventDefault();
    const grade = Number(event.key);
    try {
      await api.judge([{ grader: context.grader(), seed, item: movie.id, grade, model: context.model?.name ?? '', version: context.model?.version ?? '', ...(context.reason() ? { reason: context.reason() } : {}) }]);
      grades.set(`${seed}/${movie.id}`, grade);
      shown.textContent = String(grade);
      item.dataset.grade = grade;
      context.say(`${movie.title}: ${grade}. ${t('saved')}`);
      const all = [...document.querySelectorAll('.judged')];
      const later = all.slice(all.indexOf(item) + 1);
      (later.find((other) => other.dataset.grade === undefined) ?? later[0])?.focus();
    } catch (error) {
      context.say(`${t('failed')}: ${error.message}`);
    }
  });
  return item;
}

async function compare(seed, models, blind, context) {
  const movie = await api.item(seed);
  const order = blind && models.length > 1 && Math.random() < 0.5 ? [...models].reverse() : models;
  const lists = await Promise.all(order.map((m) => api.similar(seed, kTen, 0, { model: m.name })));
  const first = lists[0].items;
  const grid = el('div', { class: 'compare' }, lists.map((list, column) => {
    const q = quality(seed, list.items);
    const gone = column === 0 ? [] : first.filter((a) => !list.items.some((b) => b.id === a.id));
    return el('div', {},
      el('h3', {}, blind ? (column === 0 ? 'A' : 'B') : list.model.name),
      el('p', { class: 'quiet' }, `${t('judged_at')} ${q.judged}/${kTen} · NDCG@10 ${q.ndcg === null ? '–' : q.ndcg.toFixed(2)}`),
      el('ol', {}, list.items.map((m, rank) => entry(seed, m, rank, column === 0 ? null : first, { ...context, model: blind ? null : list.model }))),
      gone.length > 0 && !blind ? el('p', { class: 'gone' }, `${t('gone_mark')}: ${gone.map((m) => m.title).join(', ')}`) : null);
  }));
  grid.style.setProperty('--columns', String(lists.length));
  const vote = (winner) => el('button', { type: 'button', class: 'button button-quiet', onclick: async (event) => {
    try {
      await api.vote({ grader: context.grader(), seed, left: lists[0].model, right: lists[1].model, winner });
      context.say(`${t('saved')}: A = ${lists[0].model.name}, B = ${lists[1].model.name}`);
      event.target.closest('.votes').replaceChildren(el('p', { class: 'quiet' }, `A = ${lists[0].model.name}, B = ${lists[1].model.name}`));
    } catch (error) { context.say(`${t('failed')}: ${error.message}`); }
  } }, t(winner));
  return panel(`${movie.title}${movie.year ? ` (${movie.year})` : ''}`, grid,
    blind && lists.length > 1 ? el('div', { class: 'toolbar votes' }, vote('left'), vote('tie'), vote('right')) : null);
}

function importFile(input, context) {
  input.addEventListener('change', async () => {
    const text = await input.files[0].text();
    const list = text.split('\n').map((line) => line.trim().split(/\t|\s+/)).filter((c) => c.length >= 3 && /^[0-3](\.\d+)?$/.test(c.at(-1)))
      .map((c) => ({ grader: context.grader(), seed: c[0], item: c.length === 4 ? c[2] : c[1], grade: Math.round(Number(c.at(-1))) }));
    try {
      for (let i = 0; i < list.length; i += 500) await api.judge(list.slice(i, i + 500));
      context.say(`${t('saved')}: ${list.length}`);
    } catch (error) { context.say(`${t('failed')}: ${error.message}`); }
  });
}

start(async () => {
  const [models, judged, reports, votes] = await Promise.all([api.models(), api.judgements(), api.reports(), api.votes()]);
  for (const j of judged.judgements) grades.set(`${j.seed}/${j.item}`, j.grade);
  const chosen = (parameters.get('models') ?? '').split(',').filter(Boolean);
  const shown = (chosen.length > 0 ? models.filter((m) => chosen.includes(m.name)) : models).slice(0, 4);
  const kind = parameters.get('kind') ?? 'fixed';
  const blind = parameters.get('blind') === '1' && shown.length > 1;
  const said = el('p', { role: 'status', class: 'quiet' }, t('grade_help'));
  const grader = el('input', { id: 'grader', type: 'text', maxlength: 40, value: parameters.get('grader') ?? 'me' });
  grader.addEventListener('change', () => remember({ grader: grader.value }));
  const reason = el('select', { id: 'reason' }, ['', ...kReasons].map((r) => el('option', { value: r }, r === '' ? t('none') : t(r))));
  const kinds = el('select', { id: 'kind' }, ['fixed', 'random', 'stratified'].map((k) => el('option', { value: k, selected: k === kind }, t(`seeds_${k}`))));
  const go = (changes) => { remember(changes); location.reload(); };
  kinds.addEventListener('change', () => go({ kind: kinds.value }));
  const blindBox = el('input', { id: 'blind', type: 'checkbox' });
  blindBox.checked = blind;
  blindBox.addEventListener('change', () => go({ blind: blindBox.checked ? '1' : null }));
  const token = el('input', { id: 'token', type: 'password', autocomplete: 'off' });
  const file = el('input', { id: 'import', type: 'file', accept: '.tsv,.txt,.qrels' });
  let focused = null;
  const context = {
    say: (text) => { said.textContent = text; },
    grader: () => grader.value.trim() || 'me',
    reason: () => reason.value,
    focus: (what) => { focused = what; },
  };
  importFile(file, context);
  const report = async () => {
    if (!focused) { context.say(t('grade_help')); return; }
    try {
      await api.report({ seed: focused.seed, item: focused.item, state: 'reported', note: reason.value || 'reported', block: true }, token.value);
      context.say(`${t('saved')}: ${focused.title}`);
    } catch (error) { context.say(`${t('failed')}: ${error.message}`); }
  };
  const a = judged.agreement;
  const lists = el('div', {}, el('p', { class: 'quiet' }, t('loading')));
  frame(t('spotcheck'),
    el('div', { class: 'toolbar' }, control(t('seeds'), kinds), control(t('grader'), grader), control(t('reason'), reason), control(t('blind'), blindBox), control(t('token'), token)),
    said,
    el('p', {}, `${t('agreement')}: ${a.kappa === null ? '–' : a.kappa.toFixed(2)} (${a.graders}, ${a.shared_pairs}/${a.pairs}) · ${t('export')}: `,
      el('a', { href: api.judgementsHref('tsv') }, 'TSV'), ' ', el('a', { href: api.judgementsHref('qrels') }, 'qrels'), ' · ',
      el('button', { type: 'button', class: 'tool', onclick: report }, t('report')), ' · ',
      el('button', { type: 'button', class: 'tool', onclick: () => location.reload() }, t('more_seeds'))),
    el('div', { class: 'toolbar' }, control(t('import'), file)),
    lists,
    votes.length > 0 ? panel(t('blind'), table([{ head: 'A', cell: (v) => v.a }, { head: 'B', cell: (v) => v.b }, { head: 'A', number: true, cell: (v) => v.wins_a }, { head: 'B', number: true, cell: (v) => v.wins_b }, { head: '=', number: true, cell: (v) => v.ties }], votes)) : null,
    reports.length > 0 ? panel(t('reports'), table([{ head: t('seeds'), cell: (r) => r.seed_title ?? r.seed }, { head: '', cell: (r) => r.item_title ?? r.item }, { head: t('state'), cell: (r) => r.state }, { head: '', cell: (r) => r.note ?? '' }, { head: '', cell: (r) => r.fixed_in ?? '' }], reports)) : null);
  const ids = await seedIds(kind);
  const panels = await Promise.all(ids.map((id) => compare(id, blind ? shown.slice(0, 2) : shown, blind, context).catch((error) => el('p', { class: 'quiet' }, `${id}: ${error.message}`))));
  lists.replaceChildren(...panels);
});
