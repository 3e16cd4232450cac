// Start, stop, ship, roll back: each with its reason, kept in the decision log.

import * as api from './api.js';
import { el } from './dom.js';
import { drawer } from './drawer.js';
import { t } from './i18n.js';
import { moment } from './numbers.js';
import { control, panel, refusal, token } from './page.js';

const kActions = { draft: ['start'], running: ['stop', 'ship', 'roll_back'], stopped: ['ship', 'roll_back'], shipped: [], rolled_back: [] };

// Asks for the reason; answers with it, or null.
function askReason(experiment, action) {
  return new Promise((done) => {
    let reason = null;
    const note = el('textarea', { id: 'decision-note', rows: 4, maxlength: 900 });
    const agree = (event) => {
      event.preventDefault();
      reason = note.value.trim();
      sheet.close();
    };
    const sheet = drawer(t('decide_title', { action: t(`action_${action}`), name: experiment.name }),
      el('form', { class: 'sheet', onsubmit: agree },
        el('p', {}, t(`action_${action}_text`)),
        control(t('why_reason'), note),
        el('p', { class: 'notice-actions' },
          el('button', { type: 'submit', class: 'button' }, t(`action_${action}`)),
          el('button', { type: 'button', class: 'button button-quiet', onclick: () => sheet.close() }, t('cancel')))));
    sheet.addEventListener('close', () => done(reason));
    note.focus();
  });
}

function askDelete(name) {
  return new Promise((done) => {
    let agreed = false;
    const sheet = drawer(t('remove_sure', { name }), el('p', { class: 'notice-actions' },
      el('button', { type: 'button', class: 'button', onclick: () => { agreed = true; sheet.close(); } }, t('remove_draft')),
      el('button', { type: 'button', class: 'button button-quiet', onclick: () => sheet.close() }, t('cancel'))));
    sheet.addEventListener('close', () => done(agreed));
  });
}

const logOf = ({ decisions = [] }) => (decisions.length === 0 ? el('p', { class: 'quiet' }, t('no_decisions')) : el('ol', { class: 'decisions' }, [...decisions].reverse().map(({ time, action, note }) => el('li', {},
  el('time', { datetime: time }, `${moment(time)} UTC`), el('strong', {}, t(`action_${action}`)), el('span', {}, note || '–')))));

// The buttons, what came of them, and the log; `again`: shows the page anew.
export function decision(experiment, file, again) {
  const said = el('p', { class: 'said', role: 'status' });
  const tell = (text, bad) => {
    said.classList.toggle('is-bad', bad);
    said.replaceChildren(text);
  };
  const needToken = () => {
    if (token() !== '') return false;
    tell(t('token_missing'), true);
    document.querySelector('#token')?.focus();
    return true;
  };
  const decide = async (action) => {
    if (needToken()) return;
    const reason = await askReason(experiment, action);
    if (reason === null) return;
    try {
      await api.decide(experiment.name, action, reason, token());
      await again();
    } catch (error) {
      tell(refusal(error), true);
    }
  };
  const remove = async () => {
    if (needToken() || !(await askDelete(experiment.name))) return;
    try {
      await api.putExperiments({ version: file.version, experiments: file.experiments.filter(({ name }) => name !== experiment.name) }, token());
      location.assign('/experiments.html');
    } catch (error) {
      tell(refusal(error), true);
    }
  };
  const buttons = kActions[experiment.status].map((action, n) => el('button', { type: 'button', class: n === 0 ? 'button button-small' : 'button button-quiet button-small', onclick: () => decide(action) }, t(`action_${action}`)));
  if (experiment.status === 'draft') buttons.push(el('button', { type: 'button', class: 'button button-quiet button-small', onclick: remove }, t('remove_draft')));
  return { buttons: el('span', { class: 'experiment-actions' }, buttons), said, log: panel(t('decision_log'), logOf(experiment)) };
}
