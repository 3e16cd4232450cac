// The facts of one film: title, genres, ratings, people, tags, links out.

import { el, formatCount, genreHref, svg } from './dom.js';
import { comma, dot, t } from './i18n.js';
import { poster } from './tile.js';

const kTags = 14;

function histogram(counts) {
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
    el('div', { class: 'histogram-axis', 'aria-hidden': 'true' }, [1, 2, 3, 4, 5].map((value) => el('span', {}, `${value}★`))),
    el('figcaption', { class: 'visually-hidden' },
      t('ratings_by_stars', { list: counts.map((count, i) => `${(i + 1) / 2}: ${formatCount(count)}`).join(', ') })),
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

export function facts(movie, template) {
  const also = (movie.alternative_titles ?? []).filter(Boolean);
  const rated = movie.ratings > 0 && Number.isFinite(movie.rating);
  const counts = Array.isArray(movie.histogram) ? movie.histogram : [];
  const tags = (movie.tags ?? []).slice(0, kTags);
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
  ];

  return el(
    'article',
    { class: 'film' },
    el('div', { class: 'film-poster' }, poster(movie, template)),
    el(
      'div',
      { class: 'film-text' },
      el(
        'div',
        { class: 'film-head' },
        el('p', { class: 'film-year' }, movie.year ? String(movie.year) : t('year_unknown')),
        el('h1', { class: 'film-title' }, movie.title),
        also.length > 0 ? el('p', { class: 'film-also' }, t('also_known', { names: also.join(dot) })) : null,
        genres.length > 0 ? el('ul', { class: 'chips', 'aria-label': t('genres') }, genres.map((name) => el('li', {}, el('a', { class: 'chip', href: genreHref(name) }, t(name))))) : null,
      ),
      el(
        'div',
        { class: 'film-rating' },
        rated
          ? el('p', { class: 'film-average' },
            el('span', { class: 'film-number' }, movie.rating.toFixed(1)),
            el('span', { class: 'film-count' }, el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), ` ${t(movie.ratings === 1 ? 'of_5_one' : 'of_5', { n: formatCount(movie.ratings) })}`))
          : el('p', { class: 'film-unrated' }, t('unrated')),
        rated && counts.length > 0 ? histogram(counts) : null,
      ),
      movie.text ? el('p', { class: 'film-story' }, movie.text) : null,
      details.length > 0 ? el('dl', { class: 'film-details' }, details.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))) : null,
      tags.length > 0
        ? el('div', { class: 'film-tags' },
          el('h2', { class: 'label' }, t('viewers_say')),
          el('ul', { class: 'tags' }, tags.map(({ tag, count }) => el('li', { class: 'tag' }, tag, count > 1 ? el('span', { class: 'tag-count' }, ` ${formatCount(count)}`) : null))))
        : null,
      links.length > 0 ? el('p', { class: 'film-links' }, links) : null,
    ),
  );
}

export function skeletonFilm() {
  return el(
    'div',
    { class: 'film is-skeleton', 'aria-hidden': 'true' },
    el('div', { class: 'film-poster' }, el('div', { class: 'poster' })),
    el('div', { class: 'film-text' }, [1, 2, 3, 4].map((i) => el('div', { class: `line line-${i}` }))),
  );
}
