// What people said about pairs, and one list of a model that can be graded.

import * as api from './api.js';
import { el, movieHref } from './dom.js';
import { comma, t } from './i18n.js';
import { tile } from './tile.js';

export const kTen = 10;
export const kReasons = ['same series', 'too popular', 'wrong tone', 'unsuitable'];
export const kReasonKeys = ['s', 'p', 't', 'u'];

// Grades of all graders. A pair's grade for NDCG is the mean; the grade shown is the grader's own.
export class Grades {
  constructor(judgements) {
    this.pairs = new Map();  // "seed/item" -> Map(grader -> {grade, reason})
    for (const judgement of judgements) this.add(judgement);
  }

  // `grade` null: taken back.
  add({ seed, item, grader, grade, reason = '' }) {
    const key = `${seed}/${item}`;
    const said = this.pairs.get(key) ?? new Map();
    if (grade === null) said.delete(grader);
    else said.set(grader, { grade, reason });
    if (said.size > 0) this.pairs.set(key, said);
    else this.pairs.delete(key);
  }

  of(seed, item, grader) {
    return this.pairs.get(`${seed}/${item}`)?.get(grader) ?? null;
  }

  mean(seed, item) {
    const said = [...(this.pairs.get(`${seed}/${item}`)?.values() ?? [])];
    return said.length === 0 ? null : said.reduce((sum, { grade }) => sum + grade, 0) / said.length;
  }
}

// How good the judged part of a list is: normalised discounted cumulative gain (Järvelin &
// Kekäläinen 2002) with gain 2^grade - 1; the ideal order is that of all judged pairs of the seed.
export function quality(grades, seed, items) {
  const judged = items.map(({ id }) => grades.mean(seed, id));
  const prefix = `${seed}/`;
  const all = [...grades.pairs.keys()].filter((key) => key.startsWith(prefix))
    .map((key) => grades.mean(seed, key.slice(prefix.length))).sort((a, b) => b - a).slice(0, kTen);
  const gain = (list) => list.reduce((sum, grade, i) => sum + ((2 ** (grade ?? 0)) - 1) / Math.log2(i + 2), 0);
  const ideal = gain(all);
  const known = judged.filter((grade) => grade !== null);
  return {
    judged: known.length,
    ndcg: ideal > 0 && known.length > 0 ? gain(judged) / ideal : null,
    mean: known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null,
  };
}

export const qualityText = (q) => `${t('judged_at')} ${q.judged}/${kTen} · NDCG@10 ${q.ndcg === null ? '–' : q.ndcg.toFixed(2)}`;

// How a film moved against the first list.
function moved(first, id, rank) {
  if (first === null) return null;
  const before = first.findIndex((movie) => movie.id === id);
  if (before < 0) return el('span', { class: 'mark is-new' }, t('new_mark'));
  if (before === rank) return el('span', { class: 'mark', title: t('same_place') }, '=');
  const up = before > rank;
  return el('span', { class: up ? 'mark is-up' : 'mark is-down' }, el('span', { 'aria-hidden': 'true' }, up ? '↑' : '↓'),
    el('span', { class: 'visually-hidden' }, t(up ? 'moved_up' : 'moved_down')), String(Math.abs(before - rank)));
}

// One film of a list: 0..3 grade it, Backspace takes the grade back, letters name a reason; only
// while it has the focus.
export function gradedFilm({ seed, movie, rank, first, bench }) {
  const chip = el('span', { class: 'grade' });
  const node = el('li', { class: 'judged', tabindex: 0 },
    el('span', { class: 'judged-rank' }, String(rank + 1)),
    el('span', { class: 'judged-tile', 'aria-hidden': 'true' }, tile(movie)),
    el('span', { class: 'judged-text' },
      el('a', { href: movieHref(movie.id), tabindex: -1, title: movie.title }, movie.title),
      el('span', { class: 'judged-line' },
        el('span', { class: 'judged-facts' }, [movie.year || null, (movie.genres ?? []).slice(0, 2).map((name) => t(name)).join(comma)].filter(Boolean).join(' · ')),
        moved(first, movie.id, rank))),
    chip);
  const show = () => {
    const said = bench.grades.of(seed.id, movie.id, bench.grader());
    node.dataset.grade = said === null ? '' : said.grade;
    chip.textContent = said === null ? '·' : String(said.grade);
    chip.title = said === null ? t('unjudged') : `${t(`grade_${said.grade}`)}${said.reason ? ` · ${t(said.reason)}` : ''}`;
    node.setAttribute('aria-label', `${rank + 1}. ${movie.title}. ${chip.title}`);
  };
  node.graded = { seed, movie, show };
  node.addEventListener('focus', () => bench.focus(node));
  node.addEventListener('click', (event) => { if (!event.target.closest('a')) node.focus(); });
  node.addEventListener('keydown', (event) => {
    if (event.target !== node || event.ctrlKey || event.metaKey || event.altKey) return;
    const reason = kReasonKeys.indexOf(event.key);
    if (['0', '1', '2', '3'].includes(event.key)) bench.grade(Number(event.key));
    else if (event.key === 'Backspace' || event.key === 'Delete') bench.takeBack();
    else if (reason >= 0) bench.reason(kReasons[reason]);
    else if (event.key === 'ArrowDown') bench.step(1);
    else if (event.key === 'ArrowUp') bench.step(-1);
    else if (event.key === 'Enter') bench.why();
    else return;
    event.preventDefault();
  });
  show();
  return node;
}

// Saves one grade; the reason goes with it.
export async function saveGrade({ seed, movie }, { grader, grade, reason, model }) {
  await api.judge([{
    grader, seed: seed.id, item: movie.id, grade, ...(reason ? { reason } : {}), ...(model ? { model: model.name, version: model.version } : {}),
  }]);
}
