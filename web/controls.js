// The panel that tunes a film's list. Its whole state is in the address.

import { el } from './dom.js';
import { t } from './i18n.js';

const kNames = ['popularity', 'diversity', 'year_min', 'year_max', 'genres', 'same_series', 'user', 'model'];

// The controls that the address asks for, as query parameters of the API.
export function controlsOf(parameters) {
  const controls = {};
  for (const name of kNames) {
    const value = parameters.get(name);
    if (value !== null && value !== '') controls[name] = value;
  }
  const hidden = parameters.get('hidden');
  if (hidden) controls.hide = hidden;
  return controls;
}

export function remember(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  history.replaceState(null, '', url);
  return new URLSearchParams(url.search);
}

function slider(name, low, high, step, ends, value, change) {
  const input = el('input', { type: 'range', id: `control-${name}`, min: low, max: high, step, value });
  const output = el('output', { for: input.id }, Number(value).toFixed(1));
  input.addEventListener('input', () => { output.textContent = Number(input.value).toFixed(1); });
  input.addEventListener('change', () => change(Number(input.value) === 0 ? '' : input.value));
  return el('div', { class: 'control' },
    el('label', { for: input.id }, t(name), ' ', output),
    input,
    el('span', { class: 'control-ends', 'aria-hidden': 'true' }, el('span', {}, ends[0]), el('span', {}, ends[1])));
}

function field(name, label, properties, change) {
  const input = el('input', { id: `control-${name}`, ...properties });
  input.addEventListener('change', () => change(input.value.trim()));
  return el('div', { class: 'control' }, el('label', { for: input.id }, label), input);
}

function choice(name, label, options, value, change) {
  const select = el('select', { id: `control-${name}` }, options.map(([key, text]) => el('option', { value: key, selected: key === value }, text)));
  select.addEventListener('change', () => change(select.value));
  return el('div', { class: 'control' }, el('label', { for: select.id }, label), select);
}

// `changed(parameters)` is called after each change, when the address has it.
export function controlPanel({ parameters, genres, models, changed }) {
  const value = (name) => parameters.get(name) ?? '';
  const set = (name) => (to) => changed(remember({ [name]: to, show: null }));
  const year = (name, label) => field(name, `${t('years')} ${label}`, { type: 'number', min: 1870, max: 2100, inputmode: 'numeric', value: value(name) }, set(name));
  const used = kNames.some((name) => value(name) !== '');
  return el('details', { class: 'controls', open: used || null },
    el('summary', {}, t('tune')),
    el('div', { class: 'controls-grid' },
      slider('popularity', -1, 1, 0.1, [t('hidden_gems_end'), t('hits_end')], value('popularity') || 0, set('popularity')),
      slider('diversity', 0, 1, 0.1, [t('close_end'), t('varied_end')], value('diversity') || 0, set('diversity')),
      year('year_min', t('from')),
      year('year_max', t('to')),
      choice('genres', t('genre'), [['', t('any')], ...genres.map(({ name }) => [name, t(name)])], value('genres'), set('genres')),
      choice('model', t('model'), models.map((m) => [m.default ? '' : m.name, m.name]), value('model'), set('model')),
      field('user', t('hide_seen_of'), { type: 'text', placeholder: t('viewer_id'), maxlength: 64, value: value('user') }, set('user')),
      el('div', { class: 'control control-check' },
        el('label', {}, (() => {
          const box = el('input', { type: 'checkbox', id: 'control-same_series' });
          box.checked = value('same_series') !== 'false';
          box.addEventListener('change', () => set('same_series')(box.checked ? '' : 'false'));
          return box;
        })(), ' ', t('same_series'))),
      el('div', { class: 'control' }, el('button', {
        type: 'button',
        class: 'button button-quiet',
        onclick: () => { location.href = `/movie.html?movieId=${encodeURIComponent(parameters.get('movieId') ?? '')}`; },
      }, t('reset')))));
}
