// The state of the server, asked for every five seconds; not while nobody looks.

import * as api from './api.js';
import { bar, lineChart } from './charts.js';
import { el, formatCount } from './dom.js';
import { comma, t } from './i18n.js';
import { fact, facts, frame, panel, start } from './page.js';
import { dataTable } from './table.js';

const kEveryMs = 5000;
const kKept = 60;  // samples of the charts
const kLateMs = 250;  // of one list in a hundred
const kClasses = ['2xx', '3xx', '4xx', '5xx'];  // of answers

const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
const time = (text) => (text ? text.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') : '–');

function uptime(seconds) {
  if (seconds < 120) return t('n_seconds', { n: Math.round(seconds) });
  if (seconds < 7200) return t('n_minutes', { n: Math.round(seconds / 60) });
  return t('n_hours', { n: (seconds / 3600).toFixed(1) });
}

const endpointsOf = (s) => Object.entries(s.endpoints ?? {}).map(([name, value]) => ({ name, ...value }));

// Endpoints, and below them the two stages of making a list.
const stagesOf = (s) => Object.entries(s.stages ?? {}).map(([name, value]) => ({ name: t(`stage_${name}`), ...value }));

// What was ready before it was asked for.
function cacheFacts({ lists = 0, lists_from_table: ready = 0, rendered_items: items = 0, rendered_bytes: bytes = 0, not_modified: same = 0 } = {}) {
  return facts(
    fact(t('cache_lists'), lists > 0 ? `${Math.round((100 * ready) / lists)}\u00a0%` : '–', t('n_of_m', { n: formatCount(ready), m: formatCount(lists) })),
    fact(t('cache_items'), formatCount(items), `${(bytes / 1e6).toFixed(1)} MB`),
    fact(t('cache_pages'), formatCount(same), t('cache_pages_help')));
}

function tables(s) {
  const milliseconds = (key, head) => ({ key, head, number: true, value: (e) => e[key], cell: (e) => ms(e[key]) });
  // Of the lists that were made; a channel answers at most once for each.
  const share = (c) => c.hits / Math.max(1, s.cache?.lists ?? 0, c.hits);
  return {
    endpoints: dataTable({ name: 'endpoints', caption: t('latency_by'), rows: [...endpointsOf(s), ...stagesOf(s)], find: false, columns: [
      { key: 'name', head: t('endpoint'), value: (e) => e.name, cell: (e) => el('code', {}, e.name) },
      { key: 'count', head: t('count'), number: true, value: (e) => e.count, cell: (e) => formatCount(e.count) },
      milliseconds('p50_ms', 'p50 ms'), milliseconds('p90_ms', 'p90 ms'), milliseconds('p99_ms', 'p99 ms')] }),
    channels: dataTable({ name: 'channels', caption: t('channels'), rows: s.channels, find: false, columns: [
      { key: 'name', head: t('channel'), value: (c) => c.name, cell: (c) => t(`channel_${c.name}`) },
      { key: 'share', head: t('share'), cell: (c) => el('span', { class: 'change' }, bar(share(c), 1), `${Math.round(100 * share(c))}\u00a0%`) },
      { key: 'hits', head: t('hits'), number: true, value: (c) => c.hits, cell: (c) => formatCount(c.hits) },
      { key: 'errors', head: t('errors'), number: true, value: (c) => c.errors, cell: (c) => el('span', { class: c.errors > 0 ? 'is-bad' : null }, formatCount(c.errors)) }] }),
    models: dataTable({ name: 'served', caption: t('models'), rows: s.models, find: false, columns: [
      { key: 'name', head: t('name'), value: (m) => m.name, cell: (m) => el('strong', {}, m.name) },
      { key: 'version', head: t('version'), value: (m) => m.version, cell: (m) => el('code', {}, m.version) },
      { key: 'created', head: t('trained'), value: (m) => m.created, cell: (m) => time(m.created) },
      { key: 'items', head: t('items'), number: true, value: (m) => m.items, cell: (m) => formatCount(m.items) }] }),
    errors: dataTable({ name: 'errors', caption: t('errors'), rows: s.errors, empty: t('no_errors'), columns: [
      { key: 'time', head: t('time'), value: (e) => e.time, cell: (e) => time(e.time) },
      { key: 'text', head: t('what'), wrap: true, cell: (e) => e.text }] }),
  };
}

start(async () => {
  let s = await api.status();
  const shown = tables(s);
  const history = { rate: [], p50: [], p99: [] };
  const overview = el('div', {});
  const charts = el('div', { class: 'line-charts' });
  const store = el('div', {});
  const cache = el('div', {});
  const trouble = el('div', { role: 'status' });
  const asOf = el('p', { class: 'quiet' });
  let paused = false;
  const pause = el('button', { type: 'button', class: 'button button-quiet button-small', 'aria-pressed': 'false', onclick: () => { paused = !paused; say(); if (!paused) refresh(); } }, t('pause'));
  const say = () => {
    pause.textContent = t(paused ? 'go_on' : 'pause');
    pause.setAttribute('aria-pressed', String(paused));
    asOf.textContent = t(paused ? 'paused_at' : 'as_of', { time: new Date().toLocaleTimeString(document.documentElement.lang) });
  };
  const keep = (list, value) => { list.push(value); if (list.length > kKept) list.shift(); };
  let before = null;
  let lost = null;  // since when the server cannot be asked
  let seen = new Date();
  const verdict = el('p', { class: 'verdict', role: 'status' });
  const clock = (date) => date.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });

  // An outage is said as one; the numbers are those from before, and look like it.
  function outage(error) {
    document.querySelector('.tool-page').classList.add('is-stale');
    verdict.className = 'verdict is-bad';
    verdict.textContent = t('unreachable_since', { time: clock(lost), seen: clock(seen), text: error.message });
    asOf.textContent = t('old_numbers', { time: clock(seen) });
  }

  // Everything in one sentence.
  function judge() {
    const failing = [];
    if (s.degraded.length > 0) failing.push(s.degraded.join('; '));
    if (s.models.length === 0) failing.push(t('verdict_none'));
    const errors = s.requests.by_status['5xx'] ?? 0;
    const late = s.latency_ms.p99 > kLateMs;
    const word = failing.length > 0 ? 'is-bad' : errors > 0 || late || (s.degraded_answers ?? 0) > 0 ? 'is-warning' : 'is-good';
    verdict.className = `verdict ${word}`;
    verdict.textContent = failing.length > 0 ? t('status_bad', { text: failing.join('; ') })
      : word === 'is-warning' ? t('status_watch', { list: [errors > 0 ? t('status_errors', { n: formatCount(errors) }) : null, late ? t('status_late', { ms: ms(s.latency_ms.p99) }) : null, (s.degraded_answers ?? 0) > 0 ? t('status_degraded', { n: formatCount(s.degraded_answers) }) : null].filter(Boolean).join(comma) })
        : t('status_good', { ms: ms(s.latency_ms.p99) });
  }

  function draw() {
    seen = new Date();
    document.querySelector('.tool-page').classList.remove('is-stale');
    judge();
    const rate = before === null ? s.requests.per_second : Math.max(0, (s.requests.total - before.total) / Math.max(0.001, s.uptime_s - before.uptime));
    before = { total: s.requests.total, uptime: s.uptime_s };
    keep(history.rate, rate);
    keep(history.p50, s.latency_ms.p50);
    keep(history.p99, s.latency_ms.p99);
    const pool = s.candidate_pool;
    trouble.replaceChildren(s.degraded.length > 0 ? el('p', { class: 'alarm' }, el('strong', {}, `${t('degraded')}: `), s.degraded.join('; ')) : '');
    overview.replaceChildren(facts(
      fact(t('uptime'), uptime(s.uptime_s)),
      fact(t('requests'), formatCount(s.requests.total), t('n_per_second', { n: rate.toFixed(1) })),
      fact(t('latency'), `${ms(s.latency_ms.p50)} ms`, `p90 ${ms(s.latency_ms.p90)} · p99 ${ms(s.latency_ms.p99)}`),
      fact(t('refused'), formatCount((s.requests.by_status['4xx'] ?? 0) + (s.requests.by_status['5xx'] ?? 0)),
        kClasses.map((k) => `${k} ${formatCount(s.requests.by_status[k] ?? 0)}`).join(' · ')),
      fact(t('degraded_answers'), formatCount(s.degraded_answers ?? 0))));
    cache.replaceChildren(cacheFacts(s.cache));
    charts.replaceChildren(
      lineChart({ values: history.rate, label: t('rate'), format: (v) => v.toFixed(1), most: 1 }),
      lineChart({ values: history.p50, label: `${t('latency')} p50`, format: (v) => `${ms(v)} ms` }),
      lineChart({ values: history.p99, label: `${t('latency')} p99`, format: (v) => `${ms(v)} ms` }));
    store.replaceChildren(facts(
      fact(t('store'), t(s.store.state), s.store.uri),
      fact(t('pool'), formatCount(pool.items), t('n_hidden_items', { n: formatCount(pool.hidden) })),
      fact(t('pool_source'), pool.source === 'catalogue' ? t('catalogue') : pool.source),
      fact(t('pool_refreshed'), pool.refreshed ? time(pool.refreshed) : pool.source === 'catalogue' ? '–' : t('never'), pool.error || (pool.source === 'catalogue' ? t('pool_whole') : '')),
      fact(t('rules'), formatCount(s.rules?.count ?? 0), t('version_n', { n: s.rules?.version ?? 0 }))));
    shown.endpoints.update([...endpointsOf(s), ...stagesOf(s)]);
    shown.channels.update(s.channels);
    shown.models.update(s.models);
    shown.errors.update([...s.errors].reverse());
    say();
  }

  async function refresh() {
    if (document.hidden || paused) return;
    try {
      s = await api.status();
      draw();
      lost = null;
    } catch (error) {
      lost ??= new Date();
      outage(error);
    }
  }

  frame(t('status'), t('status_lead'),
    verdict, el('div', { class: 'toolbar' }, pause, asOf), trouble,
    panel(t('overview'), overview, charts),
    el('div', { class: 'two-panels' },
      panel(t('store_and_pool'), store),
      panel(t('cache'), el('p', { class: 'quiet' }, t('cache_help')), cache)),
    el('div', { class: 'two-panels' },
      panel(t('latency_by'), shown.endpoints.node),
      panel(t('channels'), shown.channels.node)),
    panel(t('models'), shown.models.node),
    panel(t('errors'), shown.errors.node));
  draw();
  setInterval(refresh, kEveryMs);
  document.addEventListener('visibilitychange', refresh);
});
