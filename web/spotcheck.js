// Where people judge lists: models side by side on chosen films, grades by keyboard, blind votes,
// reports of bad pairs. What is looked at is in the address: kind, seeds, draw, models, blind, order.

import { remember } from './address.js';
import * as api from './api.js';
import { sayCorrected, unknownOf } from './corrected.js';
import { el, formatCount, movieHref } from './dom.js';
import { gradedFilm, Grades, kTen, quality, qualityText, saveGrade } from './grading.js';
import { gradingBar } from './grading_bar.js';
import { comma, dot, t } from './i18n.js';
import { judgementPanel } from './judgement_files.js';
import { choose, control, frame, panel, refusal, start, tick, token } from './page.js';
import { promotionPanel } from './promotion.js';
import { reportsPanel } from './reports.js';
import { searchBox } from './search.js';
import { table } from './table.js';
import { tile } from './tile.js';
import { votesPanel, votingBar } from './votes.js';
import { lazy } from './trouble.js';

const kFixed = ['1', '589', '858', '4896', '5618', '455'];
const kKinds = ['fixed', 'random', 'stratified', 'worst'];
const kSeeds = 8;
const kMostModels = 4;
const kPauseMs = 1500;
const parameters = new URLSearchParams(location.search);

// What the address asks for.
function asked(models) {
  const names = (parameters.get('models') ?? '').split(',').filter((name) => models.some((m) => m.name === name));
  const first = [...models].sort((a, b) => Number(b.default) - Number(a.default)).map(({ name }) => name);
  const shown = (names.length > 0 ? names : first).slice(0, kMostModels).map((name) => models.find((m) => m.name === name));
  return {
    kind: kKinds.includes(parameters.get('kind')) ? parameters.get('kind') : 'fixed',
    ids: (parameters.get('seeds') ?? kFixed.join(',')).split(',').filter(Boolean).slice(0, 20),
    draw: Math.max(1, Number.parseInt(parameters.get('draw') ?? '1', 10) || 1),
    blind: parameters.get('blind') === '1' && shown.length > 1,
    unjudgedFirst: parameters.get('order') !== 'given',
    shown,
  };
}

// What of the address is not known here.
function wrongParts(models) {
  const wrong = unknownOf(parameters, { kind: kKinds, blind: ['0', '1'], order: ['given', 'unjudged'] });
  const unknown = (parameters.get('models') ?? '').split(',').filter((name) => name !== '' && !models.some((m) => m.name === name));
  if (unknown.length > 0) wrong.push(`models=${unknown.join(',').slice(0, 60)}`);
  if (parameters.has('draw') && !/^[1-9]\d{0,8}$/.test(parameters.get('draw'))) wrong.push(`draw=${parameters.get('draw').slice(0, 40)}`);
  return wrong;
}

// {seeds, said}: the films to look at, and what had to be done otherwise than asked.
async function chosenSeeds({ kind, ids, draw, shown }) {
  const model = shown[0]?.name ?? '';
  if (kind !== 'fixed') return { seeds: await api.seeds(kind, kSeeds, draw, model), said: '' };
  const found = await Promise.all(ids.map((id) => api.item(id).catch((error) => {
    if (error.notFound) return null;
    throw error;
  })));
  const seeds = found.filter(Boolean);
  const missing = ids.filter((_, i) => found[i] === null);
  if (missing.length === 0) return { seeds, said: '' };
  if (parameters.has('seeds')) return { seeds, said: t('seeds_missing', { list: missing.slice(0, 10).join(comma), n: missing.length }) };
  // The list is of well-known films; another catalogue gets films of its own.
  return { seeds: await api.seeds('stratified', kSeeds, draw, model), said: t('seeds_not_here') };
}

function go(changes) {
  remember(changes, true);
  location.reload();
}

