// Colours of the map's points: by genre, year or popularity, with a legend.

import { el } from './dom.js';
import { t } from './i18n.js';

const kGrey = [0.55, 0.53, 0.5];
const kFaint = 0.16;  // how much colour is left of what is not chosen

function fromHue(h, s, l) {
  const a = s * Math.min(l, 1 - l);
  const f = (n) => {
    const k = (n + h * 12) % 12;
    return l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [f(0), f(8), f(4)];
}

// Six groups of genres, each with a colour on a light ground and one on a dark: chosen so that any
// two are far apart also for those who see no red or no green, and each has a contrast of 3 to its
// ground (tests/e2e/map_status.mjs measures it). A genre of no group goes to the one that its place
// in the list gives, so that any catalogue has colours.
const kGroups = [
  { light: '5f1421', dark: 'fc8fa1', names: ['Action', 'Adventure', 'War', 'Western'] },
  { light: 'd37805', dark: '9e5b21', names: ['Comedy', 'Musical', 'Romance'] },
  { light: '156303', dark: '52fa2c', names: ['Children', 'Animation', 'Fantasy', 'IMAX'] },
  { light: '399bac', dark: 'aff3f6', names: ['Sci-Fi', 'Mystery'] },
  { light: '03137c', dark: '6a95fb', names: ['Drama', 'Documentary'] },
  { light: '8217cf', dark: 'bd28b1', names: ['Thriller', 'Crime', 'Horror', 'Film-Noir'] },
];
const isDark = (ground) => ground[0] + ground[1] + ground[2] < 1.5;
const colorOf = (group, ground) => [0, 2, 4].map((at) => Number.parseInt(group[isDark(ground) ? 'dark' : 'light'].slice(at, at + 2), 16) / 255);

function groupOf(name, at) {
  const known = kGroups.findIndex(({ names }) => names.includes(name));
  return known >= 0 ? known : at % kGroups.length;
}

const ofShare = (share) => fromHue(0.66 - 0.66 * share, 0.72, 0.5);  // blue .. red

function rangeOf(values) {
  let least = Infinity;
  let most = 0;
  for (const value of values) {
    if (value > 0 && value < least) least = value;
    if (value > most) most = value;
  }
  return [least === Infinity ? 0 : least, most];
}

// Red, green and blue of each point. `only`: a genre's number, others are faint; null: all.
export function colorsOf(map, by, only, ground) {
  const out = new Float32Array(3 * map.points);
  const [oldest, newest] = rangeOf(map.years);
  const [, most] = rangeOf(map.popularity);
  const colors = map.genres.map((name, at) => colorOf(kGroups[groupOf(name, at)], ground));
  for (let i = 0; i < map.points; i += 1) {
    let color = kGrey;
    if (by === 'year') {
      if (map.years[i] > 0) color = ofShare((map.years[i] - oldest) / Math.max(1, newest - oldest));
    } else if (by === 'popularity') color = ofShare(Math.log1p(map.popularity[i]) / Math.max(1, Math.log1p(most)));
    else color = map.genre[i] < 0 ? kGrey : colors[map.genre[i]];
    if (only !== null && map.genre[i] !== only) color = color.map((c, j) => kFaint * c + (1 - kFaint) * ground[j]);
    out.set(color, 3 * i);
  }
  return out;
}

const css = ([r, g, b]) => `rgb(${Math.round(255 * r)} ${Math.round(255 * g)} ${Math.round(255 * b)})`;

// What the colours mean. A genre is a button that makes the others faint.
export function legend(map, by, only, ground, pick) {
  const dot = (color) => {
    const node = el('span', { class: 'legend-dot', 'aria-hidden': 'true' });
    node.style.background = css(color);
    return node;
  };
  if (by === 'genre') {
    const counts = new Map();
    for (const genre of map.genre) counts.set(genre, (counts.get(genre) ?? 0) + 1);
    const shown = [...counts.keys()].filter((genre) => genre >= 0).sort((a, b) => counts.get(b) - counts.get(a));
    // Genres of one group stand together behind its one colour.
    return el('div', { class: 'legend', role: 'group', 'aria-label': t('genre') }, kGroups.map((group, g) => {
      const own = shown.filter((genre) => groupOf(map.genres[genre], genre) === g);
      return own.length === 0 ? null : el('span', { class: 'legend-group' }, dot(colorOf(group, ground)), own.map((genre) => el('button', {
        type: 'button', class: 'chip', 'aria-pressed': String(only === genre), onclick: () => pick(only === genre ? null : genre),
      }, t(map.genres[genre]))));
    }));
  }
  const [least, most] = by === 'year' ? rangeOf(map.years) : [0, rangeOf(map.popularity)[1]];
  return el('div', { class: 'legend' }, el('span', {}, String(least)), Array.from({ length: 9 }, (_, i) => dot(ofShare(i / 8))), el('span', {}, String(most)), by === 'popularity' ? el('span', { class: 'quiet' }, t('liked_by')) : null);
}
