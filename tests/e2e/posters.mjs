// Posters that are drawn: motifs, compositions, hues, series, and that a film looks the same
// everywhere.

import assert from 'node:assert/strict';

import { kGlyphs } from '../../web/glyphs.js';
import { settled, shot } from './bench.mjs';

const kLeastApart = 40;  // degrees

// What is drawn on each card, by id, and the hues of each row in their order.
const drawn = (page) => page.evaluate(() => ({
  cards: [...document.querySelectorAll('.card[data-item]')].map((card) => {
    const tile = card.querySelector('.tile');
    return { id: card.dataset.item, drawn: tile.dataset.drawn, shapes: tile.querySelectorAll('path, circle, rect, ellipse').length, part: tile.querySelector('.tile-part')?.textContent ?? null };
  }),
  rows: [...document.querySelectorAll('.row-track, .grid')].map((row) => {
    const cards = [...row.querySelectorAll('.card[data-item]')];
    // What stands beside what: cards of one line.
    return cards.map((card) => ({ hue: Number(card.querySelector('.tile').dataset.hue), top: Math.round(card.getBoundingClientRect().top) }));
  }),
}));

export async function checkPosters(bench) {
  const check = bench.check.bind(bench);

  await check('posters: every motif that the server names is drawn, and nearly every film has one', async () => {
    const seen = new Set();
    let all = 0;
    let without = 0;
    const { genres } = await bench.api('/genres');
    for (const { name } of genres) {
      const { items } = await bench.api(`/items?genre=${encodeURIComponent(name)}&size=400`);
      for (const { look } of items) {
        all += 1;
        if (look.motif) seen.add(look.motif);
        else without += 1;
        assert.ok(look.hue === undefined || (look.hue >= 0 && look.hue < 360));
      }
    }
    const unknown = [...seen].filter((name) => !Object.hasOwn(kGlyphs, name));
    assert.deepEqual(unknown, []);
    console.log(`     ${seen.size} motifs on ${all} films, ${without} without`);
    assert.ok(seen.size >= 60 && without < 0.05 * all, `${seen.size} motifs, ${without} of ${all} without`);
  });

  await check('posters: neighbours in a row are 40 degrees of hue apart', async () => {
    for (const path of ['/', '/movie.html?movieId=589', '/movie.html?movieId=1', '/mix.html?like=589,1', '/?genre=Western']) {
      await bench.visit(path, { width: 1440 }, async (page) => {
        const { rows } = await drawn(page);
        assert.ok(rows.length > 0);
        for (const row of rows) {
          for (let i = 1; i < row.length; i += 1) {
            if (row[i].top !== row[i - 1].top) continue;
            const d = Math.abs(row[i].hue - row[i - 1].hue);
            assert.ok(Math.min(d, 360 - d) >= kLeastApart - 1, `${path}: ${row[i - 1].hue} beside ${row[i].hue}`);
          }
        }
      });
    }
  });

  await check('posters: a film is drawn the same everywhere, films of a page are not alike', async () => {
    const known = new Map();
    for (const path of ['/', '/movie.html?movieId=589', '/movie.html?movieId=1240', '/mix.html?like=589', '/?q=terminator', '/?genre=Sci-Fi']) {
      await bench.visit(path, { width: 1440 }, async (page) => {
        const { cards } = await drawn(page);
        for (const { id, drawn: what } of cards) {
          assert.equal(known.get(id) ?? what, what, `${id} on ${path}`);
          known.set(id, what);
        }
        const motifs = new Set(cards.map(({ drawn: what }) => what.split(' ')[1]));
        if (cards.length > 40) assert.ok(motifs.size >= 18, `${path}: ${motifs.size} motifs on ${cards.length} cards`);
      });
    }
    const all = [...known.values()].map((what) => what.split(' '));
    assert.ok(new Set(all.map(([layout]) => layout)).size >= 5, 'compositions');
    assert.equal(new Set(all.map(([, , voice]) => voice)).size, 4, 'voices');
  });

  await check('posters: films of one series share an emblem and carry their numbers', () => bench.visit('/?q=toy%20story', {}, async (page) => {
    await settled(page);
    const { cards } = await drawn(page);
    const series = ['1', '3114', '78499'].map((id) => cards.find((card) => card.id === id));
    assert.equal(new Set(series.map(({ drawn: what }) => what.split(' ')[1])).size, 1, JSON.stringify(series));
    assert.deepEqual(series.map(({ part }) => part), [null, '2', '3']);
    await shot(page, 'posters-series');
  }));
}
