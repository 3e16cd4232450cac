// The best list of a film's page: cards with a match, a reason and what one can say about them,
// above it the controls, below it more.

import { moreButton, saveButton } from './actions.js';
import { controlsOf, kControls, kMostShown, kPageSize, remember } from './address.js';
import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { controlPanel, skeletonControls } from './controls.js';
import { sayCorrected } from './corrected.js';
import { el, notice } from './dom.js';
import { lang, t } from './i18n.js';
import { allowed, askToHide, keptOutBy, mark, unmark } from './marks.js';
import { isReturning } from './place.js';
import { spread } from './tile.js';
import { toast } from './toast.js';
import { lazy, overcome, trouble } from './trouble.js';
import { visitor } from './visits.js';

// With more, a list by content is the model's choice and not for want of viewers.
const kFewRatings = 10;

// As many cards as a screen shows are painted when the page is opened; the rest a frame later.
const kFirstPainted = 12;
const kWatchMs = 300;  // after the list is painted
const kMostNamed = 8;  // of the films that are left out

// What the first list does not need is loaded when it is asked for.
const drawers = () => lazy('why.js');
const translator = () => (lang === 'zh' ? import('./server_texts.js').then(({ serverText }) => serverText, () => (text) => text) : (text) => text);

export function skeletonList() {
  return el(
    'section',
    { class: 'similar', 'aria-hidden': 'true' },
    el('div', { class: 'row-head' }, el('p', { class: 'row-ghost' }, t('more_like_this'))),
    skeletonControls(),
    el('div', { class: 'grid' }, skeletonCards(kPageSize, { match: true, tools: true })),
  );
}

// Names what answered: model, request, time, popularity, for those who want to know; and anything
// degraded for all.
async function describe(footer, { model, request_id: request, took_ms: took, milliseconds, popularity_percentile: popularity, degraded }) {
  const round = (value) => (value < 10 ? value.toFixed(value < 1 ? 2 : 1) : Math.round(value));
  const parts = [
    model ? `${t('model')} ${[model.name, model.version].filter(Boolean).join(' ')}` : null,
    request ? t('request', { id: request }) : null,
    Number.isFinite(took) ? t('took', { server: round(took), all: round(milliseconds) }) : `${round(milliseconds)} ms`,
    Number.isFinite(popularity) ? t('list_popularity', { n: Math.round(popularity) }) : null,
  ].filter(Boolean);
  const say = degraded.length > 0 ? await translator() : null;
  const notes = degraded.map((note) => say(String(note)));
  const open = footer.querySelector('details')?.open ?? false;
  footer.replaceChildren(
    notes.length > 0 ? el('p', { class: 'footer-degraded' }, t('limited', { notes: notes.join('; ') })) : '',
    el('details', { class: 'about-answer', open }, el('summary', {}, t('about_answer')), el('p', { class: 'footer-facts' }, parts.map((part) => el('span', {}, part)))),
  );
}

