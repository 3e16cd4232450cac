// The controls that tune a film's list: a thin bar that stays on the screen, and what is set as
// chips that can be taken away. Their whole state is in the address.

import { kControls, kEvidence, remember, wantsEvidence } from './address.js';
import { el, icon, kIcons } from './dom.js';
import { t } from './i18n.js';

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

// Where a slider can be put by name, and what lies between.
const kStops = {
  popularity: [[-0.8, 'stop_gems'], [0, 'stop_balanced'], [0.8, 'stop_hits']],
  diversity: [[0, 'stop_closest'], [0.8, 'stop_mixed']],
};
function nameOf(name, value) {
  if (name === 'popularity') return t(value <= -0.6 ? 'stop_gems' : value < -0.05 ? 'stop_less' : value < 0.05 ? 'stop_balanced' : value < 0.6 ? 'stop_more' : 'stop_hits');
  return t(value < 0.05 ? 'stop_closest' : value < 0.5 ? 'stop_some' : 'stop_mixed');
}

// The list follows while the slider moves (`preview`); the address does when it is let go.
function slider(name, low, value, preview, change, over) {
  const input = el('input', { type: 'range', id: `control-${name}`, min: low, max: 1, step: 0.1, value });
  const asked = () => (Number(input.value) === 0 ? '' : input.value);
  const stops = kStops[name].map(([at, key]) => el('button', { type: 'button', class: 'stop', onclick: () => { input.value = at; show(); change(asked()); over(); } }, t(key)));
  const show = () => {
    input.setAttribute('aria-valuetext', nameOf(name, Number(input.value)));
    stops.forEach((stop, i) => stop.setAttribute('aria-pressed', String(nameOf(name, Number(input.value)) === nameOf(name, kStops[name][i][0]))));
  };
  let timer = 0;
  input.addEventListener('input', () => {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => preview(asked()), kPreviewMs);
  });
  input.addEventListener('change', () => {
    clearTimeout(timer);
    change(asked());
  });
  input.addEventListener('blur', over);
  show();
  return el('div', { class: 'control-slider' },
    el('label', { for: input.id, class: 'visually-hidden' }, t(name)),
    input,
    el('div', { class: 'stops' }, stops));
}

// As tall as the panel, for the time before the film is known.
export function skeletonControls() {
  return el('div', { class: 'controls is-skeleton' });
}

// What is set, as words: [[names of parameters to take away, text]].
function conditions(parameters) {
  const value = (name) => parameters.get(name) ?? '';
  const list = [];
  if (value('year_min')) list.push([{ year_min: null }, t('from_year', { n: value('year_min') })]);
  if (value('year_max')) list.push([{ year_max: null }, t('to_year', { n: value('year_max') })]);
  if (value('genres')) list.push([{ genres: null }, value('genres').split(',').map((name) => t(name)).join(', ')]);
  if (value('same_series') === 'false') list.push([{ same_series: null }, t('no_series')]);
  if (value('user')) list.push([{ user: null }, t('chip_seen', { n: value('user') })]);
  if (value('model')) list.push([{ model: null }, t('chip_model', { n: value('model') })]);
  if (wantsEvidence(parameters)) list.push([{ few: '1' }, t('chip_evidence', { n: kEvidence }), t('evidence_note', { n: kEvidence })]);
  return list;
}

// `choices`: a promise of [genres, models]; `changed(parameters)` is called after each change, when
// the address has it; `moving(parameters)` while a slider moves.
export function controlPanel({ parameters: given, choices, changed, moving }) {
  let parameters = given;
  const value = (name) => parameters.get(name) ?? '';
  // One control that is moved again and again is one entry of the history.
  let lastMoved = null;
  const put = (changes, what) => {
    parameters = remember({ ...changes, show: null }, lastMoved !== what);
    lastMoved = what;
    show();
    changed(parameters);
  };
  const set = (name) => (to) => put({ [name]: to }, name);
  const over = () => { lastMoved = null; };
  const move = (name) => (to) => {
    const now = new URLSearchParams(parameters);
    now.set(name, to);
    moving(now);
  };
  const text = (name, properties) => {
    const input = el('input', { id: `control-${name}`, value: value(name), ...properties });
    input.addEventListener('change', () => { if (input.checkValidity()) set(name)(input.value.trim()); });
    return input;
  };
  const year = (name) => text(name, { type: 'number', min: 1870, max: 2100, inputmode: 'numeric' });
  const [from, to] = [year('year_min'), year('year_max')];
  const years = (first, last) => { from.value = first; to.value = last; put({ year_min: String(first), year_max: String(last) }, null); };
  const decades = el('div', { class: 'decades' }, [1950, 1960, 1970, 1980, 1990, 2000, 2010].map((first) => el('button', { type: 'button', class: 'chip', onclick: () => years(first, first + 9) }, t('decade', { n: first }))));
  const genres = select('control-genres', [['', t('any')]], '', set('genres'));
  choices.then(([genreList]) => genres.append(...genreList.map(({ name }) => el('option', { value: name, selected: name === value('genres') }, t(name)))));
  const series = checkbox('control-same_series', t('same_series'), value('same_series') !== 'false', (on) => set('same_series')(on ? '' : 'false'));
  const reset = () => {
    const url = new URL(location.href);
    for (const name of [...kControls, 'few', 'show']) url.searchParams.delete(name);
    location.assign(url);
  };
  const summary = el('summary', { class: 'button button-quiet button-small' }, t('filters'), el('span', { class: 'filter-count' }));
  const chips = el('ul', { class: 'conditions', 'aria-label': t('active_filters') });
  const folder = el('details', { class: 'filters' }, summary,
    el('div', { class: 'filters-grid' },
      el('fieldset', { class: 'years' }, el('legend', {}, t('years')),
        el('div', { class: 'years-range' }, field(t('years_from'), from), field(t('years_to'), to)), decades),
      field(t('genre'), genres),
      field(t('hide_seen_of'), text('user', { type: 'text', placeholder: t('viewer_id'), maxlength: 64 })),
      series,
      el('button', { type: 'button', class: 'button button-quiet button-small', onclick: reset }, t('reset'))));
  folder.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !folder.open) return;
    folder.open = false;
    summary.focus();
  });
  document.addEventListener('pointerdown', (event) => { if (folder.open && !folder.contains(event.target)) folder.open = false; });
  const show = () => {
    const list = conditions(parameters);
    summary.lastChild.textContent = list.length > 0 ? ` · ${list.length}` : '';
    chips.hidden = list.length === 0;
    chips.replaceChildren(...list.map(([changes, words, help = null]) => el('li', {}, el('button', {
      type: 'button', class: 'chip condition', title: help, 'aria-label': t('remove_condition', { text: words }),
      onclick: () => {
        for (const name of Object.keys(changes)) {
          const input = document.querySelector(`#control-${name}`);
          if (input?.type === 'checkbox') input.checked = true;
          else if (input) input.value = '';
        }
        lastMoved = null;
        put(changes, null);
        (chips.querySelector('button') ?? summary).focus();
      },
    }, words, icon(kIcons.close)))));
  };
  show();
  const bar = el('div', { class: 'controls', role: 'group', 'aria-label': t('tune') },
    slider('popularity', -1, value('popularity') || 0, move('popularity'), set('popularity'), over),
    slider('diversity', 0, value('diversity') || 0, move('diversity'), set('diversity'), over),
    folder);
  return { bar, chips, drop: (name) => { parameters.delete(name); show(); } };
}
