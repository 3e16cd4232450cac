// Which versions there are and which is served; promote one, or roll back, with a token.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { drawer } from './drawer.js';
import { t } from './i18n.js';
import { panel, refusal, token, tokenField } from './page.js';
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

export async function promotionPanel() {
  const said = el('p', { class: 'said', role: 'status' });
  let versions = await api.models(true);
  const servedOf = (name) => versions.find((v) => v.name === name && v.served);
  const list = dataTable({
    name: 'models',
    caption: t('versions'),
    rows: versions,
    columns: [
      { key: 'name', head: t('name'), value: (m) => m.name, cell: (m) => el('strong', {}, m.name) },
      { key: 'version', head: t('version'), value: (m) => m.version, cell: (m) => el('code', {}, m.version) },
      { key: 'method', head: t('method'), value: (m) => m.method, cell: (m) => m.method },
      { key: 'trained', head: t('trained'), value: (m) => m.created, title: (m) => m.created, cell: (m) => (m.created ?? '').slice(0, 16).replace('T', ' ') },
      { key: 'data', head: t('data'), value: (m) => `${m.data_name} ${m.data_hash}`, cell: (m) => [m.data_name, ' ', el('code', { title: m.data_hash }, (m.data_hash ?? '').slice(0, 8))] },
      { key: 'size', head: t('size'), number: true, value: (m) => m.bytes ?? null, cell: (m) => (m.bytes ? `${(m.bytes / 1e6).toFixed(1)} MB` : '–') },
      { key: 'items', head: t('items'), number: true, value: (m) => m.items ?? null, cell: (m) => (m.items ? formatCount(m.items) : '–') },
      { key: 'state', head: t('state'), value: (m) => (m.served ? 0 : m.promoted ? 1 : 2), cell: (m) => [m.served ? el('span', { class: 'badge is-good' }, t('served')) : null, m.promoted && !m.served ? el('span', { class: 'badge' }, t('promoted')) : null, m.default && m.served ? el('span', { class: 'badge' }, t('is_default')) : null].filter(Boolean) },
      { key: 'do', head: t('change'), cell: (m) => el('span', { class: 'cell-tools is-line' },
        el('button', { type: 'button', class: 'tool', 'aria-label': `${t('options')}: ${m.name} ${m.version}`, onclick: () => showOptions(m, m.served ? undefined : servedOf(m.name)) }, t('options')),
        m.promoted
          ? el('button', { type: 'button', class: 'tool', 'aria-label': `${t('rollback')} ${m.name}`, onclick: () => act(() => api.rollback(m.name, token())) }, t('rollback'))
          : el('button', { type: 'button', class: 'tool', 'aria-label': `${t('promote')} ${m.name} ${m.version}`, onclick: () => act(() => api.promote(m.name, m.version, token())) }, t('promote'))) }],
  });
  async function act(work) {
    said.classList.remove('is-bad');
    try {
      const { name, version } = await work();
      said.textContent = t('now_promoted', { name, version });
      // The server follows its store within a moment.
      for (let tries = 0; tries < 10; tries += 1) {
        versions = await api.models(true);
        list.update(versions);
        if (versions.some((v) => v.name === name && v.version === version && v.served)) break;
        await new Promise((done) => setTimeout(done, 500));
      }
    } catch (error) {
      said.classList.add('is-bad');
      said.textContent = refusal(error);
    }
  }
  return { node: panel(t('versions'), el('div', { class: 'toolbar' }, tokenField()), said, list.node), versions: () => versions };
}
