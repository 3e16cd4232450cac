// Two or three films to be like, and one not to be like: the blend. Kept in the address
// (?like=1,589&not=364).

import { remember } from './address.js';
import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { el, icon, kIcons, notice } from './dom.js';
import { t } from './i18n.js';
import { searchBox } from './search.js';
import { tile } from './tile.js';

const kMost = 5;
const kBlend = 12;

export function mixSection(parameters) {
  const ids = (name) => (parameters.get(name) ?? '').split(',').filter(Boolean).slice(0, kMost);
  const picked = new Map();  // id -> {movie, not}
  const list = el('ul', { class: 'mix-list' });
  const result = el('div', { class: 'grid', 'aria-live': 'polite' });
  const heading = el('h3', { hidden: true }, t('the_blend'));
  const empty = el('p', { class: 'mix-empty' }, t('mix_empty'));

  let latest = 0;
  const side = (not) => [...picked.entries()].filter(([, entry]) => entry.not === not).map(([id]) => id);

  const show = async () => {
    const like = side(false);
    const unlike = side(true);
    remember({ like: like.join(','), not: unlike.join(',') });
    list.replaceChildren(...[...picked.entries()].map(([id, entry]) => el('li', { class: entry.not ? 'mix-item is-not' : 'mix-item' },
      el('span', { class: 'mix-tile' }, tile(entry.movie)),
      el('span', { class: 'mix-title' }, entry.movie.title, entry.movie.year ? ` (${entry.movie.year})` : ''),
      el('button', {
        type: 'button', class: 'button button-quiet button-small', 'aria-pressed': String(entry.not), 'aria-label': `${t('mix_not')}: ${entry.movie.title}`,
        onclick: () => { entry.not = !entry.not; show(); },
      }, t('mix_not')),
      el('button', {
        type: 'button', class: 'tool-icon', 'aria-label': `${t('remove')}: ${entry.movie.title}`, title: t('remove'),
        onclick: () => { picked.delete(id); show(); },
      }, icon(kIcons.close)))));
    heading.hidden = like.length === 0;
    empty.hidden = picked.size > 0;
    if (like.length === 0) {
      result.replaceChildren();
      return;
    }
    latest += 1;
    const mine = latest;
    result.setAttribute('aria-busy', 'true');
    if (result.childElementCount === 0) result.replaceChildren(...skeletonCards(kBlend, { match: true }));
    try {
      const [answer, settings] = await Promise.all([api.mix(like, unlike, kBlend), api.config()]);
      if (mine !== latest) return;
      result.replaceChildren(...answer.items.map((movie) => card(movie, settings.poster_url_template)));
    } catch (error) {
      if (mine !== latest) return;
      result.replaceChildren(notice({ title: t('failed'), text: error.message, retry: show }));
    }
    result.setAttribute('aria-busy', 'false');
  };

  const add = (movie, not = false) => {
    if (picked.size >= kMost && !picked.has(movie.id)) picked.delete(picked.keys().next().value);
    picked.set(movie.id, { movie, not });
  };
  // From the address; as tall as it will be while the films are asked for.
  const restore = async () => {
    const asked = [['like', false], ['not', true]].flatMap(([name, not]) => ids(name).map((id) => ({ id, not })));
    if (asked.length === 0) return;
    empty.hidden = true;
    heading.hidden = false;
    list.replaceChildren(...asked.map(() => el('li', { class: 'mix-item is-skeleton', 'aria-hidden': 'true' })));
    result.replaceChildren(...skeletonCards(kBlend, { match: true }));
    const films = await Promise.all(asked.map(({ id }) => api.item(id).catch(() => null)));  // an id may be gone
    films.forEach((movie, i) => { if (movie !== null) add(movie, asked[i].not); });
    show();
  };
  restore();
  return el('section', { class: 'mix', id: 'mix', 'aria-labelledby': 'mix-heading' },
    el('h2', { id: 'mix-heading' }, t('mix_title')),
    el('p', { class: 'quiet' }, t('mix_help')),
    searchBox({ label: t('mix_add'), onPick: (movie) => { add(movie); show(); } }),
    list, empty, heading, result);
}
