// The controls that tune a film's list. Their whole state is in the address.

import { kControls, kFilters, remember } from './address.js';
import { el } from './dom.js';
import { t } from './i18n.js';

const kNewEntry = true;  // in the browser's history, so that Back undoes a control
const kPreviewMs = 60;   // after the slider's last move

export function field(label, input, ...below) {
  return el('div', { class: 'control' }, el('label', { for: input.id }, label), input, below);
}

export function select(id, options, value, change) {
  const node = el('select', { id }, options.map(([key, text]) => el('option', { value: key, selected: key === value }, text)));
  node.addEventListener('change', () => change(node.value));
  return node;
}

export function checkbox(id, label, checked, change) {
  const box = el('input', { type: 'checkbox', id });
  box.checked = checked;
  box.addEventListener('change', () => change(box.checked));
  return el('div', { class: 'control control-check' }, box, el('label', { for: id }, label));
}

// The list follows while the slider moves (`preview`); the address does when it is let go.
function slider(name, low, ends, value, preview, change) {
  const input = el('input', { type: 'range', id: `control-${name}`, min: low, max: 1, step: 0.1, value });
  const output = el('output', { for: input.id }, Number(value).toFixed(1));
  const asked = () => (Number(input.value) === 0 ? '' : input.value);
  let timer = 0;
  input.addEventListener('input', () => {
    output.textContent = Number(input.value).toFixed(1);
    clearTimeout(timer);
    timer = setTimeout(() => preview(asked()), kPreviewMs);
  });
  input.addEventListener('change', () => {
    clearTimeout(timer);
    change(asked());
  });
  return el('div', { class: 'control control-slider' },
    el('label', { for: input.id }, t(name), ' ', output),
    input,
    el('span', { class: 'control-ends', 'aria-hidden': 'true' }, el('span', {}, ends[0]), el('span', {}, ends[1])));
}

// As tall as the panel, for the time before the film is known.
export function skeletonControls() {
  return el('div', { class: 'controls is-skeleton' });
}

// `choices`: a promise of [genres, models]; `changed(parameters)` is called after each change,
// when the address has it; `moving(parameters)` while a slider moves.
export function controlPanel({ parameters, choices, changed, moving }) {
  const value = (name) => parameters.get(name) ?? '';
  const set = (name) => (to) => changed(remember({ [name]: to, show: null }, kNewEntry));
  const move = (name) => (to) => {
    const now = new URLSearchParams(location.search);
    now.set(name, to);
    moving(now);
  };
  const text = (name, properties) => {
    const input = el('input', { id: `control-${name}`, value: value(name), ...properties });
    input.addEventListener('change', () => set(name)(input.value.trim()));
    return input;
  };
  const year = (name) => text(name, { type: 'number', min: 1870, max: 2100, inputmode: 'numeric' });
  const genres = select('control-genres', [['', t('any')]], '', set('genres'));
  const models = select('control-model', [['', t('default_model')]], '', set('model'));
  choices.then(([genreList, modelList]) => {
    const fill = (node, options, chosen) => node.append(...options.map(([key, label]) => el('option', { value: key, selected: key === chosen }, label)));
    fill(genres, genreList.map(({ name }) => [name, t(name)]), value('genres'));
    fill(models, modelList.filter((m) => !m.default).map(({ name }) => [name, name]), value('model'));
  });
  const reset = () => {
    const url = new URL(location.href);
    for (const name of [...kControls, 'show']) url.searchParams.delete(name);
    location.assign(url);
  };
  const filtered = kFilters.some((name) => value(name) !== '');
  return el('div', { class: 'controls', role: 'group', 'aria-label': t('tune') },
    slider('popularity', -1, [t('hidden_gems_end'), t('hits_end')], value('popularity') || 0, move('popularity'), set('popularity')),
    slider('diversity', 0, [t('close_end'), t('varied_end')], value('diversity') || 0, move('diversity'), set('diversity')),
    el('details', { class: 'filters', open: filtered || null },
      el('summary', {}, t('filters')),
      el('div', { class: 'filters-grid' },
        field(t('years_from'), year('year_min')),
        field(t('years_to'), year('year_max')),
        field(t('genre'), genres),
        field(t('model'), models),
        field(t('hide_seen_of'), text('user', { type: 'text', placeholder: t('viewer_id'), maxlength: 64 })),
        checkbox('control-same_series', t('same_series'), value('same_series') !== 'false', (on) => set('same_series')(on ? '' : 'false')),
        el('button', { type: 'button', class: 'button button-quiet button-small', onclick: reset }, t('reset')))));
}
