// Small bars, one a minute, newest right.

import { svg } from './dom.js';

export function sparkBars(counts) {
  const width = 4;
  const most = Math.max(1, ...counts);
  return svg('svg', { viewBox: `0 0 ${counts.length * width} 26`, class: 'spark', preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' },
    counts.map((n, i) => (n === 0 ? null : svg('rect', { x: i * width, width: width - 1, y: (25 - (24 * n) / most).toFixed(1), height: Math.max(1.5, (24 * n) / most).toFixed(1) }))).filter(Boolean));
}
