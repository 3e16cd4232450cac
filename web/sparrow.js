// sparrow.js: tells a Sparrow server which items of a list were really on the screen and which were
// clicked. No third party. The visit has a random id, kept in a cookie of this site that ends with
// the browser: the server puts lists of one visit into one variant of an experiment. For any page:
//
//   <script type="module">
//     import { watch } from '/sparrow.js';
//     watch(document.querySelector('#list'), { request: answer.request_id });
//   </script>
//
// Items are the elements with data-item="ID" (data-position, from 0; else their order). An item
// counts as seen when half of it stood on the screen for half a second.

const kSeenMs = 500;
const kShare = 0.5;
const kSendMs = 2000;
const kMost = 200; // events that wait; a server that is away costs no memory

let endpoint = '/api/v1/events';
let waiting = [];
let timer = null;

let visit = '';

// The visit's id.
export function session() {
  visit ||= document.cookie.match(/(?:^|; )sparrow-session=([a-z0-9.-]{8,64})/)?.[1] ?? '';
  if (visit) return visit;
  visit = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  document.cookie = `sparrow-session=${visit}; path=/; SameSite=Lax`;
  return visit;
}

// Where events go, when it is another server than the page's.
export function sendTo(url) { endpoint = url; }

export function flush() {
  clearTimeout(timer);
  timer = null;
  if (waiting.length === 0) return;
  const body = new Blob([JSON.stringify({ events: waiting })], { type: 'application/json' });
  waiting = [];
  if (!navigator.sendBeacon?.(endpoint, body)) fetch(endpoint, { method: 'POST', body, headers: { 'Content-Type': 'application/json' }, keepalive: true }).catch(() => {});
}

// One event: type, item, and what else the server takes (docs/experiments.md).
export function send(event) {
  const id = `${session()}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  if (waiting.length < kMost) waiting.push({ id, time: Date.now(), session: session(), ...event });
  timer ??= setTimeout(flush, kSendMs);
}

const watched = new WeakMap(); // element -> what its list said
const timers = new Map();

const observer = 'IntersectionObserver' in window ? new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    clearTimeout(timers.get(target));
    timers.delete(target);
    const list = watched.get(target);
    if (!isIntersecting || !list) continue;
    timers.set(target, setTimeout(() => {
      timers.delete(target);
      observer.unobserve(target);
      send({ type: 'impression', ...list });
    }, kSeenMs));
  }
}, { threshold: kShare }) : null;

// Sends impressions and clicks of the items in `root` that are not watched yet. `request`: the
// list's request_id; `user`: your own id of the viewer, if they are known; `first`: how many items
// of earlier lists stand before this one's.
export function watch(root, { request, user, first = 0 } = {}) {
  [...root.querySelectorAll('[data-item]')].forEach((node, i) => {
    if (watched.has(node)) return;
    const list = { item: node.dataset.item, request_id: request, position: Number(node.dataset.position ?? Math.max(0, i - first)) };
    if (user) list.user = user;
    watched.set(node, list);
    observer?.observe(node);
    node.addEventListener('click', () => { send({ type: 'click', ...list }); flush(); }, { capture: true });
  });
}

addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') flush(); });
addEventListener('pagehide', flush);
