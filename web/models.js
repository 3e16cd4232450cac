// Which models there are, how they were measured, how healthy they are; promote and roll back.

import * as api from './api.js';
import { el, formatCount, movieHref, svg } from './dom.js';
import { t } from './i18n.js';
import { control, frame, panel, start, table } from './page.js';

const kMetrics = ['hit_at_10', 'hit_at_10_ipw', 'nx_at_10', 'nx_at_10_ipw', 'popularity_lift', 'hubness_skew', 'coverage_at_10'];

function interval(value, low, high, least, most) {
  const x = (v) => 4 + (112 * (v - least)) / Math.max(1e-9, most - least);
  return svg('svg', { viewBox: '0 0 120 14', class: 'interval', 'aria-hidden': 'true' },
    svg('line', { x1: x(low), x2: x(high), y1: 7, y2: 7 }), svg('circle', { cx: x(value), cy: 7, r: 4 }));
}

// A metric is a number, or an object with value and interval.
const valueOf = (m) => (typeof m === 'number' ? m : typeof m?.value === 'number' ? m.value : typeof m?.mean === 'number' ? m.mean : null);
const boundsOf = (m) => (m && Array.isArray(m.interval) ? m.interval : [m?.low ?? valueOf(m), m?.high ?? valueOf(m)]);

function metricTable(run) {
  const methods = run.methods ?? run.rows ?? [];
  const known = kMetrics.filter((name) => methods.some((m) => valueOf((m.metrics ?? m)[name]) !== null));
  const names = known.length > 0 ? known : [...new Set(methods.flatMap((m) => Object.keys(m.metrics ?? m).filter((k) => valueOf((m.metrics ?? m)[k]) !== null)))].slice(0, 8);
  const pinned = methods.find((m) => m.name === 'popularity') ?? methods[0];
  const range = (name) => {
    const all = methods.flatMap((m) => boundsOf((m.metrics ?? m)[name]).filter((v) => v !== null && v !== undefined));
    return [Math.min(...all), Math.max(...all)];
  };
  return table([
    { head: t('method'), cell: (m) => m.name ?? m.method },
    ...names.map((name) => ({
      head: name,
      cell: (m) => {
        const metric = (m.metrics ?? m)[name];
        const value = valueOf(metric);
        if (value === null) return '–';
        const base = valueOf((pinned.metrics ?? pinned)[name]);
        const [low, high] = boundsOf(metric);
        return el('span', { title: base === null ? null : `${value - base >= 0 ? '+' : ''}${(value - base).toFixed(3)} vs ${pinned.name ?? pinned.method}` },
          value.toFixed(3), interval(value, low, high, ...range(name)));
      },
    }))], methods);
}

async function healthPanel(model, others) {
  const host = el('div', { role: 'status' }, t('loading'));
  const draw = async (against = '') => {
    try {
      const h = await api.health(model.name, against);
      const select = el('select', { id: `churn-${model.name}` }, el('option', { value: '' }, t('none')), others.map((v) => el('option', { value: v.version, selected: v.version === against }, v.version)));
      select.addEventListener('change', () => draw(select.value));
      host.replaceChildren(
        el('p', {}, `${t('hubness')} ${h.hubness.skewness.toFixed(2)} · ${t('duplicates')} ${formatCount(h.duplicates)} · ${t('zero_vectors')} ${formatCount(h.zero_vectors)}`,
          h.churn ? ` · ${Math.round((1 - h.churn.mean_overlap_10) * 100)} % churn@10` : ''),
        others.length > 0 ? control(`churn@10`, select) : '',
        el('p', { class: 'quiet' }, `${t('top_hubs')}: `, h.hubness.top.slice(0, 6).flatMap((hub, i) => [i > 0 ? ', ' : '', el('a', { href: movieHref(hub.id) }, hub.title), ` (${hub.n10})`])));
    } catch (error) {
      host.replaceChildren(el('p', { role: 'alert' }, `${t('failed')}: ${error.message}`));
    }
  };
  draw();
  return panel(`${t('health')}: ${model.name}`, host);
}

start(async () => {
  const [models, runs] = await Promise.all([api.models(true), api.evaluations().catch(() => [])]);
  const token = el('input', { id: 'token', type: 'password', autocomplete: 'off' });
  const said = el('p', { role: 'status', class: 'quiet' }, t('token_help'));
  const act = async (work) => {
    try {
      const done = await work();
      said.textContent = `${t('saved')}: ${done.name} ${done.version}`;
      setTimeout(() => location.reload(), 1500);
    } catch (error) {
      said.textContent = `${t('failed')}: ${error.message}`;
    }
  };
  const served = models.filter((m) => m.served);
  frame(t('models'),
    el('div', { class: 'toolbar' }, control(t('token'), token), said),
    panel(t('models'), table([
      { head: t('name'), cell: (m) => m.name },
      { head: t('version'), cell: (m) => el('code', {}, m.version) },
      { head: t('method'), cell: (m) => m.method },
      { head: t('trained'), cell: (m) => m.created },
      { head: t('data'), cell: (m) => [m.data_name, ' ', el('code', { title: m.data_hash }, (m.data_hash ?? '').slice(0, 8))] },
      { head: t('state'), cell: (m) => [m.promoted ? el('span', { class: 'badge' }, t('promoted')) : null, m.served ? el('span', { class: 'badge' }, t('served')) : null].filter(Boolean) },
      {
        head: '',
        cell: (m) => [
          m.promoted ? el('button', { type: 'button', class: 'tool', 'aria-label': `${t('rollback')} ${m.name}`, onclick: () => act(() => api.rollback(m.name, token.value)) }, t('rollback'))
            : el('button', { type: 'button', class: 'tool', 'aria-label': `${t('promote')} ${m.name} ${m.version}`, onclick: () => act(() => api.promote(m.name, m.version, token.value)) }, t('promote')),
          el('details', {}, el('summary', {}, t('options')), el('pre', { tabindex: 0 }, JSON.stringify(m.options, null, 1)))],
      }], models)),
    panel(t('evaluations'), runs.length === 0 ? el('p', { class: 'quiet' }, t('no_evaluations'))
      : runs.map((run) => el('div', {}, el('p', { class: 'quiet' }, [run.file, run.data_name ?? run.data, run.data_hash?.slice?.(0, 8)].filter(Boolean).join(' · ')), metricTable(run)))),
    await Promise.all(served.map((m) => healthPanel(m, models.filter((o) => o.name === m.name && o.version !== m.version)))));
});
