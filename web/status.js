// The state of the server, refreshed every five seconds.

import * as api from './api.js';
import { el, formatCount, notice } from './dom.js';
import { t } from './i18n.js';
import { fact, frame, panel, start, table } from './page.js';

const kEveryMs = 5000;

const milliseconds = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));

function uptime(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function draw(s) {
  const endpoints = Object.entries(s.endpoints ?? {}).map(([name, value]) => ({ name, ...value }));
  frame(t('status'),
    s.degraded.length > 0 ? notice({ title: t('degraded'), text: s.degraded.join('; '), role: 'alert' }) : null,
    el('div', { class: 'tiles' },
      fact(t('uptime'), uptime(s.uptime_s)),
      fact(t('requests'), formatCount(s.requests.total), `${s.requests.per_second.toFixed(1)} ${t('per_second')}`),
      fact(t('latency'), `${milliseconds(s.latency_ms.p50)} ms`, `p90 ${milliseconds(s.latency_ms.p90)} · p99 ${milliseconds(s.latency_ms.p99)}`),
      fact('2xx / 4xx / 5xx', ['2xx', '4xx', '5xx'].map((k) => formatCount(s.requests.by_status[k] ?? 0)).join(' / ')),
      fact(t('store'), t(s.store.state), s.store.uri),
      fact(t('pool'), formatCount(s.candidate_pool.items), `${t('shown')}, ${formatCount(s.candidate_pool.hidden)} ${t('hidden')}`)),
    panel(t('latency'), table([
      { head: t('endpoint'), cell: (e) => e.name },
      { head: t('count'), number: true, cell: (e) => formatCount(e.count) },
      { head: 'p50 ms', number: true, cell: (e) => milliseconds(e.p50_ms) },
      { head: 'p90 ms', number: true, cell: (e) => milliseconds(e.p90_ms) },
      { head: 'p99 ms', number: true, cell: (e) => milliseconds(e.p99_ms) }], endpoints)),
    panel(t('channel'), table([
      { head: t('channel'), cell: (c) => c.name },
      { head: t('hits'), number: true, cell: (c) => formatCount(c.hits) },
      { head: t('errors'), number: true, cell: (c) => formatCount(c.errors) }], s.channels)),
    panel(t('models'), table([
      { head: t('name'), cell: (m) => m.name },
      { head: t('version'), cell: (m) => el('code', {}, m.version) },
      { head: t('trained'), cell: (m) => m.created },
      { head: t('items'), number: true, cell: (m) => formatCount(m.items) }], s.models)),
    panel(t('errors'), s.errors.length === 0 ? el('p', { class: 'quiet' }, t('no_errors')) : table([
      { head: '', cell: (e) => e.time }, { head: '', cell: (e) => e.text }], s.errors)));
}

start(async () => {
  draw(await api.status());
  setInterval(async () => {
    if (document.hidden) return;
    try {
      draw(await api.status());
    } catch { /* the next one may do; the last state stays on the page */ }
  }, kEveryMs);
});
