// The map's canvas: draws points (WebGL) and lines, moves and zooms by pointer, wheel, touch and
// keys, and says which point is meant.

import { Points } from './points.js';

const kNearPixels = 14;
const kMargin = 0.25;     // of the frame, drawn beyond each of its sides
const kCoarse = 2.5;      // so much may what is drawn be blown up
const kSettleMs = 150;    // after a move, everything is drawn again

export class MapView {
  onPick = () => {};
  onOpen = () => {};
  onHover = () => {};

  // `words`: what draws words and tiles (map_words.js) into `wordHost`.
  constructor({ canvas, overlay, wordHost, words, box, map, colors }) {
    Object.assign(this, { canvas, overlay, wordHost, words, box, map });
    this.at = new Float32Array(2 * map.points);
    const size = new Float32Array(map.points);
    // Many points are drawn smaller, so that they do not become one spot.
    const crowd = map.points > 20000 ? 0.7 : 1;
    for (let i = 0; i < map.points; i += 1) {
      this.at[2 * i] = map.x[i];
      this.at[2 * i + 1] = map.y[i];
      size[i] = crowd * (2.5 + Math.min(5, Math.log1p(map.popularity[i]) / 1.4));
    }
    this.points = new Points(canvas, this.at, colors, size);
    this.view = { x: 0, y: 0, scale: 1, fit: 1 };
    this.drawn = null;  // the view that the canvas shows
    this.chosen = -1;
    this.neighbors = [];
    this.asked = 0;
    this.#bounds();
    this.#pointer();
    this.#keys();
    new ResizeObserver(() => this.#resize()).observe(box);
    this.#resize();
  }

  // The view begins with 96 of 100 points: a few lie far out.
  #bounds() {
    const span = (values) => {
      const sorted = Float32Array.from(values).sort();
      return [sorted[Math.floor(0.02 * (sorted.length - 1))], sorted[Math.ceil(0.98 * (sorted.length - 1))]];
    };
    [this.left, this.right] = span(this.map.x);
    [this.top, this.bottom] = span(this.map.y);
  }

  get #ratio() { return window.devicePixelRatio || 1; }

