// What one can say of a film on its card: save it, and behind "more" that it was seen, is not
// similar, or is to be hidden; in words.

import { el, icon, kIcons } from './dom.js';
import { t } from './i18n.js';
import { isMarked, mark, unmark } from './marks.js';
import { toast } from './toast.js';

// A switch "save for later".
export function saveButton(movie, { long = false, changed = () => {} } = {}) {
  const button = el('button', { type: 'button', class: long ? 'button button-quiet' : 'tool save' });
  const show = () => {
    const on = isMarked(movie.id, 'save');
    button.setAttribute('aria-pressed', String(on));
    const words = t(long ? (on ? 'saved_long' : 'save_long') : on ? 'saved_one' : 'save');
    button.setAttribute('aria-label', `${words}: ${movie.title}`);
    button.replaceChildren(icon(kIcons.save), el('span', {}, words));
  };
  const turn = (on) => {
    if (on) mark(movie, 'save');
    else unmark(movie.id, 'save');
    show();
    changed(on);
  };
  button.addEventListener('click', () => {
    const on = !isMarked(movie.id, 'save');
    turn(on);
    if (on) toast(t('said_save', { title: movie.title }), { label: t('undo'), act: () => turn(false) });
  });
  show();
  return button;
}

let closeOpen = null;

// The menu is made when it is asked for. `say(kind, byKey)`: what was chosen, and whether by a key.
export function moreButton(movie, say) {
  let menu = null;
  const button = el('button', { type: 'button', class: 'tool-icon', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-label': t('more_actions', { title: movie.title }), title: t('more_actions', { title: movie.title }) }, icon(kIcons.more));
  const holder = el('span', { class: 'menu-holder' }, button);
  const close = (focus) => {
    menu?.remove();
    menu = null;
    closeOpen = null;
    button.setAttribute('aria-expanded', 'false');
    if (focus) button.focus();
  };
  const item = (kind, path) => el('button', { type: 'button', role: 'menuitem', tabindex: -1, 'data-kind': kind, onclick: (event) => { close(false); say(kind, event.detail === 0); } }, icon(path), t(kind));
  button.addEventListener('click', () => {
    if (menu !== null) {
      close(true);
      return;
    }
    closeOpen?.(false);
    menu = el('div', { class: 'menu', role: 'menu', 'aria-label': movie.title }, item('seen', kIcons.check), item('not_similar', kIcons.unlike), item('hide', kIcons.hide));
    holder.append(menu);
    closeOpen = close;
    button.setAttribute('aria-expanded', 'true');
    menu.firstChild.focus({ preventScroll: true });
  });
  holder.addEventListener('keydown', (event) => {
    if (menu === null) return;
    const items = [...menu.children];
    const at = items.indexOf(document.activeElement);
    if (event.key === 'Escape') close(true);
    else if (event.key === 'ArrowDown') items[(at + 1) % items.length].focus();
    else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length].focus();
    else if (event.key === 'Tab') {
      close(true);
      return;
    } else return;
    event.preventDefault();
  });
  return holder;
}

document.addEventListener('pointerdown', (event) => { if (closeOpen !== null && !event.target.closest?.('.menu-holder')) closeOpen(false); });
