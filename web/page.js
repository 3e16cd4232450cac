// What the pages for engineers share: a frame, facts, panels, loading and errors, the token that
// changes need.

import './bench_words.js';

import { reloadOnBack } from './address.js';
import { el, notice } from './dom.js';
import { header } from './header.js';
import { t } from './i18n.js';

export const main = document.querySelector('#main');

export function frame(title, lead, ...content) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(el('div', { class: 'tool-page' },
    el('div', { class: 'tool-head' }, el('h1', {}, title), lead ? el('p', { class: 'quiet' }, lead) : null), content));
}

export function fact(name, value, small = '') {
  return el('div', { class: 'fact' }, el('dt', {}, name), el('dd', { class: /^\D{6,}$/.test(String(value)) ? 'is-text' : null }, String(value), small ? el('small', {}, small) : null));
}

export const facts = (...list) => el('dl', { class: 'facts' }, list);

export function panel(title, ...content) {
  return el('section', { class: 'panel', 'aria-label': title }, el('h2', {}, title), content);
}

export function control(label, input) {
  return el('div', { class: 'control' }, el('label', { for: input.id }, label), input);
}

export function tick(id, label, checked, change) {
  const box = el('input', { type: 'checkbox', id });
  box.checked = checked;
  box.addEventListener('change', () => change(box.checked));
  return el('div', { class: 'control-check' }, box, el('label', { for: id }, label));
}

export function choose(id, options, value, change) {
  const node = el('select', { id }, options.map(([key, text]) => el('option', { value: key, selected: key === value }, text)));
  node.addEventListener('change', () => change(node.value));
  return node;
}

// One token for the whole page; it is kept nowhere else.
let secret = '';
export const token = () => secret;

export function tokenField() {
  const input = el('input', { id: 'token', type: 'password', autocomplete: 'off', value: secret });
  input.addEventListener('input', () => { secret = input.value.trim(); });
  return el('div', { class: 'control control-token' }, el('label', { for: 'token' }, t('token')), input, el('p', { class: 'quiet' }, t('token_help')));
}

// What the server said about a token, in words of the page.
export function refusal(error) {
  if (error.status === 401) return t(secret === '' ? 'token_missing' : 'token_wrong');
  if (error.status === 403) return error.message.includes('--token') ? t('token_none') : t('token_weak');
  return t('not_done', { text: error.message });
}

export function start(show) {
  header();
  reloadOnBack();
  const again = async () => {
    main.replaceChildren(el('p', { class: 'quiet loading', role: 'status' }, t('loading')));
    try {
      await show();
    } catch (error) {
      main.replaceChildren(notice({ title: t('failed'), text: error.message, role: 'alert', retry: again }));
    }
  };
  again();
}
