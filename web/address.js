// The state of a page is in its address, so that it can be shared and found again.

let shown = location.search;

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
