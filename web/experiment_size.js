// The calculator beside the form: how many units and days a lift of that size needs, by what the log
// says of the deciding metric, or by what is typed.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { t } from './i18n.js';
import { metricName } from './metric_words.js';
import * as numbers from './numbers.js';
import { choose, control, fact, facts, panel, token } from './page.js';

const kWaitMs = 350;
const kAfterDays = [7, 14, 28, 56];

const numberInput = (id, value, properties) => el('input', { id, type: 'number', step: 'any', value, ...properties });

// What the log says of a metric, asked once.
function baselines() {
  const known = new Map();
  return async (metric, unit) => {
    const key = `${metric} ${unit}`;
    if (!known.has(key)) known.set(key, await api.experimentSize({ metric, unit: unit === 'session' ? 'session' : 'user' }, token()));
    return known.get(key);
  };
}

// Of more than one treatment: each is compared with the control, all have their share.
function totalOf(size, shares) {
  const perControl = size.control / shares[0];
  return shares.length > 2 ? Math.max(perControl, size.treatment / shares[1]) : size.control + size.treatment;
}

function answerNode(size, plan, unit, perDay, source) {
  const all = Math.ceil(totalOf(size, plan.shares));
  const days = perDay > 0 ? Math.ceil(all / perDay) : null;
  return [
    facts(fact(t('size_needed'), formatCount(all), t('size_each', { control: formatCount(Math.ceil(size.control)), treatment: formatCount(Math.ceil(size.treatment)) })),
      fact(t('size_days'), days === null ? '–' : formatCount(days), days === null ? t('size_days_unknown') : t('size_days_from', { n: formatCount(Math.round(perDay)) }))),
    el('p', { class: 'quiet' }, t('size_baseline', { value: numbers.value(size.value, unit), sd: numbers.value(size.deviation, ''), source, lift: numbers.lift(size.lift), target: numbers.value(size.value + size.difference, unit) })),
    perDay > 0 ? [el('h3', {}, t('size_finds')), el('dl', { class: 'finds' }, kAfterDays.map((n) => el('div', {}, el('dt', {}, t('size_lift_after', { n })), el('dd', {}, `±${numbers.lift(Math.abs(size.lift) * Math.sqrt(all / (n * perDay))).replace('+', '')}`))))] : null,
    el('p', { class: 'quiet' }, t('size_note'))].flat().filter(Boolean);
}

// `plan()`: what the form says now. ask(): to be called when that changes.
export function sizePanel(plan, options) {
  const ofLog = baselines();
  const host = el('div', { role: 'status', class: 'size-answer' });
  const rate = numberInput('size-rate', 4, { min: 0.0001, max: 99.99 });
  const mean = numberInput('size-mean', 12, { min: 0 });
  const sd = numberInput('size-sd', 30, { min: 0 });
  const perDay = numberInput('size-a-day', 1000, { min: 1 });
  const power = numberInput('size-power', 80, { min: 1, max: 99.9 });
  const alpha = numberInput('size-alpha', 5, { min: 0.001, max: 50 });
  const typed = { rate: [control(t('size_rate'), rate)], mean: [control(t('size_mean'), mean), control(t('size_sd'), sd)] };
  const aDay = control(t('size_a_day'), perDay);
  const fields = el('div', { class: 'size-fields' });
  let source = options.events ? 'log' : 'rate';
  let timer = 0;
  let asked = 0;
  const arrange = () => fields.replaceChildren(...(source === 'log' ? [] : [...typed[source], aDay]), control(t('size_power'), power), control(t('size_alpha'), alpha));
  const answer = async () => {
    const mine = ++asked;
    const now = plan();
    const question = { lift: now.lift, share: Math.min(0.999, Math.max(0.001, now.share)), power: Number(power.value) / 100, alpha: Number(alpha.value) / 100 };
    const unit = options.metrics.find(({ name }) => name === now.metric)?.unit ?? '';
    try {
      let [a, text, shown] = [Number(perDay.value), t('size_given'), source === 'rate' ? 'share of units' : unit];
      if (source === 'log') {
        if (now.unit === 'item_day') throw new Error(t('size_item_day'));
        const base = await ofLog(now.metric, now.unit);
        Object.assign(question, { mean: base.value, sd: base.deviation });
        [a, text, shown] = [base.units_a_day, t('size_log', { n: formatCount(Math.round(base.units_a_day)) }), unit];
      } else Object.assign(question, source === 'rate' ? { rate: Number(rate.value) / 100 } : { mean: Number(mean.value), sd: Number(sd.value) });
      const size = await api.experimentSize(question, token());
      if (mine === asked) host.replaceChildren(el('p', { class: 'size-metric' }, source === 'rate' ? '' : metricName(now.metric)), ...answerNode(size, now, shown, a, text));
    } catch (error) {
      if (mine === asked) host.replaceChildren(el('p', { class: 'needs' }, source === 'log' ? t('size_none', { text: error.message }) : error.message));
    }
  };
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(answer, kWaitMs);
  };
  for (const node of [rate, mean, sd, perDay, power, alpha]) node.addEventListener('input', ask);
  arrange();
  const sources = [options.events ? ['log', t('size_from_log')] : null, ['rate', t('size_from_rate')], ['mean', t('size_from_mean')]].filter(Boolean);
  const node = panel(t('size_panel'), control(t('size_source'), choose('size-source', sources, source, (next) => { source = next; arrange(); ask(); })), fields, host);
  return { node, ask };
}
