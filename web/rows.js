// The named rows of a film's page: each says how its films are related, and shows what neither the
// list above nor another row does.

import * as api from './api.js';
import { controlsOf } from './address.js';
import { filmRow } from './film_row.js';
import { t } from './i18n.js';
import { allowed, askToHide } from './marks.js';
import { overcome, trouble } from './trouble.js';

const kSize = 12;
const kAsked = 15;   // some stand in a row above already
const kLeast = 3;    // fewer are no row
let latest = 0;

// `above`: ids of the list above.
export async function namedRows(host, id, parameters, above) {
  latest += 1;
  const mine = latest;
  if (host.childElementCount === 0) {
    host.replaceChildren(...['watched-together', 'similar-story'].map((name) => filmRow({ title: t(name), match: true }).section));
  }
  try {
    const rows = await api.rows(id, kAsked, { ...controlsOf(parameters, askToHide(id, above)), reasons: true });
    if (mine !== latest) return;
    overcome('rows');
    const seen = new Set(above);
    host.replaceChildren(...rows.map(({ name, items }) => {
      const fresh = allowed(items, id).filter((movie) => !seen.has(movie.id)).slice(0, kSize);
      if (fresh.length < kLeast) return '';
      for (const movie of fresh) seen.add(movie.id);
      const row = filmRow({ title: t(name), sub: t(`${name}_sub`), match: true });
      row.fill(fresh);
      return row.section;
    }));
  } catch (error) {
    if (mine !== latest) return;
    for (const ghost of host.querySelectorAll('[aria-busy="true"]')) ghost.remove();
    trouble('rows', error, () => namedRows(host, id, parameters, above));
  }
}
