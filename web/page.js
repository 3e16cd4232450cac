// What the pages of the lab share: their head with the token that changes need, a frame, facts,
// panels, loading and errors.

import './bench_words.js';

import { reloadOnBack } from './address.js';
import { el, notice } from './dom.js';
import { header, kLabPages } from './header.js';
import { t } from './i18n.js';
import { findPlace } from './place.js';
import { withHelp } from './terms.js';

export const main = document.querySelector('#main');

export function frame(title, lead, ...content) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(el('div', { class: 'tool-page' },
    el('div', { class: 'tool-head' }, el('h1', {}, title), lead ? el('p', { class: 'quiet' }, lead) : null), content));
}

export function fact(name, value, small = '') {
  return el('div', { class: 'fact' }, el('dt', {}, withHelp(name)), el('dd', { class: /^\D{6,}$/.test(String(value)) ? 'is-text' : null }, String(value), small ? el('small', {}, small) : null));
}

export const facts = (...list) => el('dl', { class: 'facts' }, list);

export function panel(title, ...content) {
  return el('section', { class: 'panel', 'aria-label': title }, el('h2', {}, withHelp(title)), content);
}

// What somebody types into a terminal.
export const command = (text) => el('pre', { class: 'command', tabindex: 0 }, el('code', {}, text));

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

// One token, asked for once, in the head of the lab; kept in this tab only.
const kTokenKey = 'token';
let secret = '';
try { secret = sessionStorage.getItem(kTokenKey) ?? ''; } catch { /* private mode: in this page only */ }
export const token = () => secret;

function tokenField() {
  const input = el('input', { id: 'token', type: 'password', autocomplete: 'off', value: secret, placeholder: t('token_help'), title: t('token_help') });
  input.addEventListener('input', () => {
    secret = input.value.trim();
    try { sessionStorage.setItem(kTokenKey, secret); } catch { /* in this page only */ }
  });
  return el('div', { class: 'lab-token' }, el('label', { for: 'token' }, t('token')), input);
}

// The pages of the lab, below the header.
function labBar() {
  return el('div', { class: 'lab-bar' }, el('div', { class: 'lab-inner' },
    el('nav', { class: 'lab-nav', 'aria-label': t('lab_pages') }, kLabPages.map(([key, href]) => el('a', { href, 'aria-current': location.pathname === href ? 'page' : null }, t(key)))),
    tokenField()));
}

// What the server said about a token, in words of the page.
export function refusal(error) {
  if (error.status === 401) return t(secret === '' ? 'token_missing' : 'token_wrong');
  if (error.status === 403) return error.message.includes('--token') ? t('token_none') : t('token_weak');
  return t('not_done', { text: error.message });
}

// `lab`: the page is one of the lab.
export function start(show, { lab = true } = {}) {
  header();
  if (lab) document.querySelector('#header').append(labBar());
  reloadOnBack();
  const again = async () => {
    main.replaceChildren(el('p', { class: 'quiet loading', role: 'status' }, t('loading')));
    try {
      await show();
      findPlace();
    } catch (error) {
      main.replaceChildren(notice({ title: t('failed'), text: error.message, role: 'alert', retry: again }));
    }
  };
  again();
}
