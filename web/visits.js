// What this browser remembers, and only this browser: films looked at, films hidden, and a name
// for feedback that tells nothing about the person.

const kMostLooked = 8;
const kMostHidden = 200;

function read(key) {
  try {
    const list = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

function write(key, list) {
  try {
    localStorage.setItem(key, JSON.stringify(list));
  } catch { /* private mode: nothing is remembered */ }
}

export const looked = () => read('looked').slice(0, 3);

export function lookAt(id) {
  write('looked', [id, ...read('looked').filter((other) => other !== id)].slice(0, kMostLooked));
}

// Ids to leave out of this film's lists: hidden and seen films everywhere ("id"), films that are
// not similar for this film only ("seed/id").
export function hiddenFor(seed) {
  const own = `${seed}/`;
  return read('hidden').filter((entry) => !entry.includes('/') || entry.startsWith(own))
    .map((entry) => (entry.startsWith(own) ? entry.slice(own.length) : entry));
}

const entryOf = (seed, id, kind) => (kind === 'not_similar' ? `${seed}/${id}` : id);

export function hideFilm(seed, id, kind) {
  const entry = entryOf(seed, id, kind);
  write('hidden', [entry, ...read('hidden').filter((other) => other !== entry)].slice(0, kMostHidden));
}

export function unhideFilm(seed, id, kind) {
  write('hidden', read('hidden').filter((other) => other !== entryOf(seed, id, kind)));
}

export function forgetHidden(seed, ids) {
  const gone = new Set([...ids, ...hiddenFor(seed)]);
  write('hidden', read('hidden').filter((entry) => !gone.has(entry) && !gone.has(entry.startsWith(`${seed}/`) ? entry.slice(seed.length + 1) : entry)));
}

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