// The models of one seed side by side.
async function comparison(seed, ask, bench) {
  const shuffled = ask.blind && Math.random() < 0.5 ? [ask.shown[1], ask.shown[0]] : ask.shown.slice(0, ask.blind ? 2 : kMostModels);
  const lists = await Promise.all(shuffled.map((m) => api.similar(seed.id, kTen, 0, { model: m.name })));
  const first = lists[0].items;
  const refresh = [];
  const columns = lists.map((list, column) => {
    const line = el('p', { class: 'compare-quality' });
    const show = () => { line.textContent = ask.blind ? t('judged_of', { n: quality(bench.grades, seed.id, list.items).judged, all: kTen }) : qualityText(quality(bench.grades, seed.id, list.items)); };
    refresh.push(show);
    show();
    const gone = column === 0 || ask.blind ? [] : first.filter((a) => !list.items.some((b) => b.id === a.id));
    const films = list.items.map((movie, rank) => gradedFilm({ seed, movie, rank, first: column === 0 || ask.blind ? null : first, bench }));
    for (const film of films) film.graded.model = ask.blind ? null : list.model;
    return el('div', { class: 'compare-column' },
      el('h3', {}, ask.blind ? t('side', { name: column === 0 ? 'A' : 'B' }) : list.model.name),
      line,
      el('ol', { class: 'compare-list' }, films),
      gone.length > 0 ? el('p', { class: 'compare-gone' }, el('span', { class: 'mark is-gone' }, t('gone_mark')), ` ${gone.map((m) => m.title).join(dot)}`) : null);
  });
  const grid = el('div', { class: 'compare' }, columns);
  grid.style.setProperty('--columns', String(lists.length));
  const facts = [seed.year || null, (seed.genres ?? []).slice(0, 3).map((name) => t(name)).join(comma), t('n_ratings', { n: formatCount(seed.ratings ?? 0) })].filter(Boolean).join(dot);
  const node = el('section', { class: 'panel seed', 'aria-label': seed.title },
    el('div', { class: 'seed-head' },
      el('span', { class: 'seed-tile', 'aria-hidden': 'true' }, tile(seed)),
      el('div', {},
        el('h2', {}, el('a', { href: movieHref(seed.id) }, seed.title)),
        el('p', { class: 'quiet' }, facts)),
      seed.stratum ? el('span', { class: 'badge' }, t(`stratum_${seed.stratum}`)) : null,
      Number.isFinite(seed.mean_grade) ? el('span', { class: 'badge is-bad' }, t('mean_grade_of', { n: seed.mean_grade.toFixed(1) })) : null,
      ask.kind === 'worst' && Number.isFinite(seed.mean_match) ? el('span', { class: 'badge' }, t('mean_match_of', { n: seed.mean_match.toFixed(0) })) : null),
    grid,
    ask.blind ? votingBar(seed, lists.map(({ model }) => model), bench) : null);
  // The share of the films on show that this grader has not judged.
  const unjudged = () => {
    const ids = [...new Set(lists.flatMap(({ items }) => items.map(({ id }) => id)))];
    return ids.filter((id) => bench.grades.of(seed.id, id, bench.grader()) === null).length / Math.max(1, ids.length);
  };
  return { node, seed, lists, unjudged, refresh: () => refresh.forEach((show) => show()) };
}

// Means over the seeds on the page: judged@10 stands beside NDCG, which without it says nothing.
function summary(comparisons, ask, grades) {
  const rows = ask.shown.map((model) => {
    const all = comparisons.map(({ seed, lists }) => quality(grades, seed.id, lists.find((l) => l.model.name === model.name)?.items ?? []));
    const mean = (name) => {
      const known = all.map((q) => q[name]).filter((v) => v !== null);
      return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null;
    };
    const other = model === ask.shown[0] ? null : comparisons.reduce((sum, { lists }) => {
      const [a, b] = [ask.shown[0], model].map((m) => lists.find((l) => l.model.name === m.name)?.items ?? []);
      return sum + b.filter((x) => a.some((y) => y.id === x.id)).length;
    }, 0) / Math.max(1, comparisons.length);
    return { model, judged: mean('judged'), ndcg: mean('ndcg'), grade: mean('mean'), other };
  });
  const number = (value, digits) => (value === null ? '–' : value.toFixed(digits));
  return table([
    { head: t('model'), wrap: true, cell: (r) => [el('strong', {}, r.model.name), ' ', el('code', { class: 'is-wide-only' }, r.model.version)] },
    { head: t('judged_at'), number: true, cell: (r) => `${number(r.judged, 1)} / ${kTen}` },
    { head: 'NDCG@10', number: true, cell: (r) => number(r.ndcg, 3) },
    { head: t('mean_grade'), number: true, cell: (r) => number(r.grade, 2) },
    { head: t('shared_with', { name: ask.shown[0]?.name ?? '' }), number: true, cell: (r) => (r.other === null ? '–' : `${r.other.toFixed(1)} / ${kTen}`) },
  ], rows, t('summary'));
}

