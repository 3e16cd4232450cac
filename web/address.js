// The state of a page is in its address, so that it can be shared and found again.

import { keepPlace, leave } from './place.js';

export const kFilters = ['year_min', 'year_max', 'genres', 'same_series', 'user', 'model'];
export const kControls = ['popularity', 'diversity', ...kFilters];
export const kPageSize = 24;  // whole rows of 2, 3, 4, 6 and 8 cards
export const kMostShown = 192;
// With a condition a list reaches far: films that hardly anybody liked then come to the front by
// chance. So many people must have liked one, unless the address says few=1.
export const kEvidence = 3;

let shown = location.search;

const number = (least, most) => (text) => text.trim() !== '' && Number(text) >= least && Number(text) <= most;
const year = (text) => /^\d{4}$/.test(text.trim());
const kSound = {
  popularity: number(-1, 1), diversity: number(0, 1), year_min: year, year_max: year,
  same_series: (text) => text === 'true' || text === 'false', user: (text) => text.length <= 128,
  show: (text) => /^\d{1,4}$/.test(text), few: (text) => text === '1',
};

// The parameters of the address without what makes no sense; `wrong`: "name=value" of that.
export function soundParameters() {
  const parameters = new URLSearchParams(location.search);
  const wrong = [];
  for (const [name, sound] of Object.entries(kSound)) {
    const value = parameters.get(name);
    if (value === null || value === '' || sound(value)) continue;
    wrong.push(`${name}=${value.slice(0, 40)}`);
    parameters.delete(name);
  }
  const [first, last] = [parameters.get('year_min'), parameters.get('year_max')];
  if (first && last && Number(first) > Number(last)) {
    wrong.push(`year_max=${last}`);
    parameters.delete('year_max');
  }
  parameters.delete('hidden');  // of older links: what one person hides is nobody else's
  return { parameters, wrong };
}

export const isFiltered = (parameters) => ['year_min', 'year_max', 'genres'].some((name) => (parameters.get(name) ?? '') !== '') || Number(parameters.get('popularity')) < 0;
export const wantsEvidence = (parameters) => isFiltered(parameters) && parameters.get('few') !== '1';

// The controls that the address asks for, as query parameters of the API; `hide`: ids to leave out,
// with commas between.
export function controlsOf(parameters, hide = '') {
  const controls = {};
  for (const name of kControls) {
    const value = parameters.get(name);
    if (value !== null && value !== '') controls[name] = value;
  }
  if (wantsEvidence(parameters)) controls.filter = `ratings >= ${kEvidence}`;
  if (hide !== '') controls.hide = hide;
  return controls;
}

// How many films the address asks for, in whole pages.
export function firstSizeOf(parameters) {
  const asked = Number.parseInt(parameters.get('show') ?? '', 10);
  return Number.isFinite(asked) ? Math.min(kMostShown, Math.max(kPageSize, Math.ceil(asked / kPageSize) * kPageSize)) : kPageSize;
}

// Writes changes into the address (null or '' removes) and answers with all its parameters.
// `newEntry`: the Back button leads to the state before.
export function remember(changes, newEntry = false) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href !== location.href) {
    if (newEntry) {
      keepPlace();
      history.pushState(null, '', url);
    } else history.replaceState(history.state, '', url);
  }
  shown = url.search;
  return new URLSearchParams(url.search);
}

// Back and Forward between states of one page: the page is made again from its address.
export function reloadOnBack() {
  addEventListener('popstate', () => {
    if (location.search === shown) return;
    leave();
    location.reload();
  });
}
