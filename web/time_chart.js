// A chart over days: one or several lines, each with its interval as a band, and, where there is
// one, a wider band around it. Pointing at a day, or the arrow keys, say its numbers below.

import { el, svg } from './dom.js';
import { t } from './i18n.js';
import { day, ticks } from './numbers.js';

const kHeight = 250;
const kLeft = 58;
const kRight = 26;
const kTop = 12;
const kBottom = 26;
const kLabelWidth = 72;
const kMostDots = 31;
const kFirstWidth = 300;  // until the page has a place for it
const kKinds = 6;  // colours of lines

const known = (number) => number !== null && number !== undefined && Number.isFinite(number);

const kindOf = (line, n) => `time-kind-${(line.kind ?? n) % kKinds}`;

// One whole polygon for each run of days that have both ends.
function bands(points, x, y, low, high) {
  const runs = [[]];
  points.forEach((point, i) => {
    if (known(point[low]) && known(point[high])) runs.at(-1).push([x(i), y(point[low]), y(point[high])]);
    else if (runs.at(-1).length > 0) runs.push([]);
  });
  return runs.filter((run) => run.length > 0).map((run) => {
    // A single day is a little wider than nothing.
    const wide = run.length === 1 ? [[run[0][0] - 4, ...run[0].slice(1)], [run[0][0] + 4, ...run[0].slice(1)]] : run;
    return [...wide.map(([at, , top]) => `${at.toFixed(1)},${top.toFixed(1)}`), ...wide.reverse().map(([at, bottom]) => `${at.toFixed(1)},${bottom.toFixed(1)}`)].join(' ');
  });
}

function scaleOf(lines, zero) {
  const all = lines.flatMap(({ points }) => points.flatMap((p) => [p.value, p.low, p.high])).filter(known);
  const wide = lines.flatMap(({ points }) => points.flatMap((p) => [p.outer_low, p.outer_high])).filter(known);
  let [least, most] = [Math.min(...all), Math.max(...all)];
  // What is much wider than the rest is cut at the edge: the first days know nothing.
  const reach = Math.max(most - least, 1e-9);
  for (const v of wide) {
    least = Math.min(least, Math.max(v, least - 0.35 * reach));
    most = Math.max(most, Math.min(v, most + 0.35 * reach));
  }
  if (zero) [least, most] = [Math.min(0, least), Math.max(0, most)];
  const rest = 0.06 * Math.max(most - least, 1e-9);
  return [zero && least === 0 ? 0 : least - rest, most + rest];
}

// Most early intervals are so wide that they would hide everything else.
function trimmed(lines) {
  const reach = lines.flatMap(({ points }) => points.filter((p) => known(p.value)).slice(-Math.max(1, Math.ceil(points.length / 2)))).flatMap((p) => [p.value, p.low, p.high]).filter(known);
  if (reach.length === 0) return lines;
  const [least, most] = [Math.min(...reach), Math.max(...reach)];
  const margin = 0.8 * Math.max(most - least, 1e-9);
  const cut = (v) => (known(v) ? Math.min(most + margin, Math.max(least - margin, v)) : v);
  return lines.map((line) => ({ ...line, points: line.points.map((p) => ({ ...p, low: cut(p.low), high: cut(p.high), value: cut(p.value) })) }));
}

