// Home: search and rows by genre. `?q=` shows search results, `?genre=` one
// genre; every state has its own address.

import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { el, formatCount, genreHref, movieHref, notice } from './dom.js';
import { filmRow } from './film_row.js';
import { header } from './header.js';
import { dot, t } from './i18n.js';
import { allowed, askToHide } from './marks.js';
import { findPlace } from './place.js';
import { searchBox } from './search.js';
import { poster, spread } from './tile.js';
import { overcome, trouble } from './trouble.js';
import { looked } from './visits.js';

const kRows = 6;
const kRowSize = 20;
const kPersonalSize = 14;
// Some of what is asked for stands in a row above already.
const kAsked = 30;
const kPersonalAsked = 22;
const kPageSize = 60;
const kNoGenre = '(no genres listed)';
// Genres that make a varied first screen; the largest ones fill what is missing.
const kPreferred = ['Sci-Fi', 'Drama', 'Comedy', 'Animation', 'Thriller', 'Romance'];

const main = document.querySelector('#main');
const parameters = new URLSearchParams(location.search);
const query = (parameters.get('q') ?? '').trim();
const genre = (parameters.get('genre') ?? '').trim();

function genreNav(names, current = null) {
  return el(
    'nav',
    { class: 'chips', 'aria-label': t('genres') },
    names.map((name) => el('a', { class: 'chip', href: genreHref(name), 'aria-current': name === current ? 'page' : null }, t(name))),
  );
}

// Fills one row by genre and answers with its films; each film appears once per page.
async function fillGenre(row, name, promise, seen) {
  try {
    const all = allowed(await promise);
    const fresh = all.filter(({ id }) => !seen.has(id));
    const items = (fresh.length >= 8 ? fresh : all).slice(0, kRowSize);
    items.forEach(({ id }) => seen.add(id));
    overcome(`genre ${name}`);
    if (items.length === 0) row.section.remove();
    else row.fill(items);
    return items;
  } catch (error) {
    row.section.setAttribute('aria-busy', 'false');
    row.track.replaceChildren();
    row.section.hidden = true;  // no hole; the bar says what is missing, and brings it
    trouble(`genre ${name}`, error, async () => {
      const items = await fillGenre(row, name, api.itemsByGenre(name, kAsked, askToHide()), seen);
      row.section.hidden = items.length === 0;
    });
    return [];
  }
}

// What the server puts together for this visitor: what many like first, because they know it.
const kPersonal = ['popular', 'trending', 'because', 'hidden-gems', 'fresh'];
async function showPersonal(host) {
  try {
    const [found] = await Promise.all([api.home(looked(), kPersonalAsked, askToHide()), api.config()]);
    overcome('home');
    const seen = new Set();
    const kept = found.filter(({ name }) => kPersonal.includes(name)).sort((a, b) => kPersonal.indexOf(a.name) - kPersonal.indexOf(b.name));
    host.replaceChildren(...kept.map(({ name, seed, items }) => {
      const fresh = allowed(items, seed?.id ?? null).filter(({ id }) => !seen.has(id)).slice(0, kPersonalSize);
      if (fresh.length === 0) return '';
      fresh.forEach(({ id }) => seen.add(id));
      const title = name === 'because' ? t('because', { title: seed.title }) : t(name);
      const row = filmRow({ title, href: seed ? movieHref(seed.id) : null, match: name === 'because' });
      row.fill(fresh);
      return row.section;
    }));
    return kept.find(({ name }) => name === 'popular')?.items ?? [];
  } catch (error) {
    for (const ghost of host.querySelectorAll('[aria-busy="true"]')) ghost.remove();
    trouble('home', error, () => showPersonal(host));
    return [];
  }
}

