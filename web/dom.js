// Small helpers to build elements. Strings always become text nodes: a title
// is never parsed as markup.

import { lang, t } from './i18n.js';

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const kSvg = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children.flat());
  return node;
}

export function icon(path) {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: path }),
  );
}

export const kIcons = {
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3 20 20',
  left: 'M14.5 5.5 8 12l6.5 6.5',
  right: 'M9.5 5.5 16 12l-6.5 6.5',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2z',
  hide: 'M3.5 12S6.5 6 12 6s8.5 6 8.5 6-3 6-8.5 6-8.5-6-8.5-6zM4.5 4.5l15 15',
  check: 'M5 12.5 10 17.5 19.5 7',
  unlike: 'M5 9.5h14M5 14.5h14M16 5 8 19',
  close: 'M6 6l12 12M18 6 6 18',
  save: 'M6.5 4h11v16L12 15.5 6.5 20z',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
};

export const movieHref = (id) => `/movie.html?movieId=${encodeURIComponent(id)}`;
export const genreHref = (name) => `/?genre=${encodeURIComponent(name)}`;

const kNumber = new Intl.NumberFormat(lang === 'zh' ? 'zh-CN' : 'en');
export const formatCount = (value) => kNumber.format(value);
// With a minus sign as wide as a plus.
export const formatFixed = (value, digits) => value.toFixed(digits).replace('-', '−');

// A calm message in place of content, with a way out.
export function notice({ title, text, retry = null, link = null, role = null }) {
  return el(
    'div',
    { class: 'notice', role },
    el('h2', { class: 'notice-title' }, title),
    text ? el('p', {}, text) : null,
    retry || link
      ? el(
          'p',
          { class: 'notice-actions' },
          retry ? el('button', { type: 'button', class: 'button', onclick: retry }, t('retry')) : null,
          link ? el('a', { class: retry ? 'button button-quiet' : 'button', href: link.href }, link.text) : null,
        )
      : null,
  );
}