// Everything drawn, `width` px wide; moveTo(i) puts the cursor on a day.
function picture({ days, lines, format, zero, marks, width }) {
  const [least, most] = scaleOf(lines, zero);
  const x = (i) => kLeft + (days.length === 1 ? (width - kLeft - kRight) / 2 : (i * (width - kLeft - kRight)) / (days.length - 1));
  const y = (v) => kHeight - kBottom - ((Math.min(most, Math.max(least, v)) - least) * (kHeight - kTop - kBottom)) / Math.max(1e-12, most - least);
  const every = Math.ceil(days.length / Math.max(1, Math.floor((width - kLeft) / kLabelWidth)));
  const cursor = svg('line', { class: 'time-cursor', y1: kTop, y2: kHeight - kBottom, x1: -9, x2: -9 });
  const shapes = lines.flatMap((line, n) => {
    const kind = kindOf(line, n);
    const at = line.points.map((p, i) => (known(p.value) ? [x(i).toFixed(1), y(p.value).toFixed(1)] : null)).filter(Boolean);
    return [
      ...bands(line.points, x, y, 'outer_low', 'outer_high').map((points) => svg('polygon', { points, class: `time-outer ${kind}` })),
      ...bands(line.points, x, y, 'low', 'high').map((points) => svg('polygon', { points, class: `time-band ${kind}` })),
      svg('polyline', { points: at.map((pair) => pair.join(',')).join(' '), class: `time-line ${kind}` }),
      ...(days.length <= kMostDots ? at.map(([cx, cy]) => svg('circle', { cx, cy, r: 2.6, class: `time-dot ${kind}` })) : [])];
  });
  const grid = ticks(least, most).flatMap((v) => [
    svg('line', { x1: kLeft, x2: width - kRight, y1: y(v), y2: y(v), class: v === 0 ? 'time-zero' : 'time-grid' }),
    svg('text', { x: kLeft - 8, y: y(v) + 4, class: 'time-text is-end' }, format(v).replace(/\.0+(?!\d)/, ''))]);
  const names = days.flatMap((text, i) => ((days.length - 1 - i) % every === 0
    ? [svg('text', { x: x(i), y: kHeight - 7, class: 'time-text is-middle' }, day(text))] : []));
  const lined = marks.filter(({ day: at }) => days.includes(at)).map(({ day: at, text }) => svg('line', { x1: x(days.indexOf(at)), x2: x(days.indexOf(at)), y1: kTop, y2: kHeight - kBottom, class: 'time-mark' }, svg('title', {}, text)));
  const node = svg('svg', { viewBox: `0 0 ${width} ${kHeight}`, width, height: kHeight, class: 'time-chart', 'aria-hidden': 'true', focusable: 'false' }, grid, names, lined, cursor, shapes);
  const moveTo = (i) => { for (const end of ['x1', 'x2']) cursor.setAttribute(end, i === null ? -9 : x(i)); };
  const dayAt = (px) => Math.round(((px - kLeft) * (days.length - 1)) / (width - kLeft - kRight));
  return { node, moveTo, dayAt };
}

// lines: [{name, points: [{value, low, high, outer_low, outer_high}]}], as long as `days`
// ("2026-11-30"). `zero`: the scale has 0 in it. `marks`: [{day, text}], lines from top to bottom.
// `say(i)`: the text below for a day.
export function timeChart({ days, lines: given, format, label, zero = true, say, marks = [] }) {
  const lines = trimmed(given);
  const said = el('p', { class: 'time-said', role: 'status' });
  const host = el('div', { class: 'time-host', tabindex: 0, role: 'img', 'aria-label': `${label}. ${t('chart_keys')}` });
  let drawn = null;
  let shown = days.length - 1;
  const draw = (width) => {
    drawn = picture({ days, lines, format, zero, marks, width });
    host.replaceChildren(drawn.node);
  };
  const show = (i, pointed = true) => {
    shown = Math.min(days.length - 1, Math.max(0, i));
    drawn.moveTo(pointed ? shown : null);
    said.replaceChildren(el('strong', {}, day(days[shown])), ' ', ...[say(shown)].flat());
  };
  host.addEventListener('pointermove', (event) => show(drawn.dayAt(event.clientX - host.getBoundingClientRect().left)));
  host.addEventListener('pointerleave', () => show(days.length - 1, false));
  host.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -days.length, End: days.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(shown + step);
  });
  draw(kFirstWidth);
  show(days.length - 1, false);
  new ResizeObserver(([{ contentRect }]) => { if (contentRect.width > 0) draw(Math.round(contentRect.width)); }).observe(host);
  const legend = lines.length > 1 ? el('ul', { class: 'time-legend' }, lines.map((line, n) => el('li', { class: kindOf(line, n) }, line.name))) : null;
  return el('figure', { class: 'time-figure' }, legend, host, said);
}
