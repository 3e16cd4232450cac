// The page of one film: its facts, and more like it. The address keeps the
// film (`movieId`) and how many similar films are shown (`show`).

import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { el, formatCount, genreHref, notice, plural, svg } from './dom.js';
import { header } from './header.js';
import { poster } from './tile.js';

const kPage = 20;
const kMost = 200;
const kTags = 14;

const main = document.querySelector('#main');
const footer = document.querySelector('#footer');
const parameters = new URLSearchParams(location.search);
const id = (parameters.get('movieId') ?? '').trim();
const asked = Number.parseInt(parameters.get('show') ?? '', 10);
const firstSize = Number.isFinite(asked) ? Math.min(kMost, Math.max(kPage, Math.ceil(asked / kPage) * kPage)) : kPage;

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
      `Ratings by stars: ${counts.map((count, i) => `${(i + 1) / 2}: ${formatCount(count)}`).join(', ')}.`),
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

function facts(movie, template) {
  const also = (movie.alternative_titles ?? []).filter(Boolean);
  const rated = movie.ratings > 0 && Number.isFinite(movie.rating);
  const counts = Array.isArray(movie.histogram) ? movie.histogram : [];
  const tags = (movie.tags ?? []).slice(0, kTags);
  const links = [
    outside(movie.links?.imdb, (value) => `https://www.imdb.com/title/${value.startsWith('tt') ? value : `tt${value.padStart(7, '0')}`}/`, 'IMDb'),
    outside(movie.links?.tmdb, (value) => `https://www.themoviedb.org/movie/${value}`, 'TMDB'),
  ].filter(Boolean);
  const genres = movie.genres ?? [];

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
        el('p', { class: 'film-year' }, movie.year ? String(movie.year) : 'Year unknown'),
        el('h1', { class: 'film-title' }, movie.title),
        also.length > 0 ? el('p', { class: 'film-also' }, `Also known as ${also.join(' · ')}`) : null,
        genres.length > 0 ? el('ul', { class: 'chips', 'aria-label': 'Genres' }, genres.map((name) => el('li', {}, el('a', { class: 'chip', href: genreHref(name) }, name)))) : null,
      ),
      el(
        'div',
        { class: 'film-rating' },
        rated
          ? el('p', { class: 'film-average' },
            el('span', { class: 'film-number' }, movie.rating.toFixed(1)),
            el('span', { class: 'film-count' }, el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), ` of 5, ${plural(movie.ratings, 'rating', 'ratings')}`))
          : el('p', { class: 'film-unrated' }, 'Nobody has rated this film yet.'),
        rated && counts.length > 0 ? histogram(counts) : null,
      ),
      tags.length > 0
        ? el('div', { class: 'film-tags' },
          el('h2', { class: 'label' }, 'Viewers say'),
          el('ul', { class: 'tags' }, tags.map(({ tag, count }) => el('li', { class: 'tag' }, tag, count > 1 ? el('span', { class: 'tag-count' }, ` ${formatCount(count)}`) : null))))
        : null,
      links.length > 0 ? el('p', { class: 'film-links' }, links) : null,
    ),
  );
}

function skeletonFilm() {
  return el(
    'div',
    { class: 'film is-skeleton', 'aria-hidden': 'true' },
    el('div', { class: 'film-poster' }, el('div', { class: 'poster' })),
    el('div', { class: 'film-text' }, [1, 2, 3, 4].map((i) => el('div', { class: `line line-${i}` }))),
  );
}

function describe({ model, request_id: request, milliseconds, degraded }) {
  const parts = [
    model ? `Model ${[model.name, model.version].filter(Boolean).join(' ')}` : null,
    request ? `Request ${request}` : null,
    `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`,
  ].filter(Boolean);
  const notes = degraded.map((note) => String(note).replaceAll('_', ' '));
  footer.replaceChildren(
    el('p', { class: 'footer-facts' }, parts.map((part) => el('span', {}, part))),
    notes.length > 0 ? el('p', { class: 'footer-degraded' }, `Limited answer: ${notes.join('; ')}.`) : '',
  );
}

