// What all checks need: the real server on a copy of the published home, Chromium, one line per
// check, screenshots, axe, measurements.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const kSecret = 'secret-admin';
export const kPages = { home: '/', movie: '/movie.html?movieId=589', mix: '/mix.html?like=589,1', mylist: '/mylist.html', spotcheck: '/spotcheck.html', models: '/models.html', experiments: '/experiments.html', events: '/events.html', map: '/map.html', status: '/status.html' };

const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const kShots = fileURLToPath(new URL('./screenshots/', import.meta.url));
const kAxe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kReadyMs = 60000;
const kSettleMs = 30000;

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

export function sparrow(home, ...args) {
  assert.ok(process.env.SPARROW_BIN, 'SPARROW_BIN is not set');
  return execFileSync(process.env.SPARROW_BIN, ['-q', ...args], { env: { ...process.env, SPARROW_HOME: home, SPARROW_DATA: '' }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

// The pages change rules and judgements and promote versions: all that happens to a copy. It gets
// a second version to promote, two models more to compare and, when there is none, an evaluation
// to show.
export function copyHome() {
  const from = process.env.SPARROW_HOME;
  assert.ok(from && existsSync(from), 'SPARROW_HOME is not a folder');
  const home = mkdtempSync(join(tmpdir(), 'sparrow-e2e-'));
  cpSync(from, home, { recursive: true });
  for (const file of ['judgements.jsonl', 'votes.jsonl', 'reports.jsonl', 'feedback.jsonl', 'rules.json', 'experiments.json', 'scenarios.json']) rmSync(join(home, file), { force: true });
  rmSync(join(home, 'events'), { recursive: true, force: true });
  sparrow(home, 'train', '--method', 'content', '--force', '--seed', '2');
  sparrow(home, 'publish', 'content');
  for (const method of ['cooccurrence', 'history']) {
    sparrow(home, 'train', '--method', method);
    sparrow(home, 'publish', method, '--promote');
  }
  const reports = join(home, 'evaluations');
  if (!existsSync(reports) || readdirSync(reports).length === 0) sparrow(home, 'evaluate', '--methods', 'content', '--splits', '1');
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

export async function startServer(home) {
  const port = await freePort();
  const child = spawn(process.env.SPARROW_BIN, ['serve', '--port', String(port), '--poll-ms', '200', '--token', `admin:${kSecret}`],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, SPARROW_HOME: home } });
  const state = { log: '', over: false, failure: '' };
  child.stderr.on('data', (chunk) => { state.log = (state.log + chunk).slice(-4000); });
  child.on('error', (error) => { state.over = true; state.failure = error.message; });
  child.on('exit', () => { state.over = true; });
  const base = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + kReadyMs;
  for (;;) {
    if (state.over) throw new Error(`the server ended before it was ready: ${state.failure}\n${state.log}`);
    try {
      if ((await fetch(`${base}/api/v1/readyz`)).status === 200) break;
    } catch { /* not listening yet */ }
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server was not ready after ${kReadyMs} ms\n${state.log}`);
    }
    await sleep(50);
  }
  const stop = async () => {
    if (state.over) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
    await gone;
    clearTimeout(timer);
  };
  return { base, stop };
}

export class Bench {
  passed = 0;
  failed = 0;

  constructor(base, home) {
    Object.assign(this, { base, home });
    mkdirSync(kShots, { recursive: true });
  }

  async begin() {
    this.browser = await chromium.launch({ executablePath: kChromium, args: ['--no-sandbox'] });
  }

  async end() {
    await this.browser?.close();
  }

  async check(name, body) {
    const only = process.env.E2E_ONLY;  // part of a name, while working on one check
    if (only && !name.includes(only)) return;
    const began = Date.now();
    try {
      await body();
      this.passed += 1;
      console.log(`ok   ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL ${name}: ${String(error?.stack ?? error).split('\n').slice(0, 14).join('\n     ')}`);
    }
  }

  // A page that remembers everything a check may ask for. Answers that a check provokes are
  // allowed by `expected`, parts of their addresses.
  async open({ width = 1280, height = 900, scheme = 'light', expected = [], routes = [], storage = {} } = {}) {
    const { base } = this;
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme, baseURL: base, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(kSettleMs);
    const seen = { errors: [], foreign: [], dialogs: [] };
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      if (expected.some((part) => message.location().url.includes(part))) return;
      if (message.text().includes('GL Driver Message')) return;  // the screenshot reads the canvas back
      seen.errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => seen.errors.push(error.message));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== base) seen.foreign.push(request.url());
    });
    page.on('dialog', (dialog) => {
      seen.dialogs.push(dialog.message());
      dialog.dismiss();
    });
    await page.addInitScript((entries) => {
      for (const [name, value] of Object.entries(entries)) localStorage.setItem(name, value);
      window.layoutShift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    }, storage);
    for (const [pattern, handler] of routes) await page.route(pattern, handler);
    const clean = () => {
      assert.deepEqual(seen.errors, [], 'console errors');
      assert.deepEqual(seen.foreign, [], 'third-party requests');
      assert.deepEqual(seen.dialogs, [], 'dialogs');
    };
    return { page, seen, clean, close: () => context.close() };
  }

  // A page that is open, whole, and checked when `body` is done.
  async visit(path, options, body) {
    const view = await this.open(options);
    try {
      await view.page.goto(path);
      await settled(view.page);
      await body(view.page, view);
      view.clean();
    } finally {
      await view.close();
    }
  }

  async api(path) {
    const answer = await fetch(`${this.base}/api/v1${path}`);
    assert.equal(answer.status, 200, path);
    return answer.json();
  }
}

// What moves has come to rest before the picture is taken; a whole page is taken from its top, with
// the bars that stay on the screen where they are in the page.
export async function shot(page, name, fullPage = false) {
  if (fullPage) await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
  await still(page);
  const bars = (position) => page.evaluate((value) => { for (const bar of document.querySelectorAll('.header, .grading-bar, .controls')) bar.style.position = value; }, position);
  if (fullPage) await bars('static');
  await page.screenshot({ path: `${kShots}${name}.png`, fullPage, animations: 'disabled' });
  if (fullPage) await bars('');
}

const still = (page) => page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));

// Every skeleton has been replaced, nothing is busy, and that twice in a row.
export async function settled(page) {
  await page.waitForLoadState('load');
  await page.waitForFunction(() => {
    const busy = document.querySelector('.is-skeleton, [aria-busy="true"], .loading') !== null || document.querySelector('main')?.childElementCount === 0;
    window.quietSince = busy ? null : window.quietSince ?? performance.now();
    return !busy && performance.now() - window.quietSince > 150;
  }, null, { polling: 50 });
}

export async function accessible(page) {
  // Entrance animations must be over, or colours are measured half-way.
  await still(page);
  // Evaluated through the debugger: a script element would break the page's own policy.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(kAxe);
  const bad = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target }) => target.join(' ')).join(', ')}`);
  });
  assert.deepEqual(bad, []);
}

