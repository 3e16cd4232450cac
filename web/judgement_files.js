// The panel about judgements: who agrees with whom, files out and in.

import * as api from './api.js';
import { el, formatCount } from './dom.js';
import { t } from './i18n.js';
import { fact, facts, panel } from './page.js';
import { table } from './table.js';

const kPartBytes = 40000;  // the server takes 64 KB at once

const kappa = (value) => (value === null ? '–' : value.toFixed(2));

function agreementTable(between) {
  if (between.length === 0) return el('p', { class: 'quiet' }, t('one_grader'));
  return table([
    { head: t('grader'), cell: (b) => b.a },
    { head: t('grader'), cell: (b) => b.b },
    { head: t('shared'), number: true, cell: (b) => formatCount(b.shared) },
    { head: t('percent_equal'), number: true, cell: (b) => `${b.percent.toFixed(0)}\u00a0%` },
    { head: t('cohen'), number: true, cell: (b) => kappa(b.kappa) },
  ], between, t('agreement'));
}

// Sends a file in parts that end with a line; a first line that names columns goes with each.
async function sendFile(text, grader) {
  const lines = text.split('\n');
  const header = /\t/.test(lines[0]) && /(^|\t)grade(\t|\r?$)/.test(lines[0]) ? lines[0].trim() : '';
  const total = { saved: 0, unchanged: 0, rounded: 0, rejected: 0, reasons: [] };
  for (let from = 0; from < lines.length;) {
    let to = from;
    let bytes = 0;
    while (to < lines.length && (to === from || bytes + 3 * lines[to].length < kPartBytes)) {
      bytes += 3 * lines[to].length + 1;
      to += 1;
    }
    const part = lines.slice(from, to).join('\n');
    if (part.trim() !== '') {
      const answer = await api.importJudgements({ grader, text: part, first_line: from + 1, ...(header && from > 0 ? { header } : {}) });
      for (const name of ['saved', 'unchanged', 'rounded', 'rejected']) total[name] += answer[name];
      total.reasons.push(...answer.reasons);
    }
    from = to;
  }
  return total;
}

function outcome(total) {
  return el('div', {},
    el('p', {}, t('imported', { saved: formatCount(total.saved), unchanged: formatCount(total.unchanged), rejected: formatCount(total.rejected) }),
      total.rounded > 0 ? ` ${t('rounded', { n: formatCount(total.rounded) })}` : ''),
    total.reasons.length > 0 ? el('ul', { class: 'import-reasons' }, total.reasons.slice(0, 50).map(({ line, reason }) => el('li', {}, t('line_reason', { line, reason })))) : null);
}

function agreementFacts(agreement) {
  return [
    facts(
      fact(t('graders'), formatCount(agreement.graders)),
      fact(t('judged_pairs'), formatCount(agreement.pairs), t('by_two', { n: formatCount(agreement.shared_pairs) })),
      fact(t('percent_equal'), agreement.percent === null ? '–' : `${agreement.percent.toFixed(0)}\u00a0%`),
      fact(t('fleiss'), kappa(agreement.kappa))),
    agreementTable(agreement.between)];
}

// `grader()`: whose lines without a name are; `imported()` is called after a file was taken in.
export function judgementPanel(grader, imported) {
  const said = el('div', {});
  const result = el('div', { class: 'import-result', role: 'status' });
  const file = el('input', { id: 'import', type: 'file', accept: '.tsv,.txt,.qrels,text/plain,text/tab-separated-values' });
  file.addEventListener('change', async () => {
    if (file.files.length === 0) return;
    result.replaceChildren(el('p', {}, t('loading')));
    try {
      const total = await sendFile(await file.files[0].text(), grader());
      result.replaceChildren(outcome(total));
      if (total.saved > 0) await imported();
    } catch (error) {
      result.replaceChildren(el('p', { role: 'alert' }, t('failed_because', { text: error.message })));
    }
    file.value = '';
  });
  const out = (format, name, text) => el('li', {}, el('a', { href: api.judgementsHref(format), download: name }, text), el('span', { class: 'quiet' }, ` ${t(`export_${format}`)}`));
  const node = panel(t('judgements'), said,
    el('div', { class: 'two-columns' },
      el('div', {}, el('h3', {}, t('export')), el('ul', { class: 'plain-list' }, out('tsv', 'judgements.tsv', 'TSV'), out('qrels', 'judgements.qrels', 'qrels'), out('full', 'judgements-full.tsv', t('export_full_name')))),
      el('div', {}, el('h3', {}, t('import')), el('p', { class: 'quiet' }, t('import_help')), el('label', { class: 'button button-quiet button-small file-button' }, t('choose_file'), file), result)));
  return { node, update: (agreement) => said.replaceChildren(...agreementFacts(agreement)) };
}
