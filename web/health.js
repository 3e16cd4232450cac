// How healthy the served models are: hubs, equal and empty vectors, short lists, and how much
// changed since the version before.

import * as api from './api.js';
import { bar } from './charts.js';
import { el, formatCount, movieHref } from './dom.js';
import { t } from './i18n.js';
import { choose, control, fact, facts, panel } from './page.js';

const link = ({ id, title }) => el('a', { href: movieHref(id) }, title);

function hubList(hubs) {
  const most = Math.max(1, ...hubs.map(({ n10 }) => n10));
  return el('ul', { class: 'bar-list' }, hubs.slice(0, 8).map((hub) => el('li', {}, el('span', { class: 'bar-name' }, link(hub)), bar(hub.n10, most), el('span', { class: 'number' }, formatCount(hub.n10)))));
}

function changedList(churn) {
  return el('ul', { class: 'bar-list' }, churn.changed.slice(0, 8).map((item) => el('li', {}, el('span', { class: 'bar-name' }, link(item)), bar(1 - item.overlap, 1), el('span', { class: 'number' }, `${Math.round(100 * (1 - item.overlap))}\u00a0%`))));
}

function healthPanel(model, others) {
  const host = el('div', { role: 'status', 'aria-busy': 'true' }, el('p', { class: 'quiet loading' }, t('loading')));
  const draw = async (against) => {
    try {
      let missing = null;
      // A version of an older format cannot be compared with; the rest is known all the same.
      const h = await api.health(model.name, against).catch((error) => {
        if (against === '') throw error;
        missing = t('cannot_compare', { version: against, text: error.message });
        return api.health(model.name, '');
      });
      host.replaceChildren(
        missing === null ? '' : el('p', { class: 'alarm' }, missing),
        facts(
          fact(t('hubness'), h.hubness.skewness.toFixed(2)),
          fact(t('duplicates'), formatCount(h.duplicates)),
          fact(t('zero_vectors'), formatCount(h.zero_vectors)),
          fact(t('short_lists'), formatCount(h.short_lists)),
          fact(t('churn'), h.churn ? `${Math.round(100 * (1 - h.churn.mean_overlap_10))}\u00a0%` : '–', h.churn ? t('against_version', { version: h.churn.against }) : against === '' ? t('no_version_before') : '')),
        el('div', { class: 'two-columns' },
          el('div', {}, el('h3', {}, t('top_hubs')), el('p', { class: 'quiet' }, t('top_hubs_help')), hubList(h.hubness.top)),
          h.churn ? el('div', {}, el('h3', {}, t('changed_most')), el('p', { class: 'quiet' }, t('changed_most_help')), changedList(h.churn)) : null));
    } catch (error) {
      // What was there stays.
      host.querySelector('[role="alert"], .loading')?.remove();
      host.prepend(el('p', { role: 'alert' }, t('failed_because', { text: error.message }), ' ', el('button', { type: 'button', class: 'tool', onclick: () => draw(against) }, t('retry'))));
    }
    host.setAttribute('aria-busy', 'false');
  };
  const before = others.filter(({ version }) => version < model.version).map(({ version }) => version).sort().at(-1) ?? '';
  const ready = draw(before);
  const node = panel(t('health_of', { name: model.name }),
    others.length > 0 ? el('div', { class: 'toolbar' }, control(t('compare_with'), choose(`churn-${model.name}`, [['', t('none')], ...others.map(({ version }) => [version, version])], before, draw))) : null,
    host);
  return { node, ready };
}

// A panel for each served model; `ready`: when all have their numbers.
export function healthPanels(versions) {
  const all = versions.filter(({ served }) => served).map((model) => healthPanel(model, versions.filter((v) => v.name === model.name && v.version !== model.version)));
  return { nodes: all.map(({ node }) => node), ready: Promise.all(all.map(({ ready }) => ready)) };
}
