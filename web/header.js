// The header of every page, and the banner that says when data are simulated.

import * as api from './api.js';
import { el, svg } from './dom.js';
import { lang, otherLanguage, t } from './i18n.js';
import { searchBox } from './search.js';

const kPages = [['spotcheck', '/spotcheck.html'], ['models', '/models.html'], ['map', '/map.html'], ['status', '/status.html']];

function mark() {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'brand-mark', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: 'M4 21c5 .6 7.4-1.6 9-4.6C14.9 12.7 17 8.5 21.5 8.5c2.7 0 4.5 1.5 5.1 3.5l3.4 1.4-3.5 1.4C26.2 21 21.6 25.5 15 25.5c-4.6 0-8.6-1.6-11-4.5z' }),
    svg('circle', { cx: 22.3, cy: 12.6, r: 1.3, class: 'brand-eye' }),
  );
}

export async function banner(host) {
  const { simulated } = await api.config();
  if (simulated === true) {
    host.prepend(el(
      'p',
      { class: 'banner', role: 'note' },
      el('strong', {}, t('simulated')),
      t('simulated_text'),
    ));
  }
}

export function header({ search = true, value = '' } = {}) {
  const skip = document.querySelector('.skip');
  if (skip) skip.textContent = t('skip');
  const host = document.querySelector('#header');
  host.replaceChildren(el(
    'div',
    { class: 'header-inner' },
    el('a', { class: 'brand', href: '/', 'aria-label': 'Sparrow, home' }, mark(), el('span', { 'aria-hidden': 'true' }, 'Sparrow')),
    search ? searchBox({ value }) : null,
    el('nav', { class: 'header-nav', 'aria-label': 'Sparrow' },
      kPages.map(([key, href]) => el('a', { href, 'aria-current': location.pathname === href ? 'page' : null }, t(key))),
      el('a', { href: otherLanguage(), lang: lang === 'zh' ? 'en' : 'zh-CN', class: 'language' }, t('other_language'))),
  ));
  banner(document.querySelector('#notices'));
}
