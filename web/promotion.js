// Which versions there are and which is served; promote one, or roll back, with a token.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { drawer } from './drawer.js';
import { t } from './i18n.js';
import { panel, refusal, token } from './page.js';
import { dataTable } from './table.js';

const flat = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : typeof value === 'object' ? JSON.stringify(value) : String(value));

// All options of a version, and what is different in the served one of the same name; without
// `requested`, the trainer's own key for "this was made already".
function showOptions(version, served) {
  const names = [...new Set([...Object.keys(version.options ?? {}), ...Object.keys(served?.options ?? {})])].filter((name) => name !== 'requested').sort();
  const rows = names.map((name) => {
    const [here, there] = [version.options?.[name], served?.options?.[name]].map((v) => (v === undefined ? '–' : flat(v)));
    const differs = served !== undefined && here !== there;
    return el('div', { class: differs ? 'differs' : null }, el('dt', {}, el('code', {}, name)), el('dd', {}, here, differs ? el('small', {}, ` ${t('served_has', { value: there })}`) : null));
  });
  drawer(`${version.name} ${version.version}`,
    el('dl', { class: 'film-details option-list' },
      el('div', {}, el('dt', {}, t('data')), el('dd', {}, `${version.data_name} `, el('code', {}, version.data_hash))),
      el('div', {}, el('dt', {}, t('size')), el('dd', {}, `${(version.bytes / 1e6).toFixed(1)} MB`)),
      rows));
}

const day = (text) => (text ?? '').slice(0, 16).replace('T', ' ');

// Asks before what is served changes: from which version, to which, which lists change, ten examples.
// Answers after the choice.
function confirmChange(action, from, to) {
  return new Promise((done) => {
    const effect = el('div', { 'aria-live': 'polite' }, el('p', { class: 'quiet' }, t('loading')));
    let agreed = false;
    const sheet = drawer(t(action === 'promote' ? 'promote_title' : 'rollback_title', { name: to.name }),
      el('div', { class: 'sheet' },
        el('p', { class: 'from-to' },
          el('span', {}, el('span', { class: 'quiet' }, t('served_now')), el('code', {}, from?.version ?? t('none')), from ? el('small', {}, day(from.created)) : null),
          el('span', { 'aria-hidden': 'true' }, '→'),
          el('span', {}, el('span', { class: 'quiet' }, t('served_then')), el('code', {}, to.version), el('small', {}, day(to.created)))),
        effect,
        el('p', { class: 'quiet' }, t('undo_after')),
        el('p', { class: 'notice-actions' },
          el('button', { type: 'button', class: 'button', onclick: () => { agreed = true; sheet.close(); } }, t(action === 'promote' ? 'promote_confirm' : 'rollback_confirm', { version: to.version })),
          el('button', { type: 'button', class: 'button button-quiet', onclick: () => sheet.close() }, t('cancel')))));
    sheet.addEventListener('close', () => done(agreed));
    if (!from?.served) {
      effect.replaceChildren();
      return;
    }
    api.health(to.name, to.version).then(({ churn }) => {
      if (!churn) throw new Error(t('no_version_before'));
      const percent = Math.round(100 * (1 - churn.mean_overlap_10));
      effect.replaceChildren(el('p', {}, t('lists_change', { percent })),
        churn.changed.length > 0 ? el('h3', {}, t('changed_most')) : null,
        el('ol', { class: 'plain-list' }, churn.changed.slice(0, 10).map((item) => el('li', {}, el('a', { href: `/spotcheck.html?kind=fixed&seeds=${encodeURIComponent(item.id)}` }, item.title), ` · ${t('n_new_of_10', { n: Math.round(10 * (1 - item.overlap)) })}`))));
    }).catch((error) => effect.replaceChildren(el('p', { class: 'quiet' }, t('change_unknown', { text: error.message }))));
  });
}

