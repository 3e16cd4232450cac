// The drawer that answers "why this film?" and "why not that one?".

import * as api from './api.js';
import { el, formatCount, formatFixed, movieHref } from './dom.js';
import { drawer } from './drawer.js';
import { comma, reasonLine, t } from './i18n.js';
import { searchBox } from './search.js';
import { serverText } from './server_texts.js';
import { tile } from './tile.js';

const kPartNames = { behavior: 'behavior', 'behavior (expected from content)': 'behavior', content: 'content', closeness: 'closeness', popularity: 'popularity_part', 'mutual proximity': 'mutual' };

function partBars(parts) {
  // All bars on one scale from a common zero: what is against the film goes to the left.
  const values = parts.map(({ value }) => value);
  const least = Math.min(0, ...values);
  const span = Math.max(0.1, ...values) - least;
  const percent = (value) => `${(100 * value) / span}%`;
  return el('section', {}, el('h3', {}, t('parts')), el('table', { class: 'parts' },
    el('caption', { class: 'visually-hidden' }, t('parts')),
    el('tbody', {}, parts.map(({ name, value }) => {
      const bar = el('span', { class: value < 0 ? 'part-bar is-negative' : 'part-bar', 'aria-hidden': 'true' }, el('span', { class: 'part-fill' }));
      bar.style.setProperty('--zero', percent(-least));
      bar.style.setProperty('--from', percent(Math.min(0, value) - least));
      bar.style.setProperty('--part', percent(Math.abs(value)));
      return el('tr', {}, el('th', { scope: 'row' }, t(kPartNames[name] ?? name)), el('td', { class: 'part' }, bar), el('td', { class: 'number' }, formatFixed(value, 2)));
    }))));
}

function sharedFacts(shared, together) {
  const rows = [];
  const add = (key, list) => { if (list?.length) rows.push([t(key), list.slice(0, 6).join(comma)]); };
  if (together?.users > 0) rows.push([t('shared_viewers'), t('shared_viewers_text', { n: together.users, expected: together.expected.toFixed(0), x: together.lift.toFixed(1) })]);
  add('series_fact', shared.series ? [shared.series] : []);
  add('directors', shared.directors);
  add('actors', shared.actors);
  add('tags', shared.tags);
  add('keywords', shared.keywords);
  add('genres', shared.genres?.map((name) => t(name)));
  if (Number.isFinite(shared.years_apart)) rows.push([t('years_apart'), String(shared.years_apart)]);
  return rows.length === 0 ? null : el('section', {}, el('h3', {}, t('in_common')),
    el('dl', { class: 'film-details' }, rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))));
}

// What the match is made of, about: its points, shared out to what people did, the story, the people
// and the years. Behaviour and content are what the model says; within content the facts in common
// are counted.
function sharesOf({ score, parts, shared }) {
  const points = Math.round(score);
  const isContent = (name) => name === 'content';
  const sum = (list) => list.reduce((total, { value }) => total + Math.max(0, value), 0);
  const content = sum(parts.filter(({ name }) => isContent(name)));
  const audience = sum(parts.filter(({ name }) => !isContent(name)));
  const all = content + audience;
  const people = 2 * ((shared.directors?.length ?? 0) + (shared.series ? 2 : 0)) + (shared.actors?.length ?? 0);
  const story = 1 + 2 * (shared.tags?.length ?? 0) + 2 * (shared.keywords?.length ?? 0) + (shared.genres?.length ?? 0);
  const era = Number.isFinite(shared.years_apart) && shared.years_apart <= 10 ? 1 - shared.years_apart / 12 : 0;
  const ofContent = all > 0 ? content / all : 1;
  const weight = story + people + era;
  const exact = [['share_audience', 1 - ofContent], ['share_story', (ofContent * story) / weight], ['share_people', (ofContent * people) / weight], ['share_era', (ofContent * era) / weight]]
    .map(([name, share]) => ({ name, value: Math.floor(share * points), rest: (share * points) % 1 }));
  // Whole points that add up: those with the largest rests get what rounding left.
  let left = points - exact.reduce((total, { value }) => total + value, 0);
  for (const one of [...exact].sort((a, b) => b.rest - a.rest)) if (left > 0) { one.value += 1; left -= 1; }
  return exact;
}

