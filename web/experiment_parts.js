// What the list of experiments and the page of one share.

import './experiment_words.js';
import './metric_words.js';

import { el } from './dom.js';
import { t } from './i18n.js';

export const experimentHref = (name) => `/experiments.html?name=${encodeURIComponent(name)}`;

export const statusBadge = (status) => el('span', { class: `badge is-status-${status}` }, t(`status_${status}`));

// Beside a control's name, where the name does not say it.
export const controlMark = (name) => (/control/i.test(name) ? '' : el('small', {}, t('control_word')));
