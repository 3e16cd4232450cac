// How fast the pages are, in headless Chromium. Not a part of ./test. Prints, by name:
//   movie  until the first list is painted, for three kinds of visitors, on the published home
//          (SPARROW_HOME); beside it the same page as it looks in the end, without any script
//   bytes  bytes and layout shift of every page
//   map    frames a second while the map is panned and zoomed, of a generated catalogue of 62,423 items (as
//          many as MovieLens 25M has), kept in SPARROW_MAP_HOME when that is set
//   SPARROW_BIN=build/release/sparrow SPARROW_HOME=.sparrow node tests/e2e/speed.mjs [movie] [bytes] [map]

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Bench, coldVisits, firstVisits, kPages, laterVisits, settled, shot, sparrow, startServer, transferOf } from './bench.mjs';

const kVisits = 40;
const kFirstVisits = 20;
const kProcesses = 5;
const kRuns = 5;
const kItems = 62423;

async function measured(home, body) {
  const server = await startServer(home);
  const bench = new Bench(server.base, home);
  try {
    await bench.begin();
    await body(bench);
  } finally {
    await bench.end();
    await server.stop();
  }
}

// The movie page when all is there, as plain HTML and one style, from a server of its own: what
// Chromium needs to paint it when nothing has to be asked for or made.
async function plainPage(bench) {
  const { page, close } = await bench.open();
  await page.goto(kPages.movie);
  await settled(page);
  const html = await page.evaluate(() => {
    for (const node of document.querySelectorAll('script, link[rel="modulepreload"]')) node.remove();
    return `<!doctype html>${document.documentElement.outerHTML}`;
  });
  const style = await page.evaluate(async () => (await fetch(document.querySelector('link[rel="stylesheet"]').href)).text());
  await close();
  const server = createServer((request, response) => {
    const css = request.url.endsWith('.css');
    response.setHeader('content-type', css ? 'text/css' : 'text/html; charset=utf-8');
    response.end(css ? style : html);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { base: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

async function movie() {
  await measured(process.env.SPARROW_HOME, async (bench) => {
    const say = async (name, visits, tries, of = bench) => {
      const times = (await visits(of, tries)).sort((a, b) => a - b);
      console.log(`movie page, first list painted, ${name}: median of ${tries} ${times[Math.floor(tries / 2)].toFixed(0)} ms (${times[0].toFixed(0)} to ${times.at(-1).toFixed(0)})`);
    };
    await say('browser just started', coldVisits, kProcesses);
    await say('first visit, running browser', firstVisits, kFirstVisits);
    const plain = await plainPage(bench);
    const other = new Bench(plain.base, process.env.SPARROW_HOME);
    await other.begin();
    await say('first visit, plain HTML without scripts', firstVisits, kFirstVisits, other);
    await say('later visits, plain HTML without scripts', laterVisits, kVisits, other);
    await other.end();
    plain.stop();
    await say('later visits', laterVisits, kVisits);
  });
}

async function bytes() {
  await measured(process.env.SPARROW_HOME, async (bench) => {
    for (const [name, path] of Object.entries(kPages)) {
      const { page, seen, close } = await bench.open();
      const all = await transferOf(page, path);
      const shift = await page.evaluate(() => window.layoutShift);
      console.log(`${name}: ${(all / 1024).toFixed(0)} KB, layout shift ${shift.toFixed(3)}, requests elsewhere ${seen.foreign.length}`);
      await close();
    }
  });
}

// The home of the generated catalogue; made when it is not there.
function mapHome(folder) {
  const home = process.env.SPARROW_MAP_HOME ?? join(folder, 'home');
  if (!existsSync(home)) {
    sparrow(home, 'synth', '--out', join(folder, 'data'), '--items', String(kItems), '--users', '20000', '--interactions', '1000000');
    sparrow(home, 'prepare', '--data', join(folder, 'data'));
    sparrow(home, 'train', '--method', 'cooccurrence', '--name', 'fusion', '--neighbors', '20');
    sparrow(home, 'publish', 'fusion', '--promote');
  }
  return home;
}

async function map() {
  const folder = mkdtempSync(join(tmpdir(), 'sparrow-map-'));
  try {
    const home = mapHome(folder);
    await measured(home, async (bench) => {
      const { page, close } = await bench.open();
      const began = Date.now();
      await page.goto('/map.html');
      await settled(page);
      await page.waitForFunction(() => window.measureMap);
      console.log(`page with the map: ${Date.now() - began} ms`);
      console.log(`WebGL: ${await page.evaluate(() => {
        const gl = document.createElement('canvas').getContext('webgl');
        return gl?.getParameter(gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER) ?? 'none';
      })}`);
      const rates = async (measure) => {
        const list = [];
        for (let i = 0; i < kRuns; i += 1) list.push(await page.evaluate(measure));
        list.sort((a, b) => a - b);
        return `median ${list[Math.floor(kRuns / 2)].toFixed(1)} frames a second (${list[0].toFixed(1)} to ${list.at(-1).toFixed(1)})`;
      };
      const panning = await rates(() => window.measureMap(120));
      const zooming = await rates(() => window.measureMapZoom(120));
      // Work of a frame without waiting for the screen: the script's part, and with what is drawn.
      const cost = await page.evaluate(() => window.measureMapCost(60));
      console.log(`map of ${kItems} points, 1280 x 900: panning ${panning}; zooming ${zooming}; ${cost.toFixed(1)} ms of work a frame`);
      await page.waitForTimeout(300);  // drawn again after the measurement
      await shot(page, 'map-62k');
      await close();
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const kParts = { movie, bytes, map };
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(kParts)) await kParts[name]();
