// The facts of one film: title, genres, ratings, people, tags, links out.

import { saveButton } from './actions.js';
import { el, formatCount, genreHref, icon, kIcons, svg } from './dom.js';
import { comma, dot, lang, scaleOfValues, t } from './i18n.js';
import { isMarked, mark, unmark } from './marks.js';
import { poster } from './tile.js';

const kTags = 14;
const kBeside = '(min-width: 901px)';  // as in movie.css: the facts stand beside the list

function histogram(counts, low, high) {
  // What bars stand for: where each ends, in equal steps.
  const step = (high - low) / (counts.length - 1 || 1);
  const valueOf = (i) => formatCount(Math.round(10 * (low + step * i)) / 10);
  const most = Math.max(...counts, 1);
  const width = 24;
  const height = 72;
  const bars = counts.map((count, i) => {
    const tall = count === 0 ? 1.5 : Math.max(3, (count / most) * height);
    return svg('rect', { x: i * width + 2, y: height - tall, width: width - 4, height: tall, rx: 2, class: count === 0 ? 'bar is-zero' : 'bar' });
  });
  const drawing = svg('svg', { viewBox: `0 0 ${width * counts.length} ${height}`, class: 'histogram-bars', preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' }, bars);
  return el(
    'figure',
    { class: 'histogram' },
    drawing,
    el('div', { class: 'histogram-axis', 'aria-hidden': 'true' }, [1, 3, 5, 7, 9].filter((i) => i < counts.length).map((i) => el('span', {}, high === 5 ? `${valueOf(i)}★` : valueOf(i)))),
    el('figcaption', { class: 'visually-hidden' },
      t('ratings_by_stars', { list: counts.map((count, i) => `${valueOf(i)}: ${formatCount(count)}`).join(', ') })),
  );
}

// Accepts a full address or a bare id; never anything but http(s).
function outside(value, prefix, name) {
  if (value === null || value === undefined || value === '') return null;
  let url;
  try {
    url = new URL(/^[A-Za-z0-9]+$/.test(String(value)) ? prefix(String(value)) : String(value));
  } catch {
    return null;
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  return el('a', { class: 'button button-quiet', href: url.href, rel: 'noopener noreferrer' }, name, el('span', { 'aria-hidden': 'true' }, ' ↗'));
}

// Attributes of one's own catalogue, each by its kind: links lead out, dates and prices are as the
// reader's language writes them.
const kPrice = /(^|[^a-z])(price|cost|amount)([^a-z]|$)/i;
const kCurrency = /(?:^|[^a-z])(usd|eur|gbp|cny|rmb|jpy|chf)(?:[^a-z]|$)/i;
const kTold = ['genres', 'directors', 'actors', 'keywords', 'countries', 'text', 'imdb_id', 'tmdb_id', 'imdbId', 'tmdbId'];

function drawn(name, kind, value) {
  const locale = lang === 'zh' ? 'zh-CN' : 'en';
  const list = Array.isArray(value) ? value : [value];
  if (kind === 'link') return list.map((one) => outside(one, (id) => id, new URL(String(one), 'https://x.invalid').hostname.replace('x.invalid', String(one)))).filter(Boolean);
  if (kind === 'date') {
    const day = new Date(list[0]);
    return Number.isNaN(day.getTime()) ? String(list[0]) : day.toLocaleDateString(locale, { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' });
  }
  if (kind === 'number' && Number.isFinite(Number(list[0]))) {
    const number = Number(list[0]);
    const currency = name.match(kCurrency)?.[1]?.toUpperCase().replace('RMB', 'CNY');
    if (currency) return number.toLocaleString(locale, { style: 'currency', currency });
    return number.toLocaleString(locale, kPrice.test(name) ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : {});
  }
  return list.slice(0, 8).map(String).join(comma);
}

function ownAttributes(movie, kinds) {
  const told = new Set(kTold);
  return Object.entries(movie.attributes ?? {}).filter(([name]) => !told.has(name)).map(([name, value]) => {
    const text = drawn(name, kinds.find((one) => one.name === name)?.kind ?? 'text', value);
    return text.length === 0 ? null : [name.replaceAll('_', ' '), text];
  }).filter(Boolean);
}

// `settings`: the configuration, which knows the kinds of attributes.
export function facts(movie, settings = {}) {
  const also = (movie.alternative_titles ?? []).filter(Boolean);
  const { rates, low, high } = scaleOfValues();
  const rated = rates && movie.ratings > 0 && Number.isFinite(movie.rating);
  const counts = Array.isArray(movie.histogram) ? movie.histogram : [];
  const tags = (movie.tags ?? []).slice(0, kTags);
  const keywords = (movie.keywords ?? []).slice(0, kTags);
  const links = [
    outside(movie.links?.imdb, (value) => `https://www.imdb.com/title/${value.startsWith('tt') ? value : `tt${value.padStart(7, '0')}`}/`, 'IMDb'),
    outside(movie.links?.tmdb, (value) => `https://www.themoviedb.org/movie/${value}`, 'TMDB'),
  ].filter(Boolean);
  const genres = movie.genres ?? [];
  const named = (key, names) => ((names ?? []).length > 0 ? [[t(key), names.slice(0, 5).join(comma)]] : []);
  const details = [
    ...named('series_fact', movie.series ? [movie.series] : []),
    ...named('directors', movie.directors),
    ...named('actors', movie.actors),
    ...named('countries', movie.countries),
    ...ownAttributes(movie, settings.attributes ?? []),
  ];
  const words = (title, list) => (list.length > 0 ? el('div', { class: 'film-tags' }, el('h2', { class: 'label' }, title), el('ul', { class: 'tags' }, list)) : null);
  const seen = el('button', { type: 'button', class: 'button button-quiet' });
  const showSeen = () => {
    const on = isMarked(movie.id, 'seen');
    seen.setAttribute('aria-pressed', String(on));
    seen.replaceChildren(icon(kIcons.check), t(on ? 'is_seen' : 'mark_seen'));
  };
  seen.addEventListener('click', () => {
    if (isMarked(movie.id, 'seen')) unmark(movie.id, 'seen');
    else mark(movie, 'seen');
    showSeen();
  });
  showSeen();
  const rest = el('details', { class: 'film-rest' }, el('summary', {}, t('details_of_film')),
    rated && counts.length > 0 ? histogram(counts, low, high) : null,
    movie.text ? el('p', { class: 'film-story' }, movie.text) : null,
    details.length > 0 ? el('dl', { class: 'film-details' }, details.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))) : null,
    words(t('viewers_say'), tags.map(({ tag, count }) => el('li', { class: 'tag' }, tag, count > 1 ? el('span', { class: 'tag-count' }, ` ${formatCount(count)}`) : null))),
    words(t('keywords'), keywords.map((word) => el('li', { class: 'tag' }, word))),
    links.length > 0 ? el('p', { class: 'film-links' }, links) : null);
  // On a phone the list comes first.
  rest.open = matchMedia(kBeside).matches;

  return el(
    'article',
    { class: 'film' },
    el('div', { class: 'film-poster' }, poster(movie)),
    el(
      'div',
      { class: 'film-head' },
      el('div', { class: 'film-name' }, el('h1', { class: 'film-title' }, movie.title), movie.year ? el('span', { class: 'film-year' }, ` ${movie.year}`) : ''),
      also.length > 0 ? el('p', { class: 'film-also' }, t('also_known', { names: also.join(dot) })) : null,
      genres.length > 0 ? el('ul', { class: 'chips', 'aria-label': t('genres') }, genres.map((name) => el('li', {}, el('a', { class: 'chip', href: genreHref(name) }, t(name))))) : null,
      rated
        ? el('p', { class: 'film-average' },
          el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), ' ', el('span', { class: 'film-number' }, movie.rating.toFixed(1)),
          el('span', { class: 'film-count' }, ` ${t(movie.ratings === 1 ? 'of_5_one' : 'of_5', { n: formatCount(movie.ratings), high: formatCount(high) })}`))
        : el('p', { class: 'film-unrated' }, movie.ratings > 0 ? t('n_people', { n: formatCount(movie.ratings) }) : t('unrated')),
      el('p', { class: 'film-actions' }, saveButton(movie, { long: true }), seen)),
    rest,
  );
}

export function skeletonFilm() {
  return el(
    'div',
    { class: 'film is-skeleton', 'aria-hidden': 'true' },
    el('div', { class: 'film-poster' }, el('div', { class: 'poster' })),
    el('div', { class: 'film-head' }, [1, 2, 3, 4].map((i) => el('div', { class: `line line-${i}` }))),
  );
}