// `seed`: the film; `choices`: a promise of [genres, models]; `listed(parameters, ids)` is called
// when there is another list.
export function filmList({ seed, parameters: given, footer, choices, listed }) {
  let parameters = given;
  let shown = [];   // ids
  let last = [];    // the films that are shown last, with their hues
  let request = 0;
  let opened = false;
  const unwanted = new Map();  // films that would be in this list, were it not for a mark
  const grid = el('div', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(kPageSize, { match: true, tools: true }));
  const sub = el('p', { class: 'row-sub' }, t('match_note'));
  const more = el('button', { class: 'button', type: 'button', hidden: true }, t('show_more'));
  const status = el('p', { class: 'visually-hidden', role: 'status' });
  const leftOutNote = el('div', { class: 'left-out', hidden: true });
  const problem = el('div', {});
  const controls = () => controlsOf(parameters, askToHide(seed.id, [...unwanted.keys()]));
  const options = () => ({ ...controls(), reasons: true });
  const explained = () => ({ ...controlsOf(parameters), size: Math.max(kPageSize, shown.length) });

  // The first `size` films again, in place of those that are shown.
  const reload = (size = kPageSize) => load(() => api.similar(seed.id, size, 0, options()), { size });
  // As many films as are shown now: nothing below them moves.
  const refill = () => reload(Math.max(kPageSize, Math.ceil(shown.length / kPageSize) * kPageSize));

  // The server is told one after the other: an undo must not overtake what it takes back. The list
  // has changed even when nobody could be told.
  let told = Promise.resolve();
  const tell = (item, what) => {
    told = told.then(() => api.feedback({ user: visitor(), seed: seed.id, item, ...what })).catch(() => {});
  };

  const takeBack = (movie) => {
    const said = keptOutBy(movie.id, seed.id);
    if (said === null) return;
    unmark(said.id, said.kind, said.seed);
    tell(movie.id, { kind: 'undo', of: said.kind });
    unwanted.delete(movie.id);
    showLeftOut();
    refill();
  };

  const say = async (movie, kind, holder, byKey) => {
    mark(movie, kind, seed);
    unwanted.set(movie.id, movie);
    const place = [...grid.children].indexOf(holder);
    // Gone at once; the one that follows comes with the answer.
    holder.remove();
    shown = shown.filter((id) => id !== movie.id);
    showLeftOut();
    const focus = () => { if (byKey) grid.children[Math.min(place, grid.childElementCount - 1)]?.querySelector('.menu-holder button')?.focus({ preventScroll: true }); };
    focus();
    tell(movie.id, { kind });
    toast(t(`said_${kind}`, { title: movie.title }), { label: t('undo'), act: () => takeBack(movie) });
    if (await refill()) focus();
  };

  const withTools = (movie) => {
    const holder = el('div', { class: 'card-holder' },
      card(movie),
      el('div', { class: 'card-tools' },
        el('button', { type: 'button', class: 'tool', 'aria-label': `${t('why')} ${movie.title}`, onclick: async () => (await drawers()).why(seed, movie, explained()) }, t('why')),
        saveButton(movie),
        moreButton(movie, (kind, byKey) => say(movie, kind, holder, byKey))));
    return holder;
  };

  const showLeftOut = () => {
    const all = [...unwanted.values()].map((movie) => [movie, keptOutBy(movie.id, seed.id)]).filter(([, said]) => said !== null);
    leftOutNote.hidden = all.length === 0;
    leftOutNote.replaceChildren(el('p', {}, t('n_left_out')), el('ul', {}, all.slice(0, kMostNamed).map(([movie, said]) => el('li', {}, el('span', {}, `${movie.title} (${t(`left_${said.kind}`)})`), el('button', {
      type: 'button', class: 'tool', 'aria-label': t('show_it_again_of', { title: movie.title }), onclick: () => takeBack(movie),
    }, t('show_it_again'))))),
    el('p', {}, el('a', { href: '/mylist.html' }, t('my_list'))));
  };

  const add = (answer, size, fresh, moveFocus) => {
    for (const movie of answer.unwanted ?? []) unwanted.set(movie.id, movie);
    for (const movie of answer.items) if (keptOutBy(movie.id, seed.id) !== null) unwanted.set(movie.id, movie);
    const items = spread(allowed(answer.items, seed.id), fresh ? [] : last);
    last = items.slice(-2);
    const opening = !opened;
    const cards = items.slice(0, opened ? items.length : kFirstPainted).map(withTools);
    const later = items.slice(cards.length);
    const ghosts = skeletonCards(later.length, { match: true, tools: true });
    opened = true;
    // The browser itself tells when the first list was painted.
    if (fresh) cards[0]?.querySelector('.card-facts').setAttribute('elementtiming', 'first-list');
    if (fresh) grid.replaceChildren(...cards, ...ghosts);
    else grid.append(...cards);
    if (later.length > 0) requestAnimationFrame(() => setTimeout(() => ghosts.forEach((ghost, i) => ghost.replaceWith(withTools(later[i])))));
    const first = fresh ? 0 : shown.length;
    shown = [...(fresh ? [] : shown), ...items.map(({ id }) => id)];
    // What is really looked at, and clicked, is told when the list is there.
    if (answer.request_id) setTimeout(() => import('./sparrow.js').then(({ watch }) => watch(grid, { request: answer.request_id, user: visitor(), first })).catch(() => {}), kWatchMs);
    describe(footer, answer);
    showLeftOut();
    sub.textContent = answer.seed_source !== 'content' ? t('match_note') : t(seed.ratings < kFewRatings ? 'too_few_viewers' : 'placed_by_content');
    problem.replaceChildren(shown.length === 0 ? notice({ title: t('nothing_found'), text: t('loosen') }) : '');
    more.hidden = answer.items.length < size || shown.length >= kMostShown;
    status.textContent = t('n_shown', { n: shown.length });
    if (shown.length > kPageSize) parameters = remember({ show: String(Math.ceil(shown.length / kPageSize) * kPageSize) });
    if (moveFocus) cards[0]?.querySelector('a')?.focus({ preventScroll: true });
    // What stands below the list is made when the list is painted.
    if (opening && !isReturning()) requestAnimationFrame(() => setTimeout(() => listed(parameters, shown)));
    else listed(parameters, shown);
  };

  // What is on the screen stays until there is something better. Answers whether there is.
  async function load(ask, { size, fresh = true, moveFocus = false }) {
    request += 1;
    const mine = request;
    grid.setAttribute('aria-busy', 'true');
    more.disabled = true;
    try {
      const answer = await ask();
      if (mine !== request) return false;
      overcome('list');
      add(answer, size, fresh, moveFocus);
      return true;
    } catch (error) {
      if (mine !== request) return false;
      failed(error, () => load(ask, { size, fresh, moveFocus }));
      return false;
    } finally {
      if (mine === request) {
        grid.setAttribute('aria-busy', 'false');
        more.disabled = false;
      }
    }
  }

  function failed(error, retry) {
    // The address may ask for a genre or a model that is not there.
    if (error.status === 400 && kControls.includes(error.parameter) && parameters.has(error.parameter)) {
      const wrong = `${error.parameter}=${parameters.get(error.parameter).slice(0, 40)}`;
      parameters = new URLSearchParams(parameters);
      parameters.delete(error.parameter);
      panel.drop(error.parameter);
      sayCorrected([wrong]);
      reload();
      return;
    }
    if (shown.length > 0) {
      trouble('list', error, retry);
      return;
    }
    grid.replaceChildren();
    more.hidden = true;
    problem.replaceChildren(notice({ title: t('similar_failed'), text: error.message, role: 'alert', retry: () => refill() }));
  }

  more.addEventListener('click', () => {
    const from = shown.length;
    load(() => api.similar(seed.id, kPageSize, from, options()), { size: kPageSize, fresh: false, moveFocus: true });
  });
  const panel = controlPanel({
    parameters, choices,
    changed: (now) => { parameters = now; reload(); },
    moving: (now) => { parameters = now; reload(); },
  });
  const section = el(
    'section',
    { class: 'similar', 'aria-labelledby': 'similar-heading' },
    el('div', { class: 'row-head' },
      el('h2', { id: 'similar-heading' }, t('more_like_this')), sub,
      el('span', { class: 'row-action' },
        el('a', { class: 'button button-quiet button-small', href: `/mix.html?like=${encodeURIComponent(seed.id)}#mix` }, t('mix_with')),
        el('button', { type: 'button', class: 'button button-quiet button-small', onclick: async () => (await drawers()).whyNot(seed, explained()) }, t('why_not')))),
    panel.bar, panel.chips,
    grid, problem, el('p', { class: 'more' }, more), leftOutNote, status,
  );
  return { section, load: (first, size) => load(() => first, { size }), refill };
}
