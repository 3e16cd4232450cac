// The best list of a film's page: cards with a match, a reason and what one can say about them,
// above it the controls, below it more.

import { controlsOf, kMostShown, kPageSize, remember } from './address.js';
import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { controlPanel, skeletonControls } from './controls.js';
import { el, icon, kIcons, notice } from './dom.js';
import { lang, t } from './i18n.js';
import { forgetHidden, hiddenFor, hideFilm, unhideFilm, visitor } from './visits.js';

// With more, a list by content is the model's choice and not for want of viewers.
const kFewRatings = 10;

// As many cards as a screen shows are painted when the page is opened; the rest a frame later.
const kFirstPainted = 8;

// What the first list does not need is loaded when it is asked for.
const drawers = () => import('./why.js');
const translator = () => (lang === 'zh' ? import('./server_texts.js').then(({ serverText }) => serverText) : (text) => text);

export function skeletonList() {
  return el(
    'section',
    { class: 'similar', 'aria-hidden': 'true' },
    el('div', { class: 'row-head' }, el('p', { class: 'row-ghost' }, t('more_like_this'))),
    skeletonControls(),
    el('div', { class: 'grid' }, skeletonCards(kPageSize, { match: true, tools: true })),
  );
}

// Names what answered: model, request, time, popularity, and anything degraded.
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
  footer.replaceChildren(
    el('p', { class: 'footer-facts' }, parts.map((part) => el('span', {}, part))),
    notes.length > 0 ? el('p', { class: 'footer-degraded' }, t('limited', { notes: notes.join('; ') })) : '',
  );
}

