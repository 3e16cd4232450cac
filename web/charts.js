// Small charts as SVG: intervals, bars, lines over time. Every chart has its numbers as text beside
// it or in its label.

import { el, svg } from './dom.js';

const kSmall = 1e-12;

// A number with its interval on a scale shared by a column; `base`: a line to compare with.
export function intervalBar({ value, low, high, least, most, base = null }) {
  const x = (v) => (4 + (112 * (v - least)) / Math.max(kSmall, most - least)).toFixed(1);
  return svg('svg', { viewBox: '0 0 120 14', class: 'interval', 'aria-hidden': 'true', focusable: 'false' },
    base === null ? [] : [svg('line', { x1: x(base), x2: x(base), y1: 0, y2: 14, class: 'interval-base' })],
    svg('line', { x1: x(low), x2: x(high), y1: 7, y2: 7, class: 'interval-line' }),
    svg('circle', { cx: x(value), cy: 7, r: 3.5, class: 'interval-dot' }));
}

// One line a row: name, interval, number. rows: [{name, value, low, high, pinned}].
export function intervalChart({ rows, format, label }) {
  const known = rows.filter(({ value }) => value !== null);
  const least = Math.min(0, ...known.map(({ low }) => low));
  const most = Math.max(kSmall, ...known.map(({ high }) => high));
  const base = known.find(({ pinned }) => pinned)?.value ?? null;
  return el('div', { class: 'interval-chart', role: 'list', 'aria-label': label }, known.map((row) => el(
    'div', { class: row.pinned ? 'interval-row is-pinned' : 'interval-row', role: 'listitem' },
    el('span', { class: 'interval-name' }, row.name),
    intervalWide(row, least, most, base),
    el('span', { class: 'interval-number' }, format(row.value), el('small', {}, ` ${format(row.low)} – ${format(row.high)}`)))));
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
  const top = Math.max(most, 1.25 * Math.max(...values), kSmall);
  const at = values.map((value, i) => [(i * width) / (values.length - 1), height - 2 - ((height - 6) * value) / top]);
  const points = at.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return el('figure', { class: 'line-chart' },
    el('figcaption', {}, el('span', {}, label), el('strong', {}, values.length > 0 ? format(values.at(-1)) : '–'), el('small', {}, `0 – ${format(top)}`)),
    svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' },
      given.length > 1 ? [svg('polygon', { points: `0,${height} ${points} ${width},${height}`, class: 'line-area' })] : [],
      svg('polyline', { points, class: 'line-line' })));
}
