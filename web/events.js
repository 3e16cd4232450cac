// Events: the live tail, what comes in by type, and whether it can be trusted. Asked again every few
// seconds; not while paused or while nobody looks.

import './event_words.js';

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { howEventsCome } from './event_howto.js';
import { qualityOf, qualityList } from './event_quality.js';
import { tailPanel } from './event_tail.js';
import { comma, t } from './i18n.js';
import { fact, facts, frame, main, panel, refusal, start, token } from './page.js';
import { dataTable } from './table.js';
import { sparkBars } from './spark.js';

const kSummaryMs = 5000;
const kTypingMs = 400;

const sum = (list, of) => list.reduce((all, each) => all + of(each), 0);

function typeRows(minutes) {
  const names = [...new Set(minutes.flatMap(({ types }) => Object.keys(types)))];
  const row = (name, of) => {
    const counts = minutes.map(of);
    return { name, counts, minute: counts.at(-2), five: sum(counts.slice(-6, -1), (n) => n), hour: sum(counts, (n) => n) };
  };
  const rows = names.map((name) => row(name, ({ types }) => types[name] ?? 0)).sort((a, b) => b.hour - a.hour);
  return rows.length > 1 ? [row(t('all_types'), ({ events }) => events), ...rows] : rows;
}

const typeTable = (minutes) => dataTable({
  name: 'types', caption: t('by_type'), rows: typeRows(minutes), find: false, empty: t('nothing_hour'), rowClass: (r) => (r.name === t('all_types') ? 'is-sum' : null),
  columns: [
    { key: 'name', head: t('type'), cell: (r) => el('code', {}, r.name) },
    { key: 'chart', head: t('minutes_chart'), cell: (r) => sparkBars(r.counts) },
    { key: 'minute', head: t('minute_1'), number: true, cell: (r) => formatCount(r.minute) },
    { key: 'five', head: t('minutes_5'), number: true, cell: (r) => formatCount(r.five) },
    { key: 'hour', head: t('minutes_60'), number: true, cell: (r) => formatCount(r.hour) }],
});

function overview({ log, minutes }) {
  const hour = sum(minutes, ({ events }) => events);
  return facts(
    fact(t('last_minute'), formatCount(minutes.at(-2).events)),
    fact(t('last_hour'), formatCount(hour), t('per_minute', { n: formatCount(Math.round(hour / minutes.length)) })),
    fact(t('since_start'), formatCount(log.events), t('known_n', { n: formatCount(log.known) })),
    fact(t('lists_recorded'), formatCount(log.lists), log.dropped > 0 ? t('dropped_n', { n: formatCount(log.dropped) }) : t('none_dropped')),
    fact(t('log_size'), `${(log.bytes / 1e6).toFixed(log.bytes < 1e7 ? 1 : 0)} MB`, t(log.up ? 'log_up' : 'log_down')));
}

function judge(node, summary, checks) {
  const odd = checks.filter(({ state }) => state === 'bad' || state === 'look');
  node.className = `verdict ${!summary.log.up ? 'is-bad' : odd.length > 0 ? 'is-warning' : 'is-good'}`;
  node.textContent = !summary.log.up ? t('log_bad', { text: summary.log.trouble })
    : odd.length > 0 ? t('log_watch', { list: odd.map(({ name }) => name.toLowerCase()).join(comma) }) : t('log_good');
}

// What stands here until a token is there that may see events.
function locked(error) {
  const text = error.status === 503 ? t('events_off') : error.status === 403 && error.message.includes('--token') ? t('events_server_without') : token() === '' ? t('events_need_token') : refusal(error);
  frame(t('events_page'), t('events_lead'), el('p', { class: 'needs', role: 'status' }, text), howEventsCome());
}

async function page() {
  let summary = await api.eventSummary(token());
  const verdict = el('p', { class: 'verdict', role: 'status' });
  const figures = el('div', {});
  const types = typeTable(summary.minutes);
  const quality = el('div', {});
  const tail = tailPanel(() => [...new Set(summary.minutes.flatMap((m) => Object.keys(m.types)))]);
  const empty = summary.quality.events === 0;
  const draw = () => {
    const checks = qualityOf(summary);
    judge(verdict, summary, checks);
    figures.replaceChildren(overview(summary));
    types.update(typeRows(summary.minutes));
    quality.replaceChildren(el('p', { class: 'quiet' }, t('quality_help', { events: formatCount(summary.quality.events), lists: formatCount(summary.quality.lists) })), qualityList(checks));
  };
  draw();
  await tail.refresh();
  frame(t('events_page'), t('events_lead'), verdict, empty ? howEventsCome() : null, figures,
    tail.node, panel(t('by_type'), el('p', { class: 'quiet' }, t('by_type_help')), types.node), panel(t('quality'), quality), empty ? null : howEventsCome());
  return async () => {
    if (document.hidden || tail.paused()) return;
    summary = await api.eventSummary(token());
    draw();
  };
}

start(async () => {
  let refresh = null;
  let timer = 0;
  const open = async () => {
    try {
      // Not asked where the answer is known: a refused request stands in the browser's log.
      if (token() === '') throw new api.ApiError('', { status: 401 });
      refresh = await page();
    } catch (error) {
      if (![401, 403, 503].includes(error.status)) throw error;
      locked(error);
    }
  };
  await open();
  // A token that is being typed is tried when the typing rests.
  document.querySelector('#token').addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (refresh === null && token() !== '') open(); }, kTypingMs);
  });
  setInterval(() => refresh?.().catch(() => { /* the page says that the server is gone */ }), kSummaryMs);
  main.classList.add('is-events');
});
