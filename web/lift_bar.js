// A lift with its interval around zero, as a bar: green where all of the interval is on the better
// side, red where it is on the worse one. The numbers stand beside it as text.

import { svg } from './dom.js';

const kWidth = 220;
const kHeight = 26;

// `reach`: what lies at either end of the scale. `outer`: the always-valid interval.
export function liftBar({ lift, interval, outer = null, reach, better = 'higher' }) {
  const x = (v) => (kWidth / 2) * (1 + Math.max(-1, Math.min(1, v / reach)) * 0.97);
  const sign = better === 'lower' ? -1 : 1;
  const sure = sign * interval[0] > 0 && sign * interval[1] > 0 ? 'is-good' : sign * interval[0] < 0 && sign * interval[1] < 0 ? 'is-bad' : '';
  const arrow = (at, side) => (Math.abs(at) > reach ? [svg('path', { d: side < 0 ? 'M7 8 1 13 7 18z' : `M${kWidth - 7} 8 ${kWidth - 1} 13 ${kWidth - 7} 18z`, class: 'lift-more' })] : []);
  return svg('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, class: `lift-bar ${sure}`, 'aria-hidden': 'true', focusable: 'false' },
    svg('line', { x1: 0, x2: kWidth, y1: kHeight - 0.5, y2: kHeight - 0.5, class: 'lift-ground' }),
    svg('line', { x1: kWidth / 2, x2: kWidth / 2, y1: 0, y2: kHeight, class: 'lift-zero' }),
    outer ? [svg('line', { x1: x(outer[0]), x2: x(outer[1]), y1: 13, y2: 13, class: 'lift-outer' })] : [],
    svg('rect', { x: x(interval[0]), width: Math.max(1.5, x(interval[1]) - x(interval[0])), y: 8, height: 10, rx: 2, class: 'lift-range' }),
    svg('circle', { cx: x(lift), cy: 13, r: 4, class: 'lift-point' }),
    arrow(interval[0], -1), arrow(interval[1], 1));
}

// A scale that all of them fit on; a few that reach far do not make the others small.
export function reachOf(results) {
  const ends = results.filter(Boolean).map(([low, high]) => Math.max(Math.abs(low), Math.abs(high))).sort((a, b) => a - b);
  if (ends.length === 0) return 0.1;
  const middle = ends[Math.floor((ends.length - 1) / 2)];
  const most = Math.min(ends.at(-1), 4 * middle);
  return [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10].find((r) => r >= most) ?? most;
}
