// Says which parts of the address meant nothing, and takes them out of it.

import { remember } from './address.js';
import { el } from './dom.js';
import { comma, t } from './i18n.js';

// `wrong`: "name=value" of each.
export function sayCorrected(wrong) {
  if (wrong.length === 0) return;
  remember(Object.fromEntries(wrong.map((text) => [text.split('=')[0], null])));
  document.querySelector('.corrected')?.remove();
  document.querySelector('#notices').append(el('p', { class: 'banner corrected', role: 'status' }, t('corrected', { list: wrong.join(comma) })));
}

// Those of the parameters whose value is not one of the allowed ones.
export function unknownOf(parameters, allowed) {
  return Object.entries(allowed).filter(([name, values]) => parameters.has(name) && parameters.get(name) !== '' && !values.includes(parameters.get(name)))
    .map(([name]) => `${name}=${parameters.get(name).slice(0, 40)}`);
}
