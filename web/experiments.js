// Experiments: which there are, and by the address one of them (?name=) or a new one (?new=1).


import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { experimentHref, statusBadge } from './experiment_parts.js';
import { comma, t } from './i18n.js';
import { moment, pValue } from './numbers.js';
import { command, frame, main, panel, start, token } from './page.js';
import { dataTable } from './table.js';

const kOrder = ['running', 'draft', 'stopped', 'shipped', 'rolled_back'];

const daysOf = ({ start, stop }) => (start ? Math.max(1, Math.ceil(((stop ? Date.parse(stop) : Date.now()) - Date.parse(start)) / 864e5)) : null);

function splitCell(split) {
  if (!split || split.units === 0) return '–';
  if (split.mismatch) return el('span', { class: 'badge is-bad', title: t('split_p', { p: pValue(split.p) }) }, t('split_wrong'));
  return el('span', { class: 'quiet', title: t('split_p', { p: pValue(split.p) }) }, t('split_ok'));
}

function listTable(experiments, splits) {
  const splitOf = new Map(splits.map((split) => [split.name, split]));
  // Running ones first, and of each state the newest.
  const rows = [...experiments].sort((a, b) => kOrder.indexOf(a.status) - kOrder.indexOf(b.status) || ((a.start ?? '') < (b.start ?? '') ? 1 : -1));
  return dataTable({
    name: 'experiments', caption: t('experiments'), rows,
    columns: [
      { key: 'name', head: t('experiment'), wrap: true, value: (e) => e.name, cell: (e) => [el('a', { class: 'experiment-link', href: experimentHref(e.name) }, e.name), e.hypothesis ? el('small', { class: 'experiment-hypothesis' }, e.hypothesis) : ''] },
      { key: 'state', head: t('state'), value: (e) => kOrder.indexOf(e.status), cell: (e) => statusBadge(e.status) },
      { key: 'variants', head: t('variants'), wrap: true, cell: (e) => e.variants.map(({ name }) => name).join(comma) },
      { key: 'days', head: t('days'), number: true, value: daysOf, cell: (e) => daysOf(e) ?? '–' },
      { key: 'units', head: t('units'), number: true, value: (e) => splitOf.get(e.name)?.units ?? null, cell: (e) => (splitOf.get(e.name)?.units ? formatCount(splitOf.get(e.name).units) : '–') },
      { key: 'split', head: t('split'), value: (e) => (splitOf.get(e.name)?.units ? splitOf.get(e.name).p : null), cell: (e) => splitCell(splitOf.get(e.name)) },
      { key: 'start', head: t('started'), value: (e) => e.start ?? null, cell: (e) => moment(e.start) }],
  });
}

const newLink = () => el('a', { class: 'button button-small', href: '/experiments.html?new=1' }, t('new_experiment'));

const nothingYet = () => panel(t('no_experiments'),
  el('p', {}, t('no_experiments_text')),
  el('p', { class: 'quiet' }, t('no_experiments_how')),
  command('sparrow experiment size --metric click_through --lift 0.05'),
  el('p', { class: 'panel-actions' }, newLink()));

async function showList() {
  const { experiments } = await api.experiments();
  if (experiments.length === 0) {
    frame(t('experiments'), t('experiments_lead'), nothingYet());
    return;
  }
  // The list is there also when the log cannot be read.
  const splits = await api.experimentSplits(token()).catch(() => []);
  frame(t('experiments'), t('experiments_lead'), el('div', { class: 'toolbar' }, newLink()), panel(t('all_experiments'), listTable(experiments, splits).node));
}

start(async () => {
  const address = new URLSearchParams(location.search);
  const name = address.get('name');
  if (name) await (await import('./experiment_result.js')).showResult(name);
  else if (address.has('new')) await (await import('./experiment_form.js')).showForm(address.get('from'));
  else await showList();
  main.classList.add('is-experiments');
});
