// Small charts as SVG: intervals, bars, lines over time. Every chart has its numbers as text beside
// it or in its label.

import { el, svg } from './dom.js';
import { t } from './i18n.js';
import { ticks } from './numbers.js';

const kSmall = 1e-12;

// A number with its interval on a scale shared by a column; `base`: a line to compare with.
export function intervalBar({ value, low, high, least, most, base = null }) {
  const x = (v) => (4 + (112 * (v - least)) / Math.max(kSmall, most - least)).toFixed(1);
  return svg('svg', { viewBox: '0 0 120 14', class: 'interval', 'aria-hidden': 'true', focusable: 'false' },
    base === null ? [] : [svg('line', { x1: x(base), x2: x(base), y1: 0, y2: 14, class: 'interval-base' })],
    svg('line', { x1: x(low), x2: x(high), y1: 7, y2: 7, class: 'interval-line' }),
    svg('circle', { cx: x(value), cy: 7, r: 3.5, class: 'interval-dot' }));
}

// Ends of an axis that are round numbers and hold `least` and `most`, and the round numbers between.
function roundAxis(least, most) {
  const at = ticks(least, Math.max(most, least + kSmall));
  const step = at.length > 1 ? at[1] - at[0] : Math.max(kSmall, most - least);
  while (at[0] > least + 1e-9 * step) at.unshift(at[0] - step);
  while (at.at(-1) < most - 1e-9 * step) at.push(at.at(-1) + step);
  return at;
}

// What the figure says: which is highest, or lowest where `low` is better, and whether it can be told
// from the others.
function sentence(rows, format, low) {
  const best = rows.reduce((a, b) => ((low ? b.value < a.value : b.value > a.value) ? b : a));
  const others = rows.filter((row) => row !== best && (low ? row.low < best.high : row.high > best.low));
  return `${t(low ? 'chart_lowest' : 'chart_highest', { name: best.name, value: format(best.value) })} ${others.length === 0 ? t('chart_alone') : t('chart_overlap', { names: others.slice(0, 2).map(({ name }) => name).join(', ') })}`;
}

// One line a row: name, interval, number; below them an axis with round ticks and a sentence.
// rows: [{name, value, low, high, pinned}]; `low`: lower is better.
export function intervalChart({ rows, format, label, low = false }) {
  const known = rows.filter(({ value }) => value !== null);
  if (known.length === 0) return el('p', { class: 'quiet' }, t('none'));
  const at = roundAxis(Math.min(0, ...known.map((row) => row.low)), Math.max(kSmall, ...known.map(({ high }) => high)));
  const [least, most] = [at[0], at.at(-1)];
  const base = known.find(({ pinned }) => pinned)?.value ?? null;
  const digits = Math.max(0, ...at.map((v) => (String(Number(v.toFixed(6))).split('.')[1] ?? '').length));
  const axis = el('div', { class: 'interval-row interval-axis', 'aria-hidden': 'true' }, el('span', {}), el('span', { class: 'interval-track' }, at.map((v) => {
    const tick = el('span', { class: 'interval-tick' }, v.toFixed(digits).replace('-', '−'));
    tick.style.setProperty('--from', `${(100 * (v - least)) / (most - least)}%`);
    return tick;
  })), el('span', {}));
  return el('figure', { class: 'interval-figure' }, el('div', { class: 'interval-chart', role: 'list', 'aria-label': label }, known.map((row) => el(
    'div', { class: row.pinned ? 'interval-row is-pinned' : 'interval-row', role: 'listitem' },
    el('span', { class: 'interval-name' }, row.name),
    intervalWide(row, least, most, base),
    el('span', { class: 'interval-number' }, format(row.value), el('small', {}, ` ${format(row.low)} – ${format(row.high)}`))))),
  axis, el('figcaption', { class: 'figure-says' }, sentence(known, format, low)));
}

function intervalWide({ value, low, high }, least, most, base) {
  const part = (v) => `${(100 * (v - least)) / Math.max(kSmall, most - least)}%`;
  const line = (from, to, name) => {
    const node = el('span', { class: name });
    node.style.setProperty('--from', part(from));
    node.style.setProperty('--to', part(to));
    return node;
  };
  return el('span', { class: 'interval-track', 'aria-hidden': 'true' },
    base === null ? null : line(base, base, 'interval-mark'),
    line(low, high, 'interval-reach'), line(value, value, 'interval-point'));
}

// A bar from the left, or from the middle when there are values below zero.
export function bar(value, most, signed = false) {
  const node = el('span', { class: signed ? `bar-track is-signed${value < 0 ? ' is-negative' : ''}` : 'bar-track', 'aria-hidden': 'true' }, el('span', { class: 'bar-fill' }));
  node.firstChild.style.setProperty('--bar', `${(100 * Math.abs(value)) / Math.max(kSmall, most)}%`);
  return node;
}

// Values over time, newest right. values: numbers; `most`: at least so high is the scale.
export function lineChart({ values: given, label, format, most = 0 }) {
  const values = given.length === 1 ? [given[0], given[0]] : given;
  const width = 300;
  const height = 64;
  const top = roundAxis(0, Math.max(most, 1.05 * Math.max(0, ...values), kSmall)).at(-1);
  const at = values.map((value, i) => [(i * width) / (values.length - 1), height - 2 - ((height - 6) * value) / top]);
  const points = at.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return el('figure', { class: 'line-chart' },
    el('figcaption', {}, el('span', {}, label), el('strong', {}, values.length > 0 ? format(values.at(-1)) : '–'), el('small', {}, `0 – ${format(top)}`)),
    svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' },
      given.length > 1 ? [svg('polygon', { points: `0,${height} ${points} ${width},${height}`, class: 'line-area' })] : [],
      svg('polyline', { points, class: 'line-line' })));
}
