// The page of one film: its facts, and more like it. The address keeps the
// film (`movieId`) and how many similar films are shown (`show`).

import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { controlPanel, controlsOf, remember } from './controls.js';
import { el, formatCount, genreHref, notice, svg } from './dom.js';
import { header } from './header.js';
import { t } from './i18n.js';
import { namedRows } from './rows.js';
import { poster } from './tile.js';
import { lookAt, visitor } from './visits.js';
import { why, whyNot } from './why.js';

const kPage = 20;
const kMost = 200;
const kTags = 14;

const main = document.querySelector('#main');
const footer = document.querySelector('#footer');
let parameters = new URLSearchParams(location.search);
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
        el('p', { class: 'film-year' }, movie.year ? String(movie.year) : t('year_unknown')),
        el('h1', { class: 'film-title' }, movie.title),
        also.length > 0 ? el('p', { class: 'film-also' }, t('also_known', { names: also.join(' · ') })) : null,
        genres.length > 0 ? el('ul', { class: 'chips', 'aria-label': t('genres') }, genres.map((name) => el('li', {}, el('a', { class: 'chip', href: genreHref(name) }, t(name))))) : null,
      ),
      el(
        'div',
        { class: 'film-rating' },
        rated
          ? el('p', { class: 'film-average' },
            el('span', { class: 'film-number' }, movie.rating.toFixed(1)),
            el('span', { class: 'film-count' }, el('span', { class: 'star', 'aria-hidden': 'true' }, '★'), ` ${t('of_5', { n: formatCount(movie.ratings) })}`))
          : el('p', { class: 'film-unrated' }, t('unrated')),
        rated && counts.length > 0 ? histogram(counts) : null,
      ),
      tags.length > 0
        ? el('div', { class: 'film-tags' },
          el('h2', { class: 'label' }, t('viewers_say')),
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
    model ? `${t('model')} ${[model.name, model.version].filter(Boolean).join(' ')}` : null,
    request ? t('request', { id: request }) : null,
    `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`,
  ].filter(Boolean);
  const notes = degraded.map((note) => String(note).replaceAll('_', ' '));
  footer.replaceChildren(
    el('p', { class: 'footer-facts' }, parts.map((part) => el('span', {}, part))),
    notes.length > 0 ? el('p', { class: 'footer-degraded' }, t('limited', { notes: notes.join('; ') })) : '',
  );
}

// A card with what one can say about it.
function cardWithTools(movie, template, reload) {
  const tell = async (kind) => {
    remove(kind === 'not_similar' ? null : movie.id);
    try {
      await api.feedback({ user: visitor(), seed: id, item: movie.id, kind });
    } catch { /* the list has changed all the same */ }
  };
  const remove = (hidden) => {
    if (hidden === null) {
      holder.classList.add('is-dimmed');
      return;
    }
    const all = new Set((parameters.get('hidden') ?? '').split(',').filter(Boolean));
    all.add(hidden);
    parameters = remember({ hidden: [...all].join(',') });
    reload();
  };
  const tool = (key, act) => el('button', { type: 'button', class: 'tool', 'aria-label': `${t(key)} ${movie.title}`, onclick: act }, t(key));
  const holder = el('div', { class: 'card-holder' },
    card(movie, template),
    el('div', { class: 'card-tools' },
      tool('why', () => why(id, movie.id, controlsOf(parameters))),
      tool('hide', () => tell('hide')),
      tool('seen', () => tell('seen')),
      tool('not_similar', () => tell('not_similar'))));
  return holder;
}

