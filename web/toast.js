// A short message over the bottom edge with one thing to do, such as "undo". The next replaces it;
// it stays while it is pointed at or has the focus.

import { el } from './dom.js';

const kShownMs = 8000;

export function toast(text, { label, act }) {
  document.querySelector('.toast')?.remove();
  const button = el('button', { type: 'button', class: 'tool' }, label);
  const node = el('div', { class: 'toast', role: 'status' }, el('span', {}, text), button);
  let timer = 0;
  const leave = () => { timer = setTimeout(() => node.remove(), kShownMs); };
  const stay = () => clearTimeout(timer);
  for (const name of ['pointerenter', 'focusin']) node.addEventListener(name, stay);
  for (const name of ['pointerleave', 'focusout']) node.addEventListener(name, leave);
  button.addEventListener('click', () => {
    stay();
    node.remove();
    act();
  });
  document.body.append(node);
  leave();
}
