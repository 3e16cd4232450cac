// A new experiment: what is expected, who takes part, the variants with their settings, what is
// measured; beside it how many units that needs. With a name it begins as a copy of that one.

import './experiment_form_words.js';

import * as api from './api.js';
import { el } from './dom.js';
import { experimentHref } from './experiment_parts.js';
import { sizePanel } from './experiment_size.js';
import { t } from './i18n.js';
import { metricAbout, metricName } from './metric_words.js';
import { choose, control, frame, panel, refusal, tick, token } from './page.js';

const kMostVariants = 20;
const kHelpful = { popularity: '-0.3', diversity: '0.3', size: '12', min_score: '20', same_series: 'false', year_min: '1990', fatigue: 'true' };  // examples
const kDefaultMetrics = ['click_through', 'watch_minutes'];
const kDefaultGuardrails = ['failed_lists', 'slow_lists', 'short_lists', 'rejections'];
const kNamePattern = '[A-Za-z0-9._\\-]{1,64}';

const input = (id, properties = {}) => el('input', { id, type: 'text', autocomplete: 'off', ...properties });
const hint = (text) => el('small', { class: 'hint' }, text);
const field = (label, node, help = '') => el('div', { class: 'field' }, control(label, node), help ? hint(help) : null);

// One parameter of the lists and its value.
function settingRow(options, name, text, id, changed) {
  const values = input(`${id}-value`, { value: text, 'aria-label': t('setting_value'), placeholder: t('setting_value') });
  const names = choose(`${id}-name`, options.settings.map((each) => [each, each]), name, (now) => { values.placeholder = kHelpful[now] ? t('setting_such_as', { value: kHelpful[now] }) : t('setting_value'); });
  names.setAttribute('aria-label', t('setting_name'));
  values.placeholder = kHelpful[name] ? t('setting_such_as', { value: kHelpful[name] }) : t('setting_value');
  if (name === 'model') values.setAttribute('list', 'known-models');
  names.addEventListener('change', () => (names.value === 'model' ? values.setAttribute('list', 'known-models') : values.removeAttribute('list')));
  const row = el('div', { class: 'setting-row control' }, names, el('span', { 'aria-hidden': 'true' }, '='), values,
    el('button', { type: 'button', class: 'tool', onclick: () => { row.remove(); changed(); } }, t('remove')));
  row.setting = () => [names.value, values.value.trim()];
  return row;
}

function variantBlock(options, given, index, changed) {
  const id = `variant-${index}`;
  const name = input(`${id}-name`, { value: given.name, maxlength: 64, required: true });
  const weight = input(`${id}-weight`, { value: given.weight ?? 1, type: 'number', min: 0.001, max: 1000, step: 'any', required: true });
  const rows = el('div', { class: 'setting-rows' });
  let count = 0;
  const add = (key, text) => rows.append(settingRow(options, key, text, `${id}-setting-${count++}`, changed));
  for (const [key, text] of Object.entries(given.settings ?? {})) add(key, text);
  const block = el('fieldset', { class: 'variant-block' },
    el('legend', {}, index === 0 ? t('control_variant') : t('treatment_variant', { n: index })),
    el('div', { class: 'variant-head' }, control(t('name'), name), control(t('weight'), weight),
      index > 1 ? el('button', { type: 'button', class: 'tool', onclick: () => { block.remove(); changed(); } }, t('remove')) : null),
    rows,
    el('button', { type: 'button', class: 'tool', onclick: () => add(options.settings.includes('popularity') ? 'popularity' : options.settings[0], '') }, t('add_setting')),
    index === 0 ? hint(t('control_hint')) : null);
  block.variant = () => ({ name: name.value.trim(), weight: Number(weight.value), settings: Object.fromEntries([...rows.children].map((row) => row.setting()).filter(([, text]) => text !== '')) });
  weight.addEventListener('input', changed);
  return block;
}

