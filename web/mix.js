// Several films to be like, and some not to be like: the blend. Kept in the address
// (?like=1,589&not=364).

import { reloadOnBack, remember } from './address.js';
import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { sayCorrected } from './corrected.js';
import { el, icon, kIcons, notice } from './dom.js';
import { header } from './header.js';
import { mixReason, t } from './i18n.js';
import { allowed, askToHide } from './marks.js';
import { findPlace } from './place.js';
import { searchBox } from './search.js';
import { spread, tile } from './tile.js';
import { overcome, trouble } from './trouble.js';

const kMost = 5;
const kBlend = 24;
const kTries = [['mix_but_funnier', ['Comedy'], ['Sci-Fi', 'Horror', 'Thriller']], ['mix_but_scarier', ['Horror'], ['Animation', 'Comedy', 'Children']], ['mix_but_romantic', ['Romance'], ['Action', 'Adventure', 'Crime']]];

const main = document.querySelector('#main');
const parameters = new URLSearchParams(location.search);
const ids = (name) => [...new Set((parameters.get(name) ?? '').split(',').filter(Boolean))].slice(0, kMost);
const picked = new Map();  // id -> {movie, not}
const list = el('ul', { class: 'mix-list' });
const result = el('div', { class: 'grid', 'aria-live': 'polite' });
const heading = el('h2', { hidden: true }, t('the_blend'));
const empty = el('p', { class: 'mix-empty' }, t('mix_empty'));
const tries = el('div', { class: 'mix-tries' });

let latest = 0;
const side = (not) => [...picked.entries()].filter(([, entry]) => entry.not === not).map(([id]) => id);

// What has the focus keeps it: the list is drawn anew, its buttons are the same ones to a person.
function drawPicked() {
  const focused = document.activeElement?.closest?.('.mix-item button');
  const place = focused ? [focused.dataset.id, focused.dataset.does, [...list.children].indexOf(focused.closest('li'))] : null;
  list.replaceChildren(...[...picked.entries()].map(([id, entry]) => el('li', { class: entry.not ? 'mix-item is-not' : 'mix-item' },
    el('span', { class: 'mix-tile' }, tile(entry.movie)),
    el('span', { class: 'mix-title' }, entry.movie.title, entry.movie.year ? ` (${entry.movie.year})` : ''),
    el('button', {
      type: 'button', class: 'button button-quiet button-small', 'data-id': id, 'data-does': 'not', 'aria-pressed': String(entry.not), 'aria-label': `${t('mix_not')}: ${entry.movie.title}`,
      onclick: () => { entry.not = !entry.not; show(); },
    }, t('mix_not')),
    el('button', {
      type: 'button', class: 'tool-icon', 'data-id': id, 'data-does': 'remove', 'aria-label': `${t('remove')}: ${entry.movie.title}`, title: t('remove'),
      onclick: () => { picked.delete(id); show(); },
    }, icon(kIcons.close)))));
  if (place === null) return;
  const [id, does, at] = place;
  const again = [...list.querySelectorAll('button')].find((button) => button.dataset.id === id && button.dataset.does === does)
    ?? list.children[Math.min(at, list.childElementCount - 1)]?.querySelector(`[data-does="${does}"]`) ?? document.querySelector('.mix .search-input');
  again?.focus({ preventScroll: true });
}

