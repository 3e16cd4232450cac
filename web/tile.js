// Draws a poster from facts: the colour comes from the genre, the motif from
// the genre and the title. The same film always gets the same poster.

import { svg } from './dom.js';
import { t } from './i18n.js';

const kWidth = 200;
const kHeight = 300;
const kMargin = 16;

// The genre that says most about a film comes first.
const kTelling = [
  'Film-Noir', 'Western', 'War', 'Musical', 'Documentary', 'Animation', 'Horror', 'Sci-Fi',
  'Fantasy', 'Children', 'Mystery', 'Crime', 'Romance', 'Adventure', 'Thriller', 'Action',
  'Comedy', 'Drama',
];

// ground, shape and spark as [hue, saturation, lightness]; ink is the lettering.
const kLight = '#fdf8ef';
const kDark = '#231d18';
const kPalettes = {
  Action: { ground: [12, 62, 33], shape: [18, 70, 46], spark: [40, 92, 66], ink: kLight, motif: 'slashes' },
  Adventure: { ground: [168, 42, 24], shape: [160, 34, 37], spark: [42, 82, 66], ink: kLight, motif: 'peaks' },
  Animation: { ground: [199, 62, 77], shape: [206, 62, 58], spark: [14, 82, 64], ink: kDark, motif: 'blobs' },
  Children: { ground: [45, 82, 74], shape: [36, 84, 60], spark: [350, 62, 62], ink: kDark, motif: 'balloons' },
  Comedy: { ground: [34, 78, 74], shape: [22, 76, 64], spark: [184, 46, 40], ink: kDark, motif: 'arcs' },
  Crime: { ground: [216, 26, 19], shape: [216, 22, 31], spark: [8, 68, 58], ink: kLight, motif: 'skyline' },
  Documentary: { ground: [42, 20, 83], shape: [40, 12, 67], spark: [12, 60, 48], ink: kDark, motif: 'lens' },
  Drama: { ground: [226, 30, 30], shape: [230, 30, 43], spark: [28, 68, 70], ink: kLight, motif: 'moons' },
  Fantasy: { ground: [266, 34, 30], shape: [268, 32, 45], spark: [46, 84, 72], ink: kLight, motif: 'stars' },
  'Film-Noir': { ground: [220, 6, 12], shape: [220, 5, 26], spark: [44, 24, 82], ink: kLight, motif: 'blinds' },
  Horror: { ground: [352, 48, 13], shape: [354, 58, 26], spark: [356, 66, 50], ink: kLight, motif: 'moonrise' },
  Musical: { ground: [322, 40, 31], shape: [326, 42, 45], spark: [40, 84, 70], ink: kLight, motif: 'waves' },
  Mystery: { ground: [188, 38, 18], shape: [188, 30, 30], spark: [48, 66, 70], ink: kLight, motif: 'doors' },
  Romance: { ground: [350, 58, 81], shape: [350, 56, 69], spark: [356, 60, 50], ink: kDark, motif: 'rings' },
  'Sci-Fi': { ground: [232, 46, 17], shape: [222, 50, 36], spark: [176, 58, 64], ink: kLight, motif: 'orbits' },
  Thriller: { ground: [200, 32, 20], shape: [198, 32, 34], spark: [20, 82, 60], ink: kLight, motif: 'tunnel' },
  War: { ground: [76, 20, 23], shape: [72, 20, 36], spark: [30, 62, 62], ink: kLight, motif: 'bands' },
  Western: { ground: [24, 58, 66], shape: [14, 54, 46], spark: [44, 88, 82], ink: kDark, motif: 'mesa' },
};
const kPlain = { ground: [210, 8, 34], shape: [210, 8, 46], spark: [36, 34, 76], ink: kLight, motif: 'moons' };

