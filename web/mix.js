// Two or three films to be like, and one not to be like: the blend. Kept in the address
// (?like=1,589&not=364).

import * as api from './api.js';
import { card, skeletonCards } from './card.js';
import { remember } from './controls.js';
import { el, notice } from './dom.js';
import { t } from './i18n.js';
import { searchBox } from './search.js';

const kMost = 5;

export function mixSection(parameters) {
  const ids = (name) => (parameters.get(name) ?? '').split(',').filter(Boolean).slice(0, kMost);
  const picked = new Map();  // id -> {movie, not}
  const list = el('ul', { class: 'mix-list' });
  const result = el('div', { class: 'grid', 'aria-live': 'polite' });
  const heading = el('h3', { hidden: true }, t('the_blend'));

  const side = (not) => [...picked.entries()].filter(([, entry]) => entry.not === not).map(([id]) => id);

  const show = async () => {
    const like = side(false);
    const unlike = side(true);
    remember({ like: like.join(','), not: unlike.join(',') });
    list.replaceChildren(...[...picked.entries()].map(([id, entry]) => el('li', { class: entry.not ? 'mix-item is-not' : 'mix-item' },
      el('span', {}, entry.movie.title, entry.movie.year ? ` (${entry.movie.year})` : ''),
      el('button', { type: 'button', class: 'button button-quiet', 'aria-pressed': String(entry.not), onclick: () => { entry.not = !entry.not; show(); } }, entry.not ? t('mix_like') : t('mix_not')),
      el('button', { type: 'button', class: 'button button-quiet', 'aria-label': `${t('remove')}: ${entry.movie.title}`, onclick: () => { picked.delete(id); show(); } }, '×'))));
    heading.hidden = like.length === 0;
    if (like.length === 0) {
      result.replaceChildren();
      return;
    }
    if (result.childElementCount === 0) result.replaceChildren(...skeletonCards(6, true));
    try {
      const [answer, settings] = await Promise.all([api.mix(like, unlike, 12), api.config()]);
      result.replaceChildren(...answer.items.map((movie) => card(movie, settings.poster_url_template)));
    } catch (error) {
      result.replaceChildren(notice({ title: t('failed'), text: error.message, retry: show }));
    }
  };

  const add = (movie, not = false) => {
    if (picked.size >= kMost && !picked.has(movie.id)) picked.delete(picked.keys().next().value);
    picked.set(movie.id, { movie, not });
  };
  const restore = async () => {
    for (const [name, not] of [['like', false], ['not', true]]) {
      for (const id of ids(name)) {
        try {
          add(await api.item(id), not);
        } catch { /* an id that is gone */ }
      }
    }
    if (picked.size > 0) show();
  };
  restore();
  return el('section', { class: 'mix', 'aria-labelledby': 'mix-heading' },
    el('h2', { id: 'mix-heading' }, t('mix_title')),
    el('p', { class: 'quiet' }, t('mix_help')),
    searchBox({ label: t('mix_add'), onPick: (movie) => { add(movie); show(); } }),
    list, heading, result);
}
