// Day by day: the lift from the start to each day, with the interval for one look and the
// always-valid one; or the values themselves; and the same numbers as a table.

import { el, formatCount } from './dom.js';
import { t } from './i18n.js';
import { metricName } from './metric_words.js';
import * as numbers from './numbers.js';
import { choose, control, panel } from './page.js';
import { table } from './table.js';
import { timeChart } from './time_chart.js';

function liftLines(metric) {
  return metric.series.slice(1).map(({ variant, days }, n) => ({
    name: variant, kind: n,
    points: days.map((d) => ({ value: d.lift, low: d.lift_interval?.[0], high: d.lift_interval?.[1], outer_low: d.sequential_interval?.[0], outer_high: d.sequential_interval?.[1] })),
  }));
}

// The control in grey, behind.
const valueLines = (metric) => metric.series.map(({ variant, days }, n) => ({ name: variant, kind: n === 0 ? 5 : n - 1, points: days.map((d) => ({ value: d.value })) }));

function chartOf(metric, asLift) {
  const days = metric.series[0].days.map((d) => d.day);
  const said = (i) => metric.series.slice(asLift ? 1 : 0).map(({ variant, days: list }) => {
    const d = list[i];
    const text = asLift ? t('said_lift', { lift: numbers.lift(d.lift), range: numbers.liftRange(d.lift_interval), outer: numbers.liftRange(d.sequential_interval), n: formatCount(d.n) }) : numbers.value(d.value, metric.unit);
    return el('span', { class: 'time-part' }, `${variant}: ${text}`);
  });
  return timeChart({ days, lines: asLift ? liftLines(metric) : valueLines(metric), format: asLift ? (v) => (v === 0 ? '0' : numbers.lift(v, Math.abs(v) < 0.0095 ? 1 : 0)) : (v) => numbers.value(v, metric.unit), label: `${metricName(metric.name)}, ${t('over_days')}`, zero: asLift, say: said });
}

function dayTable(metric) {
  const rows = metric.series.slice(1).flatMap(({ variant, days }) => days.map((d, i) => ({ variant, ...d, control: metric.series[0].days[i] }))).reverse();
  return el('details', { class: 'how' }, el('summary', {}, t('numbers_by_day')), table([
    { head: t('days'), cell: (r) => r.day }, { head: t('variant'), cell: (r) => r.variant },
    { head: 'n', number: true, cell: (r) => formatCount(r.n) },
    { head: t('value'), number: true, cell: (r) => numbers.value(r.value, metric.unit) },
    { head: t('control_word'), number: true, cell: (r) => numbers.value(r.control.value, metric.unit) },
    { head: t('lift'), number: true, cell: (r) => numbers.lift(r.lift) },
    { head: t('interval_95'), number: true, cell: (r) => numbers.liftRange(r.lift_interval) },
    { head: t('always_interval'), number: true, cell: (r) => numbers.liftRange(r.sequential_interval) },
    { head: t('always_p'), number: true, cell: (r) => numbers.pValue(r.p_sequential) }], rows, t('numbers_by_day')));
}

export function seriesPanel(report) {
  const usable = report.metrics.filter(({ series }) => series[0]?.days.some((d) => d.value !== undefined));
  if (usable.length === 0) return null;
  let metric = usable[0];
  let asLift = true;
  const host = el('div', {});
  const draw = () => host.replaceChildren(chartOf(metric, asLift), dayTable(metric));
  draw();
  return panel(t('over_days'), el('p', { class: 'quiet' }, t('over_days_help')),
    el('div', { class: 'toolbar' },
      control(t('show_metric'), choose('series-metric', usable.map(({ name }) => [name, metricName(name)]), metric.name, (name) => { metric = usable.find((m) => m.name === name); draw(); })),
      control(t('show_as'), choose('series-as', [['lift', t('as_lift')], ['value', t('as_value')]], 'lift', (as) => { asLift = as === 'lift'; draw(); }))),
    host);
}