// Ticks of metrics.
function metricTicks(legend, prefix, options, chosen) {
  const wanted = new Set(chosen);
  const node = el('fieldset', { class: 'metric-ticks' }, el('legend', {}, legend), options.metrics.map((metric) => {
    const line = tick(`${prefix}-${metric.name}`, metricName(metric.name), wanted.has(metric.name), (on) => (on ? wanted.add(metric.name) : wanted.delete(metric.name)));
    line.title = metricAbout(metric.name, metric.definition);
    return line;
  }));
  return { node, names: () => options.metrics.map(({ name }) => name).filter((name) => wanted.has(name)) };
}

const nameOf = (metric) => (typeof metric === 'string' ? metric : metric.name);

// The options, with the metrics of its own that an experiment brings which is copied.
function withOwn(options, values) {
  const own = [...values.metrics, ...values.guardrails].filter((metric) => typeof metric !== 'string');
  const named = own.map((metric) => ({ name: metric.name, definition: metric.sentence ?? '', unit: metric.unit ?? '', better: metric.better ?? 'higher' }));
  return { ...options, metrics: [...options.metrics, ...named], own: new Map(own.map((metric) => [metric.name, metric])) };
}

function startValues(copied) {
  if (!copied) return { name: '', hypothesis: '', unit: 'user', scenarios: [], variants: [{ name: 'control' }, { name: 'treatment' }], metrics: kDefaultMetrics, guardrails: kDefaultGuardrails, minimum_lift: 0.05, covariate_days: 14 };
  return { ...copied, name: `${copied.name}-2`, salt: '' };
}

// All fields, and read(): the experiment as the API takes it.
function fieldsOf(values, options, changed) {
  const name = input('experiment-name', { value: values.name, required: true, maxlength: 64, pattern: kNamePattern, title: t('name_rule') });
  const hypothesis = el('textarea', { id: 'experiment-hypothesis', rows: 2, maxlength: 1000 }, values.hypothesis ?? '');
  const unit = choose('experiment-unit', options.units.map((each) => [each, t(`unit_${each}`)]), values.unit, changed);
  const method = choose('experiment-method', ['split', 'interleave'].map((each) => [each, t(`method_${each}`)]), values.method ?? 'split', changed);
  const places = new Set(values.scenarios);
  const where = el('fieldset', { class: 'ticks' }, el('legend', {}, t('where_word')), options.scenarios.length > 0
    ? options.scenarios.map((each) => tick(`scenario-${each}`, each, places.has(each), (on) => (on ? places.add(each) : places.delete(each)))) : hint(t('no_scenarios')));
  const variants = el('div', { class: 'variant-blocks' });
  const addVariant = (variant) => variants.append(variantBlock(options, variant, variants.childElementCount, changed));
  values.variants.forEach(addVariant);
  const decides = choose('experiment-decides', options.metrics.map((metric) => [metric.name, metricName(metric.name)]), nameOf(values.metrics[0]), changed);
  const further = metricTicks(t('further_metrics'), 'metric', options, values.metrics.slice(1).map(nameOf));
  const guards = metricTicks(t('guardrails'), 'guardrail', options, values.guardrails.map(nameOf));
  const minimum = input('experiment-minimum', { type: 'number', min: 0.01, max: 1000, step: 'any', value: Number((100 * values.minimum_lift).toPrecision(6)), required: true });
  minimum.addEventListener('input', changed);
  const covariate = input('experiment-covariate', { type: 'number', min: 0, max: 90, step: 1, value: values.covariate_days, required: true });
  const salt = input('experiment-salt', { value: values.salt ?? '', maxlength: 64, placeholder: t('salt_default') });
  const layer = input('experiment-layer', { value: values.layer?.name ?? '', maxlength: 64 });
  const from = input('experiment-from', { type: 'number', min: 0, max: 1, step: 'any', value: values.layer?.from ?? 0 });
  const to = input('experiment-to', { type: 'number', min: 0, max: 1, step: 'any', value: values.layer?.to ?? 1 });
  const blocks = () => [...variants.children];
  const node = [
    panel(t('form_what'),
      field(t('name'), name, t('name_rule')), field(t('hypothesis'), hypothesis, t('hypothesis_hint')),
      el('div', { class: 'field-pair' }, field(t('unit'), unit, t('unit_hint')), where),
      field(t('method_word'), method, t('method_hint'))),
    panel(t('variants'), el('p', { class: 'quiet' }, t('variants_hint')), variants,
      el('button', { type: 'button', class: 'button button-quiet button-small', onclick: () => { if (variants.childElementCount < kMostVariants) { addVariant({ name: `treatment-${variants.childElementCount}` }); changed(); } } }, t('add_variant'))),
    panel(t('form_measured'),
      el('div', { class: 'field-pair' }, field(t('deciding_metric'), decides, t('deciding_hint')), field(t('minimum_lift_percent'), minimum, t('minimum_hint'))),
      further.node, guards.node),
    el('details', { class: 'panel form-more' }, el('summary', {}, t('form_more')),
      el('div', { class: 'field-pair' }, field(t('salt'), salt, t('salt_hint')), field(t('covariate_days'), covariate, t('covariate_hint'))),
      el('div', { class: 'field-pair' }, field(t('layer'), layer, t('layer_hint')), el('div', { class: 'field-pair' }, field(t('layer_from'), from), field(t('layer_to'), to))))];
  const read = () => {
    const asGiven = (each) => options.own.get(each) ?? each;
    const metrics = [decides.value, ...further.names().filter((each) => each !== decides.value)];
    return {
      name: name.value.trim(), hypothesis: hypothesis.value.trim(), unit: unit.value, method: method.value, salt: salt.value.trim() || undefined,
      layer: layer.value.trim() ? { name: layer.value.trim(), from: Number(from.value), to: Number(to.value) } : undefined,
      scenarios: places.size > 0 ? [...places] : undefined,
      variants: blocks().map((block) => block.variant()),
      metrics: metrics.map(asGiven), guardrails: guards.names().map(asGiven),
      minimum_lift: Number(minimum.value) / 100, covariate_days: Number(covariate.value),
    };
  };
  const plan = () => {
    const weights = blocks().map((block) => block.variant().weight || 0);
    return { metric: decides.value, unit: unit.value, lift: Number(minimum.value) / 100, share: weights[1] / Math.max(1e-9, weights[0] + weights[1]), shares: weights.map((w) => w / Math.max(1e-9, weights.reduce((a, b) => a + b, 0))) };
  };
  return { node, read, plan };
}

