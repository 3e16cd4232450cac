// The data card: what the served data are, what was assumed of them, what is odd about them.

import * as api from './api.js';
import { bar } from './charts.js';
import { el, formatCount } from './dom.js';
import { comma, lang, t } from './i18n.js';
import { fact, facts } from './page.js';
import { table } from './table.js';

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const round = (value) => formatCount(Math.round(100 * value) / 100);

// Where bin i begins: equal steps from low to high; equal ratios for amounts.
function begins(scale, i) {
  const n = scale.histogram.length;
  if (scale.name === 'amounts' && scale.low > 0) return scale.low * (scale.high / scale.low) ** (i / n);
  return scale.low + ((scale.high - scale.low) * i) / (n - 1 || 1);
}

function bars(rows, label) {
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return el('ul', { class: 'bar-list', 'aria-label': label }, rows.map(([name, count, marked]) =>
    el('li', {}, el('span', { class: 'bar-name' }, name, marked ? ' ♥' : ''), bar(count, most), el('span', { class: 'number' }, formatCount(count)))));
}

const columnsOf = (file, used) => file.columns.filter(({ role }) => (role !== '') === used).map(({ name, role }) => (used && role !== name ? `${name} = ${role}` : name)).join(comma) || '–';

function drawn(card) {
  const { scale } = card;
  const day = (seconds) => new Date(1000 * seconds).toLocaleDateString(lang === 'zh' ? 'zh-CN' : 'en', { year: 'numeric', month: 'short', timeZone: 'UTC' });
  const activity = ({ bins }) => bins.filter(({ count }) => count > 0).map(({ interactions, count }) => [interactions, count]);
  return [
    facts(
      fact(t('card_items'), formatCount(card.items)),
      fact(t('card_users'), formatCount(card.users)),
      fact(t('card_interactions'), formatCount(card.interactions)),
      fact(t('card_joined'), percent(card.joined)),
      fact(t('card_liked', { from: round(scale.liked) }), percent(scale.liked_share)),
      fact(t('card_behavior'), formatCount(card.items_with_behavior)),
      card.time.last > 0 ? fact(t('card_span'), `${day(card.time.first)} – ${day(card.time.last)}`) : null),
    card.warnings.length > 0 ? el('ul', { class: 'card-warnings' }, card.warnings.map(({ what, remedy }) => el('li', { class: 'alarm' }, what, ' ', remedy))) : el('p', { class: 'quiet' }, t('card_no_warning')),
    el('div', { class: 'two-columns' },
      el('div', {}, el('h3', {}, t('card_values', { name: scale.name })), el('p', { class: 'quiet' }, t('card_values_help')),
        bars(scale.histogram.map((count, i) => [round(begins(scale, i)), count, begins(scale, i) >= scale.liked - 1e-6]), t('card_values', { name: scale.name }))),
      el('div', {}, el('h3', {}, t('card_activity')), el('p', { class: 'quiet' }, t('card_activity_help')), bars(activity(card.items_by_activity), t('card_activity')))),
    el('h3', {}, t('card_files')),
    table([
      { head: t('name'), cell: ({ name }) => name },
      { head: t('card_kind'), cell: ({ kind }) => kind, wideOnly: true },
      { head: t('card_rows'), cell: ({ rows, rejected_lines: rejected }) => (rejected > 0 ? t('card_rejected', { rows: formatCount(rows), n: formatCount(rejected) }) : formatCount(rows)), number: true },
      { head: t('card_dialect'), cell: ({ dialect }) => dialect, wrap: true, wideOnly: true },
      { head: t('card_used'), cell: (file) => columnsOf(file, true), wrap: true },
      { head: t('card_unused'), cell: (file) => columnsOf(file, false), wrap: true, wideOnly: true },
    ], card.files, t('card_files')),
    el('h3', {}, t('card_methods')),
    el('ul', { class: 'plain-list' }, Object.entries(card.methods).map(([name, text]) => el('li', {}, el('strong', {}, name), ' ', text))),
  ];
}

// What is in it, for a panel. Names of files, columns and kinds are as the server says them.
export async function dataCard() {
  return drawn(await api.data());
}
