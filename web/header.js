// The header of every page (brand, search, pages, language, light or dark), and the banner that
// says when data are simulated.

import * as api from './api.js';
import { el, icon, kIcons, svg } from './dom.js';
import { keepLanguage, lang, otherLanguage, setCatalogue, t } from './i18n.js';
import { searchBox } from './search.js';

const kPages = [['discover', '/'], ['mix', '/mix.html'], ['map', '/map.html'], ['my_list', '/mylist.html']];
const kLab = '/models.html';
export const kLabPages = [['models', '/models.html'], ['spotcheck', '/spotcheck.html'], ['experiments', '/experiments.html'], ['events_page', '/events.html'], ['status', '/status.html']];
const inLab = kLabPages.some(([, href]) => location.pathname === href);

function mark() {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'brand-mark', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: 'M4 21c5 .6 7.4-1.6 9-4.6C14.9 12.7 17 8.5 21.5 8.5c2.7 0 4.5 1.5 5.1 3.5l3.4 1.4-3.5 1.4C26.2 21 21.6 25.5 15 25.5c-4.6 0-8.6-1.6-11-4.5z' }),
    svg('circle', { cx: 22.3, cy: 12.6, r: 1.3, class: 'brand-eye' }),
  );
}

async function banner(host) {
  const settings = await api.config();
  const { simulated } = settings;
  if (settings.kind) setCatalogue(settings);
  if (simulated === true) {
    host.prepend(el(
      'p',
      { class: 'banner', role: 'note' },
      el('strong', {}, t('simulated')),
      t('simulated_text'),
    ));
  }
}

const isDark = () => (document.documentElement.dataset.theme
  ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

// Switches between light and dark; the choice is kept here and in the address.
function themeButton() {
  const button = el('button', { type: 'button', class: 'header-button theme' });
  const show = () => {
    const dark = isDark();
    button.setAttribute('aria-label', t(dark ? 'theme_light' : 'theme_dark'));
    button.title = t(dark ? 'theme_light' : 'theme_dark');
    button.replaceChildren(icon(dark ? kIcons.sun : kIcons.moon));
  };
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem('theme', theme);
      sessionStorage.removeItem('theme');
    } catch { /* private mode: the address has it */ }
    const url = new URL(location.href);
    url.searchParams.set('theme', theme);
    history.replaceState(history.state, '', url);
    show();
    dispatchEvent(new Event('themechange'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    show();
    dispatchEvent(new Event('themechange'));
  });
  show();
  return button;
}

export function header({ search = true, value = '' } = {}) {
  const skip = document.querySelector('.skip');
  if (skip) skip.textContent = t('skip');
  const language = el('a', { href: otherLanguage(), lang: lang === 'zh' ? 'en' : 'zh-CN', class: 'header-button language' }, t('other_language'));
  // The page may have changed its address since.
  language.addEventListener('click', () => {
    language.href = otherLanguage();
    keepLanguage();
  });
  document.querySelector('#header').replaceChildren(el(
    'div',
    { class: search ? 'header-inner' : 'header-inner is-bare' },
    el('a', { class: 'brand', href: '/', 'aria-label': t('brand_home') }, mark(), el('span', { 'aria-hidden': 'true' }, 'Sparrow')),
    search ? searchBox({ value }) : null,
    el('nav', { class: 'header-nav', 'aria-label': t('pages') },
      // A genre or a search is a part of Discover and not its front.
      kPages.map(([key, href]) => el('a', { href, 'aria-current': location.pathname !== href ? null : /[?&](genre|q)=/.test(location.search) ? 'true' : 'page' }, t(key))),
      el('a', { href: kLab, class: 'header-lab', 'aria-current': inLab ? 'true' : null }, t('lab'))),
    el('div', { class: 'header-switches' }, language, themeButton()),
  ));
  banner(document.querySelector('#notices'));
}
