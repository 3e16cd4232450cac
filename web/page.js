// What the pages for engineers share: a frame, facts, tables, loading and errors.

import { el, notice } from './dom.js';
import { header } from './header.js';
import { t } from './i18n.js';

export const main = document.querySelector('#main');

export function frame(title, ...content) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(el('div', { class: 'tool-page' }, el('h1', {}, title), content));
}

export function fact(name, value, small = '') {
  return el('dl', { class: 'fact' }, el('dt', {}, name), el('dd', {}, String(value), small ? el('small', {}, ` ${small}`) : null));
}

// columns: [{head, cell(row), number}].
export function table(columns, rows, caption = null) {
  return el('table', { class: 'data' },
    caption ? el('caption', { class: 'visually-hidden' }, caption) : null,
    el('thead', {}, el('tr', {}, columns.map(({ head, number }) => el('th', { scope: 'col', class: number ? 'number' : null }, head)))),
    el('tbody', {}, rows.map((row) => el('tr', {}, columns.map(({ cell, number }) => el('td', { class: number ? 'number' : null }, cell(row)))))));
}

export function panel(title, ...content) {
  return el('section', { class: 'panel', tabindex: 0, 'aria-label': title }, el('h2', {}, title), content);
}

export function control(label, input) {
  return el('div', { class: 'control' }, el('label', { for: input.id }, label), input);
}

export function start(show) {
  header();
  const again = async () => {
    main.replaceChildren(el('p', { class: 'quiet', role: 'status' }, t('loading')));
    try {
      await show();
    } catch (error) {
      main.replaceChildren(notice({ title: t('failed'), text: error.message, role: 'alert', retry: again }));
    }
  };
  again();
}
