// End to end: starts `$SPARROW_BIN serve`, drives Chromium through the pages,
// keeps screenshots, prints one line per check and `N passed, N failed`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { checkTools } from './tools.mjs';

const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const kShots = fileURLToPath(new URL('./screenshots/', import.meta.url));
const kAxe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const kReadyMs = 60000;
const kMaxTransfer = 150 * 1024;
const kMaxShift = 0.1;
const kHostile = '<img src=x onerror=alert(1)>';

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

async function startServer() {
  const binary = process.env.SPARROW_BIN;
  assert.ok(binary, 'SPARROW_BIN is not set');
  const port = await freePort();
  const child = spawn(binary, ['serve', '--port', String(port), '--token', 'admin:secret-admin'], { stdio: ['ignore', 'ignore', 'pipe'] });
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

let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${String(error?.message ?? error).split('\n').slice(0, 12).join('\n     ')}`);
  }
}

// A page that remembers everything a check may ask for. 404 answers that a
// check provokes are allowed by `expected`.
async function open(browser, base, { width = 1280, height = 900, scheme = 'light', expected = [], routes = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, baseURL: base });
  const page = await context.newPage();
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
  await page.addInitScript(() => {
    window.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const [pattern, handler] of routes) await page.route(pattern, handler);
  const clean = () => {
    assert.deepEqual(seen.errors, [], 'console errors');
    assert.deepEqual(seen.foreign, [], 'third-party requests');
    assert.deepEqual(seen.dialogs, [], 'dialogs');
  };
  return { page, seen, clean, close: () => context.close() };
}

const shot = (page, name, fullPage = false) => page.screenshot({ path: `${kShots}${name}.png`, fullPage });
const cards = (page) => page.locator('.similar a.card');

// The network is quiet and every skeleton has been replaced.
async function settled(page) {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => !document.querySelector('.is-skeleton, [aria-busy="true"]'));
}

async function accessible(page) {
  // Entrance animations must be over, or colours are measured half-way.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  if (!(await page.evaluate(() => 'axe' in window))) {
    // Evaluated through the debugger: a script element would break the page's own policy.
    const { readFileSync } = await import('node:fs');
    await page.evaluate(readFileSync(kAxe, 'utf8'));
  }
  const bad = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target }) => target.join(' ')).join(', ')}`);
  });
  assert.deepEqual(bad, []);
}

async function noOverflow(page) {
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= client, `the page is ${scroll} px wide in ${client} px`);
}

// Bytes on the wire, by Chromium's own account.
async function transferOf(context, page, path) {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(path);
  await settled(page);
  return bytes;
}

async function findUnrated(base) {
  const genres = (await (await fetch(`${base}/api/v1/genres`)).json()).genres;
  const words = ['the', 'a', 'of', 'in', 'man', 'love', 'night', 'day', 'life', 'red', 'house', 'for'];
  const ids = new Set(['1076', '2939', '3338', '3456', '4194', '5721', '6668', '6849', '7020', '7792', '8765', '25855', '26085', '30892', '32160', '32371', '34482', '85565']);
  for (const word of words) {
    const answer = await fetch(`${base}/api/v1/search?q=${word}&size=50`);
    if (answer.ok) for (const { id } of (await answer.json()).items) ids.add(id);
  }
  for (const id of ids) {
    const answer = await fetch(`${base}/api/v1/items/${encodeURIComponent(id)}`);
    if (answer.ok && (await answer.json()).item.ratings === 0) return id;
  }
  throw new Error(`no unrated film among ${ids.size} (${genres.length} genres)`);
}

