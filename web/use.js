// In use: click-through, play rate, watch minutes and completion by day, scenario and model, from
// the event log; each with its definition and interval.

import './use_words.js';
import './event_words.js';

import { remember } from './address.js';
import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { howEventsCome } from './event_howto.js';
import { comma, t } from './i18n.js';
import { metricAbout, metricName, metricUnit } from './metric_words.js';
import * as numbers from './numbers.js';
import { choose, control, fact, facts, panel, token } from './page.js';
import { table } from './table.js';
import { timeChart } from './time_chart.js';

const kDays = [7, 14, 28, 90];
const kMostLines = 5;
const kAgainMs = 1500;

const nameOf = (scenario) => (scenario === '' ? t('use_no_scenario') : scenario);
const valuesOf = (days, key) => [...new Set(days.flatMap(({ cells }) => cells.map((cell) => cell[key])))].filter((value) => value !== null).sort();
const cellOf = (day, scenario, model) => day.cells.find((cell) => cell.scenario === scenario && cell.model === model);

// Every day from the first with data on, also those without.
function withGaps(days) {
  if (days.length === 0) return days;
  const all = [];
  const known = new Map(days.map((day) => [day.day, day]));
  for (let at = Date.parse(`${days[0].day}T00:00:00Z`); at <= Date.parse(`${days.at(-1).day}T00:00:00Z`); at += 864e5) {
    const text = new Date(at).toISOString().slice(0, 10);
    all.push(known.get(text) ?? { day: text, events: 0, joined: 0, cut: false, cells: [] });
  }
  return all;
}

// The lines that the choices ask for: [{name, scenario, model}], the most used first.
function linesOf(days, { split, scenario, model }) {
  const used = (line) => days.reduce((all, day) => all + (cellOf(day, line.scenario, line.model)?.lists ?? 0), 0);
  const lines = split === 'scenario' ? valuesOf(days, 'scenario').map((each) => ({ name: nameOf(each), scenario: each, model }))
    : split === 'model' ? valuesOf(days, 'model').map((each) => ({ name: each, scenario, model: each }))
      : [{ name: t('use_all'), scenario, model }];
  return lines.map((line) => ({ ...line, lists: used(line) })).filter(({ lists }) => lists > 0).sort((a, b) => b.lists - a.lists).slice(0, kMostLines);
}

// Days on which a model was of another version than on the day before.
function versionMarks(days, lines) {
  const marks = [];
  for (const { scenario, model } of lines) {
    let before = null;
    for (const day of days) {
      const versions = cellOf(day, scenario, model)?.versions;
      if (!versions || model === null) continue;
      const fresh = before === null ? [] : versions.filter((version) => !before.includes(version));
      if (fresh.length > 0) marks.push({ day: day.day, text: t('use_version', { model, version: fresh.join(comma) }) });
      before = versions;
    }
  }
  return marks;
}

function chartPanel(metric, days, lines, marks) {
  const at = (line, i) => cellOf(days[i], line.scenario, line.model)?.metrics[metric.name];
  const drawn = lines.map((line, n) => ({ name: line.name, kind: n, points: days.map((_, i) => ({ value: at(line, i)?.value, low: at(line, i)?.interval[0], high: at(line, i)?.interval[1] })) }));
  const known = drawn.some(({ points }) => points.some(({ value }) => value !== undefined));
  const format = (v) => numbers.value(v, metric.unit);
  const say = (i) => lines.filter((line) => at(line, i)).map((line) => el('span', { class: 'time-part' }, t('use_said', { name: line.name, value: format(at(line, i).value), low: format(at(line, i).interval[0]), high: format(at(line, i).interval[1]) })));
  return el('article', { class: 'use-chart' }, el('h3', {}, metricName(metric.name), ' ', el('small', {}, metricUnit(metric.unit))),
    el('p', { class: 'quiet' }, metricAbout(metric.name, metric.definition)),
    known ? timeChart({ days: days.map(({ day }) => day), lines: drawn, format, label: metricName(metric.name), marks, zero: true, say: (i) => (say(i).length > 0 ? say(i) : t('use_nothing')) })
      : el('p', { class: 'needs' }, metric.name === 'click_through' || metric.name === 'play_rate' ? t('use_unseen') : t('use_nothing')));
}

// Sums over days of one line, as a row.
function sumOf(days, line, metric) {
  const cells = days.map((day) => cellOf(day, line.scenario, line.model)?.metrics[metric.name]).filter(Boolean);
  const [y, x] = [cells.reduce((all, c) => all + c.numerator, 0), cells.reduce((all, c) => all + c.denominator, 0)];
  return x > 0 ? y / x : null;
}

