// Tables that can be sorted by a column and searched; both are kept in the address under the
// table's name. `update(rows)` shows new rows and keeps everything else as it is.

import { remember } from './address.js';
import { el } from './dom.js';
import { t } from './i18n.js';
import { withHelp } from './terms.js';

const kFindFrom = 8;  // rows; fewer are read faster than searched

const kindOf = (number, wrap, wideOnly = false) => [number ? 'number' : wrap ? 'wrap' : '', wideOnly ? 'is-wide-only' : ''].filter(Boolean).join(' ') || null;

// columns: [{key, head, cell(row), value(row), number, wrap, title}]; a column with `value` can be
// sorted, one with `wrap` holds text of several lines.
export function dataTable({ name, caption, columns, rows: given, find = given.length >= kFindFrom, empty = t('none'), rowClass = null }) {
  const address = new URLSearchParams(location.search);
  let rows = given;
  let [sortKey, direction] = (address.get(`${name}_sort`) ?? '').split('.');
  let words = address.get(`${name}_find`) ?? '';
  const body = el('tbody', {});
  const heads = new Map();

  const draw = () => {
    const column = columns.find(({ key }) => key === sortKey);
    const typed = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const cells = rows.map((row) => ({ row, cells: columns.map(({ cell, number, wrap, title }) => el('td', { class: kindOf(number, wrap), title: title?.(row) }, cell(row))) }));
    const found = cells.filter(({ cells: list }) => {
      const text = list.map((cell) => cell.textContent).join(' ').toLowerCase();
      return typed.every((word) => text.includes(word));
    });
    if (column?.value) {
      const sign = direction === 'desc' ? -1 : 1;
      const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b);
      // What has no value goes last in either direction.
      found.sort(({ row: a }, { row: b }) => {
        const [x, y] = [column.value(a), column.value(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return sign * compare(x, y);
      });
    }
    for (const [key, head] of heads) {
      if (key === sortKey) head.setAttribute('aria-sort', direction === 'desc' ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    body.replaceChildren(...(found.length > 0
      ? found.map(({ row, cells: list }) => el('tr', { class: rowClass?.(row) ?? null }, list))
      : [el('tr', {}, el('td', { class: 'quiet', colspan: columns.length }, empty))]));
  };

  const head = ({ key, head: text, value, number, help }) => {
    const [, ...more] = withHelp(text, help ?? null);
    const cell = el('th', { scope: 'col', class: number ? 'number' : null });
    if (!value) {
      cell.append(text, ...more);
      return cell;
    }
    heads.set(key, cell);
    cell.append(el('button', {
      type: 'button', class: 'sort',
      onclick: () => {
        // Numbers begin with the largest, words with the first letter.
        const first = number ? 'desc' : 'asc';
        if (sortKey !== key) [sortKey, direction] = [key, first];
        else if (direction === first) direction = first === 'desc' ? 'asc' : 'desc';
        else [sortKey, direction] = [null, null];
        remember({ [`${name}_sort`]: sortKey === null ? null : `${sortKey}.${direction}` });
        draw();
      },
    }, text), ...more);
    return cell;
  };

  const input = find ? el('input', { type: 'search', id: `${name}-find`, class: 'table-find', value: words, placeholder: t('filter_rows'), 'aria-label': `${t('filter_rows')}: ${caption}` }) : null;
  input?.addEventListener('input', () => {
    words = input.value;
    remember({ [`${name}_find`]: words.trim() });
    draw();
  });
  const node = el('div', { class: 'table' }, input,
    el('div', { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': caption },
      el('table', { class: 'data' }, el('caption', { class: 'visually-hidden' }, caption), el('thead', {}, el('tr', {}, columns.map(head))), body)));
  draw();
  return { node, update: (next) => { rows = next; draw(); } };
}

// A table without sorting, for few rows; `wideOnly`: a column that a phone has no room for.
export function table(columns, rows, caption = '') {
  return el('div', { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': caption },
    el('table', { class: 'data' },
      el('caption', { class: 'visually-hidden' }, caption),
      el('thead', {}, el('tr', {}, columns.map(({ head, number, wideOnly }) => el('th', { scope: 'col', class: kindOf(number, false, wideOnly) }, withHelp(head))))),
      el('tbody', {}, rows.map((row) => el('tr', {}, columns.map(({ cell, number, wrap, wideOnly }) => el('td', { class: kindOf(number, wrap, wideOnly) }, cell(row))))))));
}