// `newEntry`: Back leads to the mix before.
async function show(newEntry = true) {
  const like = side(false);
  const unlike = side(true);
  remember({ like: like.join(','), not: unlike.join(',') }, newEntry);
  drawPicked();
  heading.hidden = like.length === 0;
  empty.hidden = picked.size > 0;
  tries.hidden = picked.size > 0;
  latest += 1;
  const mine = latest;
  if (like.length === 0) {
    result.replaceChildren();
    result.setAttribute('aria-busy', 'false');
    return;
  }
  result.setAttribute('aria-busy', 'true');
  if (result.childElementCount === 0) result.replaceChildren(...skeletonCards(kBlend, { match: true }));
  try {
    const [answer] = await Promise.all([api.mix(like, unlike, kBlend, askToHide()), api.config()]);
    if (mine !== latest) return;
    overcome('mix');
    const cards = spread(allowed(answer.items)).map((movie) => card(movie, mixReason));
    result.replaceChildren(...(cards.length > 0 ? cards : [notice({ title: t('nothing_found') })]));
    findPlace();
  } catch (error) {
    if (mine !== latest) return;
    if (result.querySelector('.is-skeleton')) result.replaceChildren();
    trouble('mix', error, () => show(false));
  }
  result.setAttribute('aria-busy', 'false');
}

function add(movie, not = false) {
  if (picked.size >= kMost && !picked.has(movie.id)) picked.delete(picked.keys().next().value);
  picked.set(movie.id, { movie, not });
}

// From the address; as tall as it will be while the films are asked for.
async function restore() {
  const asked = [['like', false], ['not', true]].flatMap(([name, not]) => ids(name).map((id) => ({ id, not })));
  if (asked.length === 0) {
    showTries();
    return;
  }
  empty.hidden = true;
  tries.hidden = true;
  heading.hidden = false;
  list.replaceChildren(...asked.map(() => el('li', { class: 'mix-item is-skeleton', 'aria-hidden': 'true' })));
  result.replaceChildren(...skeletonCards(kBlend, { match: true }));
  try {
    const films = await Promise.all(asked.map(({ id }) => api.item(id).catch((error) => {
      if (error.notFound) return null;  // an id may be gone
      throw error;
    })));
    overcome('mix');
    const gone = asked.filter((_, i) => films[i] === null);
    films.forEach((movie, i) => { if (movie !== null) add(movie, asked[i].not); });
    await show(false);
    if (gone.length > 0) sayCorrected([`${gone[0].not ? 'not' : 'like'}=${gone.map(({ id }) => id).join(',').slice(0, 40)}`]);
    if (picked.size > 0) remember({ like: side(false).join(','), not: side(true).join(',') });
    else showTries();
  } catch (error) {
    trouble('mix', error, restore);
  }
}

// Three mixes of films that most people know here.
async function showTries() {
  tries.hidden = false;
  try {
    const known = (await api.home([], 60, askToHide())).find(({ name }) => name === 'popular')?.items ?? [];
    const used = new Set();
    const of = (genres, no = []) => {
      const movie = known.find(({ id, genres: has }) => !used.has(id) && genres.some((name) => has.includes(name)) && !no.some((name) => has.includes(name)));
      if (movie) used.add(movie.id);
      return movie;
    };
    const found = kTries.map(([key, wanted, from]) => [key, of(from, wanted), of(wanted, from.slice(0, 1))]).filter(([, a, b]) => a && b);
    for (let i = 0; found.length < 3 && i + 1 < known.length; i += 2) if (!used.has(known[i].id) && !used.has(known[i + 1].id)) found.push(['mix_meets', known[i], known[i + 1]]);
    if (picked.size > 0) return;
    tries.replaceChildren(el('p', { class: 'quiet' }, t('mix_tries')), el('div', { class: 'chips' }, found.slice(0, 3).map(([key, a, b]) => el('button', {
      type: 'button', class: 'chip', onclick: () => { add(a); add(b); show(); },
    }, t(key, { title: a.title, a: a.title, b: b.title })))));
  } catch (error) {
    trouble('tries', error, showTries);
  }
}

header();
reloadOnBack();
document.title = `${t('mix')} · Sparrow`;
main.replaceChildren(el('section', { class: 'mix', id: 'mix', 'aria-labelledby': 'mix-heading' },
  el('h1', { id: 'mix-heading' }, t('mix_title')),
  el('p', { class: 'quiet' }, t('mix_help')),
  searchBox({ label: t('mix_add'), onPick: (movie) => { add(movie); show(); } }),
  list, empty, tries), heading, result);
restore();
