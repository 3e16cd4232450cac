// A film as a card: poster, title, facts, and how well it matches.

import { el, movieHref } from './dom.js';
import { comma, reasonLine, t } from './i18n.js';
import { poster } from './tile.js';

// The server's score is a match of 0..100, comparable between films; people see
// it as a whole number.
export function matchOf({ score }) {
  return Number.isFinite(score) ? Math.max(0, Math.min(100, Math.round(score))) : null;
}

const kGenreLetters = 11;
// Three lines of the narrowest card.
const kReasonColumns = 62;

export function card(movie, template = null) {
  const match = matchOf(movie);
  const byContent = movie.source === 'content';
  const [genre = '', second = ''] = (movie.genres ?? []).map((name) => t(name));
  // Both only where both fit beside the year.
  const genres = second !== '' && genre.length + second.length <= kGenreLetters ? `${genre}${comma}${second}` : genre;
  const facts = [movie.year, match === null ? null : genres].filter(Boolean).join(' · ');
  const rated = movie.ratings > 0 && Number.isFinite(movie.rating);

  let matchLine = null;
  if (match !== null) {
    const bar = el('span', { class: 'match-bar', 'aria-hidden': 'true' }, el('span', { class: 'match-fill' }));
    bar.firstChild.style.setProperty('--match', `${match}%`);
    matchLine = el('span', { class: 'match' }, bar, el('span', { class: 'match-number' }, `${match}`, el('span', { class: 'visually-hidden' }, t('of_100'))));
  }
  return el(
    'a',
    { class: 'card', href: movieHref(movie.id) },
    poster(movie, template),
    el('span', { class: 'card-title', title: movie.title }, movie.title),
    el(
      'span',
      { class: 'card-facts' },
      el('span', { class: 'card-facts-text' }, facts || ' '),
      rated ? el('span', { class: 'card-rating' }, el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), el('span', { class: 'visually-hidden' }, t('rated')), movie.rating.toFixed(1)) : null,
    ),
    matchLine,
    match === null ? null : el('span', { class: 'card-reason' }, reasonLine(movie.reason_parts, movie.reason, kReasonColumns) || (byContent ? t('placed_by_content') : '')),
  );
}

// Grey cards with the exact size of real ones, so that nothing moves later.
export function skeletonCards(count, { match = false, tools = false } = {}) {
  const ghost = (name) => el('span', { class: name }, '\u00a0');
  return Array.from({ length: count }, () => el(
    'div',
    { class: 'card is-skeleton', 'aria-hidden': 'true' },
    el('div', { class: 'poster' }),
    ghost('card-title'),
    ghost('card-facts'),
    match ? [ghost('match'), ghost('card-reason')] : null,
    tools ? el('div', { class: 'card-tools' }) : null,
  ));
}
