// Data quality: each check with what was found, of how many, whether that is fine, and what to do.

import { el, formatCount } from './dom.js';
import { comma, t } from './i18n.js';
import { percent } from './numbers.js';

// Shares from which on a check wants a look, and from which on something is wrong.
const kChecks = [
  { key: 'unknown', look: 0.001, bad: 0.05, of: ({ quality: q }) => [q.unknown_events, q.events], more: ({ quality: q }) => (q.unknown_items.length > 0 ? ` ${t('q_unknown_such', { list: q.unknown_items.map(({ item }) => item).join(comma) })}` : '') },
  { key: 'request', look: 0.2, bad: 0.8, of: ({ quality: q }, hour) => (hour.events > 0 ? [hour.without_request, hour.events] : [q.clicks.without_request, q.clicks.all]) },
  { key: 'list', look: 0.005, bad: 0.05, of: ({ quality: q }) => [q.clicks.list_unknown, q.clicks.judged] },
  { key: 'in_list', look: 0.001, bad: 0.02, of: ({ quality: q }) => [q.clicks.not_in_list, q.clicks.judged - q.clicks.list_unknown] },
  { key: 'position', look: 0.01, bad: 0.1, of: ({ quality: q }) => [q.clicks.wrong_position, q.clicks.judged - q.clicks.list_unknown] },
  { key: 'seen', look: 0.05, bad: 0.3, of: ({ quality: q }) => [q.clicks.not_seen, q.clicks.judged - q.clicks.list_unknown] },
  { key: 'user', look: 0.05, bad: 0.5, of: (_, hour) => [hour.without_user, hour.events] },
  { key: 'ahead', look: 0, bad: 0.01, of: (_, hour) => [hour.ahead, hour.events], values: ({ limits }) => ({ s: limits.ahead_s }), more: ({ minutes }, hour) => (hour.ahead > 0 ? ` ${t('q_ahead_most', { s: Math.round(Math.max(...minutes.map((m) => m.most_ahead_s))) })}` : '') },
  { key: 'late', look: 0.2, bad: 1.1, of: (_, hour) => [hour.late, hour.events] },
  { key: 'known', look: 0.02, bad: 0.3, of: (_, hour) => [hour.known, hour.events] },
  { key: 'expired', look: 0, bad: 0.05, of: (_, hour) => [hour.expired, hour.events] },
  { key: 'refused', look: 0, bad: 2, of: (_, hour) => [hour.refused, null] },
  { key: 'dropped', look: 0, bad: 0.05, of: ({ log }) => [log.dropped, log.dropped + log.lists] },
];

const kCounted = ['events', 'without_request', 'without_user', 'ahead', 'late', 'known', 'expired', 'refused'];

// [{name, text, count, all, state}]; state: "ok", "look", "bad", or "none" where there is nothing to
// judge by.
export function qualityOf(summary) {
  const hour = Object.fromEntries(kCounted.map((name) => [name, summary.minutes.reduce((all, minute) => all + minute[name], 0)]));
  return kChecks.map(({ key, look, bad, of, values, more }) => {
    const [count, all] = of(summary, hour);
    const share = all === null ? count : count / Math.max(1, all);
    const state = all === 0 ? 'none' : count === 0 ? 'ok' : all !== null && share >= bad ? 'bad' : share > look ? 'look' : 'ok';
    return { name: t(`q_${key}`), text: t(`q_${key}_text`, values?.(summary) ?? {}) + (more?.(summary, hour) ?? ''), count, all, state };
  });
}

const kOrder = ['bad', 'look', 'ok', 'none'];
const kBadge = { bad: 'is-bad', look: 'is-accent', ok: 'is-good', none: '' };

const shareOf = ({ count, all }) => (all ? `${percent(count / all)} ${t('of_n', { n: formatCount(all) })}` : '');

// What is odd first.
export const qualityList = (checks) => el('ul', { class: 'checks' }, [...checks].sort((a, b) => kOrder.indexOf(a.state) - kOrder.indexOf(b.state)).map((c) => el('li', { class: c.state === 'ok' || c.state === 'none' ? 'is-calm' : null },
  el('span', { class: `badge ${kBadge[c.state]}` }, t(`state_${c.state}`)),
  el('span', { class: 'check-name' }, el('strong', {}, c.name), el('span', { class: 'quiet' }, c.text)),
  el('span', { class: 'check-count' }, c.state === 'none' ? '–' : formatCount(c.count), el('small', {}, shareOf(c))))));