// The parts of the page act on one pair: the one that has, or had last, the focus.
function makeBench(grades, graderInput, changed, reported) {
  let current = null;
  let reason = '';
  const bar = gradingBar({ grade: (n) => bench.grade(n), takeBack: () => bench.takeBack(), reason: (r) => bench.reason(r), why: () => bench.why(), report: () => bench.report() });
  const said = () => (current === null ? null : grades.of(current.graded.seed.id, current.graded.movie.id, bench.grader()));
  const show = () => bar.show(current.graded, said(), reason);
  const films = () => [...document.querySelectorAll('.judged')];
  const save = async (grade) => {
    const { seed, movie, model } = current.graded;
    const node = current;
    await saveGrade(node.graded, { grader: bench.grader(), grade, reason, model });
    grades.add({ seed: seed.id, item: movie.id, grader: bench.grader(), grade, reason });
    // The same pair may stand in several lists.
    for (const other of films()) if (other.graded.seed.id === seed.id && other.graded.movie.id === movie.id) other.graded.show();
    bar.say(grade === null ? `${t('taken_back')}: ${movie.title}` : `${t('saved')}: ${movie.title} · ${grade} ${t(`grade_${grade}`)}${reason ? ` · ${t(reason)}` : ''}`);
    changed();
  };
  const attempt = async (work) => {
    try {
      await work();
      return true;
    } catch (error) {
      bar.say(refusal(error));
      return false;
    }
  };
  const bench = {
    bar,
    grades,
    grader: () => graderInput.value.trim() || 'me',
    say: bar.say,
    focus: (node) => {
      current?.classList.remove('is-current');
      current = node;
      node.classList.add('is-current');
      reason = said()?.reason ?? '';
      show();
    },
    grade: async (grade) => {
      const before = current;
      if (before === null || !(await attempt(() => save(grade)))) return;
      const all = films();
      const later = all.slice(all.indexOf(before) + 1);
      (later.find((node) => node.dataset.grade === '') ?? later[0] ?? before).focus();
    },
    takeBack: async () => {
      if (said() === null) return;
      reason = '';
      if (await attempt(() => save(null))) show();
    },
    reason: async (text) => {
      if (current === null) return;
      reason = reason === text ? '' : text;
      show();
      const grade = said()?.grade;
      if (grade === undefined) bar.say(t('reason_then_grade'));
      else if (await attempt(() => save(grade))) show();
    },
    step: (by) => {
      const all = films();
      all[Math.max(0, Math.min(all.length - 1, all.indexOf(current) + by))]?.focus();
    },
    why: async () => { if (current !== null) (await lazy('why.js')).why(current.graded.seed, current.graded.movie, current.graded.model ? { model: current.graded.model.name } : {}); },
    report: () => attempt(async () => {
      if (current === null) return;
      const { seed, movie } = current.graded;
      await api.report({ seed: seed.id, item: movie.id, state: 'reported', ...(reason ? { note: reason } : {}), block: true }, token());
      bar.say(t('reported', { seed: seed.title, item: movie.title }));
      await reported();
    }),
  };
  return bench;
}

