// How fast the pages are, in headless Chromium. Not a part of ./test. Prints, by name:
//   movie  until the first list is painted, bytes and layout shift, on the published home (SPARROW_HOME)
//   map    frames a second while the map is panned, of a generated catalogue of 62,423 items (as
//          many as MovieLens 25M has), kept in SPARROW_MAP_HOME when that is set
//   SPARROW_BIN=build/release/sparrow SPARROW_HOME=.sparrow node tests/e2e/speed.mjs [movie] [map]

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Bench, firstListTimes, kPages, settled, shot, sparrow, startServer, transferOf } from './bench.mjs';

const kVisits = 40;
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

async function movie() {
  await measured(process.env.SPARROW_HOME, async (bench) => {
    const { cold, best, median, worst } = await firstListTimes(bench, kVisits);
    console.log(`movie page, first list painted: first visit ${cold.toFixed(0)} ms; then of ${kVisits} median ${median.toFixed(0)} ms (${best.toFixed(0)} to ${worst.toFixed(0)})`);
    for (const [name, path] of Object.entries(kPages)) {
      const { page, seen, close } = await bench.open();
      const bytes = await transferOf(page, path);
      const shift = await page.evaluate(() => window.layoutShift);
      console.log(`${name}: ${(bytes / 1024).toFixed(0)} KB, layout shift ${shift.toFixed(3)}, requests elsewhere ${seen.foreign.length}`);
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
      const rates = [];
      for (let i = 0; i < kRuns; i += 1) rates.push(await page.evaluate(() => window.measureMap(120)));
      rates.sort((a, b) => a - b);
      // Work of a frame without waiting for the screen: the script's part, and with what is drawn.
      const cost = await page.evaluate(() => window.measureMapCost(60));
      console.log(`map of ${kItems} points, panning, 1280 x 900: median ${rates[Math.floor(kRuns / 2)].toFixed(1)} frames a second (${rates[0].toFixed(1)} to ${rates.at(-1).toFixed(1)}); ${cost.toFixed(1)} ms of work a frame`);
      await page.waitForTimeout(300);  // drawn again after the measurement
      await shot(page, 'map-62k');
      await close();
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const kParts = { movie, map };
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(kParts)) await kParts[name]();
