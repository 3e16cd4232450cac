// What the movie page asks for first. It depends on almost nothing, so that the answers are under
// way while the rest of the page's modules are still loading.

import { controlsOf, firstSizeOf, soundParameters } from './address.js';
import * as api from './api.js';
import { askToHide, keptOutBy } from './marks.js';

function ask() {
  const { parameters, wrong } = soundParameters();
  const id = (parameters.get('movieId') ?? '').trim();
  if (id === '') return { parameters, wrong, id };
  const size = firstSizeOf(parameters);
  // What this person does not want to see is left out only where it would be among them: the first
  // question is then the same for all, and the server names it together with the page, so that the
  // browser has asked before this script runs.
  const list = (hide) => api.similar(id, size, 0, { ...controlsOf(parameters, hide), reasons: true });
  const first = list('').then(async (answer) => {
    const unwanted = answer.items.filter((movie) => keptOutBy(movie.id, id) !== null);
    return unwanted.length === 0 ? answer : { ...(await list(askToHide(id, unwanted.map((movie) => movie.id)))), unwanted };
  });
  const item = Promise.all([api.item(id), api.config()]);
  // Whoever waits for them hears of a failure.
  first.catch(() => {});
  item.catch(() => {});
  return { parameters, wrong, id, size, first, item };
}

let early = ask();

// The answers that were asked for when the page was opened; later calls ask again.
export function movieData() {
  const data = early ?? ask();
  early = null;
  return data;
}