function toolbar(ask, models, grader) {
  // The first model stays the first: the others are marked against it.
  const modelBoxes = models.map((m) => {
    const names = ask.shown.map(({ name }) => name);
    const box = tick(`model-${m.name}`, m.name, ask.shown.includes(m), (on) => go({ models: (on ? [...names, m.name] : names.filter((name) => name !== m.name)).join(',') }));
    box.querySelector('input').disabled = !ask.shown.includes(m) && names.length >= kMostModels;
    return box;
  });
  const blind = tick('blind', t('blind'), ask.blind, (on) => go({ blind: on ? '1' : null }));
  blind.querySelector('input').disabled = ask.shown.length < 2;
  const needs = [
    models.length < 2 ? t('needs_second_model') : ask.shown.length < 2 ? t('needs_second_tick') : null,
    ask.blind && ask.shown.length > 2 ? t('blind_takes_two', { a: ask.shown[0].name, b: ask.shown[1].name }) : null,
  ].filter(Boolean);
  const kinds = choose('kind', kKinds.map((kind) => [kind, t(`seeds_${kind}`)]), ask.kind, (kind) => go({ kind, draw: null }));
  return el('div', { class: 'panel' },
    el('div', { class: 'toolbar' },
      control(t('seeds'), kinds),
      control(t('grader'), grader),
      el('fieldset', { class: 'ticks' }, el('legend', {}, t('models_compared')), modelBoxes),
      el('fieldset', { class: 'ticks' }, el('legend', {}, t('way_to_judge')),
        blind,
        tick('order', t('unjudged_first'), ask.unjudgedFirst, (on) => go({ order: on ? null : 'given' }))),
      ask.kind === 'random' || ask.kind === 'stratified' ? el('button', { type: 'button', class: 'button button-quiet button-small', onclick: () => go({ draw: ask.draw + 1 }) }, t('more_seeds')) : null),
    needs.map((text) => el('p', { class: 'needs' }, text)),
    ask.kind === 'fixed' ? el('div', { class: 'toolbar' },
      searchBox({ label: t('add_seed'), onPick: (movie) => go({ seeds: [movie.id, ...ask.ids.filter((id) => id !== movie.id)].join(',') }) }),
      parameters.has('seeds') ? el('button', { type: 'button', class: 'button button-quiet button-small', onclick: () => go({ seeds: null }) }, t('reset')) : null) : null,
    el('details', { class: 'guide' }, el('summary', {}, t('guide')), el('ul', {}, [1, 2, 3, 4].map((i) => el('li', {}, t(`guide_${i}`))))));
}

start(async () => {
  const [models, judged] = await Promise.all([api.models(), api.judgements()]);
  sayCorrected(wrongParts(models));
  const ask = asked(models);
  const grades = new Grades(judged.judgements);
  const grader = el('input', { id: 'grader', type: 'text', maxlength: 40, value: parameters.get('grader') ?? 'me' });
  grader.addEventListener('change', () => go({ grader: grader.value.trim() }));
  let comparisons = [];
  const means = el('div', {});
  const changed = () => {
    for (const one of comparisons) one.refresh();
    if (!ask.blind) means.replaceChildren(panel(t('summary'), el('p', { class: 'quiet' }, t('summary_help')), summary(comparisons, ask, grades)));
  };
  const judgements = judgementPanel(() => bench.grader(), () => readJudgements());
  const readJudgements = async () => {
    const { agreement, judgements: list } = await api.judgements();
    for (const one of list) grades.add(one);
    for (const node of document.querySelectorAll('.judged')) node.graded.show();
    judgements.update(agreement);
    changed();
  };
  // What a grade changes in the agreement is read when the grader pauses.
  let pause = 0;
  const graded = () => {
    changed();
    clearTimeout(pause);
    pause = setTimeout(() => readJudgements().catch(() => {}), kPauseMs);
  };
  const reports = await reportsPanel();
  const bench = makeBench(grades, grader, graded, reports.reload);
  const votes = el('div', {}, await votesPanel());
  bench.voted = async () => votes.replaceChildren(await votesPanel());
  const lists = el('div', { class: 'seeds', 'aria-busy': 'true' }, el('p', { class: 'quiet' }, t('loading')));
  const promotion = await promotionPanel();
  frame(t('spotcheck'), t('spotcheck_lead'), toolbar(ask, models, grader), lists, bench.bar.node, means, votes, judgements.node, reports.node, promotion.node);
  judgements.update(judged.agreement);
  const { seeds, said } = await chosenSeeds(ask);
  const made = await Promise.all(seeds.map((seed) => comparison(seed, ask, bench).catch((error) => ({ error, seed }))));
  comparisons = made.filter(({ error }) => error === undefined);
  if (ask.unjudgedFirst) comparisons.sort((a, b) => b.unjudged() - a.unjudged());
  lists.replaceChildren(said ? el('p', { class: 'needs', role: 'status' }, said) : '', ...comparisons.map(({ node }) => node),
    ...made.filter(({ error }) => error !== undefined).map(({ error, seed }) => el('p', { role: 'alert' }, `${seed.title}: ${error.message}`)),
    seeds.length === 0 ? el('p', { class: 'quiet' }, t('no_seeds')) : '');
  lists.setAttribute('aria-busy', 'false');
  changed();
});
