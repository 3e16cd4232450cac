// What one experiment found: the verdict, the split, metrics and guardrails with their intervals,
// day by day, segments, what was shown; below it the plan, the inspector and the decisions.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { decision } from './experiment_decide.js';
import { controlMark, statusBadge } from './experiment_parts.js';
import { inspectorPanel, planPanel } from './experiment_plan.js';
import { seriesPanel } from './experiment_series.js';
import { comma, t } from './i18n.js';
import { liftBar, reachOf } from './lift_bar.js';
import { metricAbout, metricName, metricUnit } from './metric_words.js';
import * as numbers from './numbers.js';
import { command, fact, facts, frame, panel, token } from './page.js';
import { table } from './table.js';

const kGood = new Set(['better']);
const kBad = new Set(['harm', 'worse']);
const kSure = 0.05;

const outerOf = (variant) => variant.sequential?.lift_interval ?? null;
const isBetter = (metric, variant) => (metric.better === 'higher') === (variant.fixed.difference > 0);
const found = (variant) => variant.fixed !== undefined && variant.sequential.p <= kSure;

// Where a value of the control is 0 there is no lift; the difference is said.
const change = (metric, variant) => (variant.fixed.lift === undefined ? numbers.value(variant.value, metric.unit) : numbers.lift(variant.fixed.lift));
const range = (variant) => numbers.liftRange(outerOf(variant) ?? variant.fixed.lift_interval);

function verdictLines(report) {
  const { kind } = report.verdict;
  const deciding = report.metrics[0];
  const control = deciding.variants[0].variant;
  const values = (metric, variant) => ({ name: variant.variant, variant: `“${variant.variant}”`, control: `“${control}”`, metric: metricName(metric.name), lift: change(metric, variant), range: range(variant) });
  const treated = deciding.variants.slice(1).filter((variant) => variant.fixed !== undefined);
  const sign = deciding.better === 'higher' ? 1 : -1;
  const best = treated.filter(found).sort((a, b) => sign * (b.fixed.difference - a.fixed.difference))[0];
  const effect = best ? [t(isBetter(deciding, best) ? 'kind_better' : 'kind_worse', values(deciding, best))]
    : treated.length === 0 ? [t('kind_undecided_nothing', { metric: metricName(deciding.name) })] : [t('kind_undecided'), treated.map((variant) => t('kind_undecided_of', values(deciding, variant))).join('; ') + '.'];
  if (kind === 'no_data') return [t(report.status === 'draft' ? 'draft_text' : 'kind_no_data')];
  if (kind === 'too_early') return [t('kind_too_early', { n: Math.min(...report.split.variants.map(({ n }) => n)) })];
  if (kind !== 'harm') return effect;
  const harms = report.metrics.filter(({ role }) => role === 'guardrail').flatMap((metric) => metric.variants.slice(1).filter((v) => found(v) && !isBetter(metric, v)).map((v) => t('harm_of', values(metric, v))));
  return [t('kind_harm'), ...harms, ...effect];
}

const verdict = (report) => el('div', { class: `verdict ${kGood.has(report.verdict.kind) ? 'is-good' : kBad.has(report.verdict.kind) ? 'is-bad' : ''}` }, el('p', {}, verdictLines(report).join(' ')));

// What is wrong with the split and what to do about it, before any number.
function mismatchPanel(report) {
  const all = report.split.variants.reduce((sum, { n }) => sum + n, 0);
  const weights = report.split.variants.reduce((sum, { weight }) => sum + weight, 0);
  const parts = report.split.variants.map(({ variant, n, weight }) => t('srm_part', { name: `“${variant}”`, is: numbers.percent(n / all, 2), planned: numbers.percent(weight / weights, 2) }));
  const node = panel(t('srm_title'),
    el('p', {}, t('srm_text', { parts: parts.join(comma), p: numbers.pValue(report.split.p) })),
    el('ol', { class: 'steps' }, ['srm_do_1', 'srm_do_2', 'srm_do_3', 'srm_do_4'].map((key) => el('li', {}, t(key, { n: formatCount(report.data.switched_units) })))));
  node.classList.add('is-alarm');
  node.setAttribute('role', 'alert');
  return node;
}

