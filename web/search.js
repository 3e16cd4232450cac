// The search box: an ARIA combobox with a list of suggestions.

import * as api from './api.js';
import { el, icon, kIcons, movieHref } from './dom.js';
import { comma, t } from './i18n.js';
import { tile } from './tile.js';

const kDelayMs = 90;
const kSuggestions = 8;
let boxes = 0;

// The title with the typed words marked, as text nodes.
function marked(title, typed) {
  const words = typed.trim().split(/\s+/).filter(Boolean)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (words.length === 0) return [title];
  const pattern = new RegExp(`(${words.join('|')})`, 'iu');
  return title.split(pattern).map((part, i) => (i % 2 ? el('mark', {}, part) : part));
}

// `onPick(movie)`: what a choice does; by default the film's page opens.
export function searchBox({ value = '', large = false, label = null, onPick = null } = {}) {
  boxes += 1;
  const listId = `suggestions-${boxes}`;
  const input = el('input', {
    class: 'search-input', type: 'search', name: 'q', value, placeholder: label ?? t('search'),
    role: 'combobox', 'aria-label': label ?? t('search_films'), 'aria-autocomplete': 'list',
    'aria-expanded': 'false', 'aria-controls': listId,
    autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', maxlength: '200',
    enterkeyhint: 'search',
  });
  const list = el('ul', { class: 'suggestions', id: listId, role: 'listbox', 'aria-label': t('suggestions'), hidden: true });
  const hint = el('p', { class: 'suggestions suggestions-hint', hidden: true });
  const live = el('p', { class: 'visually-hidden', role: 'status' });
  const form = el(
    'form',
    { class: large ? 'search search-large' : 'search', role: 'search', 'aria-label': label ?? t('search_here'), action: '/', method: 'get' },
    icon(kIcons.search), input, list, hint, live,
  );

  let items = [];
  let active = -1;
  let timer = 0;
  let pending = null;

  const close = () => {
    clearTimeout(timer);
    pending?.abort();
    pending = null;
    items = [];
    active = -1;
    list.hidden = true;
    hint.hidden = true;
    list.replaceChildren();
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };

  const choose = (index) => {
    active = index;
    [...list.children].forEach((option, i) => {
      option.setAttribute('aria-selected', String(i === index));
      if (i === index) option.scrollIntoView({ block: 'nearest' });
    });
    if (index >= 0) input.setAttribute('aria-activedescendant', `${listId}-${index}`);
    else input.removeAttribute('aria-activedescendant');
  };

  const open = (index) => {
    if (onPick === null) {
      location.assign(movieHref(items[index].id));
      return;
    }
    const movie = items[index];
    close();
    input.value = '';
    onPick(movie);
  };

  const say = (text) => {
    hint.textContent = text;
    hint.hidden = text === '';
    live.textContent = text;
  };

  const show = (found, typed) => {
    items = found;
    list.replaceChildren(...found.map((movie, i) => {
      const option = el(
        'li',
        { class: 'suggestion', role: 'option', id: `${listId}-${i}`, 'aria-selected': 'false' },
        el('span', { class: 'suggestion-tile' }, tile(movie)),
        el(
          'span',
          { class: 'suggestion-text' },
          el('span', { class: 'suggestion-title' }, marked(movie.title, typed)),
          el('span', { class: 'suggestion-facts' }, [movie.year, (movie.genres ?? []).slice(0, 3).map((name) => t(name)).join(comma)].filter(Boolean).join(' · ')),
        ),
      );
      option.addEventListener('pointerdown', (event) => event.preventDefault());
      option.addEventListener('click', () => open(i));
      return option;
    }));
    choose(-1);
    list.hidden = found.length === 0;
    input.setAttribute('aria-expanded', String(found.length > 0));
    if (found.length > 0) {
      hint.hidden = true;
      live.textContent = t('n_suggestions', { n: found.length });
    } else {
      say(t('no_title'));
    }
  };

  const ask = async () => {
    const typed = input.value.trim();
    pending?.abort();
    if (typed === '') {
      close();
      return;
    }
    const mine = new AbortController();
    pending = mine;
    try {
      const { items: found, missing_script: script } = await api.search(typed, kSuggestions, mine.signal);
      if (pending !== mine) return;
      show(found, typed);
      if (found.length === 0) say(t(script ? 'no_script' : 'no_title'));
    } catch (error) {
      if (pending !== mine || api.isAbort(error)) return;
      show([], typed);
      say(t('no_suggestions'));
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, kDelayMs);
  });
  input.addEventListener('focus', () => {
    if (input.value.trim() !== '' && large) ask();
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (items.length === 0) {
        ask();
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const next = active + step;
      choose(next >= items.length ? -1 : next < -1 ? items.length - 1 : next);
    } else if (event.key === 'Enter' && active >= 0) {
      event.preventDefault();
      open(active);
    } else if (event.key === 'Escape') {
      if (!list.hidden || !hint.hidden) {
        event.preventDefault();
        close();
      } else {
        input.value = '';
      }
    }
  });
  form.addEventListener('submit', (event) => {
    if (onPick !== null && items.length > 0) open(Math.max(0, active));
    if (onPick !== null || input.value.trim() === '') event.preventDefault();
  });
  return form;
}

// "/" puts the cursor into the first search box of the page.
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const input = document.querySelector('.search-input');
  if (input) {
    event.preventDefault();
    input.focus();
  }
});
