// Which films this browser looked at last, kept in this browser only.

const kKey = 'looked';
const kMost = 8;

export function looked() {
  try {
    const ids = JSON.parse(localStorage.getItem(kKey) ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string').slice(0, 3) : [];
  } catch {
    return [];
  }
}

export function lookAt(id) {
  try {
    const ids = JSON.parse(localStorage.getItem(kKey) ?? '[]');
    localStorage.setItem(kKey, JSON.stringify([id, ...(Array.isArray(ids) ? ids : []).filter((other) => other !== id)].slice(0, kMost)));
  } catch { /* private mode */ }
}

// A name for feedback that tells nothing about the person.
export function visitor() {
  try {
    let name = localStorage.getItem('visitor');
    if (!name) {
      name = `web-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
      localStorage.setItem('visitor', name);
    }
    return name;
  } catch {
    return 'web';
  }
}
