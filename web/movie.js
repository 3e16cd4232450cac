// The page of one film: its facts, and more like it. The address keeps the film (`movieId`),
// how many similar films are shown (`show`) and every control.

import { reloadOnBack } from './address.js';
import * as api from './api.js';
import { sayCorrected } from './corrected.js';
import { el, notice } from './dom.js';
import { facts, skeletonFilm } from './facts.js';
import { filmList, skeletonList } from './film_list.js';
import { header } from './header.js';
import { t } from './i18n.js';
import { movieData } from './movie_data.js';
import { findPlace } from './place.js';
import { lazy } from './trouble.js';
import { lookAt } from './visits.js';

// So long the facts wait for the list, so that both are painted at once.
const kTogetherMs = 60;
// So long nothing grey is shown: on a fast server everything is there before.
const kGreyAfterMs = 80;

const main = document.querySelector('#main');
const footer = document.querySelector('#footer');

function missing(title, text) {
  document.title = `${title} · Sparrow`;
  main.replaceChildren(notice({ title, text, role: 'alert', link: { href: '/', text: t('go_home') } }));
}

async function show() {
  footer.replaceChildren();
  const { parameters, wrong, id, size, first, item } = movieData();
  if (id === '') {
    missing(t('which_film'), t('which_film_text'));
    return;
  }
  const there = await Promise.race([Promise.allSettled([first, item]), new Promise((done) => setTimeout(done, kGreyAfterMs, null))]);
  if (there === null) main.replaceChildren(el('div', { class: 'film-page' }, skeletonFilm(), skeletonList()));
  try {
    const [movie, settings] = await item;
    lookAt(id);
    document.title = `${movie.title}${movie.year ? ` (${movie.year})` : ''} · Sparrow`;
    await Promise.race([first.catch(() => {}), new Promise((done) => setTimeout(done, kTogetherMs))]);
    const rows = el('div', { class: 'rows' });
    // What the controls offer is asked for after the list: the list must not wait for it.
    let offer;
    const choices = new Promise((done) => { offer = done; });
    const listed = async (now, ids) => (await lazy('rows.js')).namedRows(rows, id, now, ids);
    const list = filmList({ seed: movie, parameters, footer, choices, listed });
    const about = facts(movie, settings);
    sayCorrected(wrong);
    main.replaceChildren(el('div', { class: 'film-page' }, about, el('div', { class: 'film-lists' }, list.section, rows)));
    await list.load(first, size);
    offer(Promise.all([api.genres().catch(() => [])]));
    performance.mark('first-list');
    findPlace();
  } catch (error) {
    if (error.notFound) {
      missing(t('unknown_film'), t('unknown_film_text', { id }));
      return;
    }
    main.replaceChildren(notice({ title: t('film_failed'), text: error.message, role: 'alert', retry: show }));
  }
}

header();
reloadOnBack();
show();