function numberTable(metrics, days, lines) {
  return table([
    { head: '', cell: (line) => el('strong', {}, line.name) },
    { head: t('use_lists'), number: true, cell: (line) => formatCount(line.lists) },
    ...metrics.map((metric) => ({ head: metricName(metric.name), number: true, cell: (line) => { const value = sumOf(days, line, metric); return value === null ? '–' : numbers.value(value, metric.unit); } }))], lines, t('use_table'));
}

function overview(days) {
  const cells = days.map((day) => cellOf(day, null, null)).filter(Boolean);
  const sum = (of) => cells.reduce((all, cell) => all + of(cell), 0);
  const [events, joined] = [days.reduce((all, d) => all + d.events, 0), days.reduce((all, d) => all + d.joined, 0)];
  return facts(
    fact(t('use_lists'), formatCount(sum((c) => c.lists)), t(days.length === 1 ? 'use_in_days_one' : 'use_in_days', { n: days.length })),
    fact(t('use_units_a_day'), formatCount(Math.round(sum((c) => c.units) / Math.max(1, cells.length)))),
    fact(t('events_page'), formatCount(events), t('use_joined', { joined: formatCount(joined), events: formatCount(events) })));
}

// The panel's node; `address`: its choices, kept there.
export async function usePanels() {
  const address = new URLSearchParams(location.search);
  const asked = { count: Number(address.get('days')) || 14, split: ['scenario', 'model', 'none'].includes(address.get('split')) ? address.get('split') : 'none', scenario: null, model: null };
  if (!kDays.includes(asked.count)) asked.count = 14;
  const host = el('div', { role: 'group' });
  const status = el('p', { class: 'quiet', role: 'status' });
  let answer = await api.usage(asked.count, token());

  const draw = () => {
    const days = withGaps(answer.days);
    if (days.length === 0 || !days.some(({ cells }) => cells.length > 0)) {
      status.textContent = answer.complete ? '' : t('use_reading');
      host.replaceChildren(...(answer.complete ? [panel(t('use_none'), el('p', {}, t('use_none_text'))), howEventsCome()] : []));
      return;
    }
    status.textContent = answer.complete ? '' : t('use_reading');
    const lines = linesOf(days, asked);
    const marks = versionMarks(days, lines);
    const cut = days.filter((day) => day.cut).map((day) => numbers.day(day.day));
    const any = (key, label, names) => control(label, choose(`use-${key}`, [['*', t('use_all')], ...valuesOf(days, key).map((each) => [`=${each}`, names(each)])], asked[key] === null ? '*' : `=${asked[key]}`, (next) => { asked[key] = next === '*' ? null : next.slice(1); draw(); }));
    host.replaceChildren(
      el('div', { class: 'toolbar' },
        control(t('use_days'), choose('use-days', kDays.map((n) => [String(n), t('use_last', { n })]), String(asked.count), async (n) => { asked.count = Number(n); remember({ days: n }); await load(); })),
        control(t('use_split'), choose('use-split', ['none', 'scenario', 'model'].map((each) => [each, t(`use_by_${each}`)]), asked.split, (next) => { asked.split = next; asked[next] = null; remember({ split: next === 'none' ? null : next }); draw(); })),
        asked.split === 'scenario' ? null : any('scenario', t('use_scenario'), nameOf),
        asked.split === 'model' ? null : any('model', t('use_model'), (each) => each)),
      overview(days),
      cut.length > 0 ? el('p', { class: 'alarm' }, t('use_cut', { days: cut.join(comma) })) : '',
      panel(t(days.length === 1 ? 'use_in_days_one' : 'use_in_days', { n: days.length }), numberTable(answer.metrics, days, lines)),
      panel(t('over_time'), el('p', { class: 'quiet' }, t('use_band')), el('div', { class: 'use-charts' }, answer.metrics.map((metric) => chartPanel(metric, days, lines, marks)))));
  };
  // Days that were not read yet are asked for again.
  async function load() {
    for (;;) {
      answer = await api.usage(asked.count, token());
      draw();
      if (answer.complete) return;
      await new Promise((done) => setTimeout(done, kAgainMs));
    }
  }
  draw();
  if (!answer.complete) setTimeout(() => load().catch((error) => { status.textContent = t('failed_because', { text: error.message }); }), kAgainMs);
  return [el('p', { class: 'quiet use-help' }, t('use_help'), ' ', el('a', { href: '/experiments.html' }, t('to_experiments'))), status, host];
}