// `seed`: the film; `choices`: a promise of [genres, models]; `changed(parameters)` is called
// when other lists of the page must follow.
export function filmList({ seed, parameters: given, template, footer, choices, changed }) {
  let parameters = given;
  let shown = 0;
  let request = 0;
  let opened = false;
  const grid = el('div', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(kPageSize, { match: true, tools: true }));
  const sub = el('p', { class: 'row-sub' }, t('match_note'));
  const more = el('button', { class: 'button', type: 'button', hidden: true }, t('show_more'));
  const status = el('p', { class: 'visually-hidden', role: 'status' });
  const hiddenNote = el('p', { class: 'hidden-note', hidden: true });
  const trouble = el('div', {});
  const controls = () => controlsOf(parameters, hiddenFor(seed.id));
  const options = () => ({ ...controls(), reasons: true });
  const explained = () => ({ ...controls(), size: Math.max(kPageSize, shown) });

  // The first `size` films again, in place of those that are shown.
  const reload = (size = kPageSize) => {
    shown = 0;
    return load(api.similar(seed.id, size, 0, options()), size);
  };
  // As many films as are shown now: nothing below them moves.
  const refill = async () => {
    const list = reload(Math.max(kPageSize, Math.ceil(shown / kPageSize) * kPageSize));
    changed(parameters);
    await list;
  };

  // The server is told one after the other: an undo must not overtake what it takes back. The list
  // has changed even when nobody could be told.
  let told = Promise.resolve();
  const tell = (item, what) => {
    told = told.then(() => api.feedback({ user: visitor(), seed: seed.id, item, ...what })).catch(() => {});
  };

  const hiddenInAddress = () => (parameters.get('hidden') ?? '').split(',').filter(Boolean);

  const takeBack = (movie, kind) => {
    unhideFilm(seed.id, movie.id, kind);
    tell(movie.id, { kind: 'undo', of: kind });
    parameters = remember({ hidden: hiddenInAddress().filter((id) => id !== movie.id).join(',') });
    refill();
  };

  const say = async (movie, kind, holder) => {
    hideFilm(seed.id, movie.id, kind);
    parameters = remember({ hidden: [...new Set([...hiddenInAddress(), movie.id])].join(',') });
    const place = [...grid.children].indexOf(holder);
    const byKey = document.activeElement?.matches(':focus-visible') ?? false;
    // Gone at once; the one that follows comes with the answer.
    holder.classList.add('is-leaving');
    tell(movie.id, { kind });
    (await import('./toast.js')).toast(t(`said_${kind}`, { title: movie.title }), { label: t('undo'), act: () => takeBack(movie, kind) });
    await refill();
    if (byKey) grid.children[Math.min(place, grid.childElementCount - 1)]?.querySelector(`[data-kind="${kind}"]`)?.focus({ preventScroll: true });
  };

  const withTools = (movie) => {
    const tool = (kind, path) => el('button', {
      type: 'button', class: 'tool-icon', 'data-kind': kind, 'aria-label': `${t(kind)} ${movie.title}`, title: t(kind),
      onclick: (event) => say(movie, kind, event.currentTarget.closest('.card-holder')),
    }, icon(path));
    return el('div', { class: 'card-holder' },
      card(movie, template),
      el('div', { class: 'card-tools' },
        el('button', { type: 'button', class: 'tool', 'aria-label': `${t('why')} ${movie.title}`, onclick: async () => (await drawers()).why(seed.id, movie, explained()) }, t('why')),
        tool('seen', kIcons.check), tool('not_similar', kIcons.unlike), tool('hide', kIcons.hide)));
  };

  const showHidden = () => {
    const ids = hiddenInAddress();
    const all = new Set([...ids, ...hiddenFor(seed.id)]);
    hiddenNote.hidden = all.size === 0;
    hiddenNote.replaceChildren(t('n_hidden', { n: all.size }), ' ', el('button', {
      type: 'button',
      class: 'tool',
      onclick: () => {
        forgetHidden(seed.id, ids);
        for (const id of all) tell(id, { kind: 'undo' });
        parameters = remember({ hidden: null });
        refill();
      },
    }, t('show_again')));
  };

  const add = (answer, size, moveFocus) => {
    const cards = answer.items.slice(0, opened ? size : kFirstPainted).map(withTools);
    const later = answer.items.slice(cards.length);
    const ghosts = skeletonCards(later.length, { match: true, tools: true });
    opened = true;
    // The browser itself tells when the first list was painted.
    if (shown === 0) cards[0]?.querySelector('.card-title').setAttribute('elementtiming', 'first-list');
    if (shown === 0) grid.replaceChildren(...cards, ...ghosts);
    else grid.append(...cards);
    if (later.length > 0) requestAnimationFrame(() => setTimeout(() => ghosts.forEach((ghost, i) => ghost.replaceWith(withTools(later[i])))));
    shown += answer.items.length;
    describe(footer, answer);
    showHidden();
    sub.textContent = answer.seed_source !== 'content' ? t('match_note') : t(seed.ratings < kFewRatings ? 'too_few_viewers' : 'placed_by_content');
    if (shown === 0) trouble.replaceChildren(notice({ title: t('nothing_found'), text: t('loosen') }));
    more.hidden = answer.items.length < size || shown >= kMostShown;
    status.textContent = t('n_shown', { n: shown });
    if (shown > kPageSize) parameters = remember({ show: String(shown) });
    if (moveFocus) cards[0]?.querySelector('a')?.focus({ preventScroll: true });
  };

  async function load(promise, size, moveFocus = false) {
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
      trouble.replaceChildren(notice({ title: t('similar_failed'), text: error.message, role: 'alert', retry: () => refill() }));
    } finally {
      if (mine === request) {
        grid.setAttribute('aria-busy', 'false');
        more.disabled = false;
      }
    }
  }

  more.addEventListener('click', () => load(api.similar(seed.id, kPageSize, shown, options()), kPageSize, true));
  const section = el(
    'section',
    { class: 'similar', 'aria-labelledby': 'similar-heading' },
    el('div', { class: 'row-head' },
      el('h2', { id: 'similar-heading' }, t('more_like_this')), sub,
      el('span', { class: 'row-action' },
        el('a', { class: 'button button-quiet button-small', href: `/?like=${encodeURIComponent(seed.id)}#mix` }, t('mix_with')),
        el('button', { type: 'button', class: 'button button-quiet button-small', onclick: async () => (await drawers()).whyNot(seed.id, explained()) }, t('why_not')))),
    controlPanel({
      parameters, choices,
      changed: (now) => { parameters = now; reload(); changed(now); },
      moving: (now) => { parameters = now; reload(); },
    }),
    grid, trouble, el('p', { class: 'more' }, more), hiddenNote, status,
  );
  return { section, load };
}