  #resize() {
    const [width, height] = [this.box.clientWidth * this.#ratio, this.box.clientHeight * this.#ratio];
    if (this.width === width && this.height === height) return;
    Object.assign(this, { width, height });
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * (1 + 2 * kMargin));
      canvas.height = Math.round(height * (1 + 2 * kMargin));
    }
    this.draw();
  }

  fit() {
    const { view } = this;
    view.x = -(this.left + this.right) / 2;
    view.y = -(this.top + this.bottom) / 2;
    view.fit = 0.94 * Math.min(this.width / (this.right - this.left || 1), this.height / (this.bottom - this.top || 1));
    view.scale = view.fit;
    this.redraw();
  }

  center(i) {
    const { view } = this;
    view.x = -this.at[2 * i];
    view.y = -this.at[2 * i + 1];
    view.scale = Math.max(view.scale, view.fit * 8);
    this.redraw();
  }

  recolor(colors) {
    this.points.recolor(colors);
    this.redraw();
  }

  choose(i, neighbors) {
    this.chosen = i;
    this.neighbors = neighbors;
    this.redraw();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    this.#scale(factor, x, y);
    this.redraw();
  }

  #scale(factor, x, y) {
    const { view } = this;
    const scale = Math.max(view.fit / 3, Math.min(view.fit * 300, view.scale * factor));
    // The point under the pointer stays there.
    view.x += (x - this.width / 2) * (1 / scale - 1 / view.scale);
    view.y += (y - this.height / 2) * (1 / scale - 1 / view.scale);
    view.scale = scale;
  }

  redraw() {
    this.asked ||= requestAnimationFrame(() => this.#frame());
  }

  // Moves and scales what is drawn as long as it covers the frame and is not too coarse: only then
  // are all points drawn again. A machine without a graphics card pans and zooms tens of thousands of
  // points smoothly this way; at rest everything is drawn as it should be.
  #frame() {
    this.asked = 0;
    const { view, drawn } = this;
    if (drawn === null) {
      this.draw();
      return;
    }
    const grown = view.scale / drawn.scale;
    const [dx, dy] = [(view.x - drawn.x) * view.scale, (view.y - drawn.y) * view.scale];
    const reach = (0.5 + kMargin) * grown - 0.5;  // of the frame, beyond each of its sides
    const still = dx === 0 && dy === 0 && grown === 1;
    if (still || grown > kCoarse || Math.abs(dx) > reach * this.width || Math.abs(dy) > reach * this.height) {
      this.draw();
      return;
    }
    this.#shift(dx, dy, grown);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.draw(), kSettleMs);
  }

  #shift(dx, dy, grown) {
    const move = dx === 0 && dy === 0 && grown === 1 ? '' : `translate(${dx / this.#ratio}px, ${dy / this.#ratio}px) scale(${grown})`;
    for (const layer of [this.canvas, this.overlay, this.wordHost]) layer.style.transform = move;
  }

  // Pixels of the canvas.
  #place(i) {
    const { view, canvas, at } = this;
    return [(at[2 * i] + view.x) * view.scale + canvas.width / 2, (at[2 * i + 1] + view.y) * view.scale + canvas.height / 2];
  }

  draw() {
    clearTimeout(this.settling);
    this.drawn = { ...this.view };
    this.#shift(0, 0, 1);
    this.points.draw(this.view);
    const pen = this.overlay.getContext('2d');
    pen.clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.#words();
    if (this.chosen < 0) return;
    const style = getComputedStyle(this.box);
    const ratio = this.#ratio;
    const [x, y] = this.#place(this.chosen);
    pen.strokeStyle = style.color;
    pen.lineWidth = 1.5 * ratio;
    pen.globalAlpha = 0.75;
    for (const j of this.neighbors) {
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(...this.#place(j));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const [i, radius] of [...this.neighbors.map((j) => [j, 5]), [this.chosen, 8]]) {
      pen.beginPath();
      pen.arc(...this.#place(i), radius * ratio, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  #words() {
    const { view, canvas } = this;
    const ratio = this.#ratio;
    const place = (x, y) => [((x + view.x) * view.scale + canvas.width / 2) / ratio, ((y + view.y) * view.scale + canvas.height / 2) / ratio];
    const [left, top] = [(canvas.width - this.width) / 2 / ratio, (canvas.height - this.height) / 2 / ratio];
    this.words.draw(place, { left, top, right: left + this.width / ratio, bottom: top + this.height / ratio }, view.scale / view.fit);
  }

  // The point that a place of the page means: that of the tile there, else the nearest; -1: none near.
  nearest({ clientX, clientY }) {
    const { view, drawn, canvas } = this;
    const frame = this.box.getBoundingClientRect();
    const x = ((clientX - frame.left) * this.#ratio - this.width / 2) / view.scale - view.x;
    const y = ((clientY - frame.top) * this.#ratio - this.height / 2) / view.scale - view.y;
    const host = (at, middle, size) => ((at + middle) * drawn.scale + size / 2) / this.#ratio;
    const tile = drawn === null ? -1 : this.words.tileAt(host(x, drawn.x, canvas.width), host(y, drawn.y, canvas.height));
    return tile >= 0 ? tile : this.#nearestTo(x, y, ((kNearPixels * this.#ratio) / view.scale) ** 2);
  }

  #nearestTo(x, y, within) {
    let best = -1;
    let closest = within;
    for (let i = 0; i < this.map.points; i += 1) {
      const d = (this.at[2 * i] - x) ** 2 + (this.at[2 * i + 1] - y) ** 2;
      if (d < closest) {
        closest = d;
        best = i;
      }
    }
    return best;
  }

  #pointer() {
    const { canvas, view } = this;
    const down = new Map();  // pointers that are down
    let moved = false;
    canvas.addEventListener('pointerdown', (event) => {
      if (down.size === 0) moved = false;
      down.set(event.pointerId, [event.clientX, event.clientY]);
      canvas.setPointerCapture(event.pointerId);
      this.onHover(-1, 0, 0);
    });
    canvas.addEventListener('pointermove', (event) => {
      const frame = this.box.getBoundingClientRect();
      const before = down.get(event.pointerId);
      if (before === undefined) {
        this.onHover(this.nearest(event), event.clientX - frame.left, event.clientY - frame.top);
        return;
      }
      const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
      moved ||= Math.abs(dx) + Math.abs(dy) > 3;
      if (down.size === 2) {
        const [other] = [...down.entries()].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
        const far = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
        this.zoom(far([event.clientX, event.clientY]) / Math.max(1, far(before)), (other[0] - frame.left) * this.#ratio, (other[1] - frame.top) * this.#ratio);
      } else if (moved) {
        view.x += (dx * this.#ratio) / view.scale;
        view.y += (dy * this.#ratio) / view.scale;
        this.redraw();
      } else return;
      down.set(event.pointerId, [event.clientX, event.clientY]);
    });
    const up = (event) => {
      const was = down.delete(event.pointerId);
      if (was && !moved && down.size === 0 && event.type === 'pointerup') this.onPick(this.nearest(event));
    };
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('pointerleave', () => this.onHover(-1, 0, 0));
    canvas.addEventListener('dblclick', (event) => {
      const i = this.nearest(event);
      if (i >= 0) this.onOpen(i);
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      const frame = this.box.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 400), (event.clientX - frame.left) * this.#ratio, (event.clientY - frame.top) * this.#ratio);
    }, { passive: false });
  }

  // Arrows move, + and - zoom, 0 shows all, Space picks the film nearest to the middle, Enter opens it.
  #keys() {
    const { canvas, view } = this;
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = 60 / view.scale;
      const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      if (event.key === '+' || event.key === '=') this.zoom(1.3);
      else if (event.key === '-') this.zoom(1 / 1.3);
      else if (event.key === '0') this.fit();
      else if (event.key === ' ') this.onPick(this.#nearestTo(-view.x, -view.y, Infinity));
      else if (event.key === 'Enter' && this.chosen >= 0) this.onOpen(this.chosen);
      else if (moves[event.key]) {
        view.x += moves[event.key][0];
        view.y += moves[event.key][1];
        this.redraw();
      } else return;
      event.preventDefault();
    });
  }

  // Frames a second while panning to and fro, 12 pixels a frame, 240 to each side of where it is, which
  // is beyond the margin: for tests of speed. The same way as by pointer; the view ends where it began.
  measure(frames = 60) {
    const kStep = 12;
    const kTurn = 40;
    const pan = (pixels) => { this.view.x += (pixels * this.#ratio) / this.view.scale; };
    return this.#timed(frames, (i) => pan(i === 0 ? (-kStep * kTurn) / 2 : (Math.floor(i / kTurn) % 2 === 0 ? 1 : -1) * kStep));
  }

  // The same while zooming in and out, 2 % a frame, threefold.
  measureZoom(frames = 60) {
    const kTurn = 60;
    return this.#timed(frames, (i) => this.#scale(Math.floor(i / kTurn) % 2 === 0 ? 1.02 : 1 / 1.02, this.width / 3, this.height / 3));
  }

  #timed(frames, change) {
    const start = { ...this.view };
    this.draw();
    return new Promise((done) => {
      let count = 0;
      const began = performance.now();
      const step = () => {
        change(count);
        this.#frame();
        count += 1;
        if (count < frames) {
          requestAnimationFrame(step);
          return;
        }
        const rate = (1000 * count) / (performance.now() - began);
        Object.assign(this.view, start);
        this.draw();
        done(rate);
      };
      requestAnimationFrame(step);
    });
  }

  // Milliseconds that drawing all points takes when nothing waits for the screen.
  cost(frames = 60) {
    const start = this.view.x;
    const began = performance.now();
    for (let i = 0; i < frames; i += 1) {
      this.view.x += Math.sin(i / 5) * (4 / this.view.scale);
      this.draw();
      this.points.finish();
    }
    const each = (performance.now() - began) / frames;
    this.view.x = start;
    this.redraw();
    return each;
  }
}
