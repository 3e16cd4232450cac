// Evaluations: one run at a time, its methods with intervals, differences to a pinned baseline,
// slices by popularity, and the seeds that lose most. In the address: run, base, metric, loser.

import { remember } from './address.js';
import * as api from './api.js';
import { bar, intervalBar, intervalChart } from './charts.js';
import { el, formatCount, formatFixed, movieHref } from './dom.js';
import { dot, t } from './i18n.js';
import { choose, control, panel } from './page.js';
import { dataTable, table } from './table.js';

// `low` is better for some; `interval`: where the report has it.
const kMetrics = [
  { key: 'nx', at: (m) => m.held_out_users?.hit, interval: (m) => m.held_out_users?.hit_interval },
  { key: 'nx_ipw', at: (m) => m.held_out_users?.hit_ipw, interval: (m) => m.held_out_users?.hit_ipw_interval },
  { key: 'nx_tail', at: (m) => m.held_out_users?.hit_tail },
  { key: 'ndcg', at: (m) => m.held_out_users?.ndcg },
  { key: 'mrr', at: (m) => m.held_out_users?.mrr },
  { key: 'hit', at: (m) => m.leave_last_out?.hit, interval: (m) => m.leave_last_out?.hit_interval },
  { key: 'series_auc', at: (m) => m.groups?.auc, interval: (m) => m.groups?.auc_interval },
  { key: 'judged_auc', at: (m) => m.ground_truth?.auc, interval: (m) => m.ground_truth?.auc_interval },
  { key: 'judged_ndcg', at: (m) => m.ground_truth?.lists?.ndcg, interval: (m) => m.ground_truth?.lists?.ndcg_interval },
  { key: 'judged_share', at: (m) => m.ground_truth?.lists?.judged, interval: (m) => m.ground_truth?.lists?.judged_interval },
  { key: 'lift', at: (m) => m.lists?.popularity_lift },
  { key: 'skew', at: (m) => m.lists?.skew, low: true },
  { key: 'coverage', at: (m) => m.lists?.coverage },
  { key: 'gini', at: (m) => m.lists?.gini, low: true },
  { key: 'diversity', at: (m) => m.lists?.diversity },
  { key: 'seconds', at: (m) => (m.baseline ? undefined : m.seconds), low: true, digits: 1 },
];
const kSlices = ['head', 'middle', 'tail', 'cold'];
const kMostSeeds = 12;
const kNeutral = ['lift', 'diversity', 'seconds'];  // more is not better or worse