function similarSection(template) {
  const grid = el('div', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(kPage, true));
  const sub = el('p', { class: 'row-sub' }, 'match from 0 to 100');
  const more = el('button', { class: 'button', type: 'button', hidden: true }, 'Show more');
  const status = el('p', { class: 'visually-hidden', role: 'status' });
  const trouble = el('div', {});
  const section = el(
    'section',
    { class: 'similar', 'aria-labelledby': 'similar-heading' },
    el('div', { class: 'row-head' }, el('h2', { id: 'similar-heading' }, 'More like this'), sub),
    grid, trouble, el('p', { class: 'more' }, more), status,
  );
  let shown = 0;

  const add = (answer, size, moveFocus) => {
    const cards = answer.items.map((movie) => card(movie, template));
    if (shown === 0) grid.replaceChildren(...cards);
    else grid.append(...cards);
    shown += cards.length;
    describe(answer);
    if (answer.seed_source === 'content') {
      sub.textContent = 'placed by content: too few viewers yet';
    }
    if (shown === 0) {
      grid.replaceChildren();
      trouble.replaceChildren(notice({ title: 'Nothing similar found', text: 'Try another film.', link: { href: '/', text: 'Go home' } }));
    }
    more.hidden = cards.length < size || shown >= kMost;
    status.textContent = `${plural(shown, 'similar film', 'similar films')} shown.`;
    if (shown > kPage) {
      const url = new URL(location.href);
      url.searchParams.set('show', String(shown));
      history.replaceState(null, '', url);
    }
    if (moveFocus) cards[0]?.focus({ preventScroll: true });
  };

  const load = async (promise, size, moveFocus = false) => {
    grid.setAttribute('aria-busy', 'true');
    more.disabled = true;
    trouble.replaceChildren();
    try {
      add(await promise, size, moveFocus);
    } catch (error) {
      if (shown === 0) grid.replaceChildren();
      more.hidden = true;
      trouble.replaceChildren(notice({
        title: 'Similar films could not be loaded',
        text: error.message,
        role: 'alert',
        retry: () => {
          if (shown === 0) grid.replaceChildren(...skeletonCards(kPage, true));
          const again = shown === 0 ? firstSize : kPage;
          load(api.similar(id, again, shown), again);
        },
      }));
    } finally {
      grid.setAttribute('aria-busy', 'false');
      more.disabled = false;
    }
  };
  more.addEventListener('click', () => load(api.similar(id, kPage, shown), kPage, true));
  return { section, load };
}

async function show() {
  main.replaceChildren(skeletonFilm(), el(
    'section',
    { class: 'similar', 'aria-hidden': 'true' },
    el('div', { class: 'row-head' }, el('p', { class: 'row-ghost' }, 'More like this')),
    el('div', { class: 'grid' }, skeletonCards(kPage, true)),
  ));
  footer.replaceChildren();
  if (id === '') {
    missing('Which film?', 'The address names no film. Search for one above.');
    return;
  }
  const neighbours = api.similar(id, firstSize, 0);
  neighbours.catch(() => {});
  try {
    const [movie, settings] = await Promise.all([api.item(id), api.config()]);
    document.title = `${movie.title}${movie.year ? ` (${movie.year})` : ''} · Sparrow`;
    // Facts and list appear together when the list is quick: one paint, no jump.
    await Promise.race([neighbours.catch(() => {}), new Promise((done) => setTimeout(done, 60))]);
    const { section, load } = similarSection(settings.poster_url_template);
    main.replaceChildren(facts(movie, settings.poster_url_template), section);
    await load(neighbours, firstSize);
  } catch (error) {
    if (error.notFound) {
      missing('We do not know this film', `There is no film with the id “${id}” in this catalogue.`);
      return;
    }
    main.replaceChildren(notice({ title: 'The film could not be loaded', text: error.message, role: 'alert', retry: show }));
  }
}

function missing(title, text) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(notice({ title, text, role: 'alert', link: { href: '/', text: 'Go home' } }));
}

header();
show();