function similarSection(template, genres, models) {
  const grid = el('div', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(kPage, true));
  const sub = el('p', { class: 'row-sub' }, t('match_note'));
  const more = el('button', { class: 'button', type: 'button', hidden: true }, t('show_more'));
  const status = el('p', { class: 'visually-hidden', role: 'status' });
  const hiddenNote = el('p', { class: 'quiet hidden-note' });
  const trouble = el('div', {});
  const rows = el('div', { class: 'rows' });
  let shown = 0;
  let request = 0;

  const options = () => ({ ...controlsOf(parameters), reasons: true });
  const showHidden = () => {
    const ids = (parameters.get('hidden') ?? '').split(',').filter(Boolean);
    hiddenNote.replaceChildren(...(ids.length === 0 ? [] : [t('n_hidden', { n: ids.length }), ' ',
      el('button', { type: 'button', class: 'tool', onclick: () => { parameters = remember({ hidden: null }); reload(); } }, t('undo'))]));
  };
  const add = (answer, size, moveFocus) => {
    const cards = answer.items.map((movie) => cardWithTools(movie, template, () => reload()));
    if (shown === 0) grid.replaceChildren(...cards);
    else grid.append(...cards);
    shown += cards.length;
    describe(answer);
    showHidden();
    sub.textContent = answer.seed_source === 'content' ? t('too_few_viewers') : t('match_note');
    if (shown === 0) trouble.replaceChildren(notice({ title: t('nothing_found'), text: t('loosen') }));
    more.hidden = cards.length < size || shown >= kMost;
    status.textContent = t('n_shown', { n: shown });
    if (shown > kPage) parameters = remember({ show: String(shown) });
    if (moveFocus) cards[0]?.querySelector('a')?.focus({ preventScroll: true });
  };
  const load = async (promise, size, moveFocus = false) => {
    request += 1;
    const mine = request;
    grid.setAttribute('aria-busy', 'true');
    more.disabled = true;
    trouble.replaceChildren();
    try {
      const answer = await promise;
      if (mine === request) add(answer, size, moveFocus);
    } catch (error) {
      if (mine !== request) return;
      if (shown === 0) grid.replaceChildren();
      more.hidden = true;
      trouble.replaceChildren(notice({ title: t('similar_failed'), text: error.message, role: 'alert', retry: () => reload() }));
    } finally {
      if (mine === request) {
        grid.setAttribute('aria-busy', 'false');
        more.disabled = false;
      }
    }
  };
  const reload = () => {
    shown = 0;
    load(api.similar(id, kPage, 0, options()), kPage);
    namedRows(rows, id, controlsOf(parameters), template);
  };
  more.addEventListener('click', () => load(api.similar(id, kPage, shown, options()), kPage, true));
  const panel = controlPanel({ parameters, genres, models, changed: (now) => { parameters = now; reload(); } });
  const section = el(
    'section',
    { class: 'similar', 'aria-labelledby': 'similar-heading' },
    el('div', { class: 'row-head' }, el('h2', { id: 'similar-heading' }, t('more_like_this')), sub,
      el('button', { type: 'button', class: 'button button-quiet', onclick: () => whyNot(id, controlsOf(parameters)) }, t('why_not'))),
    panel, hiddenNote, grid, trouble, el('p', { class: 'more' }, more), status,
  );
  return { section, rows, load };
}

async function show() {
  main.replaceChildren(skeletonFilm(), el(
    'section',
    { class: 'similar', 'aria-hidden': 'true' },
    el('div', { class: 'row-head' }, el('p', { class: 'row-ghost' }, t('more_like_this'))),
    el('div', { class: 'grid' }, skeletonCards(kPage, true)),
  ));
  footer.replaceChildren();
  if (id === '') {
    missing(t('which_film'), t('which_film_text'));
    return;
  }
  const neighbours = api.similar(id, firstSize, 0, { ...controlsOf(parameters), reasons: true });
  neighbours.catch(() => {});
  try {
    const [movie, settings, genres, models] = await Promise.all([
      api.item(id), api.config(), api.genres().catch(() => []), api.models().catch(() => [])]);
    lookAt(id);
    document.title = `${movie.title}${movie.year ? ` (${movie.year})` : ''} · Sparrow`;
    // Facts and list appear together when the list is quick: one paint, no jump.
    await Promise.race([neighbours.catch(() => {}), new Promise((done) => setTimeout(done, 60))]);
    const { section, rows, load } = similarSection(settings.poster_url_template, genres, models);
    main.replaceChildren(facts(movie, settings.poster_url_template), section, rows);
    await load(neighbours, firstSize);
    await namedRows(rows, id, controlsOf(parameters), settings.poster_url_template);
  } catch (error) {
    if (error.notFound) {
      missing(t('unknown_film'), t('unknown_film_text', { id }));
      return;
    }
    main.replaceChildren(notice({ title: t('film_failed'), text: error.message, role: 'alert', retry: show }));
  }
}

function missing(title, text) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(notice({ title, text, role: 'alert', link: { href: '/', text: t('go_home') } }));
}

header();
show();
