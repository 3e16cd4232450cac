// The state of a page is in its address, so that it can be shared and found again.

export const kFilters = ['year_min', 'year_max', 'genres', 'same_series', 'user', 'model'];
export const kControls = ['popularity', 'diversity', ...kFilters];
export const kPageSize = 24;  // whole rows of 2, 3, 4, 6 and 8 cards
export const kMostShown = 192;

let shown = location.search;

// The controls that the address asks for, as query parameters of the API; `hidden`: ids that
// this browser hides besides those in the address.
export function controlsOf(parameters, hidden = []) {
  const controls = {};
  for (const name of kControls) {
    const value = parameters.get(name);
    if (value !== null && value !== '') controls[name] = value;
  }
  const ids = new Set([...(parameters.get('hidden') ?? '').split(',').filter(Boolean), ...hidden]);
  if (ids.size > 0) controls.hide = [...ids].join(',');
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
  if (url.href !== location.href) history[newEntry ? 'pushState' : 'replaceState'](null, '', url);
  shown = url.search;
  return new URLSearchParams(url.search);
}

// Back and Forward between states of one page: the page is made again from its address.
export function reloadOnBack() {
  addEventListener('popstate', () => {
    if (location.search !== shown) location.reload();
  });
}
