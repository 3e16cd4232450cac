// How numbers of experiments are written: shares in percent, lifts with their sign, p-values
// without false precision. A narrow no-break space stands before "%".

import { formatCount, formatFixed } from './dom.js';

const kNarrow = '\u202f';
const kDays = new Intl.DateTimeFormat(document.documentElement.lang, { month: 'short', day: 'numeric', timeZone: 'UTC' });

// As many digits as tell something: three that count, at most `most` behind the point.
function digitsOf(value, most = 4) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(size)) return 0;
  return Math.min(most, Math.max(0, 2 - Math.floor(Math.log10(size))));
}

export const percent = (share, digits = digitsOf(100 * share, 3)) => `${formatFixed(100 * share, digits)}${kNarrow}%`;

// "+3.2 %"; one digit below 10 %, none above 100 %.
export function lift(value, digits = null) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(100 * value);
  const text = formatFixed(100 * value, digits ?? (size < 0.095 ? 2 : size < 99.5 ? 1 : 0));
  return `${value > 0 ? '+' : ''}${text}${kNarrow}%`;
}

export const liftRange = (range) => (range ? `${lift(range[0])} … ${lift(range[1])}` : '–');

export function pValue(p) {
  if (p === null || p === undefined) return '–';
  if (p < 0.001) return '<\u202f0.001';
  return p > 0.9995 ? '1' : p.toFixed(3);
}

const kShares = new Set(['clicks per seen item', 'clicks per given item', 'plays per seen item', 'completions per play', 'share of units', 'share of lists', 'rejections per seen item']);
export const isShare = (unit) => kShares.has(unit);

// A value of a metric whose unit is this.
export function value(number, unit) {
  if (number === null || number === undefined) return '–';
  if (isShare(unit)) return percent(number);
  const size = Math.abs(number);
  return size >= 1000 ? formatCount(Math.round(number)) : formatFixed(number, digitsOf(number, 3));
}

export const day = (text) => kDays.format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
// "2026-11-30 10:00", UTC.
export const moment = (text) => (text ? text.slice(0, 16).replace('T', ' ') : '–');

// Between what an axis begins and ends with: two to five round numbers.
export function ticks(least, most) {
  const span = Math.max(1e-12, most - least);
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => span / s <= 4.5);
  const list = [];
  for (let at = Math.ceil(least / step - 1e-9) * step; at <= most + 1e-9 * span; at += step) list.push(Math.abs(at) < step / 1e6 ? 0 : at);
  return list;
}
