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

// Six groups of genres, in hues that are told apart; a genre of no group goes to the one that its
// place in the list gives, so that any catalogue has colours.
const kGroups = [
  { hue: 0.99, light: 0.52, names: ['Action', 'Adventure', 'War', 'Western'] },
  { hue: 0.12, light: 0.5, names: ['Comedy', 'Musical', 'Romance'] },
  { hue: 0.35, light: 0.42, names: ['Children', 'Animation', 'Fantasy', 'IMAX'] },
  { hue: 0.52, light: 0.45, names: ['Sci-Fi', 'Mystery'] },
  { hue: 0.62, light: 0.56, names: ['Drama', 'Documentary'] },
  { hue: 0.8, light: 0.5, names: ['Thriller', 'Crime', 'Horror', 'Film-Noir'] },
];
const colorOf = ({ hue, light }) => fromHue(hue, 0.68, light);

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
  const colors = map.genres.map((name, at) => colorOf(kGroups[groupOf(name, at)]));
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
export function legend(map, by, only, pick) {
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
      return own.length === 0 ? null : el('span', { class: 'legend-group' }, dot(colorOf(group)), own.map((genre) => el('button', {
        type: 'button', class: 'chip', 'aria-pressed': String(only === genre), onclick: () => pick(only === genre ? null : genre),
      }, t(map.genres[genre]))));
    }));
  }
  const [least, most] = by === 'year' ? rangeOf(map.years) : [0, rangeOf(map.popularity)[1]];
  return el('div', { class: 'legend' }, el('span', {}, String(least)), Array.from({ length: 9 }, (_, i) => dot(ofShare(i / 8))), el('span', {}, String(most)), by === 'popularity' ? el('span', { class: 'quiet' }, t('liked_by')) : null);
}
