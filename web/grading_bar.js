// The bar at the bottom of the spot check: the pair under judgement, its grades and reasons as
// buttons, why, and what to do with a bad pair. Everything here has a key as well.

import { el } from './dom.js';
import { t } from './i18n.js';
import { kReasonKeys, kReasons } from './grading.js';

// actions: {grade(n), takeBack(), reason(text), why(), report()}.
export function gradingBar(actions) {
  const pair = el('p', { class: 'grading-pair' }, t('grade_help'));
  const said = el('p', { class: 'grading-said', role: 'status' });
  const gradeButtons = [0, 1, 2, 3].map((grade) => el('button', {
    type: 'button', class: 'grade-button', 'data-grade': grade, 'aria-label': `${t('grading')} ${grade}: ${t(`grade_${grade}`)}`, 'aria-pressed': 'false', disabled: true,
    onclick: (event) => (event.currentTarget.getAttribute('aria-pressed') === 'true' ? actions.takeBack() : actions.grade(grade)),
  }, el('kbd', {}, String(grade)), ` ${t(`grade_${grade}`)}`));
  const reasonButtons = kReasons.map((reason, i) => el('button', {
    type: 'button', class: 'chip', 'aria-pressed': 'false', disabled: true, onclick: () => actions.reason(reason),
  }, el('kbd', {}, kReasonKeys[i]), ` ${t(reason)}`));
  const whyButton = el('button', { type: 'button', class: 'button button-quiet button-small', disabled: true, onclick: actions.why }, t('why'));
  const report = el('button', { type: 'button', class: 'button button-quiet button-small', disabled: true, onclick: actions.report }, t('report'));
  const node = el('section', { class: 'grading-bar', 'aria-label': t('grading') },
    el('div', { class: 'grading-text' }, pair, said),
    el('div', { class: 'grading-buttons is-grades', role: 'group', 'aria-label': t('grading') }, gradeButtons),
    el('div', { class: 'grading-buttons', role: 'group', 'aria-label': t('reason') }, reasonButtons),
    el('div', { class: 'grading-buttons' }, whyButton, report));
  return {
    node,
    say: (text) => { said.textContent = text; },
    show: ({ seed, movie }, judgement, reason) => {
      node.classList.add('has-pair');
      pair.replaceChildren(el('span', {}, seed.title), ' → ', el('strong', {}, movie.title));
      for (const button of [...gradeButtons, ...reasonButtons, whyButton, report]) button.disabled = false;
      gradeButtons.forEach((button, grade) => button.setAttribute('aria-pressed', String(judgement?.grade === grade)));
      reasonButtons.forEach((button, i) => button.setAttribute('aria-pressed', String(reason === kReasons[i])));
    },
  };
}
