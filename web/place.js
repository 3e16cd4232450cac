// Back and Forward find the place of the page that was left, also where the browser has not kept
// the page: the place is in the entry of the history.

const kRestMs = 150;

const came = performance.getEntriesByType('navigation')[0]?.type;
let wanted = came === 'back_forward' || came === 'reload' ? history.state?.place ?? null : null;
let leaving = false;

export function keepPlace() {
  if (wanted === null && !leaving) history.replaceState({ ...history.state, place: Math.round(scrollY) }, '');
}

// The page is made again for another entry: its place is not that of this scroll bar.
export function leave() { leaving = true; }

// Whether a place is still to be found: the page must then be as tall as it was.
export const isReturning = () => wanted !== null;

// Once what fills the page is there.
export function findPlace() {
  if (wanted === null) return;
  const top = wanted;
  wanted = null;
  if (Math.abs(scrollY - top) > 2) scrollTo({ top, behavior: 'instant' });
}

let timer = 0;
addEventListener('scroll', () => {
  clearTimeout(timer);
  timer = setTimeout(keepPlace, kRestMs);
}, { passive: true });
addEventListener('click', keepPlace, { capture: true });
addEventListener('pagehide', keepPlace);
// Whoever scrolls has found a place.
for (const name of ['wheel', 'touchstart', 'keydown']) addEventListener(name, () => { wanted = null; }, { passive: true });
