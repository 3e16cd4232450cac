// A drawer over the right edge of the page: a modal dialog that Escape, its button and a click
// beside it close. Focus goes back to where it was.

import { el, icon, kIcons } from './dom.js';
import { t } from './i18n.js';

export function drawer(title, ...content) {
  document.querySelector('dialog.drawer')?.remove();
  // The page keeps its width while the drawer stands where its scroll bar was.
  const root = document.documentElement;
  root.style.setProperty('--scrollbar', `${innerWidth - root.offsetWidth}px`);
  const before = document.activeElement;
  const dialog = el('dialog', { class: 'drawer', 'aria-labelledby': 'drawer-title' },
    el('div', { class: 'drawer-head' },
      el('h2', { id: 'drawer-title' }, title),
      el('button', { type: 'button', class: 'round', 'aria-label': t('close'), title: t('close'), onclick: () => dialog.close() }, icon(kIcons.close))),
    content);
  dialog.addEventListener('close', () => {
    dialog.remove();
    before?.focus?.();
  });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