const valueOf = (metric, method) => { const v = metric.at(method); return Number.isFinite(v) ? v : null; };
const boundsOf = (metric, method) => metric.interval?.(method) ?? null;
const digitsOf = (metric) => metric.digits ?? 3;
const signed = (value, digits) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`;

// The difference to the baseline; beyond both intervals it is marked. The baseline itself keeps the
// room for one, so that the values of a column stand below each other.
function difference(metric, method, base) {
  if (method === base) return el('small', { class: 'difference' });
  const [a, b] = [valueOf(metric, method), valueOf(metric, base)];
  const [x, y] = [boundsOf(metric, method), boundsOf(metric, base)];
  const sure = x !== null && y !== null && (x[0] > y[1] || x[1] < y[0]);
  const better = metric.low ? a < b : a > b;
  const kind = kNeutral.includes(metric.key) || a === b ? '' : better ? ' is-better' : ' is-worse';
  return el('small', { class: `difference${kind}`, title: sure ? t('beyond_intervals') : null }, signed(a - b, digitsOf(metric)), sure ? '*' : '');
}

// `compared`: some value of the column has a difference to the baseline.
function metricCell(metric, method, base, scale, compared) {
  const value = valueOf(metric, method);
  if (value === null) return '–';
  const bounds = boundsOf(metric, method);
  return el('span', { class: 'metric' }, el('span', {}, formatFixed(value, digitsOf(metric)), compared ? [' ', difference(metric, method, base)] : null),
    bounds ? intervalBar({ value, low: bounds[0], high: bounds[1], ...scale, base: valueOf(metric, base) }) : null);
}

const isCompared = (metric, methods, base) => valueOf(metric, base) !== null && methods.some((m) => m !== base && valueOf(metric, m) !== null);

function scaleOf(metric, methods) {
  const all = methods.flatMap((m) => boundsOf(metric, m) ?? [valueOf(metric, m)]).filter((v) => v !== null);
  return { least: Math.min(...all), most: Math.max(...all) };
}

function methodTable(run, base, pin) {
  const metrics = kMetrics.filter((metric) => run.methods.some((m) => valueOf(metric, m) !== null));
  return dataTable({
    name: 'run',
    find: true,
    caption: t('evaluations'),
    rows: run.methods,
    rowClass: (m) => (m === base ? 'is-pinned' : null),
    columns: [
      { key: 'method', head: t('method'), value: (m) => m.name, cell: (m) => el('span', { class: 'method-name' },
        el('button', { type: 'button', class: 'pin', 'aria-pressed': String(m === base), 'aria-label': `${t('pin')}: ${m.name}`, title: t('pin'), onclick: () => pin(m.name) },),
        m.name, m.baseline ? el('small', { class: 'quiet' }, ` ${t('baseline')}`) : null) },
      ...metrics.map((metric) => {
        const scale = scaleOf(metric, run.methods);
        const compared = isCompared(metric, run.methods, base);
        return { key: metric.key, head: t(`metric_${metric.key}`), number: true, value: (m) => valueOf(metric, m), cell: (m) => metricCell(metric, m, base, scale, compared) };
      })],
  }).node;
}

function slicePanel(run, base) {
  const methods = run.methods.filter((m) => m.slices);
  if (methods.length === 0) return null;
  const at = (method, slice) => method.slices.held_out_users[slice];
  const cuts = run.cuts?.at(0);
  const columns = kSlices.map((slice) => {
    const metric = { key: slice, at: (m) => at(m, slice).hit, interval: (m) => at(m, slice).hit_interval };
    const empty = (m) => m.baseline && slice === 'cold';  // baselines list no cold items
    const compared = base.slices !== undefined && isCompared(metric, methods.filter((m) => !empty(m)), base);
    return {
      key: slice,
      number: true,
      head: t(`stratum_${slice}`),
      help: cuts ? t('slice_help', cuts) : null,
      value: metric.at,
      cell: (m) => (empty(m) ? '–' : metricCell(metric, m, base.slices ? base : m, scaleOf(metric, methods), compared)),
    };
  });
  const counts = kSlices.map((slice) => `${t(`stratum_${slice}`)} ${formatCount(at(methods[0], slice).transitions)}`).join(dot);
  return panel(t('slices'), el('p', { class: 'quiet' }, t('slices_help'), ' ', t('slice_targets', { list: counts })),
    dataTable({ name: 'slices', caption: t('slices'), rows: methods, find: false, rowClass: (m) => (m === base ? 'is-pinned' : null), columns: [{ key: 'method', head: t('method'), value: (m) => m.name, cell: (m) => m.name }, ...columns] }).node);
}

// Where one method finds fewer of the held-out films than the baseline.
function loserPanel(run, base, chosen, changed) {
  const seeds = run.seeds ?? [];
  const others = run.methods.filter((m) => m !== base && m.seed_hits);
  if (seeds.length === 0 || !base.seed_hits || others.length === 0) return panel(t('losers'), el('p', { class: 'quiet' }, t('no_losers')));
  const method = others.find(({ name }) => name === chosen) ?? others[0];
  const rows = seeds.map((seed, i) => ({ ...seed, base: base.seed_hits[i], hits: method.seed_hits[i], change: method.seed_hits[i] - base.seed_hits[i] }));
  const most = Math.max(1, ...rows.map(({ change }) => Math.abs(change)));
  const show = (sign) => {
    const list = rows.filter(({ change }) => change * sign > 0).sort((a, b) => sign * (b.change - a.change) || b.transitions - a.transitions).slice(0, kMostSeeds);
    if (list.length === 0) return el('p', { class: 'quiet' }, t('none'));
    const href = `/spotcheck.html?kind=fixed&seeds=${list.slice(0, 8).map(({ id }) => encodeURIComponent(id)).join(',')}`;
    return el('div', {}, table([
      { head: t('film'), wrap: true, cell: (r) => el('a', { href: movieHref(r.id) }, r.title) },
      { head: t('asked'), number: true, wideOnly: true, cell: (r) => formatCount(r.transitions) },
      { head: base.name, number: true, cell: (r) => formatCount(r.base) },
      { head: method.name, number: true, cell: (r) => formatCount(r.hits) },
      { head: t('change_of'), cell: (r) => el('span', { class: 'change' }, bar(r.change, most, true), signed(r.change, 0)) },
    ], list, t(sign < 0 ? 'losers' : 'winners')), el('p', {}, el('a', { href }, t('look_at_them'))));
  };
  return panel(t('losers'),
    el('p', { class: 'quiet' }, t('losers_help', { n: formatCount(seeds.length) })),
    el('div', { class: 'toolbar' }, control(t('method'), choose('loser', others.map(({ name }) => [name, name]), method.name, changed))),
    el('div', { class: 'two-columns' }, el('div', {}, el('h3', {}, t('lose_most')), show(-1)), el('div', {}, el('h3', {}, t('win_most')), show(1))));
}

const runName = (run) => `${run.file.slice(0, 4)}-${run.file.slice(4, 6)}-${run.file.slice(6, 8)} ${run.file.slice(9, 11)}:${run.file.slice(11, 13)} · ${run.data?.name ?? ''}`;

// What is shown of one run, and of the others their names.
function drawn(run, runs, changed) {
  const address = new URLSearchParams(location.search);
  const base = run.methods.find(({ name }) => name === address.get('base')) ?? run.methods.find(({ name }) => name === 'item-knn') ?? run.methods[0];
  const change = (name) => (value) => { remember({ [name]: value }, true); changed(); };
  const charted = kMetrics.filter((metric) => run.methods.some((m) => boundsOf(metric, m)));
  const metric = charted.find(({ key }) => key === address.get('metric')) ?? charted[0];
  const protocol = run.protocol ?? {};
  return [
    panel(t('evaluations'),
      el('div', { class: 'toolbar' },
        control(t('run'), choose('run', runs.map((r) => [r.file, runName(r)]), run.file, change('run'))),
        control(t('pinned'), choose('base', run.methods.map(({ name }) => [name, name]), base.name, change('base')))),
      el('p', { class: 'quiet' }, [`${t('data')} ${run.data?.name ?? '–'}`, `${t('hash')} ${(run.data?.hash ?? '').slice(0, 12)}`, `k = ${protocol.k}`, t('n_splits', { n: protocol.splits }), run.data?.simulated ? t('simulated') : ''].filter(Boolean).join(dot)),
      methodTable(run, base, change('base')),
      el('p', { class: 'quiet' }, t('difference_help', { name: base.name }))),
    ...(metric ? [panel(t('intervals'),
      el('div', { class: 'toolbar' }, control(t('metric'), choose('metric', charted.map(({ key }) => [key, t(`metric_${key}`)]), metric.key, change('metric')))),
      el('p', { class: 'quiet' }, t(`about_${metric.key}`)),
      intervalChart({
        label: t('intervals'), format: (v) => v.toFixed(3), low: metric.low === true,
        rows: run.methods.map((m) => { const b = boundsOf(metric, m); return { name: m.name, value: b ? valueOf(metric, m) : null, low: b?.[0], high: b?.[1], pinned: m === base }; }),
      }))] : []),
    ...[slicePanel(run, base), loserPanel(run, base, address.get('loser'), change('loser'))].filter(Boolean)];
}

// `runs` as the list of evaluations has them; each is fetched whole when it is looked at, once.
export async function runPanels(runs) {
  const usable = runs.filter((run) => run.methods.length > 0);
  if (usable.length === 0) return [panel(t('evaluations'), el('p', { class: 'quiet' }, t('no_evaluations')))];
  const host = el('div', { class: 'run-panels' });
  const whole = new Map();
  const draw = async () => {
    const asked = new URLSearchParams(location.search).get('run');
    const { file } = usable.find((run) => run.file === asked) ?? usable[0];
    try {
      if (!whole.has(file)) whole.set(file, await api.evaluation(file));
      host.replaceChildren(...drawn(whole.get(file), usable, draw));
    } catch (error) {
      const again = el('button', { type: 'button', class: 'tool', onclick: draw }, t('retry'));
      const said = el('p', { role: 'alert' }, t('failed_because', { text: error.message }), ' ', again);
      if (host.firstChild) host.prepend(said); else host.replaceChildren(panel(t('evaluations'), said));
    }
  };
  await draw();
  return [host];
}
