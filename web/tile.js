// Draws a poster from facts: a motif that the server chose from tags, title and genre; the
// composition of its decade; colours of its place on the map; a large number in a series; lettering
// in one of four voices. Goods, books and other things get tiles of their own kind. The same item
// is drawn the same everywhere; only its hue gives way to that of its neighbours in a row (spread()).

import { svg } from './dom.js';
import { kGlyphs } from './glyphs.js';
import { kindOfCatalogue, t } from './i18n.js';

const kWidth = 200;
const kHeight = 300;
const kMargin = 16;
const kLeastApart = 40;  // degrees of hue between neighbours of a row

// The genre that says most about a film comes first: its hue where there is no map, how light its
// ground is, and its voice.
const kGenres = {
  'Film-Noir': [220, 'dark', 'type'], Western: [24, 'light', 'serif'], War: [76, 'dark', 'narrow'],
  Musical: [322, 'mid', 'serif'], Documentary: [42, 'light', 'type'], Animation: [199, 'light', 'plain'],
  Horror: [352, 'dark', 'narrow'], 'Sci-Fi': [232, 'dark', 'narrow'], Fantasy: [266, 'mid', 'serif'],
  Children: [45, 'light', 'plain'], Mystery: [188, 'dark', 'type'], Crime: [216, 'dark', 'type'],
  Romance: [350, 'light', 'serif'], Adventure: [168, 'mid', 'narrow'], Thriller: [200, 'dark', 'narrow'],
  Action: [12, 'mid', 'narrow'], Comedy: [34, 'light', 'plain'], Drama: [226, 'mid', 'serif'],
};

// What machines have; every list ends in what all have.
const kVoices = {
  plain: { family: '"Helvetica Neue", "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", system-ui, sans-serif', weight: 700 },
  narrow: { family: '"Avenir Next Condensed", "Roboto Condensed", "Arial Narrow", "DejaVu Sans Condensed", Impact, system-ui, sans-serif', weight: 700, caps: true },
  serif: { family: 'Georgia, "Iowan Old Style", "Noto Serif", "DejaVu Serif", "Times New Roman", serif', weight: 700 },
  type: { family: '"American Typewriter", "Courier New", "Liberation Mono", "DejaVu Sans Mono", monospace', weight: 700 },
};

export function leadingGenre(genres) {
  const list = Array.isArray(genres) ? genres : [];
  return Object.keys(kGenres).find((genre) => list.includes(genre)) ?? list[0] ?? null;
}

function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  }
  return value >>> 0;
}

// mulberry32: small, and the same on every machine.
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let s = Math.imul(state ^ (state >>> 15), 1 | state);
    s = (s + Math.imul(s ^ (s >>> 7), 61 | s)) ^ s;
    return ((s ^ (s >>> 14)) >>> 0) / 4294967296;
  };
}

const keyOf = ({ title, year }) => `${title ?? ''}|${year ?? ''}`;

// Of the place on the map, a little aside, so that even neighbours differ; of the genre where the
// server knows no place.
export function hueOf(movie) {
  const aside = (hash(keyOf(movie)) % 25) - 12;
  const hue = movie.look?.hue ?? kGenres[leadingGenre(movie.genres)]?.[0] ?? hash(movie.title ?? '') % 360;
  return (hue + aside + 360) % 360;
}

const apart = (a, b) => Math.min(Math.abs(a - b), 360 - Math.abs(a - b));

// Films with the hue that they have in this row: their own, or the nearest that is far enough from
// the two before. `before`: films that stand before these already.
export function spread(movies, before = []) {
  const row = before.slice(-2).map(({ hue }) => hue).filter(Number.isFinite);
  return movies.map((movie) => {
    const own = hueOf(movie);
    const side = hash(keyOf(movie)) % 2 ? 1 : -1;
    const turns = [0, ...[44, 60, 88, 110, 132, 160].flatMap((turn) => [side * turn, -side * turn])];
    const free = (turn) => row.slice(-2).every((hue) => apart((own + turn + 360) % 360, hue) >= kLeastApart);
    const hue = (own + (turns.find(free) ?? 180) + 360) % 360;
    row.push(hue);
    return { ...movie, hue };
  });
}

