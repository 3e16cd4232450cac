// What the person in front of this browser said of films: saved for later, seen, hidden, or not
// similar to one film. All marks live here and nowhere else; every list asks, and every mark can be
// taken back singly.

const kKey = 'marks';
const kOldKey = 'hidden';  // before: "id", or "seed/id" for what is not similar
const kMost = 2000;
// What fits into an address beside the rest; the answer is sifted here once more.
const kAskBytes = 1400;

export const kKinds = ['save', 'seen', 'hide', 'not_similar'];

let cache = null;

function sound(entry) {
  return entry !== null && typeof entry === 'object' && typeof entry.id === 'string' && entry.id !== '' && kKinds.includes(entry.kind)
    && (entry.kind !== 'not_similar' || typeof entry.seed === 'string');
}

function fromOld(text) {
  const list = JSON.parse(text ?? '[]');
  return (Array.isArray(list) ? list : []).filter((entry) => typeof entry === 'string').map((entry) => {
    const slash = entry.indexOf('/');
    return slash < 0 ? { id: entry, kind: 'hide' } : { id: entry.slice(slash + 1), kind: 'not_similar', seed: entry.slice(0, slash) };
  });
}

function read() {
  if (cache !== null) return cache;
  try {
    const text = localStorage.getItem(kKey);
    const list = text === null ? fromOld(localStorage.getItem(kOldKey)) : JSON.parse(text);
    cache = (Array.isArray(list) ? list : []).filter(sound);
  } catch {
    cache = [];
  }
  return cache;
}

function write(list) {
  cache = list.slice(0, kMost);
  try {
    localStorage.setItem(kKey, JSON.stringify(cache));
    localStorage.removeItem(kOldKey);
  } catch { /* private mode: remembered until the page is left */ }
  dispatchEvent(new Event('markschange'));
}

// Another tab has said something.
addEventListener('storage', ({ key }) => {
  if (key !== kKey && key !== null) return;
  cache = null;
  dispatchEvent(new Event('markschange'));
});

const same = (a, { id, kind, seed = null }) => a.id === id && a.kind === kind && (kind !== 'not_similar' || a.seed === seed);

// Newest first: {id, kind, seed, seedTitle, title, year, genres, look, at}.
export const marks = () => [...read()];

export const isMarked = (id, kind, seed = null) => read().some((entry) => same(entry, { id, kind, seed }));

// `seed`: the film that `movie` is not similar to; only of not_similar.
export function mark(movie, kind, seed = null) {
  const entry = {
    id: String(movie.id), kind, ...(kind === 'not_similar' && seed ? { seed: seed.id, seedTitle: seed.title } : {}),
    title: movie.title, year: movie.year, genres: (movie.genres ?? []).slice(0, 5), look: movie.look, at: new Date().toISOString(),
  };
  write([entry, ...read().filter((other) => !same(other, { ...entry }))]);
}

export function unmark(id, kind, seed = null) {
  write(read().filter((other) => !same(other, { id, kind, seed })));
}

// The mark that keeps a film out of lists (of this seed, or of any); null: none does.
export function keptOutBy(id, seed = null) {
  return read().find((entry) => entry.id === id && (entry.kind === 'hide' || entry.kind === 'seen' || (entry.kind === 'not_similar' && entry.seed === seed))) ?? null;
}

// Ids to leave out of this film's lists, newest first.
export const leftOut = (seed = null) => [...new Set(read().filter(({ id, kind, seed: of }) => id !== seed && (kind === 'hide' || kind === 'seen' || (kind === 'not_similar' && of === seed))).map(({ id }) => id))];

// As many of them as an address has room for; the parameter `hide` of the API.
export function askToHide(seed = null, first = [], bytes = kAskBytes) {
  const chosen = [];
  let room = bytes;
  for (const id of new Set([...first, ...leftOut(seed)])) {
    room -= encodeURIComponent(id).length + 3;
    if (room < 0) break;
    chosen.push(id);
  }
  return chosen.join(',');
}

// What of a list may be shown.
export const allowed = (items, seed = null) => items.filter(({ id }) => keptOutBy(id, seed) === null);

export const exported = () => JSON.stringify({ sparrow: 'marks', version: 1, marks: read() }, null, 2);

// Takes in what exported() gave; answers how many are new. Throws where it is something else.
export function imported(text) {
  const given = JSON.parse(text);
  const list = Array.isArray(given) ? given : given?.marks;
  if (!Array.isArray(list)) throw new Error('not a list');
  const known = read();
  const fresh = list.filter(sound).filter((entry) => !known.some((other) => same(other, entry)))
    .map(({ id, kind, seed, seedTitle, title, year, genres, at }) => ({
      id, kind, ...(kind === 'not_similar' ? { seed, seedTitle: typeof seedTitle === 'string' ? seedTitle : seed } : {}),
      title: typeof title === 'string' ? title : id, year: Number.isFinite(year) ? year : 0,
      genres: (Array.isArray(genres) ? genres : []).filter((name) => typeof name === 'string').slice(0, 5), at: typeof at === 'string' ? at : '',
    }));
  write([...known, ...fresh]);
  return fresh.length;
}