export async function showForm(copyOf) {
  const [known, file] = await Promise.all([api.experimentOptions(), api.experiments()]);
  const copied = file.experiments.find(({ name }) => name === copyOf);
  const values = startValues(copied);
  const options = withOwn(known, values);
  let size = null;
  const fields = fieldsOf(values, options, () => size?.ask());
  size = sizePanel(fields.plan, options);
  const said = el('p', { class: 'said', role: 'alert' });
  const tell = (text) => {
    said.classList.add('is-bad');
    said.replaceChildren(text);
  };
  const save = async (event) => {
    event.preventDefault();
    if (token() === '') {
      tell(t('token_missing'));
      document.querySelector('#token')?.focus();
      return;
    }
    const experiment = fields.read();
    try {
      const now = await api.experiments();
      if (now.experiments.some(({ name }) => name === experiment.name)) throw new Error(t('name_taken', { name: experiment.name }));
      await api.putExperiments({ version: now.version, experiments: [...now.experiments, experiment] }, token());
      if (event.submitter?.value === 'start') await api.decide(experiment.name, 'start', '', token());
      location.assign(experimentHref(experiment.name));
    } catch (error) {
      tell(refusal(error));
    }
  };
  frame(t('new_experiment'), copied ? t('copied_from', { name: copyOf }) : t('form_lead'),
    el('datalist', { id: 'known-models' }, options.models.map((name) => el('option', { value: name }))),
    el('form', { class: 'experiment-form', onsubmit: save },
      el('div', { class: 'form-fields' }, fields.node),
      el('aside', { class: 'form-side' }, size.node,
        panel(t('form_ready'), said, el('p', { class: 'quiet' }, t('form_ready_text')), el('p', { class: 'panel-actions' },
          el('button', { type: 'submit', class: 'button button-small', value: 'draft' }, t('save_draft')),
          el('button', { type: 'submit', class: 'button button-quiet button-small', value: 'start' }, t('save_start')))))));
  size.ask();
}
