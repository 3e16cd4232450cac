// Words over the regions of the map, and tiles in place of points where few are left. What the server
// says of regions has three levels: the nearer one comes, the smaller the regions that are named.

import * as api from './api.js';
import { el } from './dom.js';
import { t } from './i18n.js';
import { tile } from './tile.js';

const kLevelsFrom = [0, 1.9, 4.6];  // how much larger than the whole map, for each level
const kTilesFrom = 5;
const kMostTiles = 28;
const kTileWidth = 58;
const kTileHeight = 87;
const kGap = 6;
const kLetter = 7.6;   // mean width, of lettering of 13 px
const kHanLetter = 13.5;
const kWordHeight = 22;

export function levelOf(zoom) {
  return kLevelsFrom.findLastIndex((from) => zoom >= from);
}

const textOf = (words) => words.map((word) => t(word)).join(' · ');
const widthOf = (text) => 18 + [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? kHanLetter : kLetter), 0);

const meet = (a, b) => Math.abs(a.x - b.x) * 2 < a.width + b.width + kGap && Math.abs(a.y - b.y) * 2 < a.height + b.height + kGap;

// What of `boxes`, in this order, can stand without covering another.
function apart(boxes, taken = []) {
  const kept = [];
  for (const box of boxes) {
    if ([...taken, ...kept].some((other) => meet(box, other))) continue;
    kept.push(box);
  }
  return kept;
}

export class MapWords {
  // `host`: an element as large as the canvas, moved and scaled with it.
  constructor(host, map) {
    Object.assign(this, { host, map, items: new Map(), shown: [] });
  }

  // place(x, y): where a point of the map lies in the host, in pixels of the page; `frame`: what is
  // seen of the host, {left, top, right, bottom}.
  draw(place, frame, zoom) {
    const seen = (x, y) => x > frame.left && x < frame.right && y > frame.top && y < frame.bottom;
    this.drawn = (this.drawn ?? 0) + 1;
    const near = zoom < kTilesFrom ? [] : this.#near(place, seen);
    if (near.length > 0 && near.length <= kMostTiles) {
      this.#tiles(near, this.drawn);
      return;
    }
    this.shown = [];
    const level = levelOf(zoom);
    const boxes = (this.map.labels ?? []).filter((label) => label.level === level).sort((a, b) => b.items - a.items).map((label) => {
      const [x, y] = place(label.x, label.y);
      const text = textOf(label.text);
      return { x, y, text, width: widthOf(text), height: kWordHeight };
    }).filter(({ x, y, width }) => seen(x - width / 2 + 10, y) && seen(x + width / 2 - 10, y));
    this.host.dataset.level = level;
    this.host.replaceChildren(...apart(boxes).map(({ x, y, text }) => {
      const node = el('span', { class: 'map-word' }, text);
      node.style.setProperty('--x', `${x.toFixed(1)}px`);
      node.style.setProperty('--y', `${y.toFixed(1)}px`);
      return node;
    }));
  }

  // The point whose tile covers a place of the host; -1: none does.
  tileAt(x, y) {
    return this.shown.find((tile) => Math.abs(tile.x - x) * 2 <= tile.width && Math.abs(tile.y - y) * 2 <= tile.height)?.i ?? -1;
  }

  #near(place, seen) {
    const found = [];
    for (let i = 0; i < this.map.points; i += 1) {
      const [x, y] = place(this.map.x[i], this.map.y[i]);
      if (!seen(x, y)) continue;
      found.push({ i, x, y, width: kTileWidth, height: kTileHeight });
      if (found.length > kMostTiles) return found;
    }
    return found;
  }

  // The best known first; what has no room stays a point. Drawn as the server knows them, so that
  // a film looks here as it does everywhere.
  async #tiles(near, mine) {
    const boxes = apart(near.sort((a, b) => this.map.popularity[b.i] - this.map.popularity[a.i]));
    const known = await Promise.all(boxes.map(async (box) => ({ ...box, movie: await this.#item(this.map.ids[box.i]) })));
    if (mine !== this.drawn) return;
    this.shown = known.filter(({ movie }) => movie !== null);
    this.host.dataset.level = 'tiles';
    this.host.replaceChildren(...this.shown.map(({ x, y, movie }) => {
      const node = el('span', { class: 'map-tile' }, tile(movie));
      node.style.setProperty('--x', `${x.toFixed(1)}px`);
      node.style.setProperty('--y', `${y.toFixed(1)}px`);
      return node;
    }));
  }

  #item(id) {
    if (!this.items.has(id)) this.items.set(id, api.item(id).catch(() => null));
    return this.items.get(id);
  }
}
