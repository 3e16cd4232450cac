// The live tail: the newest events, filtered by type and by user, item or request; it can be paused.

import { remember } from './address.js';
import * as api from './api.js';
import { el, movieHref } from './dom.js';
import { t } from './i18n.js';
import { choose, control, panel, token } from './page.js';
import { table } from './table.js';

const kEveryMs = 2000;
const kRows = 60;
const kTypingMs = 350;
const kKnownTypes = ['impression', 'click', 'play', 'watch_seconds', 'complete', 'like', 'dislike', 'hide', 'seen', 'not_similar', 'purchase', 'rating', 'search'];
const kFields = { user: 'user', item: 'item', request: 'request_id' };

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const when = (event) => {
  const at = new Date(event.time);
  const old = Date.now() - at > 864e5 / 2;
  return el('time', { datetime: at.toISOString(), title: at.toISOString() }, old ? at.toISOString().slice(5, 16).replace('T', ' ') : clock.format(at));
};
const short = (text, size = 18) => (text && text.length > size ? el('span', { title: text }, `${text.slice(0, size - 1)}…`) : text ?? '–');

const itemCell = (event) => {
  if (event.query) return `“${event.query}”`;
  if (!event.item) return '–';
  return event.title ? [el('a', { href: movieHref(event.item) }, event.title), ' ', el('small', {}, event.item)] : [el('code', {}, event.item), ' ', el('small', { class: 'is-bad' }, t('not_in_catalogue'))];
};
const amount = (event) => (event.value === undefined ? '' : event.type === 'watch_seconds' ? t('n_seconds', { n: Math.round(event.value) }) : String(Number(event.value.toPrecision(4))));

// `types()`: those that came in lately, beside the known ones.
export function tailPanel(types) {
  const address = new URLSearchParams(location.search);
  let [type, field, words] = [address.get('type') ?? '', address.get('by') ?? 'user', address.get('find') ?? ''];
  if (!Object.hasOwn(kFields, field)) field = 'user';
  let paused = false;
  let newest = '';
  let timer = 0;
  const host = el('div', { class: 'tail' });
  const asOf = el('p', { class: 'quiet' });
  const say = () => { asOf.textContent = t(paused ? 'paused_at' : 'tail_as_of', { time: clock.format(new Date()), s: kEveryMs / 1000 }); };

  const refresh = async () => {
    const wanted = { size: kRows, type, ...(words.trim() ? { [kFields[field]]: words.trim() } : {}) };
    const { events, searched } = await api.latestEvents(wanted, token());
    // What came since the last look is marked.
    const fresh = new Set();
    for (const event of events) {
      if (newest === '' || event.id === newest) break;
      fresh.add(event.id);
    }
    newest = events[0]?.id ?? newest;
    const filterLink = (name, text) => (text ? el('button', { type: 'button', class: 'tool tail-filter', title: text, onclick: () => seek(name, text) }, short(text)) : '–');
    host.replaceChildren(events.length === 0 ? el('p', { class: 'quiet' }, t('tail_none', { n: searched })) : table([
      { head: t('time'), cell: when },
      { head: t('type'), cell: (e) => el('span', { class: `badge is-type-${kKnownTypes.includes(e.type) ? e.type : 'own'} ${fresh.has(e.id) ? 'is-fresh' : ''}` }, e.type) },
      { head: t('item'), wrap: true, cell: itemCell },
      { head: t('who'), cell: (e) => filterLink('user', e.user || e.session) },
      { head: t('list_word'), wideOnly: true, cell: (e) => filterLink('request', e.request_id) },
      { head: t('position'), number: true, wideOnly: true, cell: (e) => e.position ?? '–' },
      { head: t('value'), number: true, cell: amount }], events, t('tail')));
    say();
  };
  const again = () => refresh().catch((error) => host.replaceChildren(el('p', { role: 'alert' }, t('failed_because', { text: error.message }))));
  const input = el('input', { id: 'tail-find', type: 'search', value: words, maxlength: 128, autocomplete: 'off' });
  const fields = choose('tail-by', Object.keys(kFields).map((name) => [name, t(`find_${name}`)]), field, (next) => seek(next, input.value));
  function seek(name, text) {
    [field, words] = [name, text];
    fields.value = name;
    if (input.value !== text) input.value = text;
    newest = '';
    remember({ by: words ? field : null, find: words });
    again();
  }
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => seek(field, input.value), kTypingMs);
  });
  const own = types().filter((name) => !kKnownTypes.includes(name));
  const kinds = choose('tail-type', [['', t('every_type')], ...[...kKnownTypes, ...own].map((name) => [name, name])], type, (next) => {
    type = next;
    newest = '';
    remember({ type });
    again();
  });
  const pause = el('button', { type: 'button', class: 'button button-quiet button-small', 'aria-pressed': 'false', onclick: () => {
    paused = !paused;
    pause.textContent = t(paused ? 'go_on' : 'pause');
    pause.setAttribute('aria-pressed', String(paused));
    if (paused) say();
    else again();
  } }, t('pause'));
  // Never while somebody has the focus in the rows or marks a text in them.
  const busy = () => host.contains(document.activeElement) || (getSelection()?.isCollapsed === false && host.contains(getSelection().anchorNode));
  setInterval(() => { if (!paused && !document.hidden && !busy()) again(); }, kEveryMs);
  const node = panel(t('tail'), el('p', { class: 'quiet' }, t('tail_help')),
    el('div', { class: 'toolbar' }, control(t('type'), kinds), control(t('tail_find'), input), control(t('tail_by'), fields), pause, asOf), host);
  return { node, refresh, paused: () => paused };
}