const circle = (cx, cy, r, attributes) => svg('circle', { cx, cy, r, ...attributes });
const path = (d, attributes) => svg('path', { d, ...attributes });
const rect = (x, y, width, height, attributes) => svg('rect', { x, y, width, height, ...attributes });
const round = (value) => Math.round(value * 10) / 10;

// A motif around (x, y), `size` wide; what is cut out of it shows `ground`.
export function glyph(name, x, y, size, color, ground) {
  const shape = kGlyphs[name];
  if (!shape) return null;
  const line = { fill: 'none', 'stroke-width': 5, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' };
  return svg('g', { transform: `translate(${round(x - size / 2)} ${round(y - size / 2)}) scale(${round(size) / 100})` },
    [shape.f ? path(shape.f, { fill: color }) : null,
      shape.c ? path(shape.c, { fill: ground }) : null,
      shape.k ? path(shape.k, { ...line, 'stroke-width': 4, stroke: ground }) : null,
      shape.s ? path(shape.s, { ...line, stroke: color }) : null,
      shape.f2 ? path(shape.f2, { fill: color }) : null].filter(Boolean));
}

const hsl = (h, s, l) => `hsl(${Math.round((h + 720) % 360)} ${s}% ${l}%)`;

// Five colours around one hue: ground, a shape on it, a bright spark, what is drawn, the lettering.
const kTones = {
  dark: (h, other) => ({ ground: hsl(h, 46, 17), shape: hsl(h + 14, 46, 33), spark: hsl(other, 82, 66), glyph: hsl(h + 8, 40, 88), ink: '#fdf8ef' }),
  mid: (h, other) => ({ ground: hsl(h, 58, 30), shape: hsl(h - 12, 54, 43), spark: hsl(other, 86, 70), glyph: '#fdf8ef', ink: '#fdf8ef' }),
  light: (h, other) => ({ ground: hsl(h, 58, 83), shape: hsl(h + 10, 58, 69), spark: hsl(other, 66, 48), glyph: hsl(h, 56, 24), ink: hsl(h, 50, 13) }),
};

// Each composition draws the upper part of the poster, about 200 x 205, around its motif; (x, y)
// and size are the motif's. r: numbers 0..1 of this item; c: colours; part: of a series, or null.
const kCompositions = {
  // Before 1940: rays out of the middle, inside a frame.
  rays(r, c) {
    const y = 108 + r() * 8;
    const parts = Array.from({ length: 18 }, (_, i) => {
      const [a, b] = [(i * Math.PI) / 9, ((i + 0.5) * Math.PI) / 9];
      const at = (angle) => `${round(100 + 190 * Math.cos(angle))} ${round(y + 190 * Math.sin(angle))}`;
      return path(`M100 ${y}L${at(a)}L${at(b)}z`, { fill: c.shape, opacity: 0.8 });
    });
    return { x: 100, y, size: 78, parts: [...parts, circle(100, y, 62, { fill: c.ground }), circle(100, y, 56, { fill: 'none', stroke: c.spark, 'stroke-width': 2 })], frame: true };
  },
  // The forties: a beam of light, and a long shadow.
  beam(r, c) {
    const x = 84 + r() * 36;
    return { x, y: 128, size: 96, parts: [
      path(`M0 30 ${round(x + 78)} 205H${round(x - 62)}L0 66z`, { fill: c.shape, opacity: 0.75 }),
      path(`M0 44 ${round(x + 40)} 205H${round(x - 30)}L0 56z`, { fill: c.shape }),
      svg('ellipse', { cx: round(x), cy: 184, rx: 70, ry: 9, fill: c.ground, opacity: 0.7 })] };
  },
  // The fifties: three boomerangs and a few sparks.
  boomerang(r, c) {
    const turn = r() * 120;
    const wing = 'M0 -74C58 -66 76 -20 66 40 52 0 22 -22 -30 -26 -22 -48 -12 -64 0 -74z';
    return { x: 100, y: 112, size: 82, parts: [
      ...[0, 120, 240].map((angle, i) => path(wing, { transform: `translate(100 112) rotate(${round(angle + turn)}) scale(1.12)`, fill: i === 2 ? c.spark : c.shape, opacity: i === 2 ? 0.9 : 0.85 })),
      circle(100, 112, 54, { fill: c.ground }),
      ...[0, 1, 2, 3].map(() => {
        const [x, y, s] = [round(20 + r() * 160), round(46 + r() * 130), round(4 + r() * 4)];
        return path(`M${x} ${y - s}v${2 * s}M${x - s} ${y}h${2 * s}`, { stroke: c.spark, 'stroke-width': 2 });
      })] };
  },
  // The sixties: paper cut with scissors.
  paper(r, c) {
    const edge = () => round((r() - 0.5) * 22);
    const block = (x, y, w, h, fill) => path(`M${x + edge()} ${y + edge() / 2}L${x + w + edge()} ${y + edge() / 2}L${x + w + edge()} ${y + h + edge() / 2}L${x + edge()} ${y + h + edge() / 2}z`, { fill });
    const left = r() < 0.5;
    return { x: left ? 112 : 88, y: 118, size: 92, parts: [
      block(left ? 40 : 14, 54, 146, 134, c.shape), block(left ? 8 : 140, 70, 52, 110, c.spark)] };
  },
  // The seventies: stripes around a sun.
  stripes(r, c) {
    const x = round(r() < 0.5 ? 70 + r() * 20 : 110 + r() * 20);
    return { x, y: 128, size: 80, parts: [150, 124, 100, 78].map((radius, i) => circle(x, 128, radius, { fill: [c.shape, c.spark, c.shape, c.ground][i], opacity: [0.55, 0.75, 1, 1][i] })).concat(circle(x, 128, 56, { fill: c.ground })) };
  },
  // The eighties: a low sun behind blinds, above a plain of lines.
  horizon(r, c) {
    const x = round(74 + r() * 52);
    const lines = [];
    for (let i = -5; i <= 5; i += 1) lines.push(path(`M${x + i * 12} 160L${x + i * 62} 210`, { stroke: c.shape, 'stroke-width': 2 }));
    for (const y of [160, 168, 180, 196]) lines.push(path(`M0 ${y}H200`, { stroke: c.shape, 'stroke-width': 2 }));
    return { x, y: 104, size: 92, parts: [
      circle(x, 104, 66, { fill: c.shape }),
      ...[124, 136, 147, 156].map((y, i) => rect(0, y, 200, 3 + i, { fill: c.ground })),
      rect(0, 159, 200, 50, { fill: c.ground }), ...lines] };
  },
  // The nineties: the motif larger than the sheet, tone in tone, and once more, small.
  bleed(r, c, part) {
    const left = r() < 0.5 && part === null;
    const x = left ? 62 : 138;
    return { x: left ? 142 : 58, y: 152, size: 62, behind: { x, y: 104, size: 190, color: c.shape }, parts: [], disc: 43 };
  },
  // The two-thousands: two halves.
  halves(r, c) {
    const lean = Math.round((r() - 0.5) * 150);
    const right = r() < 0.5;
    const edge = [100 + lean / 2, 100 - lean / 2];
    return { x: 100, y: 116, size: 96, parts: [
      path(right ? `M${edge[0]} 0H202V210H${edge[1]}z` : `M-2 0H${edge[0]}L${edge[1]} 210H-2z`, { fill: c.shape }),
      circle(100, 116, 66, { fill: c.ground }), circle(100, 116, 66, { fill: 'none', stroke: c.spark, 'stroke-width': 4 })] };
  },
  // The tens: little on a wide ground.
  little(r, c) {
    const x = round(64 + r() * 72);
    const y = round(92 + r() * 30);
    return { x, y, size: 66, parts: [
      circle(x + 16, y + 12, 58, { fill: c.shape, opacity: 0.9 }),
      rect(kMargin, 196, 46, 5, { fill: c.spark })] };
  },
  // Since: rings that are cut by the edge.
  rings(r, c) {
    const [x, y] = [round(70 + r() * 60), round(100 + r() * 24)];
    return { x, y, size: 72, parts: [128, 104, 80].map((radius, i) => circle(x, y, radius, { fill: 'none', stroke: i === 1 ? c.spark : c.shape, 'stroke-width': i === 1 ? 3 : 11 })).concat(circle(x, y, 56, { fill: c.shape })) };
  },
};

export function compositionOf(year) {
  const from = [['rays', 0], ['beam', 1940], ['boomerang', 1950], ['paper', 1960], ['stripes', 1970], ['horizon', 1980], ['bleed', 1990], ['halves', 2000], ['little', 2010], ['rings', 2020]];
  return (from.findLast(([, first]) => (year || 2010) >= first) ?? from[0])[0];
}

// On a poster 132 px wide, the narrowest card, still 11 px.
const kLeastSize = 17;

let context = null;

function widthOf(text, size, voice) {
  context ??= document.createElement('canvas').getContext('2d');
  context.font = `${voice.weight} ${size}px ${voice.family}`;
  return context.measureText(voice.caps ? text.toUpperCase() : text).width;
}

// Breaks a title into lines that fit; null when it does not fit at this size.
function breakTitle(title, size, lines, voice, limit, force) {
  const words = title.split(/\s+/).filter(Boolean).flatMap((word) =>
    widthOf(word, size, voice) <= limit ? [word] : force ? (word.match(/[\s\S]{1,9}/gu) ?? []) : [null]);
  if (words.includes(null)) return null;
  const result = [];
  for (const word of words) {
    const last = result.length - 1;
    const joined = last >= 0 ? `${result[last]} ${word}` : word;
    if (last >= 0 && widthOf(joined, size, voice) <= limit) result[last] = joined;
    else result.push(word);
  }
  if (result.length <= lines) return result;
  if (!force) return null;
  const cut = result.slice(0, lines);
  cut[lines - 1] = `${cut[lines - 1].slice(0, 14)}…`;
  return cut;
}

function fitTitle(title, voice, limit = kWidth - 2 * kMargin) {
  for (const [size, lines] of [[27, 2], [24, 3], [21, 4], [kLeastSize, 6]]) {
    const broken = breakTitle(title, size, lines, voice, limit, false);
    if (broken) return { size, lines: broken };
  }
  return { size: kLeastSize, lines: breakTitle(title, kLeastSize, 7, voice, limit, true) };
}

function cutTo(text, size, voice, limit) {
  let shown = text;
  while (shown.length > 1 && widthOf(shown === text ? text : `${shown}…`, size, voice) > limit) shown = shown.slice(0, -1);
  return shown === text ? text : `${shown.trim()}…`;
}

// Lettering from `first`, the line of the first row.
function lettering({ size, lines }, first, color, voice, x = kMargin) {
  const text = svg('text', { fill: color, 'font-size': size, 'font-weight': voice.weight, 'font-family': voice.family, class: voice.caps ? 'tile-caps' : null });
  lines.forEach((line, i) => {
    const span = svg('tspan', { x, y: round(first + i * size * 1.12) });
    span.textContent = line;
    text.append(span);
  });
  return text;
}

function number(part, x, y, size, c) {
  const text = svg('text', { x, y, 'text-anchor': 'end', fill: c.spark, stroke: c.ground, 'stroke-width': 7, 'stroke-linejoin': 'round', 'paint-order': 'stroke', 'font-size': size, 'font-weight': 800, 'font-family': kVoices.plain.family, class: 'tile-part' });
  text.textContent = String(part);
  return text;
}

function sheet(c, hue, what, ...content) {
  return svg('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, class: 'tile', 'data-hue': Math.round(hue), 'data-drawn': what, 'aria-hidden': 'true', focusable: 'false', preserveAspectRatio: 'xMidYMid slice' },
    // A little over the edges: at broken pixels two layers would leave a seam.
    rect(-2, -2, kWidth + 4, kHeight + 4, { fill: c.ground }), content.flat().filter(Boolean));
}

// Without a motif: the first letter.
function letterOf(name, x, y, size, color) {
  const text = svg('text', { x, y: y + 0.36 * size, 'text-anchor': 'middle', 'font-size': size, 'font-weight': 700, 'font-family': kVoices.serif.family, fill: color });
  text.textContent = [...name][0] ?? '?';
  return text;
}

function filmTile(movie, name, hue, random) {
  const lead = leadingGenre(movie.genres);
  const [, tone, voiceName] = kGenres[lead] ?? [0, 'mid', 'plain'];
  const voice = kVoices[voiceName];
  const c = kTones[tone](hue, hue + 150 + Math.round(random() * 60));
  const { motif = null, part = null } = movie.look ?? {};
  const layout = compositionOf(movie.year);
  const { parts, frame = false, behind = null, disc = null, x, y, size } = kCompositions[layout](random, c, part);
  const fitted = fitTitle(name, voice);
  const first = kHeight - kMargin - 2 - (fitted.lines.length - 1) * fitted.size * 1.12;
  const shade = Math.min(206, first - fitted.size - 12);
  const back = behind ? glyph(motif ?? 'star', behind.x, behind.y, behind.size, behind.color, c.ground) : null;
  const front = motif ? glyph(motif, x, y, size, c.glyph, disc ? c.spark : c.ground) : circle(x, y, size / 3, { fill: c.spark });
  // A long title leaves less room above.
  const room = Math.min(1, shade / 206);
  return sheet(c, hue, `${layout} ${motif ?? ''} ${voiceName}`,
    svg('g', { transform: room < 1 ? `translate(${round(100 - 100 * room)} 0) scale(${round(100 * room) / 100})` : null },
      [...parts, back, disc ? circle(x, y, disc, { fill: c.spark }) : null, disc && motif ? glyph(motif, x, y, size, c.ground, c.spark) : front].filter(Boolean)),
    part ? number(part, 188, Math.min(200, shade - 6), 96, c) : null,
    rect(-2, shade, kWidth + 4, kHeight, { fill: c.ground }),
    frame ? [rect(8, 8, 184, 284, { fill: 'none', stroke: c.spark, 'stroke-width': 2 }), rect(12, 12, 176, 276, { fill: 'none', stroke: c.spark, 'stroke-width': 0.8 })] : null,
    lettering(fitted, frame ? first - 6 : first, c.ink, voice, frame ? 20 : kMargin));
}

// Goods: the thing on a plinth of light, whose it is above, its name below.
function productTile(movie, name, hue) {
  const c = { ground: hsl(hue, 34, 91), shape: hsl(hue, 42, 80), spark: hsl(hue + 180, 46, 40), glyph: hsl(hue, 52, 26), ink: hsl(hue, 40, 13) };
  const voice = kVoices.plain;
  const { motif = null, maker = '' } = movie.look ?? {};
  const fitted = fitTitle(name, voice);
  const first = kHeight - kMargin - 2 - (fitted.lines.length - 1) * fitted.size * 1.12;
  const size = 96;
  return sheet(c, hue, `product ${motif ?? ''} plain`,
    circle(100, 122, 72, { fill: c.shape }),
    svg('ellipse', { cx: 100, cy: 178, rx: 56, ry: 8, fill: hsl(hue, 40, 70) }),
    motif ? glyph(motif, 100, 124, size, c.glyph, c.shape) : letterOf(maker || name, 100, 122, 92, c.glyph),
    rect(-2, Math.min(214, first - fitted.size - 12), kWidth + 4, kHeight, { fill: c.ground }),
    rect(kMargin, Math.min(214, first - fitted.size - 10), 28, 3, { fill: c.spark }),
    maker ? lettering({ size: kLeastSize, lines: [cutTo(maker, kLeastSize, voice, 112)] }, 30, c.spark, voice) : null,
    lettering(fitted, first, c.ink, voice));
}

// Books: a bound volume with title and author on a label, the motif stamped below.
function bookTile(movie, name, hue, random) {
  const dark = random() < 0.6;
  const c = dark
    ? { ground: hsl(hue, 40, 26), shape: hsl(hue, 42, 18), spark: hsl(44, 62, 70), ink: '#fdf8ef', glyph: hsl(44, 62, 70) }
    : { ground: hsl(hue, 40, 80), shape: hsl(hue, 36, 66), spark: hsl(hue, 60, 30), ink: hsl(hue, 50, 12), glyph: hsl(hue, 60, 30) };
  const voice = kVoices.serif;
  const { motif = null, maker = '', part = null } = movie.look ?? {};
  const limit = kWidth - 34 - 16;
  const fitted = fitTitle(name, voice, limit);
  const quiet = { ...kVoices.narrow, weight: 400, caps: false };
  const under = 54 + fitted.lines.length * fitted.size * 1.12;
  const foot = under + (maker ? 44 : 22);
  const room = 290 - foot;
  const size = Math.max(30, Math.min(84, room - 24));
  return sheet(c, hue, `book ${motif ?? ''} serif`,
    rect(-2, -2, 18, kHeight + 4, { fill: c.shape }), rect(19, -2, 1.5, kHeight + 4, { fill: c.shape }),
    rect(30, 52, limit, 2, { fill: c.spark }), rect(30, round(foot), limit, 2, { fill: c.spark }),
    motif ? glyph(motif, 108, foot + room / 2, size, c.glyph, c.ground) : letterOf(name.replace(/^(The|A|An) /, ''), 108, foot + room / 2, size, c.glyph),
    part ? number(part, 188, 286, 64, c) : null,
    maker ? lettering({ size: kLeastSize, lines: [cutTo(maker, kLeastSize, quiet, limit)] }, under + 26, c.spark, quiet, 30) : null,
    lettering(fitted, 52 + fitted.size + 6, c.ink, voice, 30));
}

// Anything else: a sheet of print, the title as its headline.
function sheetTile(movie, name, hue, random) {
  const c = { ground: hsl(hue, 22, 94), shape: hsl(hue, 24, 78), spark: hsl(hue, 62, 36), ink: hsl(hue, 30, 12), glyph: hsl(hue, 62, 36) };
  const voice = kVoices.serif;
  const { motif = null } = movie.look ?? {};
  const fitted = fitTitle(name, voice);
  const foot = 58 + fitted.lines.length * fitted.size * 1.12;
  const lines = [];
  for (let y = foot + 16; y < 286; y += 12) {
    const beside = motif && y < foot + 100;
    lines.push(rect(beside ? 108 : kMargin, round(y), round((beside ? 76 : 168) * (0.72 + 0.28 * random())), 4, { fill: c.shape }));
  }
  return sheet(c, hue, `sheet ${motif ?? ''} serif`,
    rect(kMargin, 44, 168, 5, { fill: c.spark }), lines,
    motif ? glyph(motif, 58, foot + 54, 78, c.glyph, c.ground) : null,
    lettering(fitted, 50 + fitted.size + 4, c.ink, voice));
}

// Things that people watch are films also where the catalogue does not say so.
const kTiles = { film: filmTile, product: productTile, book: bookTile, item: sheetTile };

// A poster for {title, year, genres, look}; `hue`: as its row has it. Decoration: the card beside it
// carries the title as text.
export function tile(movie) {
  const name = movie.title || t('untitled');
  const draw = kTiles[kindOfCatalogue()] ?? filmTile;
  return draw(movie, name, Number.isFinite(movie.hue) ? movie.hue : hueOf(movie), randomFrom(hash(keyOf(movie))));
}

// The colors of a picture's parts, three across and four down, which the browser blurs: what is
// seen until the picture has come.
function colorsOf(colors) {
  if (!/^[0-9a-f]{36}$/.test(colors ?? '')) return null;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { className: 'poster-colors', width: 3, height: 4 });
  const parts = new ImageData(3, 4);
  for (let i = 0; i < 12; i += 1) {
    for (let c = 0; c < 3; c += 1) parts.data[4 * i + c] = parseInt(colors[3 * i + c], 16) * 17;
    parts.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d').putImageData(parts, 0, 0);
  return canvas;
}

// The frame every poster sits in: always 2:3. A picture, where the server knows one, is laid over
// the drawing.
export function poster(movie) {
  const frame = document.createElement('div');
  frame.className = 'poster';
  frame.append(tile(movie));
  const { poster: address = null, colors = null } = movie.look ?? {};
  if (address) {
    const waiting = colorsOf(colors);
    if (waiting) frame.append(waiting);
    const image = new Image();
    image.className = 'poster-image';
    image.alt = '';
    image.loading = 'lazy';
    image.decoding = 'async';
    image.addEventListener('load', () => image.classList.add('is-ready'));
    image.addEventListener('error', () => {
      image.remove();
      waiting?.remove();
      frame.classList.remove('has-image');
      frame.closest('.card')?.classList.remove('has-image');
    });
    image.src = address;
    frame.classList.add('has-image');
    frame.append(image);
  }
  return frame;
}