async function showHome() {
  const fan = el('div', { class: 'fan', 'aria-hidden': 'true' });
  const tries = el('p', { class: 'hero-tries' });
  const rows = el('div', { class: 'rows' });
  const chips = el('div', { class: 'chips-slot' });
  // As many rows as will come, so that nothing moves when they do.
  const personal = el('div', { class: 'rows' }, [false, ...looked().map(() => true), false, false].map((match) => filmRow({ title: '\u00a0', match }).section));
  main.replaceChildren(
    el('section', { class: 'hero' },
      el('div', { class: 'hero-text' },
        el('h1', {}, t('hero')),
        el('p', { class: 'hero-lead' }, t('hero_lead')),
        searchBox({ large: true }),
        tries),
      fan),
    chips,
    personal,
    rows,
  );
  const known = showPersonal(personal);
  const genreRow = (name) => filmRow({ title: t(name), href: genreHref(name), sub: t('best_rated') });
  rows.append(...kPreferred.map((name) => genreRow(name).section));

  let names;
  let settings;
  try {
    const [list, config] = await Promise.all([api.genres(), api.config()]);
    settings = config;
    names = list.filter(({ name }) => name && name !== kNoGenre).sort((a, b) => b.items - a.items).map(({ name }) => name);
  } catch (error) {
    rows.replaceChildren(notice({ title: t('films_failed'), text: error.message, retry: showHome, role: 'alert' }));
    return;
  }
  // What most people know, of this data set, is where one begins.
  const begin = (first) => {
    fan.replaceChildren(...spread(first).map((movie) => poster(movie)));
    if (first.length > 0) {
      tries.replaceChildren(t('try'), ...[...first].sort((a, b) => a.title.length - b.title.length).slice(0, 3).flatMap((movie, i) => [i > 0 ? dot : '', el('a', { href: movieHref(movie.id) }, movie.title)]), t('or'), el('a', { href: '/mix.html' }, t('mix_link')));
    }
  };
  if (names.length === 0) {
    rows.replaceChildren(notice({ title: t('no_genres'), text: t('use_search') }));
    begin((await known).slice(0, 5));
    findPlace();
    return;
  }
  if (settings.items) {
    footer(`${t('n_films', { n: formatCount(settings.items) })} · ${settings.data ?? ''}`);
  }
  chips.replaceChildren(genreNav([...names].sort()));
  const chosen = [...kPreferred.filter((name) => names.includes(name)), ...names.filter((name) => !kPreferred.includes(name))].slice(0, kRows);
  const parts = chosen.map(genreRow);
  rows.replaceChildren(...parts.map(({ section }) => section));

  const answers = chosen.map((name) => api.itemsByGenre(name, kAsked, askToHide()));
  answers.forEach((answer) => answer.catch(() => {}));
  const seen = new Set();
  const tops = [];
  for (let i = 0; i < parts.length; i += 1) {
    const items = await fillGenre(parts[i], chosen[i], answers[i], seen);
    if (items.length > 0) tops.push(items[0]);
  }
  begin([...(await known).slice(0, 5), ...tops].slice(0, 5));
  findPlace();
}

// A page with one grid: a genre, or what a search found.
// `load()` answers {items, missing_script}.
async function showGrid({ heading, sub, load, empty, current = null }) {
  document.title = `${heading} · Sparrow`;
  const chips = el('div', { class: 'chips-slot' });
  const count = el('p', { class: 'page-sub', role: 'status' }, sub);
  const grid = el('div', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(12));
  main.replaceChildren(el('div', { class: 'page-head' }, el('h1', {}, heading), count), chips, grid);
  api.genres().then(
    (list) => chips.replaceChildren(genreNav(list.map(({ name }) => name).filter((name) => name !== kNoGenre).sort(), current)),
    () => chips.remove(),
  );
  try {
    const [{ items, missing_script: script = null }] = await Promise.all([load(), api.config()]);
    if (items.length === 0) {
      grid.replaceWith(notice(script ? { ...empty, title: t('no_script_title'), text: t('no_script') } : empty));
      count.textContent = t('nothing');
      return;
    }
    count.textContent = current ? t('the_best', { n: formatCount(items.length) }) : t('n_films', { n: formatCount(items.length) });
    grid.replaceChildren(...spread(items).map((movie) => card(movie)));
    findPlace();
  } catch (error) {
    count.textContent = '';
    if (current && error.status === 400) {
      grid.replaceWith(notice({ title: t('no_genre', { name: current }), text: t('choose_genre'), link: { href: '/', text: t('go_home') } }));
      return;
    }
    grid.replaceWith(notice({ title: t('films_failed'), text: error.message, role: 'alert', retry: () => showGrid({ heading, sub, load, empty, current }) }));
  } finally {
    grid.setAttribute('aria-busy', 'false');
  }
}

function footer(text) {
  document.querySelector('#footer').replaceChildren(el('p', {}, text));
}

if (parameters.has('like')) {
  location.replace(`/mix.html${location.search}${location.hash}`);  // where it was before
} else if (query !== '') {
  header({ value: query });
  showGrid({
    heading: `“${query}”`,
    sub: t('loading'),
    load: () => api.search(query, kPageSize),
    empty: { title: t('no_title'), text: t('check_spelling'), link: { href: '/', text: t('go_home') } },
  });
} else if (genre !== '') {
  header();
  showGrid({
    heading: t(genre),
    sub: t('loading'),
    current: genre,
    load: async () => ({ items: allowed(await api.itemsByGenre(genre, kPageSize, askToHide())) }),
    empty: { title: t('no_films_in_genre'), text: t('choose_genre'), link: { href: '/', text: t('go_home') } },
  });
} else {
  header({ search: false });
  showHome();
}