function overview(report, experiment) {
  const units = report.split.variants.map(({ variant, n }) => `${variant} ${formatCount(n)}`).join(comma);
  const all = report.split.variants.reduce((sum, { n }) => sum + n, 0);
  return facts(
    fact(t('units'), formatCount(all), `${t(`unit_${report.unit}`)}: ${units}`),
    fact(t('window'), t(report.window.days === 1 ? 'n_day' : 'n_days', { n: report.window.days }), report.window.from ? t('from_to_days', { from: numbers.moment(report.window.from), to: numbers.moment(report.window.to) }) : ''),
    fact(t('split'), all === 0 ? '–' : t(report.split.mismatch ? 'split_wrong' : 'split_ok'), all === 0 ? '' : `χ² ${t('split_p', { p: numbers.pValue(report.split.p) })}`),
    fact(t('events'), formatCount(report.data.events), experiment.start ? `${t('started')} ${numbers.moment(experiment.start)} UTC` : ''));
}

function howComputed(metric, report) {
  const line = (name, text) => el('div', {}, el('dt', {}, name), el('dd', {}, text));
  return el('details', { class: 'how' }, el('summary', {}, t('how_computed')), el('dl', {},
    line(t('unit_of_value'), `${metricUnit(metric.unit)}, ${t(metric.better === 'higher' ? 'higher_better' : 'lower_better')}`),
    line(t('numerator'), metric.numerator), line(t('denominator'), metric.denominator), line(t('method'), metric.method),
    line(t('window'), `${numbers.moment(report.window.from)} – ${numbers.moment(report.window.to)} UTC`),
    metric.winsorised ? line(t('winsorised'), t('winsorised_at', { n: formatCount(metric.winsorised.units), value: numbers.value(metric.winsorised.at, metric.unit) })) : null,
    metric.variance_reduction === undefined ? null : line('CUPED', t('cuped_saves', { share: numbers.percent(metric.variance_reduction, 0), days: report.covariate_days })),
    ...metric.variants.slice(1).filter(outerOf).map((v) => line(`${t('always_interval')}: ${v.variant}`, numbers.liftRange(outerOf(v))))));
}

function guardBadge(metric, variant) {
  if (metric.role !== 'guardrail') return null;
  if (variant.fixed === undefined) return el('span', { class: 'badge' }, t('guardrail_unknown'));
  const bad = found(variant) && !isBetter(metric, variant);
  return el('span', { class: `badge ${bad ? 'is-bad' : 'is-good'}` }, t(bad ? 'guardrail_bad' : 'guardrail_ok'));
}

// What a metric is, in the first cell of its lines.
const metricCell = (metric) => el('th', { scope: 'rowgroup', rowspan: metric.variants.length, class: 'metric-cell' },
  el('span', { class: 'metric-title' }, metricName(metric.name), ' ', metric.role === 'decides' ? el('span', { class: 'badge is-accent' }, t('role_decides')) : null),
  el('span', { class: 'quiet' }, metricAbout(metric.name, metric.definition)));

function variantRow(metric, variant, reach, withCuped) {
  const cell = (name, label, ...content) => el('td', { class: name, 'data-label': label }, content.flat().filter((part) => part !== ''));
  const isControl = variant === metric.variants[0];
  const fixed = variant.fixed;
  const lifted = fixed?.lift !== undefined;
  return el('tr', { class: isControl ? 'is-first' : null },
    isControl ? metricCell(metric) : null,
    el('th', { scope: 'row', class: 'variant-cell' }, variant.variant, ' ', isControl ? controlMark(variant.variant) : guardBadge(metric, variant)),
    cell('number', t('units'), formatCount(variant.n)),
    cell('number', t('value'), numbers.value(variant.value, metric.unit)),
    cell('bar-cell', t('lift'), lifted ? liftBar({ lift: fixed.lift, interval: fixed.lift_interval, outer: outerOf(variant), reach, better: metric.better }) : ''),
    cell('number lift-number', t('lift'), lifted ? [el('strong', {}, numbers.lift(fixed.lift)), el('small', {}, numbers.liftRange(fixed.lift_interval))] : ''),
    cell('number', t('always_p'), fixed ? el('span', { class: found(variant) ? (isBetter(metric, variant) ? 'is-better' : 'is-worse') : null }, numbers.pValue(variant.sequential.p)) : ''),
    cell('number', t('fixed_p'), fixed ? [numbers.pValue(fixed.p), metric.role === 'guardrail' ? '' : el('small', {}, t('adjusted_p', { p: numbers.pValue(variant.p_adjusted) }))] : ''),
    withCuped ? cell('number', t('cuped'), variant.cuped?.lift !== undefined ? [numbers.lift(variant.cuped.lift), el('small', {}, numbers.liftRange(variant.cuped.lift_interval))] : '') : null);
}

