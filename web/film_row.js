// A row of films that scrolls sideways, with a heading and two buttons.

import { card, skeletonCards } from './card.js';
import { el, icon, kIcons } from './dom.js';
import { t } from './i18n.js';
import { spread } from './tile.js';

let rows = 0;

// `count`: grey cards until `fill` is called; `reasons`: whether cards will carry a reason.
export function filmRow({ title, href = null, sub = null, count = 8, match = false }) {
  rows += 1;
  const id = `row-${rows}`;
  const track = el('div', { class: 'row-track', tabindex: 0, role: 'group', 'aria-labelledby': id }, skeletonCards(count, { match }));
  const scroll = (direction) => track.scrollBy({ left: direction * track.clientWidth * 0.85, behavior: 'smooth' });
  const button = (key, path, direction) => el('button', {
    class: 'round', type: 'button', 'aria-label': `${title}: ${t(key)}`, disabled: direction < 0, onclick: () => scroll(direction),
  }, icon(path));
  const back = button('back', kIcons.left, -1);
  const on = button('forward', kIcons.right, 1);
  const update = () => {
    back.disabled = track.scrollLeft < 4;
    on.disabled = track.scrollLeft + track.clientWidth > track.scrollWidth - 4;
  };
  track.addEventListener('scroll', update, { passive: true });
  const section = el(
    'section',
    { class: 'row', 'aria-labelledby': id, 'aria-busy': 'true' },
    el('div', { class: 'row-head' },
      el('h2', { id }, href ? el('a', { href }, title) : title),
      sub ? el('p', { class: 'row-sub' }, sub) : null,
      el('div', { class: 'row-buttons' }, back, on)),
    track,
  );
  const fill = (items) => {
    track.replaceChildren(...spread(items).map((movie) => card(movie)));
    section.setAttribute('aria-busy', 'false');
    requestAnimationFrame(update);
  };
  return { section, track, fill };
}
