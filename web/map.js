// All films as points: near each other when they are alike. In the address: model, by, only, movieId.

import { remember } from './address.js';
import * as api from './api.js';
import { sayCorrected, unknownOf } from './corrected.js';
import { el, icon, kIcons, movieHref, notice } from './dom.js';
import { t } from './i18n.js';
import { colorsOf, legend } from './map_colors.js';
import { MapView } from './map_view.js';
import { MapWords } from './map_words.js';
import { choose, control, frame, start } from './page.js';
import { searchBox } from './search.js';

const kNeighbors = 10;
const kColorings = ['genre', 'year', 'popularity'];
const parameters = new URLSearchParams(location.search);

// The ground that faint points fade into, as the style has it.
function ground(node) {
  const parts = getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255];
  return parts.slice(0, 3).map((v) => Number(v) / 255);
}

async function show() {
  const models = await api.models();
  sayCorrected(unknownOf(parameters, { model: models.map((m) => m.name), by: kColorings }));
  const asked = parameters.get('model');
  const chosen = models.find((m) => m.name === asked) ?? models.find((m) => m.default) ?? models[0];
  let map;
  try {
    map = await api.map(chosen.name);
  } catch (error) {
    frame(t('map_of'), null, notice({ title: error.notFound ? t('no_map') : t('failed'), text: error.notFound ? '' : error.message }));
    return;
  }
  let by = kColorings.includes(parameters.get('by')) ? parameters.get('by') : 'genre';
  let only = map.genres.indexOf(parameters.get('only') ?? '');
  if (only < 0 || by !== 'genre') only = null;
  const index = new Map(map.ids.map((id, i) => [id, i]));
  const name = (i) => `${map.titles[i]}${map.years[i] ? ` (${map.years[i]})` : ''}`;

  const canvas = el('canvas', { class: 'map-points', role: 'application', 'aria-label': t('map_keys'), tabindex: 0 });
  const overlay = el('canvas', { class: 'map-lines', 'aria-hidden': 'true' });
  const wordHost = el('div', { class: 'map-words', 'aria-hidden': 'true' });
  const tip = el('p', { class: 'map-tip', hidden: true });
  const zoomButton = (key, text, factor) => el('button', { type: 'button', class: 'round', 'aria-label': t(key), title: t(key), onclick: () => view.zoom(factor) }, text);
  const box = el('div', { class: 'map-frame' }, canvas, overlay, wordHost, tip,
    el('div', { class: 'map-zoom' }, zoomButton('zoom_in', '+', 1.5), zoomButton('zoom_out', '−', 1 / 1.5), el('button', { type: 'button', class: 'round', 'aria-label': t('zoom_all'), title: t('zoom_all'), onclick: () => view.fit() }, '⤢')));
  const side = el('aside', { class: 'map-side', 'aria-live': 'polite', 'aria-label': t('chosen_film') }, el('p', { class: 'quiet' }, t('map_pick')));
  const legendHost = el('div', { class: 'legend-host' });
  const by_ = choose('by', kColorings.map((key) => [key, t(key)]), by, (value) => { by = value; only = null; remember({ by, only: null }, true); recolor(); });
  const model = choose('model', models.map((m) => [m.name, m.name]), chosen.name, (value) => { remember({ model: value }, true); location.reload(); });
  const find = searchBox({ label: t('find_on_map'), onPick: (movie) => {
    const i = index.get(movie.id);
    if (i === undefined) side.replaceChildren(el('p', { class: 'quiet' }, t('not_on_map', { title: movie.title })));
    else pick(i, true);
  } });
  frame(t('map_of'), t('map_lead', { n: map.points.toLocaleString('en') }),
    el('div', { class: 'toolbar' }, control(t('color_by'), by_), find, models.length > 1 ? el('details', { class: 'engineer' }, el('summary', {}, t('engineer_details')), control(t('model'), model)) : null),
    legendHost, el('div', { class: 'map-page' }, box, side), el('p', { class: 'quiet' }, t('map_help')));

  const view = new MapView({ canvas, overlay, wordHost, words: new MapWords(wordHost, map), box, map, colors: colorsOf(map, by, only, ground(box)) });
  function recolor() {
    view.recolor(colorsOf(map, by, only, ground(box)));
    legendHost.replaceChildren(legend(map, by, only, ground(box), (genre) => { only = genre; remember({ only: genre === null ? null : map.genres[genre] }, true); recolor(); }));
  }
  let latest = 0;
  async function pick(i, center = false) {
    latest += 1;
    const mine = latest;
    remember({ movieId: map.ids[i] });
    if (center) view.center(i);
    view.choose(i, []);
    const heading = el('h2', {}, el('a', { href: movieHref(map.ids[i]) }, name(i)));
    const list = el('ol', { class: 'plain-list map-neighbors' }, el('li', { class: 'quiet' }, t('loading')));
    side.replaceChildren(el('div', { class: 'map-side-head' }, heading, el('button', { type: 'button', class: 'tool-icon', 'aria-label': t('close'), title: t('close'), onclick: clear }, icon(kIcons.close))),
      el('p', {}, el('a', { class: 'button button-small', href: movieHref(map.ids[i]) }, t('open_page'))), el('h3', {}, t('neighbors')), list);
    try {
      const { items } = await api.similar(map.ids[i], kNeighbors, 0, { model: chosen.name });
      if (mine !== latest) return;
      const known = items.map((movie) => index.get(movie.id)).filter((j) => j !== undefined);
      view.choose(i, known);
      list.replaceChildren(...known.map((j) => el('li', {}, el('button', { type: 'button', class: 'tool', onclick: () => pick(j, true) }, name(j)))));
    } catch (error) {
      if (mine === latest) list.replaceChildren(el('li', { role: 'alert' }, t('failed_because', { text: error.message })));
    }
  }
  function clear() {
    latest += 1;
    remember({ movieId: null });
    view.choose(-1, []);
    side.replaceChildren(el('p', { class: 'quiet' }, t('map_pick')));
  }
  view.onPick = (i) => (i < 0 ? clear() : pick(i));
  view.onOpen = (i) => location.assign(movieHref(map.ids[i]));
  view.onHover = (i, x, y) => {
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.textContent = name(i);
    // Kept inside the frame.
    tip.style.setProperty('--x', `${Math.max(4, Math.min(x + 14, box.clientWidth - tip.offsetWidth - 8))}px`);
    tip.style.setProperty('--y', `${Math.max(4, y - tip.offsetHeight - 10)}px`);
  };
  addEventListener('themechange', recolor);
  recolor();
  view.fit();
  const given = index.get(parameters.get('movieId') ?? '');
  if (given !== undefined) pick(given);
  window.measureMap = (frames) => view.measure(frames);
  window.measureMapZoom = (frames) => view.measureZoom(frames);
  window.measureMapCost = (frames) => view.cost(frames);
}

start(show, { lab: false });