// The ends of the bars' scale, above them.
const scaleHead = (reach) => el('span', { class: 'lift-scale', 'aria-hidden': 'true' }, el('span', {}, numbers.lift(-reach, 0)), el('span', {}, '0'), el('span', {}, numbers.lift(reach, 0)));

function metricTable(metrics, report, reach) {
  const withCuped = metrics.some(({ variants }) => variants.some((v) => v.cuped?.lift !== undefined));
  const heads = [[t('metric')], [t('variant')], [t('units'), 'number'], [t('value'), 'number'], [scaleHead(reach), 'bar-cell'], [`${t('lift')}, ${t('interval_95')}`, 'number'], [t('always_p'), 'number'], [t('fixed_p'), 'number'], withCuped ? [t('cuped'), 'number'] : null].filter(Boolean);
  return el('div', { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': t('metrics_panel') },
    el('table', { class: 'data metric-table' },
      el('thead', {}, el('tr', {}, heads.map(([text, name]) => el('th', { scope: 'col', class: name ?? null }, text)))),
      metrics.map((metric) => el('tbody', {}, metric.variants.map((variant) => variantRow(metric, variant, reach, withCuped)),
        el('tr', { class: 'how-row' }, el('td', { colspan: heads.length }, howComputed(metric, report)))))));
}

function metricPanels(report) {
  const reach = reachOf(report.metrics.flatMap(({ variants }) => variants.map((v) => v.fixed?.lift_interval)));
  const [judged, guards] = [false, true].map((guard) => report.metrics.filter(({ role }) => (role === 'guardrail') === guard));
  return [
    panel(t('metrics_panel'), el('p', { class: 'quiet' }, t('metrics_help'), ' ', t('which_p')), metricTable(judged, report, reach)),
    guards.length > 0 ? panel(t('guardrails'), el('p', { class: 'quiet' }, t('guardrails_help')), metricTable(guards, report, reach)) : null];
}

function segmentPanel(report) {
  if (report.segments.length === 0) return null;
  const deciding = report.metrics[0];
  const reach = reachOf(report.segments.flatMap(({ variants }) => variants.map((v) => v.fixed?.lift_interval)));
  const rows = report.segments.flatMap(({ name, variants }) => variants.map((variant, i) => ({ name: i === 0 ? t(name) : '', variant })));
  return panel(t('segments'), el('p', { class: 'quiet' }, t('segments_help')), table([
    { head: t('segment'), cell: (r) => el('strong', {}, r.name) },
    { head: t('variant'), cell: (r) => r.variant.variant },
    { head: 'n', number: true, cell: (r) => formatCount(r.variant.n) },
    { head: metricName(deciding.name), number: true, cell: (r) => numbers.value(r.variant.value, deciding.unit) },
    { head: t('lift'), cell: (r) => (r.variant.fixed?.lift === undefined ? '' : liftBar({ lift: r.variant.fixed.lift, interval: r.variant.fixed.lift_interval, reach, better: deciding.better })) },
    { head: t('interval_95'), number: true, cell: (r) => (r.variant.fixed?.lift === undefined ? '' : [el('strong', {}, numbers.lift(r.variant.fixed.lift)), ` ${numbers.liftRange(r.variant.fixed.lift_interval)}`]) },
    { head: t('adjusted_p', { p: 'p' }), number: true, cell: (r) => (r.variant.fixed ? numbers.pValue(r.variant.p_adjusted) : '') }], rows, t('segments')));
}

const shownPanel = (report) => panel(t('shown_items'), el('p', { class: 'quiet' }, t('shown_help')), table([
  { head: t('variant'), cell: (s) => s.variant },
  { head: t('lists'), number: true, cell: (s) => formatCount(s.lists) },
  { head: t('different_items'), number: true, cell: (s) => formatCount(s.different) },
  { head: t('coverage_of'), number: true, cell: (s) => numbers.percent(s.coverage, 0) },
  { head: t('top_share'), number: true, cell: (s) => numbers.percent(s.top_share, 1) }], report.shown, t('shown_items')));

function notes(report) {
  const { switched_units: switched = 0, unknown_variants: unknown = 0 } = report.data ?? {};
  return panel(t('data_notes'),
    switched > 0 ? el('p', {}, t('switched_units', { n: formatCount(switched) })) : null,
    unknown > 0 ? el('p', {}, t('unknown_variants', { n: formatCount(unknown) })) : null,
    el('p', { class: 'quiet' }, t('report_terminal')),
    command(`sparrow --json experiment report ${report.experiment}`));
}

// Without a log there is no report; the plan and the inspector are there all the same.
const reportOf = (name) => api.experimentReport(name, token()).catch((error) => {
  if (error.status !== 503) throw error;
  return null;
});

const hasUnits = (report) => report !== null && (report.split ? report.split.variants.some(({ n }) => n > 0) : report.units > 0);

function results(report, experiment) {
  return [
    report.split.mismatch ? mismatchPanel(report) : verdict(report),
    hasUnits(report) ? [overview(report, experiment), metricPanels(report), seriesPanel(report), segmentPanel(report), shownPanel(report)] : null];
}

// What lists say that are made of both variants: which one's items people prefer.
function preferencePanels(report) {
  const side = report.preference > 0 ? report.b : report.a;
  const towards = report.preference > 0 ? report.interval : report.interval.map((bound) => -bound).reverse();
  const sure = report.sequential.p <= kSure;
  const points = ([low, high]) => `${numbers.lift(low)} … ${numbers.lift(high)}`;
  return [
    el('div', { class: `verdict ${sure ? 'is-good' : ''}` }, el('p', {}, report.lists === 0 ? t('kind_no_data')
      : t(sure ? 'prefer_found' : 'prefer_open', { name: `“${side}”`, preference: numbers.lift(Math.abs(report.preference)), range: points(towards), p: numbers.pValue(report.sequential.p) }))),
    report.lists === 0 ? null : facts(
      fact(t('lists'), formatCount(report.lists), t('lists_of_both')),
      fact(t('units'), formatCount(report.units), t('units_decided', { n: formatCount(report.decided_units) })),
      fact(t('prefer_units'), `${formatCount(report.decided_units - report.prefer_b_units)} : ${formatCount(report.prefer_b_units)}`, `${report.a} : ${report.b}`),
      fact(report.types.join(comma), `${formatCount(report.credits_a)} : ${formatCount(report.credits_b)}`, `${report.a} : ${report.b}`)),
    report.lists === 0 ? null : panel(t('preference'), el('p', { class: 'quiet' }, t('preference_help', { a: `“${report.a}”`, b: `“${report.b}”` })),
      el('div', { class: 'preference-bar' }, el('span', {}, report.a), liftBar({ lift: report.preference, interval: report.interval, reach: 1, better: 'higher' }), el('span', {}, report.b)),
      el('p', {}, `${numbers.lift(report.preference)} (${points(report.interval)}) · ${t('always_p')} ${numbers.pValue(report.sequential.p)} · ${t('fixed_p')} ${numbers.pValue(report.p)}`))];
}

const shownOf = (report, experiment) => (report.method === 'interleave' ? preferencePanels(report) : results(report, experiment));

export async function showResult(name) {
  const file = await api.experiments();
  const experiment = file.experiments.find((one) => one.name === name);
  if (!experiment) throw new Error(t('no_such_experiment', { name }));
  const report = await reportOf(name);
  const decide = decision(experiment, file, () => showResult(name));
  frame(name, experiment.hypothesis,
    el('div', { class: 'toolbar experiment-bar' }, statusBadge(experiment.status),
      el('a', { href: '/experiments.html' }, t('all_experiments')), el('a', { href: `/experiments.html?new=1&from=${encodeURIComponent(name)}` }, t('copy_of')), decide.buttons),
    decide.said,
    report ? shownOf(report, experiment) : el('p', { class: 'needs' }, t('no_report')),
    hasUnits(report) ? null : planPanel(experiment), experiment.method === 'interleave' ? null : inspectorPanel(experiment), decide.log, hasUnits(report) ? planPanel(experiment) : null, report ? notes(report) : null);
  document.querySelector('.tool-page').classList.toggle('is-mistrusted', report?.split?.mismatch ?? false);
}
