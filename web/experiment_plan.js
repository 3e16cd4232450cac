// The plan of an experiment, and the inspector: which variant a unit has, and why.

import * as api from './api.js';
import { el, svg } from './dom.js';
import { controlMark } from './experiment_parts.js';
import { comma, t } from './i18n.js';
import { metricName } from './metric_words.js';
import * as numbers from './numbers.js';
import { control, panel, token } from './page.js';
import { table } from './table.js';

const settingsOf = (variant) => Object.entries(variant.settings ?? {}).map(([name, value]) => `${name}=${value}`);
const whereOf = (list) => (list?.length > 0 ? list.join(comma) : t('everywhere'));
const place = (at) => at.toFixed(4);

export function planPanel(experiment) {
  const weights = experiment.variants.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return panel(t('plan_panel'),
    table([
      { head: t('variant'), cell: (v) => [el('strong', {}, v.name), ' ', v === experiment.variants[0] ? controlMark(v.name) : ''] },
      { head: t('weight'), number: true, cell: (v) => numbers.percent((v.weight ?? 1) / weights, 0) },
      { head: t('settings'), wrap: true, cell: (v) => (settingsOf(v).length > 0 ? settingsOf(v).map((text) => el('code', { class: 'setting' }, text)) : el('span', { class: 'quiet' }, t('as_usual'))) }], experiment.variants, t('variants')),
    el('dl', { class: 'plan-facts' }, [
      [t('unit'), t(`unit_${experiment.unit}`)],
      [t('method_word'), t(`method_${experiment.method ?? 'split'}`)],
      [t('where_word'), whereOf(experiment.scenarios)],
      [t('metrics'), experiment.metrics.map((m) => metricName(m.name ?? m)).join(comma)],
      experiment.guardrails?.length > 0 ? [t('guardrails'), experiment.guardrails.map((m) => metricName(m.name ?? m)).join(comma)] : null,
      [t('minimum_lift'), numbers.percent(experiment.minimum_lift, 1)],
      [t('salt'), el('code', {}, experiment.salt || experiment.name)],
      experiment.layer ? [t('layer'), t('layer_part', { name: experiment.layer.name, from: place(experiment.layer.from), to: place(experiment.layer.to) })] : null,
    ].filter(Boolean).map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text)))));
}

// The line from 0 to 1, the parts of the variants on it, and where the unit lies.
function placeLine(answer) {
  const width = 600;
  const parts = answer.variants.map(({ name, from, to }, n) => {
    const chosen = name === answer.variant;
    return svg('g', {},
      svg('rect', { x: from * width + 1, width: Math.max(1, (to - from) * width - 2), y: 22, height: 26, rx: 4, class: `place-part ${chosen ? 'is-chosen' : ''}` }),
      (to - from) * width > 8 * name.length + 10 ? svg('text', { x: ((from + to) / 2) * width, y: 40, class: `time-text is-middle ${chosen ? 'is-chosen' : ''}` }, name) : [],
      n > 0 ? svg('text', { x: from * width, y: 64, class: 'time-text is-middle' }, from.toFixed(2)) : []);
  });
  return svg('svg', { viewBox: `-8 0 ${width + 16} 70`, class: 'place-line', 'aria-hidden': 'true', focusable: 'false' }, parts,
    svg('text', { x: 0, y: 64, class: 'time-text' }, '0'), svg('text', { x: width, y: 64, class: 'time-text is-end' }, '1'),
    svg('path', { d: `M${answer.position * width - 6} 6h12l-6 12z`, class: 'place-mark' }),
    svg('line', { x1: answer.position * width, x2: answer.position * width, y1: 16, y2: 50, class: 'place-needle' }));
}

function whyLines(answer, experiment) {
  const lines = [];
  if (answer.status !== 'running') lines.push(t('why_not_running', { status: t(`status_${answer.status}`) }));
  if (answer.layer) lines.push(t(answer.layer.inside ? 'why_layer_in' : 'why_layer_out', { layer: answer.layer.name, position: place(answer.layer.position), from: place(answer.layer.from), to: place(answer.layer.to) }));
  const part = answer.variants.find(({ name }) => name === answer.variant);
  if (part) lines.push(t('why_hash', { salt: answer.salt, position: place(answer.position), variant: `“${part.name}”`, from: place(part.from), to: place(part.to) }));
  lines.push(answer.scenarios.length > 0 ? t('why_where', { list: answer.scenarios.join(comma) }) : t('why_where_all', { unit: experiment.unit === 'session' ? 'session' : 'user' }));
  if (answer.exposed === undefined) lines.push(t('why_token'));
  else if (answer.exposed === null) lines.push(t('why_not_exposed'));
  else lines.push(t(answer.exposed.variant === answer.variant ? 'why_exposed' : 'why_exposed_other', { variant: `“${answer.exposed.variant}”`, time: numbers.moment(answer.exposed.time) }));
  return lines;
}

const forceLink = (force) => el('li', {}, el('code', {}, `…/similar?variant=${force}`));

function inspected(answer, experiment) {
  return [
    el('p', { class: 'inspected' }, el('strong', {}, answer.variant === null ? t('in_none', { unit: answer.unit }) : t('in_variant', { unit: answer.unit, variant: `“${answer.variant}”` }))),
    placeLine(answer),
    el('ul', { class: 'reasons' }, whyLines(answer, experiment).map((line) => el('li', {}, line))),
    el('p', { class: 'quiet' }, t('force_try')),
    el('ul', { class: 'plain-list' }, answer.variants.map(({ force }) => forceLink(force)))];
}

export function inspectorPanel(experiment) {
  const input = el('input', { id: 'inspect-unit', type: 'text', maxlength: 128, autocomplete: 'off', required: true });
  const host = el('div', { role: 'status', class: 'inspected-host' });
  const look = async (event) => {
    event.preventDefault();
    try {
      host.replaceChildren(...inspected(await api.assignment(experiment.name, input.value.trim(), token()), experiment));
    } catch (error) {
      host.replaceChildren(el('p', { class: 'is-bad' }, t('not_done', { text: error.message })));
    }
  };
  return panel(t('inspector'), el('p', { class: 'quiet' }, t('inspector_help')),
    el('form', { class: 'toolbar', onsubmit: look },
      control(t(`inspector_id_${experiment.unit}`), input),
      el('button', { type: 'submit', class: 'button button-small' }, t('inspect'))),
    host);
}
