// Help on the terms of the lab: a small "?" beside each, which says in one or two sentences what it
// means (term_words.js). The keys are those of the words that stand on the pages (bench_words.js and
// its neighbours).

import { el } from './dom.js';
import { addWords, lang, t } from './i18n.js';

addWords({ what_is: ['What does “{name}” mean?', '“{name}”是什么意思？'] });

const kTerms = [
  'metric_nx', 'metric_nx_ipw', 'metric_nx_tail', 'metric_ndcg', 'metric_mrr', 'metric_hit', 'metric_series_auc',
  'metric_judged_auc', 'metric_judged_ndcg', 'metric_judged_share', 'judged_at', 'metric_lift', 'metric_skew',
  'metric_coverage', 'metric_gini', 'metric_diversity', 'metric_seconds', 'intervals', 'slices', 'stratum_head',
  'stratum_middle', 'stratum_tail', 'stratum_cold', 'losers', 'asked', 'pinned', 'versions', 'method', 'hubness',
  'duplicates', 'zero_vectors', 'short_lists', 'churn', 'top_hubs', 'card_joined', 'card_behavior',
  'card_interactions', 'uptime', 'requests', 'latency', 'refused', 'degraded_answers', 'store', 'pool',
  'pool_source', 'rules', 'cache_lists', 'channels', 'endpoint', 'fleiss', 'cohen', 'percent_equal', 'judged_pairs',
  'sign_test', 'mean_grade', 'hypothesis', 'units', 'split', 'guardrails', 'lift', 'interval_95', 'always_interval',
  'always_p', 'fixed_p', 'adjusted_p', 'segments', 'preference', 'srm_title', 'size_needed', 'different_items',
  'coverage_of', 'top_share', 'over_days', 'last_minute', 'since_start', 'lists_recorded', 'log_size', 'quality',
  'tail',
];

let known = null;
let notes = 0;

// The key of a term, by the word that stands for it.
function keyOf(text) {
  known ??= new Map(kTerms.map((key) => [t(key), key]));
  return known.get(text) ?? null;
}

const words = () => import('./term_words.js').then((module) => module.kTerms);

const kGap = 6;
const kEdge = 8;

// Below its button, or above where there is no room; never beyond the window.
function place(note, button) {
  const from = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = note;
  const below = from.bottom + kGap + height <= innerHeight - kEdge;
  note.style.setProperty('--x', `${Math.max(kEdge, Math.min(from.left - 12, innerWidth - width - kEdge))}px`);
  note.style.setProperty('--y', `${Math.max(kEdge, below ? from.bottom + kGap : from.top - height - kGap)}px`);
}

// A "?" that says what `name` means, by click, tap, Enter and Space; Escape and a click elsewhere
// close it.
function question(name, key, meaning) {
  notes += 1;
  const id = `term-${notes}`;
  // Empty until it is asked for: the page says each word once.
  const note = el('span', { class: 'term-note', id, popover: 'auto' });
  const button = el('button', { type: 'button', class: 'term', popovertarget: id, 'aria-label': t('what_is', { name }) }, '?');
  const said = el('span', {}, meaning ?? t('loading'));
  note.addEventListener('beforetoggle', ({ newState }) => {
    if (newState === 'open') note.replaceChildren(el('strong', {}, name), ' ', said);
    else note.replaceChildren();
  });
  note.addEventListener('toggle', async ({ newState }) => {
    if (newState !== 'open') return;
    place(note, button);
    if (meaning !== null) return;
    try {
      said.textContent = (await words())[key][lang === 'zh' ? 1 : 0];
    } catch (error) {
      said.textContent = t('failed_because', { text: error.message });
    }
    place(note, button);
  });
  // A header that sorts must not sort when its question is asked.
  button.addEventListener('click', (event) => event.stopPropagation());
  return el('span', { class: 'term-host' }, button, note);
}

// A term of the dictionary with its "?"; any other text as it is. `meaning`: what is said instead.
export function withHelp(text, meaning = null) {
  const key = typeof text === 'string' ? keyOf(text) : null;
  return key === null && meaning === null ? [text] : [text, '\u00a0', question(text, key, meaning)];
}
