// How fast the map is: generates a catalogue of 62,423 items (as many as MovieLens 25M has), trains,
// serves, and pans the map in headless Chromium. Prints frames a second. Not a part of ./test.
//   SPARROW_BIN=build/release/sparrow node tests/e2e/map_speed.mjs [items]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Bench, settled, shot, sparrow, startServer } from './bench.mjs';

const kRuns = 5;
const items = process.argv[2] ?? '62423';
const folder = mkdtempSync(join(tmpdir(), 'sparrow-map-'));
const home = join(folder, 'home');
let server = null;
let bench = null;
try {
  sparrow(home, 'synth', '--out', join(folder, 'data'), '--items', items, '--users', '20000', '--interactions', '1000000');
  sparrow(home, 'prepare', '--data', join(folder, 'data'));
  sparrow(home, 'train', '--method', 'cooccurrence', '--name', 'fusion', '--neighbors', '20');
  sparrow(home, 'publish', 'fusion', '--promote');
  server = await startServer(home);
  bench = new Bench(server.base, home);
  await bench.begin();
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
  console.log(`${items} points, panning, 1280 x 900: median ${rates[Math.floor(kRuns / 2)].toFixed(1)} frames a second (${rates[0].toFixed(1)} to ${rates.at(-1).toFixed(1)}); ${cost.toFixed(1)} ms of work a frame`);
  await shot(page, 'map-62k');
  await close();
} finally {
  await bench?.end();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
