// End to end: starts `$SPARROW_BIN serve` on a copy of `$SPARROW_HOME`, drives Chromium through the
// pages, keeps screenshots, prints one line per check and `N passed, N failed`.

import { Bench, copyHome, startServer } from './bench.mjs';
import { checkCatalogues } from './catalogues.mjs';
import { checkEverywhere } from './everywhere.mjs';
import { checkExperiments } from './experiments.mjs';
import { checkFaults } from './faults.mjs';
import { checkHome } from './home.mjs';
import { checkKeyboard } from './keyboard.mjs';
import { checkMapAndStatus } from './map_status.mjs';
import { checkModels } from './models.mjs';
import { checkMovie } from './movie.mjs';
import { checkMovieTools } from './movie_tools.mjs';
import { checkPosters } from './posters.mjs';
import { checkSpotcheck } from './spotcheck.mjs';
import { checkTerms } from './terms.mjs';

const { home, remove } = copyHome();
const server = await startServer(home);
const bench = new Bench(server.base, home);
try {
  await bench.begin();
  // These change judgements, rules and versions, so they come first and one by one.
  for (const check of [checkExperiments, checkSpotcheck, checkModels]) await check(bench);
  // These only look; most of their time is waiting, so three go at once.
  const lanes = [[checkHome, checkMovie, checkMovieTools, checkKeyboard], [checkEverywhere, checkMapAndStatus], [checkFaults, checkCatalogues, checkPosters, checkTerms]];
  await Promise.all(lanes.map(async (lane) => { for (const check of lane) await check(bench); }));
} finally {
  await bench.end();
  await server.stop();
  remove();
}
console.log(`${bench.passed} passed, ${bench.failed} failed`);
process.exitCode = bench.failed === 0 ? 0 : 1;
