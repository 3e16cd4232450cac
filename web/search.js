// The search box: an ARIA combobox with a list of suggestions.

import * as api from './api.js';
import { el, icon, kIcons, movieHref, plural } from './dom.js';
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

export function searchBox({ value = '', large = false } = {}) {
  boxes += 1;
  const listId = `suggestions-${boxes}`;
  const input = el('input', {
    class: 'search-input', type: 'search', name: 'q', value, placeholder: 'Search a film…',
    role: 'combobox', 'aria-label': 'Search films', 'aria-autocomplete': 'list',
    'aria-expanded': 'false', 'aria-controls': listId,
    autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', maxlength: '200',
    enterkeyhint: 'search',
  });
  const list = el('ul', { class: 'suggestions', id: listId, role: 'listbox', 'aria-label': 'Suggestions', hidden: true });
  const hint = el('p', { class: 'suggestions suggestions-hint', hidden: true });
  const live = el('p', { class: 'visually-hidden', role: 'status' });
  const form = el(
    'form',
    { class: large ? 'search search-large' : 'search', role: 'search', action: '/', method: 'get' },
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

  const open = (index) => location.assign(movieHref(items[index].id));

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
          el('span', { class: 'suggestion-facts' }, [movie.year, (movie.genres ?? []).slice(0, 3).join(', ')].filter(Boolean).join(' · ')),
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
      live.textContent = `${plural(found.length, 'suggestion', 'suggestions')}. Use the arrow keys.`;
    } else {
      say('No film with this title.');
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
      const found = await api.search(typed, kSuggestions, mine.signal);
      if (pending === mine) show(found, typed);
    } catch (error) {
      if (pending !== mine || api.isAbort(error)) return;
      show([], typed);
      say('Suggestions are not available right now. Press Enter to search.');
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
    if (input.value.trim() === '') event.preventDefault();
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