export function leadingGenre(genres) {
  const list = Array.isArray(genres) ? genres : [];
  return kTelling.find((genre) => list.includes(genre)) ?? list[0] ?? null;
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
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const circle = (cx, cy, r, attributes) => svg('circle', { cx, cy, r, ...attributes });
const path = (d, attributes) => svg('path', { d, ...attributes });
const rect = (x, y, width, height, attributes) => svg('rect', { x, y, width, height, ...attributes });
const round = (value) => Math.round(value * 10) / 10;

// Each motif fills the upper part of the poster, about 200 x 205.
const kMotifs = {
  orbits(r, c) {
    const x = 60 + r() * 90;
    const y = 88 + r() * 40;
    // The widest ring ends where the title's ground begins.
    const step = Math.min(22 + r() * 6, (164 - y) / 3);
    const rings = [0, 1, 2, 3].map((i) =>
      circle(x, y, 34 + i * step, { fill: 'none', stroke: c.shape, 'stroke-width': 1.6 }));
    const moons = [0, 1].map((i) => {
      const angle = r() * Math.PI * 2;
      const reach = 46 + i * 34;
      return circle(round(x + Math.cos(angle) * reach), Math.max(44, round(y + Math.sin(angle) * reach)), 4 + r() * 4, { fill: c.ink, opacity: 0.85 });
    });
    return [...rings, circle(x, y, 18 + r() * 9, { fill: c.spark }), ...moons];
  },
  slashes(r, c) {
    const lean = 50 + r() * 60;
    const parts = [0, 1, 2].map((i) => {
      const x = -40 + i * 74 + r() * 26;
      const w = 20 + r() * 34;
      return path(`M${round(x + lean)} 0h${round(w)}L${round(x + w - 20)} 215h${round(-w)}z`, { fill: c.shape, opacity: 0.55 + i * 0.2 });
    });
    return [...parts, circle(60 + r() * 90, 84 + r() * 30, 24 + r() * 10, { fill: c.spark })];
  },
  peaks(r, c) {
    const sun = circle(50 + r() * 100, 70 + r() * 18, 22 + r() * 8, { fill: c.spark });
    const range = (base, high, fill, opacity) => {
      const a = 30 + r() * 40;
      const b = 120 + r() * 50;
      return path(`M0 ${base}L${round(a)} ${round(base - high)}L${round((a + b) / 2)} ${round(base - high * 0.35)}L${round(b)} ${round(base - high * 0.85)}L200 ${round(base - high * 0.15)}V215H0z`, { fill, opacity });
    };
    return [sun, range(180, 88, c.shape, 0.6), range(205, 66, c.shape, 1)];
  },
  blobs(r, c) {
    return [0, 1, 2, 3].map((i) =>
      svg('ellipse', { cx: round(30 + r() * 140), cy: round(64 + r() * 66), rx: round(26 + r() * 34), ry: round(22 + r() * 28), fill: i === 3 ? c.spark : i === 1 ? c.ink : c.shape, opacity: i === 1 ? 0.12 : i === 3 ? 1 : 0.75, }));
  },
  balloons(r, c) {
    return [0, 1, 2].flatMap((i) => {
      const x = round(42 + i * 56 + (r() - 0.5) * 18);
      const y = round(72 + r() * 56);
      return [
        path(`M${x} ${y}Q${round(x + (r() - 0.5) * 26)} ${y + 50} 100 215`, { fill: 'none', stroke: c.ink, 'stroke-width': 1.2, opacity: 0.35 }),
        svg('ellipse', { cx: x, cy: y, rx: 22, ry: 27, fill: i === 1 ? c.spark : c.shape }),
      ];
    });
  },
  arcs(r, c) {
    const x = 40 + r() * 120;
    return [0, 1, 2, 3].map((i) => circle(round(x), 150, 108 - i * 26, { fill: i % 2 ? c.groundColor : c.shape }))
      .concat(circle(round(x), 150, 20, { fill: c.spark }));
  },
  skyline(r, c) {
    const towers = [];
    for (let x = -4; x < 200;) {
      const w = 22 + Math.floor(r() * 22);
      const top = Math.round(70 + r() * 90);
      towers.push(rect(x, top, w, 215 - top, { fill: c.shape, opacity: round(0.6 + r() * 0.4) }));
      if (r() > 0.45) towers.push(rect(x + 7, top + 12, 5, 7, { fill: c.spark }));
      x += w + 3;
    }
    return [circle(round(40 + r() * 120), 62, 20, { fill: c.spark, opacity: 0.9 }), ...towers];
  },
  lens(r, c) {
    const x = round(80 + r() * 40);
    return [92, 70, 48].map((radius, i) => circle(x, 112, radius, { fill: 'none', stroke: i === 1 ? c.ink : c.shape, 'stroke-width': i === 1 ? 1.2 : 9, opacity: i === 1 ? 0.5 : 1 }))
      .concat(circle(x, 112, 22, { fill: c.spark }), circle(x - 7, 105, 5, { fill: c.groundColor }));
  },
  moons(r, c) {
    const x = 70 + r() * 30;
    const y = 92 + r() * 24;
    const size = 50 + r() * 14;
    return [
      circle(round(x), round(y), round(size), { fill: c.shape }),
      circle(round(x + size * (0.55 + r() * 0.4)), round(y + (r() - 0.5) * 40), round(size * 0.78), { fill: c.spark, opacity: 0.88 }),
      circle(round(x), round(y), round(size), { fill: 'none', stroke: c.ink, 'stroke-width': 1.2, opacity: 0.4 }),
    ];
  },
  stars(r, c) {
    const parts = [circle(round(60 + r() * 80), 96, 42, { fill: c.shape })];
    for (let i = 0; i < 9; i += 1) {
      const x = round(16 + r() * 168);
      const y = round(44 + r() * 130);
      const s = round(i < 3 ? 9 + r() * 7 : 2.5 + r() * 3);
      parts.push(path(`M${x} ${y - s}Q${x} ${y} ${x + s} ${y}Q${x} ${y} ${x} ${y + s}Q${x} ${y} ${x - s} ${y}Q${x} ${y} ${x} ${y - s}z`, { fill: c.spark }));
    }
    return parts;
  },
  blinds(r, c) {
    const tilt = Math.round(-14 + r() * 8);
    const parts = [];
    for (let i = 0; i < 8; i += 1) {
      parts.push(rect(-30, 40 + i * 22, 260, 9, { fill: i === 3 ? c.spark : c.shape, transform: `rotate(${tilt} 100 110)` }));
    }
    return [...parts, circle(round(60 + r() * 80), 116, 30, { fill: c.groundColor })];
  },
  moonrise(r, c) {
    const x = round(60 + r() * 80);
    const parts = [circle(x, 100, 48, { fill: c.spark })];
    for (let i = 0; i < 7; i += 1) {
      const t = i * 33 - 6 + r() * 12;
      const h = 50 + r() * 76;
      parts.push(path(`M${round(t - 15)} 215L${round(t + r() * 8)} ${round(215 - h)}L${round(t + 15)} 215z`, { fill: c.shape }));
    }
    return parts;
  },
  waves(r, c) {
    const parts = [];
    for (let i = 0; i < 11; i += 1) {
      const h = round(24 + r() * 116);
      parts.push(svg('rect', { x: 18 + i * 15.4, y: round(116 - h / 2), width: 8, height: h, rx: 4, fill: i % 4 === 1 ? c.spark : c.shape }));
    }
    return parts;
  },
  doors(r, c) {
    const x = 40 + r() * 40;
    return [0, 1, 2].map((i) => rect(round(x + i * 14), 46 + i * 24, 92 - i * 28, 169 - i * 24, { fill: i === 2 ? c.spark : c.shape, opacity: i === 0 ? 0.5 : 1 }))
      .concat(circle(round(x + 56), 158, 3, { fill: c.groundColor }));
  },
  rings(r, c) {
    const y = 106 + r() * 10;
    const apart = 24 + r() * 14;
    return [
      circle(round(100 - apart), round(y), 48, { fill: c.shape }),
      circle(round(100 + apart), round(y), 48, { fill: c.spark, opacity: 0.82 }),
      circle(round(100 + apart), round(y), 60, { fill: 'none', stroke: c.spark, 'stroke-width': 1.2, opacity: 0.6 }),
    ];
  },
  tunnel(r, c) {
    const x = 70 + r() * 60;
    const y = 92 + r() * 36;
    const parts = [];
    for (let i = 0; i < 6; i += 1) {
      const s = 150 - i * 26;
      parts.push(rect(round(x - s / 2), round(y - s / 2), s, s, { fill: i === 5 ? c.spark : i % 2 ? c.groundColor : c.shape, opacity: i === 5 ? 1 : 0.9, transform: `rotate(${i * 7} ${round(x)} ${round(y)})` }));
    }
    return parts;
  },
  bands(r, c) {
    const parts = [circle(round(60 + r() * 80), 92, 34, { fill: c.spark })];
    for (let i = 0; i < 4; i += 1) {
      const y = 112 + i * 27;
      const shift = round((r() - 0.5) * 30);
      parts.push(path(`M0 ${y}Q${60 + shift} ${y - 22} 110 ${y}T200 ${y - 4}V215H0z`, { fill: i % 2 ? c.groundColor : c.shape }));
    }
    return parts;
  },
  mesa(r, c) {
    const x = 30 + r() * 60;
    return [
      circle(round(130 - r() * 60), 96, 40, { fill: c.spark }),
      path(`M0 172H${round(x)}L${round(x + 12)} 118H${round(x + 58)}L${round(x + 72)} 172H200V215H0z`, { fill: c.shape }),
      path(`M0 190H${round(x + 66)}L${round(x + 74)} 150H${round(x + 104)}L${round(x + 112)} 190H200V215H0z`, { fill: c.shape, opacity: 0.7 }),
    ];
  },
};

// On a poster 132 px wide, the narrowest card, still 11 px.
const kLeastSize = 17;

const kFamily = '"Helvetica Neue", "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans Condensed", system-ui, sans-serif';
let context = null;

function widthOf(text, size) {
  context ??= document.createElement('canvas').getContext('2d');
  context.font = `700 ${size}px ${kFamily}`;
  return context.measureText(text).width;
}

// Breaks a title into lines that fit; null when it does not fit at this size.
function breakTitle(title, size, lines, force) {
  const limit = kWidth - 2 * kMargin;
  const words = title.split(/\s+/).filter(Boolean).flatMap((word) =>
    widthOf(word, size) <= limit ? [word] : force ? (word.match(/[\s\S]{1,11}/gu) ?? []) : [null]);
  if (words.includes(null)) return null;
  const result = [];
  for (const word of words) {
    const last = result.length - 1;
    const joined = last >= 0 ? `${result[last]} ${word}` : word;
    if (last >= 0 && widthOf(joined, size) <= limit) result[last] = joined;
    else result.push(word);
  }
  if (result.length <= lines) return result;
  if (!force) return null;
  const cut = result.slice(0, lines);
  cut[lines - 1] = `${cut[lines - 1].slice(0, 16)}…`;
  return cut;
}

function fitTitle(title) {
  for (const [size, lines] of [[27, 2], [24, 3], [21, 4], [kLeastSize, 6]]) {
    const broken = breakTitle(title, size, lines, false);
    if (broken) return { size, lines: broken };
  }
  return { size: kLeastSize, lines: breakTitle(title, kLeastSize, 7, true) };
}

// A poster for {title, year, genres}. Decoration: the card beside it carries
// the title as text.
export function tile({ title, year, genres }) {
  const name = title || t('untitled');
  const lead = leadingGenre(genres);
  const palette = kPalettes[lead] ?? kPlain;
  const seed = hash(`${name}|${year ?? ''}`);
  const random = randomFrom(seed);
  const turn = Math.round((random() - 0.5) * 40);
  const lift = Math.round((random() - 0.5) * 8);
  const colour = ([h, s, l]) => `hsl(${(h + turn + 360) % 360} ${s}% ${l + lift}%)`;
  // The other genres lend their motif and their bright colour, so that films of
  // one genre are a family and not copies.
  const others = (genres ?? []).filter((genre) => genre !== lead && kPalettes[genre]);
  const other = others.length > 0 ? kPalettes[others[Math.floor(random() * others.length)]] : null;
  const motif = other && random() < 0.55 ? other.motif : palette.motif;
  const lent = other && random() < 0.55 && other.ink === palette.ink ? other.spark : palette.spark;
  const c = {
    groundColor: colour(palette.ground),
    shape: colour(palette.shape),
    spark: colour(lent),
    ink: palette.ink,
  };
  const { size, lines } = fitTitle(name);
  const leading = size * 1.12;
  const first = kHeight - kMargin - 2 - (lines.length - 1) * leading;
  const shade = first - size - 12;

  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${kWidth} ${kHeight}`, class: 'tile', 'aria-hidden': 'true', focusable: 'false', preserveAspectRatio: 'xMidYMid slice' },
    // A little over the edges: at broken pixels two layers would leave a seam.
    rect(-2, -2, kWidth + 4, kHeight + 4, { fill: c.groundColor }),
    svg('g', {}, kMotifs[motif](random, c)),
    rect(-2, Math.min(206, shade), kWidth + 4, kHeight, { fill: c.groundColor }),
  );
  const text = svg('text', { fill: c.ink, 'font-size': size, 'font-weight': 700, 'letter-spacing': -0.2, 'font-family': kFamily });
  lines.forEach((line, i) => {
    const span = svg('tspan', { x: kMargin, y: round(first + i * leading) });
    span.textContent = line;
    text.append(span);
  });
  drawing.append(text);
  return drawing;
}

// Fills {id}, {title} and {year} in a template; only http(s) and same-origin
// addresses are accepted.
export function posterUrl(template, movie) {
  if (typeof template !== 'string' || template === '') return null;
  const filled = template.replace(/\{(id|title|year|imdb|tmdb)\}/g, (_, key) =>
    encodeURIComponent(movie[key] ?? movie.links?.[key] ?? ''));
  try {
    const url = new URL(filled, location.origin);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

// The frame every poster sits in: always 2:3. A real poster, when a template is
// configured, is laid over the drawing once it has loaded.
export function poster(movie, template = null) {
  const frame = document.createElement('div');
  frame.className = 'poster';
  frame.append(tile(movie));
  const address = posterUrl(template, movie);
  if (address) {
    const image = new Image();
    image.className = 'poster-image';
    image.alt = '';
    image.loading = 'lazy';
    image.decoding = 'async';
    image.addEventListener('load', () => image.classList.add('is-ready'));
    image.addEventListener('error', () => {
      image.remove();
      frame.classList.remove('has-image');
      frame.closest('.card')?.classList.remove('has-image');
    });
    image.src = address;
    frame.classList.add('has-image');
    frame.append(image);
  }
  return frame;
}
