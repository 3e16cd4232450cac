// The drawer that answers "why this film?" and "why not that one?".

import * as api from './api.js';
import { el, movieHref } from './dom.js';
import { reasonLine, t } from './i18n.js';
import { searchBox } from './search.js';

const kPartNames = { behavior: 'behavior', 'behavior (expected from content)': 'behavior', content: 'content', closeness: 'closeness', popularity: 'popularity_part', 'mutual proximity': 'mutual' };

function partBars(parts) {
  const most = Math.max(0.1, ...parts.map(({ value }) => Math.abs(value)));
  return el('table', { class: 'parts' },
    el('caption', {}, t('parts')),
    el('tbody', {}, parts.map(({ name, value }) => {
      const bar = el('span', { class: value < 0 ? 'part-bar is-negative' : 'part-bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--part', `${(Math.abs(value) / most) * 100}%`);
      return el('tr', {}, el('th', { scope: 'row' }, t(kPartNames[name] ?? name)), el('td', {}, bar), el('td', { class: 'number' }, value.toFixed(2)));
    })));
}

function explanation(answer) {
  const found = answer.channels.filter(({ rank }) => rank !== null);
  return el('div', { class: 'explanation' },
    el('p', { class: 'explanation-title' }, el('a', { href: movieHref(answer.item.id) }, answer.item.title), answer.item.year ? ` (${answer.item.year})` : '', ' · ', `${answer.score}/100`),
    el('p', {}, reasonLine(answer.shared, answer.reason)),
    el('p', { class: 'quiet' }, answer.rank ? t('rank_of', { rank: answer.rank, all: answer.ranked }) : t('not_ranked')),
    answer.why_not.length > 0 ? el('div', {}, el('h3', {}, t('against')), el('ul', {}, answer.why_not.map((text) => el('li', {}, text)))) : null,
    answer.parts.length > 0 ? partBars(answer.parts) : null,
    found.length > 0 ? el('p', { class: 'quiet' }, `${t('found_by')}: ${found.map(({ name, rank }) => `${name} #${rank}`).join(', ')}`) : null);
}

function drawer(title, content) {
  const dialog = el('dialog', { class: 'drawer', 'aria-label': title },
    el('div', { class: 'drawer-head' }, el('h2', {}, title), el('button', { type: 'button', class: 'button button-quiet', onclick: () => dialog.close() }, t('close'))),
    content);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

async function fill(host, seed, item, controls) {
  host.replaceChildren(el('p', {}, t('loading')));
  try {
    host.replaceChildren(explanation(await api.explain(seed, item, controls)));
  } catch (error) {
    host.replaceChildren(el('p', { role: 'alert' }, `${t('failed')}: ${error.message}`));
  }
}

export function why(seed, item, controls) {
  const host = el('div', { 'aria-live': 'polite' });
  drawer(t('why_this'), host);
  fill(host, seed, item, controls);
}

export function whyNot(seed, controls) {
  const host = el('div', { 'aria-live': 'polite' });
  const box = searchBox({ label: t('why_not_find'), onPick: (movie) => fill(host, seed, movie.id, controls) });
  drawer(t('why_not'), el('div', {}, el('p', { class: 'quiet' }, t('why_not_find')), box, host)).querySelector('input')?.focus();
}
