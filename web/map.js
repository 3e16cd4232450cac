// All films as points: near each other when they are alike.

import * as api from './api.js';
import { el, movieHref, notice } from './dom.js';
import { t } from './i18n.js';
import { control, frame, start } from './page.js';
import { Points } from './points.js';
import { remember } from './controls.js';

const parameters = new URLSearchParams(location.search);

function hue(h, s, l) {
  const a = s * Math.min(l, 1 - l);
  const f = (n) => {
    const k = (n + h * 12) % 12;
    return l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [f(0), f(8), f(4)];
}

function colors(map, by) {
  const out = new Float32Array(3 * map.points);
  const years = map.years.filter((y) => y > 0);
  const oldest = years.reduce((a, b) => Math.min(a, b), 3000);
  const newest = years.reduce((a, b) => Math.max(a, b), 0);
  const most = Math.log1p(map.popularity.reduce((a, b) => Math.max(a, b), 0));
  for (let i = 0; i < map.points; i += 1) {
    let color;
    if (by === 'year') color = map.years[i] ? hue(0.7 - (0.7 * (map.years[i] - oldest)) / Math.max(1, newest - oldest), 0.65, 0.5) : [0.5, 0.5, 0.5];
    else if (by === 'popularity') color = hue(0.62 - 0.6 * (Math.log1p(map.popularity[i]) / Math.max(1, most)), 0.7, 0.5);
    else color = map.genre[i] < 0 ? [0.5, 0.5, 0.5] : hue((map.genre[i] * 0.618) % 1, 0.6, 0.48);
    out.set(color, 3 * i);
  }
  return out;
}

async function show() {
  const models = await api.models();
  const asked = parameters.get('model');
  const chosen = models.find((m) => m.name === asked) ?? models.find((m) => m.default) ?? models[0];
  let map;
  try {
    map = await api.map(chosen.name);
  } catch (error) {
    frame(t('map_of'), notice({ title: t('no_map'), text: error.message }));
    return;
  }
  const canvas = el('canvas', { 'aria-label': t('map_of'), role: 'img', tabindex: 0 });
  const lines = el('canvas', { 'aria-hidden': 'true' });
  const label = el('p', { class: 'map-label', role: 'status' });
  const box = el('div', { class: 'map-frame' }, canvas, lines, label);
  lines.style.pointerEvents = 'none';
  const by = el('select', { id: 'by' }, ['genre', 'year', 'popularity'].map((key) => el('option', { value: key, selected: key === parameters.get('by') }, t(key))));
  const model = el('select', { id: 'model' }, models.map((m) => el('option', { value: m.name, selected: m === chosen }, m.name)));
  const find = el('input', { id: 'find', type: 'search', list: 'titles', autocomplete: 'off' });
  frame(t('map_of'), el('div', { class: 'toolbar' }, control(t('model'), model), control(t('color_by'), by), control(t('find'), find)), box, el('p', { class: 'quiet' }, t('map_help')));

  const at = new Float32Array(2 * map.points);
  const size = new Float32Array(map.points);
  for (let i = 0; i < map.points; i += 1) {
    at[2 * i] = map.x[i];
    at[2 * i + 1] = map.y[i];
    size[i] = 2 + Math.min(4, Math.log1p(map.popularity[i]) / 1.6);
  }
  const points = new Points(canvas, at, colors(map, by.value), size);
  const index = new Map(map.ids.map((id, i) => [id, i]));
  // The view begins with 96 of 100 points: a few lie far out.
  const span = (values) => {
    const sorted = [...values].sort((p, q) => p - q);
    return [sorted[Math.floor(0.02 * (sorted.length - 1))], sorted[Math.ceil(0.98 * (sorted.length - 1))]];
  };
  const [left, right] = span(map.x);
  const [top, bottom] = span(map.y);
  const least = [left, top];
  const most = [right, bottom];
  const view = { x: 0, y: 0, scale: 1, fit: 1 };
  let edges = [];
  let asking = 0;

  const draw = () => {
    asking = 0;
    points.draw(view);
    const pen = lines.getContext('2d');
    pen.clearRect(0, 0, lines.width, lines.height);
    pen.strokeStyle = getComputedStyle(document.body).color;
    for (const [a, b] of edges) {
      pen.beginPath();
      for (const i of [a, b]) pen.lineTo((at[2 * i] + view.x) * view.scale + lines.width / 2, (at[2 * i + 1] + view.y) * view.scale + lines.height / 2);
      pen.stroke();
    }
  };
  const redraw = () => { asking ||= requestAnimationFrame(draw); };
  const resize = () => {
    const ratio = window.devicePixelRatio || 1;
    for (const c of [canvas, lines]) {
      c.width = box.clientWidth * ratio;
      c.height = box.clientHeight * ratio;
    }
    redraw();
  };
  const fit = () => {
    view.x = -(least[0] + most[0]) / 2;
    view.y = -(least[1] + most[1]) / 2;
    view.fit = 0.94 * Math.min(canvas.width / (most[0] - least[0] || 1), canvas.height / (most[1] - least[1] || 1));
    view.scale = view.fit;
    redraw();
  };
  const nearest = (event) => {
    const ratio = window.devicePixelRatio || 1;
    const frameBox = canvas.getBoundingClientRect();
    const x = ((event.clientX - frameBox.left) * ratio - canvas.width / 2) / view.scale - view.x;
    const y = ((event.clientY - frameBox.top) * ratio - canvas.height / 2) / view.scale - view.y;
    let best = -1;
    let closest = (14 * ratio / view.scale) ** 2;
    for (let i = 0; i < map.points; i += 1) {
      const d = (at[2 * i] - x) ** 2 + (at[2 * i + 1] - y) ** 2;
      if (d < closest) { closest = d; best = i; }
    }
    return best;
  };
  const name = (i) => `${map.titles[i]}${map.years[i] ? ` (${map.years[i]})` : ''}`;
  const pick = async (i) => {
    label.textContent = name(i);
    remember({ movieId: map.ids[i] });
    try {
      const answer = await api.similar(map.ids[i], 10, 0, { model: chosen.name });
      edges = answer.items.map((movie) => [i, index.get(movie.id)]).filter(([, b]) => b !== undefined);
      label.replaceChildren(el('strong', {}, name(i)), ` → ${answer.items.slice(0, 5).map((movie) => movie.title).join(', ')}`);
    } catch { edges = []; }
    redraw();
  };
  let drag = null;
  let moved = false;
  canvas.addEventListener('pointerdown', (event) => { drag = [event.clientX, event.clientY]; moved = false; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener('pointermove', (event) => {
    const ratio = window.devicePixelRatio || 1;
    if (drag) {
      const [dx, dy] = [event.clientX - drag[0], event.clientY - drag[1]];
      moved ||= Math.abs(dx) + Math.abs(dy) > 3;
      view.x += (dx * ratio) / view.scale;
      view.y += (dy * ratio) / view.scale;
      drag = [event.clientX, event.clientY];
      redraw();
    } else if (edges.length === 0) {
      const i = nearest(event);
      label.textContent = i < 0 ? '' : name(i);
    }
  });
  canvas.addEventListener('pointerup', (event) => {
    drag = null;
    if (moved) return;
    const i = nearest(event);
    if (i >= 0) pick(i);
    else { edges = []; label.textContent = ''; redraw(); }
  });
  canvas.addEventListener('dblclick', (event) => { const i = nearest(event); if (i >= 0) location.assign(movieHref(map.ids[i])); });
  const zoom = (factor) => { view.scale = Math.max(view.fit / 2, Math.min(view.fit * 200, view.scale * factor)); redraw(); };
  canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400)); }, { passive: false });
  canvas.addEventListener('keydown', (event) => {
    const step = 40 / view.scale;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === '+' || event.key === '=') zoom(1.3);
    else if (event.key === '-') zoom(1 / 1.3);
    else if (moves[event.key]) { view.x += moves[event.key][0]; view.y += moves[event.key][1]; redraw(); } else return;
    event.preventDefault();
  });
  by.addEventListener('change', () => { points.recolor(colors(map, by.value)); remember({ by: by.value }); redraw(); });
  model.addEventListener('change', () => { remember({ model: model.value, movieId: null }); location.reload(); });
  find.addEventListener('change', async () => {
    const [first] = await api.search(find.value, 1);
    const i = first ? index.get(first.id) : undefined;
    if (i === undefined) { label.textContent = t('no_title'); return; }
    view.x = -at[2 * i];
    view.y = -at[2 * i + 1];
    view.scale = view.fit * 12;
    pick(i);
  });
  addEventListener('resize', resize);
  resize();
  fit();
  const given = index.get(parameters.get('movieId') ?? '');
  if (given !== undefined) pick(given);
  // Frames a second while panning, for the test of speed.
  window.measureMap = (frames = 60) => new Promise((done) => {
    let count = 0;
    const began = performance.now();
    const step = () => {
      view.x += Math.sin(count / 5) * (4 / view.scale);
      points.draw(view);
      count += 1;
      if (count < frames) requestAnimationFrame(step);
      else done((1000 * count) / (performance.now() - began));
    };
    requestAnimationFrame(step);
  });
}

start(show);
