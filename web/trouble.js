// When the server does not answer: what is on the screen stays, and a bar over the bottom edge says
// what happened and tries again, by itself and by its button. Modules that are loaded late are
// loaded through here.

import { el } from './dom.js';
import { t } from './i18n.js';

const kPausesS = [5, 10, 20, 30];

const waiting = new Map();  // what -> retry()
let bar = null;
let timer = 0;
let tries = 0;

function show(text) {
  bar ??= { said: el('span', {}), next: el('span', { class: 'quiet', 'aria-hidden': 'true' }), button: el('button', { type: 'button', class: 'tool', onclick: () => again() }, t('try_now')) };
  if (bar.said.textContent !== text) bar.said.textContent = text;
  bar.button.disabled = false;
  if (!bar.node) bar.node = el('div', { class: 'trouble', role: 'alert' }, bar.said, bar.next, bar.button);
  if (!bar.node.isConnected) document.body.append(bar.node);
  wait();
}

function wait() {
  clearInterval(timer);
  let left = kPausesS[Math.min(tries, kPausesS.length - 1)];
  const say = () => { bar.next.textContent = t('again_in', { n: left }); };
  say();
  timer = setInterval(() => {
    if (document.hidden) return;
    left -= 1;
    if (left > 0) say();
    else again();
  }, 1000);
}

async function again() {
  clearInterval(timer);
  tries += 1;
  bar.button.disabled = true;
  bar.next.textContent = t('trying');
  const all = [...waiting.entries()];
  waiting.clear();
  // Each says again what fails.
  await Promise.all(all.map(([, retry]) => Promise.resolve().then(retry).catch(() => {})));
  if (waiting.size === 0) calm();
}

function calm() {
  clearInterval(timer);
  tries = 0;
  bar?.node?.remove();
}

// Says that something failed. `what` names it: of several failures of one thing the last is tried
// again. `retry()` calls trouble() again where it fails again.
export function trouble(what, error, retry) {
  waiting.set(what, retry);
  const lost = !(error?.status > 0);
  show(lost ? t('server_gone') : t('went_wrong', { text: error.message }));
}

// The thing works again.
export function overcome(what) {
  if (waiting.delete(what) && waiting.size === 0) calm();
}

let attempts = 0;

// A module of this folder; waits, and says so, until it is there. Browsers remember a module that
// failed, so that each further try has another address.
export function lazy(name, query = '') {
  return new Promise((done) => {
    const load = () => import(`./${name}${query}`).then((module) => {
      overcome(name);
      done(module);
    }, (error) => {
      attempts += 1;
      trouble(name, error, () => lazy(name, `?again=${attempts}`).then(done));
    });
    load();
  });
}