async function run(browser, base) {
  await check('home: search "terminator 2", arrow down, Enter, movie 589', async () => {
    const { page, clean, close } = await open(browser, base);
    await page.goto('/');
    await settled(page);
    const box = page.getByRole('combobox', { name: 'Search films' });
    await box.click();
    await box.pressSequentially('terminator 2', { delay: 15 });
    const option = page.getByRole('option').filter({ hasText: 'Terminator 2' }).first();
    await option.waitFor();
    assert.equal(await box.getAttribute('aria-expanded'), 'true');
    await shot(page, 'home-suggestions');
    await accessible(page);
    for (let i = 0; i < 8 && (await option.getAttribute('aria-selected')) !== 'true'; i += 1) await box.press('ArrowDown');
    assert.equal(await box.getAttribute('aria-activedescendant'), await option.getAttribute('id'));
    await box.press('Enter');
    await page.waitForURL(/\/movie\.html\?movieId=589$/);
    await page.getByRole('heading', { level: 1, name: 'Terminator 2: Judgment Day' }).waitFor();
    clean();
    await close();
  });

  await check('home: Escape closes the suggestions, Enter searches, a click opens', async () => {
    const { page, clean, close } = await open(browser, base);
    await page.goto('/');
    const box = page.getByRole('combobox', { name: 'Search films' });
    await box.fill('toy story');
    await page.getByRole('option').first().waitFor();
    await box.press('Escape');
    assert.equal(await page.getByRole('option').count(), 0);
    assert.equal(await box.getAttribute('aria-expanded'), 'false');
    assert.equal(await box.inputValue(), 'toy story');
    await box.press('Enter');
    await page.waitForURL(/\?q=toy\+story/);
    await page.locator('.grid a.card').first().waitFor();
    await shot(page, 'search');
    await accessible(page);
    await page.getByRole('combobox', { name: 'Search films' }).fill('terminator 2');
    await page.getByRole('option').filter({ hasText: 'Judgment Day' }).first().click();
    await page.waitForURL(/movieId=589$/);
    clean();
    await close();
  });

  await check('home: a hero and six rows by genre', async () => {
    const { page, clean, close } = await open(browser, base, { height: 1300 });
    await page.goto('/');
    await settled(page);
    assert.equal(await page.locator('main > .rows').last().locator('.row').count(), 6);
    assert.ok((await page.locator('.row a.card').count()) >= 48);
    const track = page.locator('.row-track').first();
    await page.getByRole('button', { name: /: more$/ }).first().click();
    await page.waitForFunction((node) => node.scrollLeft > 100, await track.elementHandle());
    await shot(page, 'home');
    clean();
    await close();
  });

  await check('home: a search without a hit and a genre page', async () => {
    const { page, clean, close } = await open(browser, base);
    await page.goto('/?q=zzzzqqqqxxxx');
    await page.getByRole('heading', { name: 'No film with this title' }).waitFor();
    await page.goto('/?genre=Western');
    await page.locator('.grid a.card').first().waitFor();
    assert.equal(await page.locator('[aria-current="page"]').textContent(), 'Western');
    await shot(page, 'genre');
    await accessible(page);
    clean();
    await close();
  });

  for (const [id, title] of [['589', 'Terminator 2: Judgment Day'], ['1', 'Toy Story']]) {
    await check(`movie ${id}: ${title}, facts, 20 similar films, footer`, async () => {
      const { page, clean, close } = await open(browser, base, { height: 1300 });
      await page.goto(`/movie.html?movieId=${id}`);
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
      await settled(page);
      assert.equal(await cards(page).count(), 20);
      const { items } = await (await fetch(`${base}/api/v1/items/${id}/similar?size=20`)).json();
      assert.deepEqual(
        (await page.locator('.similar .match-number').evaluateAll((nodes) => nodes.map((node) => node.firstChild.data))).map(Number),
        items.map(({ score }) => Math.round(score)),
        'the matches on the page are not those of the API',
      );
      assert.ok(items[0].score > 1, 'scores are not on the scale of 0 to 100');
      const own = new RegExp(`movieId=${id}$`);
      for (const link of await cards(page).all()) {
        assert.doesNotMatch(await link.getAttribute('href'), own);
        const match = Number.parseInt(await link.locator('.match-number').textContent(), 10);
        assert.ok(match >= 0 && match <= 100, `match ${match}`);
      }
      assert.match(await page.locator('.film-count').textContent(), /\d+ ratings/);
      assert.equal(await page.locator('.histogram .bar').count(), 10);
      assert.ok((await page.getByRole('link', { name: 'IMDb' }).getAttribute('href')).startsWith('https://www.imdb.com/title/tt'));
      assert.match(await page.locator('#footer').textContent(), /Model \S+.*Request \S+.* ms/);
      await shot(page, `movie-${id}`);
      await accessible(page);
      clean();
      await close();
    });
  }

  await check('movie 589: "Show more" pages on and the address keeps it', async () => {
    const { page, clean, close } = await open(browser, base);
    await page.goto('/movie.html?movieId=589');
    await settled(page);
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.similar a.card').length === 40);
    const links = await cards(page).evaluateAll((nodes) => nodes.map((node) => node.href));
    assert.equal(new Set(links).size, 40, 'a film appears twice');
    assert.match(page.url(), /show=40/);
    await page.reload();
    await settled(page);
    assert.deepEqual(await cards(page).evaluateAll((nodes) => nodes.map((node) => node.href)), links);
    clean();
    await close();
  });

  await check('a film that nobody rated answers with 20, placed by content', async () => {
    const id = await findUnrated(base);
    const { page, clean, close } = await open(browser, base, { height: 1300 });
    await page.goto(`/movie.html?movieId=${encodeURIComponent(id)}`);
    await page.getByText('Nobody has rated this film yet.').waitFor();
    await settled(page);
    assert.equal(await cards(page).count(), 20);
    await page.locator('.row-sub').filter({ hasText: 'placed by content' }).waitFor();
    await shot(page, 'movie-unrated');
    await accessible(page);
    clean();
    await close();
  });

  await check('an unknown film, no film, and an unknown page say so', async () => {
    const { page, clean, close } = await open(browser, base, { expected: ['/items/no-such-film', '/no-such-page'] });
    await page.goto('/movie.html?movieId=no-such-film');
    await page.getByRole('heading', { name: 'We do not know this film' }).waitFor();
    await shot(page, 'movie-unknown');
    await accessible(page);
    await page.goto('/movie.html');
    await page.getByRole('heading', { name: 'Which film?' }).waitFor();
    const answer = await page.goto('/no-such-page');
    assert.equal(answer.status(), 404);
    await page.getByRole('heading', { name: 'This page has flown.' }).waitFor();
    await page.getByRole('combobox', { name: 'Search films' }).waitFor();
    await shot(page, 'not-found');
    await accessible(page);
    clean();
    await close();
  });

  await check('a failing server shows an error and "Try again" recovers', async () => {
    let broken = true;
    const { page, seen, close } = await open(browser, base, {
      expected: ['/similar'],
      routes: [['**/similar*', (route) => (broken
        ? route.fulfill({ status: 503, json: { error: { code: 'overloaded', message: 'Too busy.' } } })
        : route.continue())]],
    });
    await page.goto('/movie.html?movieId=589');
    await page.getByText('Too busy.').waitFor();
    await shot(page, 'movie-error');
    await accessible(page);
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.similar a.card').length === 20);
    assert.deepEqual(seen.errors, []);
    await close();
  });

  await check(`the title ${kHostile} is inert everywhere`, async () => {
    const poison = (value) => JSON.parse(JSON.stringify(value, (key, inner) =>
      ['title', 'tag'].includes(key) ? kHostile
        : key === 'genres' && Array.isArray(inner) ? inner.map((genre) => (typeof genre === 'string' ? kHostile : { ...genre, name: kHostile }))
          : key === 'alternative_titles' ? [kHostile]
            : key === 'imdb' ? 'javascript:alert(1)' : inner));
    const { page, clean, close } = await open(browser, base, {
      expected: ['/items?genre='],  // the real server refuses the hostile genre, rightly
      routes: [['**/api/v1/**', async (route) => {
        if (/\/(config|readyz)$/.test(route.request().url())) return route.continue();
        const response = await route.fetch();
        return route.fulfill({ response, json: poison(await response.json()) });
      }]],
    });
    for (const path of ['/movie.html?movieId=589', '/', '/?q=toy', `/?genre=${encodeURIComponent(kHostile)}`]) {
      await page.goto(path);
      await settled(page);
      assert.equal(await page.locator('main img, #header img').count(), 0, path);
      assert.equal(await page.locator('a[href^="javascript:"]').count(), 0, path);
    }
    await page.goto('/movie.html?movieId=589');
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), kHostile);
    await settled(page);
    await page.getByRole('combobox', { name: 'Search films' }).fill('toy');
    await page.getByRole('option').first().waitFor();
    assert.equal(await page.locator('.suggestions img').count(), 0);
    await shot(page, 'movie-hostile-title');
    clean();
    await close();
  });

  await check('simulated data are announced', async () => {
    const { page, clean, close } = await open(browser, base, {
      routes: [['**/api/v1/config', async (route) => {
        const response = await route.fetch();
        return route.fulfill({ response, json: { ...(await response.json()), simulated: true } });
      }]],
    });
    await page.goto('/movie.html?movieId=1');
    await page.getByText('Simulated data.').waitFor();
    await settled(page);
    await shot(page, 'movie-simulated');
    await accessible(page);
    clean();
    await close();
  });

  for (const [name, path] of [['home', '/'], ['movie', '/movie.html?movieId=589']]) {
    await check(`${name}: 400 px wide without horizontal overflow`, async () => {
      const { page, clean, close } = await open(browser, base, { width: 400, height: 850 });
      await page.goto(path);
      await settled(page);
      await noOverflow(page);
      await shot(page, `${name}-400`, true);
      await accessible(page);
      clean();
      await close();
    });

    await check(`${name}: dark`, async () => {
      const { page, clean, close } = await open(browser, base, { scheme: 'dark', height: 1300 });
      await page.goto(path);
      await settled(page);
      const [r, g, b] = (await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).match(/\d+/g).map(Number);
      assert.ok(r + g + b < 150, 'the ground is not dark');
      await shot(page, `${name}-dark`);
      await accessible(page);
      clean();
      await close();
    });

    await check(`${name}: wide screen, accessible in light`, async () => {
      const { page, clean, close } = await open(browser, base, { width: 1920, height: 1080 });
      await page.goto(path);
      await settled(page);
      await noOverflow(page);
      await shot(page, `${name}-wide`);
      await accessible(page);
      clean();
      await close();
    });

    await check(`${name}: under 150 KB on the wire`, async () => {
      const { page, clean, close } = await open(browser, base);
      const bytes = await transferOf(page.context(), page, path);
      assert.ok(bytes > 0 && bytes < kMaxTransfer, `${bytes} bytes`);
      clean();
      await close();
    });

    await check(`${name}: layout shift below ${kMaxShift}`, async () => {
      for (const [width, height] of [[1280, 900], [400, 850]]) {
        const { page, clean, close } = await open(browser, base, { width, height });
        await page.goto(path);
        await settled(page);
        const shift = await page.evaluate(() => window.layoutShift);
        assert.ok(shift < kMaxShift, `${shift.toFixed(3)} at ${width} px`);
        clean();
        await close();
      }
    });
  }

  await check('strict Content-Security-Policy on every page', async () => {
    for (const path of ['/', '/movie.html?movieId=589', '/no-such-page']) {
      const policy = (await fetch(base + path)).headers.get('content-security-policy') ?? '';
      assert.match(policy, /script-src 'self'/, path);
      assert.doesNotMatch(policy, /unsafe-/, path);
    }
  });
}

mkdirSync(kShots, { recursive: true });
const server = await startServer();
let browser = null;
try {
  browser = await chromium.launch({ executablePath: kChromium, args: ['--no-sandbox'] });
  await run(browser, server.base);
  await checkTools({ browser, base: server.base, check, open, settled, shot, accessible, noOverflow });
} finally {
  await browser?.close();
  await server.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
