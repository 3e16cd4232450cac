// My list: everything that was said of films, each taken back singly; to a file and from one.

import { reloadOnBack } from './address.js';
import { el, icon, kIcons, movieHref } from './dom.js';
import { header } from './header.js';
import { comma, t } from './i18n.js';
import { exported, imported, kKinds, mark, marks, unmark } from './marks.js';
import { findPlace } from './place.js';
import { tile } from './tile.js';
import { toast } from './toast.js';

const main = document.querySelector('#main');
const body = el('div', { class: 'my-lists' });
const said = el('p', { class: 'said', role: 'status' });

const titleOf = (entry) => entry.title ?? entry.id;

function takeBack(entry) {
  unmark(entry.id, entry.kind, entry.seed);
  toast(t('taken_back_of', { title: titleOf(entry) }), { label: t('undo'), act: () => mark(entry, entry.kind, entry.kind === 'not_similar' ? { id: entry.seed, title: entry.seedTitle } : null) });
}

function line(entry) {
  const facts = [entry.year || null, (entry.genres ?? []).slice(0, 2).map((name) => t(name)).join(comma), entry.kind === 'not_similar' ? t('not_similar_to', { title: entry.seedTitle ?? entry.seed }) : null].filter(Boolean).join(' · ');
  return el('li', { class: 'mark-item' },
    el('span', { class: 'mix-tile', 'aria-hidden': 'true' }, tile({ title: titleOf(entry), year: entry.year, genres: entry.genres, look: entry.look })),
    el('span', { class: 'mark-text' }, el('a', { href: movieHref(entry.id) }, titleOf(entry)), el('span', { class: 'quiet' }, facts)),
    entry.kind === 'save' ? el('button', {
      type: 'button', class: 'button button-quiet button-small', 'aria-label': `${t('mark_seen')}: ${titleOf(entry)}`,
      onclick: () => { unmark(entry.id, 'save'); mark(entry, 'seen'); },
    }, icon(kIcons.check), t('mark_seen')) : null,
    el('button', { type: 'button', class: 'button button-quiet button-small', 'data-id': entry.id, 'aria-label': t('take_back_of', { title: titleOf(entry) }), onclick: () => takeBack(entry) }, t('take_back')));
}

function draw() {
  const all = marks();
  const place = document.activeElement?.closest?.('.mark-item') ? [...body.querySelectorAll('.mark-item')].indexOf(document.activeElement.closest('.mark-item')) : -1;
  body.replaceChildren(...(all.length === 0
    ? [el('div', { class: 'notice' }, el('p', {}, t('my_list_empty')), el('p', { class: 'notice-actions' }, el('a', { class: 'button', href: '/' }, t('discover'))))]
    : kKinds.map((kind) => [kind, all.filter((entry) => entry.kind === kind)]).filter(([, list]) => list.length > 0).map(([kind, list]) => el('section', { class: 'my-list', 'aria-labelledby': `list-${kind}` },
      el('div', { class: 'row-head' }, el('h2', { id: `list-${kind}` }, t(`list_${kind}`)), el('p', { class: 'row-sub' }, [t('mark_count', { n: list.length }), t(`list_${kind}_sub`)].join(' · '))),
      el('ul', { class: 'mark-list' }, list.map(line))))));
  if (place < 0) return;
  const items = body.querySelectorAll('.mark-item');
  (items[Math.min(place, items.length - 1)]?.querySelector('button[data-id]') ?? body.querySelector('a'))?.focus();
}

function save() {
  const link = el('a', { href: URL.createObjectURL(new Blob([exported()], { type: 'application/json' })), download: 'sparrow-list.json' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const file = el('input', { type: 'file', id: 'import-marks', accept: '.json,application/json' });
file.addEventListener('change', async () => {
  if (file.files.length === 0) return;
  try {
    said.textContent = t('imported_marks', { n: imported(await file.files[0].text()) });
  } catch {
    said.textContent = t('import_failed');
  }
  file.value = '';
});

header();
reloadOnBack();
document.title = `${t('my_list')} · Sparrow`;
main.replaceChildren(el('div', { class: 'page-head' }, el('h1', {}, t('my_list')), el('p', { class: 'page-sub' }, t('my_list_lead')),
  el('div', { class: 'toolbar' },
    el('button', { type: 'button', class: 'button button-quiet button-small', onclick: save }, t('export_marks')),
    el('label', { class: 'button button-quiet button-small file-button' }, t('import_marks'), file)),
  said), body);
draw();
findPlace();
addEventListener('markschange', draw);
