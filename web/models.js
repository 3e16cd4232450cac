// The models: what is served and whether something better waits; versions, how they were measured,
// how healthy they are; promote and roll back; and, as another view, what people did with them.

import * as api from './api.js';
import { el } from './dom.js';
import { healthPanels } from './health.js';
import { t } from './i18n.js';
import { frame, panel, start } from './page.js';
import { promotionPanel } from './promotion.js';
import { runPanels } from './runs.js';

const kTogetherMs = 400;

const kHit = (run, name) => run.methods.find((m) => m.name === name)?.held_out_users ?? null;

// Of the newest evaluation that measured both: does the candidate find more of what people watched
// next? Within a tenth of the served one's own number nobody would notice.
function judged(runs, served, candidate) {
  for (const run of runs) {
    const [a, b] = [kHit(run, served.method ?? served.name), kHit(run, candidate.method ?? candidate.name)];
    if (!a || !b || !Number.isFinite(a.hit) || !Number.isFinite(b.hit) || a === b) continue;
    const margin = 0.02 * Math.max(a.hit, 0.01);
    return { word: b.hit > a.hit + margin ? 'verdict_better' : b.hit < a.hit - margin ? 'verdict_worse' : 'verdict_same', a: a.hit, b: b.hit };
  }
  return null;
}

// One sentence on top: what serves, since when, and what could take its place.
function verdict(promotion, runs) {
  const versions = promotion.versions();
  const served = versions.find((v) => v.default && v.served) ?? versions.find((v) => v.served);
  if (!served) return el('p', { class: 'verdict is-bad' }, t('verdict_none'));
  const newer = versions.filter((v) => v.name === served.name && v.version > served.version && !v.promoted).sort((a, b) => (a.version < b.version ? 1 : -1))[0];
  const other = versions.filter((v) => v.name !== served.name && v.served).map((v) => [v, judged(runs, served, v)]).filter(([, verdict]) => verdict?.word === 'verdict_better')[0];
  const line = [t('verdict_serving', { name: served.name, version: served.version, since: (served.created ?? '').slice(0, 10) })];
  let button = null;
  if (newer) {
    line.push(t('verdict_newer', { version: newer.version }));
    button = el('button', { type: 'button', class: 'button button-small', onclick: () => promotion.change('promote', newer) }, t('verdict_look'));
  } else if (other) line.push(t('verdict_other', { name: other[0].name, a: other[1].a.toFixed(3), b: other[1].b.toFixed(3) }));
  else line.push(t('verdict_nothing'));
  return el('div', { class: 'verdict' }, el('p', {}, line.join(' ')), button);
}

// The data card comes when it is asked for.
function dataPanel() {
  const host = el('div', { role: 'status' });
  const draw = async () => {
    host.replaceChildren(el('p', { class: 'quiet loading' }, t('loading')));
    try {
      const { dataCard } = await import('./data_card.js');
      host.replaceChildren(...(await dataCard()));
    } catch (error) {
      host.replaceChildren(el('p', { role: 'alert' }, t('failed_because', { text: error.message }), ' ', el('button', { type: 'button', class: 'tool', onclick: draw }, t('retry'))));
    }
  };
  const button = el('button', { type: 'button', class: 'button button-small', onclick: () => { button.remove(); draw(); } }, t('card_show'));
  return panel(t('data'), el('p', { class: 'quiet' }, t('card_help')), button, host);
}

// Two views of the same models: how they were made and measured, and what people did with them.
const tabs = (inUse) => el('nav', { class: 'tabs', 'aria-label': t('models') }, [['tab_made', '/models.html', false], ['tab_use', '/models.html?view=use', true]].map(([key, href, of]) => el('a', { href, 'aria-current': of === inUse ? 'page' : null }, t(key))));

async function showUse() {
  const { usePanels } = await import('./use.js');
  frame(t('models'), t('use_lead'), tabs(true), await usePanels());
}

async function showMade() {
  const [promotion, runs] = await Promise.all([promotionPanel(), api.evaluations()]);
  const panels = await runPanels(runs);
  const health = healthPanels(promotion.versions());
  // Shown together when it is a matter of a moment: nothing moves later.
  await Promise.race([health.ready, new Promise((done) => setTimeout(done, kTogetherMs))]);
  frame(t('models'), t('models_lead'), tabs(false), verdict(promotion, runs), promotion.node, ...panels, ...health.nodes, dataPanel());
}

start(() => (new URLSearchParams(location.search).get('view') === 'use' ? showUse() : showMade()));
