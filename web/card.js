// A film as a card: a poster that carries the title and how well it matches, its year and genre,
// and why it is here. Each thing once.

import { el, movieHref } from './dom.js';
import { comma, reasonLine, scaleOfValues, t } from './i18n.js';
import { isMarked } from './marks.js';
import { poster } from './tile.js';

// The server's score is a match of 0..100, comparable between films; people see
// it as a whole number.
export function matchOf({ score }) {
  return Number.isFinite(score) ? Math.max(0, Math.min(100, Math.round(score))) : null;
}

const kGenreLetters = 11;

// `reason(movie)`: the line under a film with a match.
export function card(movie, reason = (film) => reasonLine(film.reason_parts, film.reason)) {
  const match = matchOf(movie);
  const [genre = '', second = ''] = (movie.genres ?? []).map((name) => t(name));
  // Both only where both fit beside the year.
  const genres = second !== '' && genre.length + second.length <= kGenreLetters ? `${genre}${comma}${second}` : genre;
  const facts = [movie.year || null, genres].filter(Boolean).join(' · ');
  const rated = movie.ratings > 0 && Number.isFinite(movie.rating) && scaleOfValues().rates;
  const frame = poster(movie);
  if (match !== null) frame.append(el('span', { class: 'match' }, el('span', { class: 'match-number' }, `${match}`, el('span', { class: 'visually-hidden' }, t('of_100')))));
  if (isMarked(movie.id, 'save')) frame.append(el('span', { class: 'card-mark' }, t('saved_one')));
  return el(
    'a',
    { class: frame.classList.contains('has-image') ? 'card has-image' : 'card', href: movieHref(movie.id), title: movie.title, 'data-item': movie.id },
    frame,
    el('span', { class: 'card-title' }, movie.title),
    el(
      'span',
      { class: 'card-facts' },
      el('span', { class: 'card-facts-text' }, facts || ' '),
      rated ? el('span', { class: 'card-rating' }, el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), el('span', { class: 'visually-hidden' }, t('rated')), movie.rating.toFixed(1)) : null,
    ),
    match === null ? null : el('span', { class: 'card-reason' }, reason(movie)),
  );
}

// Grey cards with the exact size of real ones, so that nothing moves later.
export function skeletonCards(count, { match = false, tools = false } = {}) {
  const ghost = (name) => el('span', { class: name }, '\u00a0');
  return Array.from({ length: count }, () => el(
    'div',
    { class: 'card is-skeleton', 'aria-hidden': 'true' },
    el('div', { class: 'poster' }),
    ghost('card-facts'),
    match ? ghost('card-reason') : null,
    tools ? el('div', { class: 'card-tools' }) : null,
  ));
}
