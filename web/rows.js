// The named rows of a film's page: each says how its films are related.

import * as api from './api.js';
import { filmRow } from './film_row.js';
import { t } from './i18n.js';

const kSize = 12;
let latest = 0;

export async function namedRows(host, id, controls, template) {
  latest += 1;
  const mine = latest;
  if (host.childElementCount === 0) {
    host.replaceChildren(...['watched-together', 'similar-story'].map((name) => filmRow({ title: t(name), match: true }).section));
  }
  try {
    const rows = await api.rows(id, kSize, { ...controls, reasons: true });
    if (mine !== latest) return;
    host.replaceChildren(...rows.map(({ name, items }) => {
      const row = filmRow({ title: t(name), sub: t(`${name}_sub`), match: true });
      row.fill(items, template);
      return row.section;
    }));
  } catch {
    if (mine === latest) host.replaceChildren();
  }
}