export async function promotionPanel() {
  const said = el('p', { class: 'said', role: 'status' });
  let versions = await api.models(true);
  const servedOf = (name) => versions.find((v) => v.name === name && v.served);
  const find = (name, version) => versions.find((v) => v.name === name && v.version === version) ?? { name, version };
  const change = async (action, to) => {
    const from = versions.find((v) => v.name === to.name && v.promoted) ?? servedOf(to.name);
    if (token() === '') {
      tell(t('token_missing'), true);
      document.querySelector('#token')?.focus();
      return;
    }
    if (await confirmChange(action, from, to)) await act(() => (action === 'promote' ? api.promote(to.name, to.version, token()) : api.rollback(to.name, token())), from);
  };
  const list = dataTable({
    name: 'models',
    caption: t('versions'),
    rows: versions,
    columns: [
      { key: 'name', head: t('name'), value: (m) => m.name, cell: (m) => el('strong', {}, m.name) },
      { key: 'version', head: t('version'), value: (m) => m.version, cell: (m) => el('code', {}, m.version) },
      { key: 'state', head: t('state'), value: (m) => (m.served ? 0 : m.promoted ? 1 : 2), cell: (m) => [m.served ? el('span', { class: 'badge is-good' }, t('served')) : null, m.promoted && !m.served ? el('span', { class: 'badge' }, t('promoted')) : null, m.default && m.served ? el('span', { class: 'badge' }, t('is_default')) : null].filter(Boolean) },
      { key: 'do', head: t('change'), cell: (m) => el('span', { class: 'cell-tools is-line' },
        m.promoted
          ? (m.rollback_to
            ? el('button', { type: 'button', class: 'tool', 'aria-label': `${t('rollback')} ${m.name}`, title: `${m.version} → ${m.rollback_to}`, onclick: () => change('rollback', find(m.name, m.rollback_to)) }, t('rollback'))
            : el('span', { class: 'quiet', title: t('rollback_none') }, t('rollback_nowhere')))
          : el('button', { type: 'button', class: 'tool', 'aria-label': `${t('promote')} ${m.name} ${m.version}`, onclick: () => change('promote', m) }, t('promote')),
        el('button', { type: 'button', class: 'tool', 'aria-label': `${t('options')}: ${m.name} ${m.version}`, onclick: () => showOptions(m, m.served ? undefined : servedOf(m.name)) }, t('options'))) },
      { key: 'method', head: t('method'), value: (m) => m.method, cell: (m) => m.method },
      { key: 'trained', head: t('trained'), value: (m) => m.created, title: (m) => m.created, cell: (m) => day(m.created) },
      { key: 'data', head: t('data'), value: (m) => `${m.data_name} ${m.data_hash}`, cell: (m) => [m.data_name, ' ', el('code', { title: m.data_hash }, (m.data_hash ?? '').slice(0, 8))] },
      { key: 'size', head: t('size'), number: true, value: (m) => m.bytes ?? null, cell: (m) => (m.bytes ? `${(m.bytes / 1e6).toFixed(1)} MB` : '–') },
      { key: 'items', head: t('items'), number: true, value: (m) => m.items ?? null, cell: (m) => (m.items ? formatCount(m.items) : '–') }],
  });
  function tell(text, bad, ...more) {
    said.classList.toggle('is-bad', bad);
    said.replaceChildren(text, ...more);
  }
  async function act(work, from) {
    try {
      const { name, version } = await work();
      const undo = from && from.version !== version ? el('button', { type: 'button', class: 'tool', onclick: () => act(() => api.promote(name, from.version, token()), null) }, t('undo_to', { version: from.version })) : '';
      tell(t('now_promoted', { name, version }), false, ' ', undo);
      // The server follows its store within a moment.
      for (let tries = 0; tries < 10; tries += 1) {
        versions = await api.models(true);
        list.update(versions);
        if (versions.some((v) => v.name === name && v.version === version && v.served)) break;
        await new Promise((done) => setTimeout(done, 500));
      }
    } catch (error) {
      tell(refusal(error), true);
    }
  }
  return { node: panel(t('versions'), said, list.node), versions: () => versions, change, find };
}
