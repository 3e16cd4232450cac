// The named rows of a film's page: each says how its films are related.

import * as api from './api.js';
import { card } from './card.js';
import { el } from './dom.js';
import { t } from './i18n.js';

const kSize = 12;
let latest = 0;

export async function namedRows(host, id, controls, template) {
  latest += 1;
  const mine = latest;
  try {
    const rows = await api.rows(id, kSize, controls);
    if (mine !== latest) return;
    host.replaceChildren(...rows.map(({ name, items }) => el('section', { class: 'row', 'aria-labelledby': `named-${name}` },
      el('div', { class: 'row-head' }, el('h2', { id: `named-${name}` }, t(name))),
      el('div', { class: 'row-track', tabindex: 0, role: 'group', 'aria-labelledby': `named-${name}` }, items.map((movie) => card(movie, template))))));
  } catch {
    if (mine === latest) host.replaceChildren();
  }
}