function shareBars(answer) {
  return el('section', {}, el('h3', {}, t('share_help', { n: Math.round(answer.score) })), el('table', { class: 'shares' },
    el('caption', { class: 'visually-hidden' }, t('parts')),
    el('tbody', {}, sharesOf(answer).map(({ name, value }) => {
      const bar = el('span', { class: 'share-bar', 'aria-hidden': 'true' }, el('span', { class: 'share-fill' }));
      bar.firstChild.style.setProperty('--share', `${value}%`);
      return el('tr', {}, el('th', { scope: 'row' }, t(name)), el('td', {}, bar), el('td', { class: 'number' }, String(value)));
    }))));
}

function explanation(answer, seed) {
  const found = answer.channels.filter(({ rank }) => rank !== null);
  const { item } = answer;
  const reason = reasonLine({ ...answer.shared, together: answer.together }, answer.reason);
  return el('div', { class: 'explanation' },
    el('div', { class: 'explanation-head' },
      el('div', { class: 'explanation-tile' }, tile(item)),
      el('div', {},
        el('p', { class: 'explanation-title' }, el('a', { href: movieHref(item.id) }, item.title), item.year ? ` (${item.year})` : ''),
        el('p', { class: 'explanation-score' }, el('strong', {}, String(Math.round(answer.score))), ` / 100 · ${answer.rank ? t('rank_of', { rank: formatCount(answer.rank), all: formatCount(answer.ranked) }) : t('not_ranked')}`),
        el('p', { class: 'explanation-sentence' }, t('why_sentence', { title: item.title, seed: seed.title, text: reason })))),
    answer.why_not.length > 0 ? el('section', { class: 'against' }, el('h3', {}, t('against')), el('ul', {}, answer.why_not.map((text) => el('li', {}, serverText(text))))) : null,
    answer.score > 0 ? shareBars(answer) : null,
    sharedFacts(answer.shared, answer.together),
    answer.parts.length > 0 || found.length > 0 ? el('details', { class: 'engineer' }, el('summary', {}, t('engineer_details')),
      answer.parts.length > 0 ? partBars(answer.parts) : null,
      found.length > 0 ? el('section', {}, el('h3', {}, t('found_by')), el('ul', { class: 'tags' }, found.map(({ name, rank }) => el('li', { class: 'tag' }, t(`channel_${name}`), el('span', { class: 'tag-count' }, ` #${formatCount(rank)}`))))) : null) : null);
}

async function fill(host, seed, item, controls) {
  host.replaceChildren(el('p', {}, t('loading')));
  try {
    host.replaceChildren(explanation(await api.explain(seed.id, item, controls), seed));
  } catch (error) {
    host.replaceChildren(el('div', { role: 'alert' }, el('p', {}, t('failed_because', { text: error.message })),
      el('button', { type: 'button', class: 'button button-small', onclick: () => fill(host, seed, item, controls) }, t('retry'))));
  }
}

// Opens the drawer that explains one film of the seed's list.
export function why(seed, movie, controls) {
  const host = el('div', { 'aria-live': 'polite' });
  drawer(t('why_this'), host);
  fill(host, seed, movie.id, controls);
}

// Opens the drawer that asks for a film one misses and explains why it is not there.
export function whyNot(seed, controls) {
  const host = el('div', { class: 'why-not-answer', 'aria-live': 'polite' });
  const box = searchBox({ label: t('why_not_find'), onPick: (movie) => fill(host, seed, movie.id, controls) });
  drawer(t('why_not'), el('div', {}, el('p', { class: 'quiet' }, t('why_not_help')), box, host)).querySelector('input')?.focus();
}