export async function noOverflow(page) {
  const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
  assert.ok(scroll <= client, `the page is ${scroll} px wide in ${client} px`);
}

// Bytes on the wire, by Chromium's own account.
export async function transferOf(page, path) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(path);
  await page.waitForLoadState('networkidle');
  await settled(page);
  return bytes;
}

// Milliseconds from navigation until the first list is painted: the frame after its first card is
// in the document. Nothing is asked of the page before it is done: the driver's own script, which
// every question brings along, takes some 30 ms of the page's thread.
const kQuietMs = 700;

async function firstListAt(page) {
  await page.goto('/movie.html?movieId=589', { waitUntil: 'commit' });
  await sleep(kQuietMs);
  const at = await (await page.waitForFunction(() => window.firstListAt, null, { polling: 20 })).jsonValue();
  await settled(page);
  return at;
}

async function openForFirstList(bench) {
  const view = await bench.open();
  await view.page.addInitScript(() => {
    new MutationObserver((changes, observer) => {
      if (!document.querySelector('.similar a.card .match-number')) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame((now) => { window.firstListAt = now; }));
    }).observe(document, { childList: true, subtree: true });
  });
  return view;
}

// `tries` visits by somebody who was here before, by somebody who was not (a context that has no
// cache, in a browser that runs already), and by a browser process that was just started.
export async function laterVisits(bench, tries) {
  const view = await openForFirstList(bench);
  const times = [];
  for (let i = 0; i <= tries; i += 1) times.push(await firstListAt(view.page));
  await view.close();
  return times.slice(1);
}

export async function firstVisits(bench, tries) {
  const times = [];
  for (let i = 0; i <= tries; i += 1) {
    const view = await openForFirstList(bench);
    times.push(await firstListAt(view.page));
    await view.close();
  }
  return times.slice(1);  // that of the browser just started is another question
}

export async function coldVisits(bench, tries) {
  const times = [];
  for (let i = 0; i < tries; i += 1) {
    const own = new Bench(bench.base, bench.home);
    await own.begin();
    try {
      const view = await openForFirstList(own);
      times.push(await firstListAt(view.page));
    } finally {
      await own.end();
    }
  }
  return times;
}
