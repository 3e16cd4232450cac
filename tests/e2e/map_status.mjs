// The map and the state of the server.

import assert from 'node:assert/strict';

import { accessible, settled, shot } from './bench.mjs';

const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, m, i) => sum + m * vector[i], 0));

// Distance of two colours in OKLab (Ottosson 2020).
function distance(a, b) {
  const lab = (c) => times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]],
    times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], c.map(linear)).map(Math.cbrt));
  return Math.hypot(...lab(a).map((v, i) => v - lab(b)[i]));
}

// What is left of colours without the red or the green cone (Machado et al. 2009, severity 1).
const kWithoutRed = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const kWithoutGreen = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]];
const encoded = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const few = (matrix) => (color) => times(matrix, color.map(linear)).map((v) => encoded(Math.min(1, Math.max(0, v))));

function contrast(a, b) {
  const light = (c) => times([[0.2126, 0.7152, 0.0722]], c.map(linear))[0];
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

export async function checkMapAndStatus(bench) {
  const check = bench.check.bind(bench);

  await check('map: neighbors of a film, search, legend, click through to the page', () => bench.visit('/map.html?movieId=1', {}, async (page) => {
    const side = page.locator('.map-side');
    await side.getByRole('button', { name: /^Toy Story 2/ }).waitFor();
    assert.equal(await side.locator('li').count(), 10);
    await shot(page, 'map');
    await accessible(page);
    await page.locator('#main').getByRole('combobox', { name: 'Find on the map' }).fill('terminator 2');
    await page.getByRole('option').filter({ hasText: 'Judgment Day' }).click();
    await page.waitForURL(/movieId=589/);
    await side.getByRole('heading', { name: /Terminator 2/ }).waitFor();
    await page.getByRole('button', { name: 'Animation' }).click();
    await page.waitForURL(/only=Animation/);
    await page.locator('#by').selectOption('year');
    await page.waitForURL(/by=year/);
    await shot(page, 'map-year');
    await side.getByRole('link', { name: 'Open its page' }).click();
    await page.waitForURL(/movie\.html\?movieId=589/);
    await settled(page);
  }));

  await check('map: hover names a film, a click picks it, keys do the same', () => bench.visit('/map.html', {}, async (page) => {
    const canvas = page.locator('.map-points');
    await canvas.focus();
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press(' ');
    await page.waitForURL(/movieId=/);
    const heading = page.locator('.map-side h2');
    const name = await heading.textContent();
    assert.ok(name.length > 1);
    // The film that was found is brought to the middle; a neighbor's button goes there.
    await page.locator('.map-side li button').first().click();
    await page.waitForFunction((old) => document.querySelector('.map-side h2').textContent !== old, name);
    await settled(page);
    const { x, y, width, height } = await canvas.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.locator('.map-tip').waitFor();
    assert.ok((await page.locator('.map-tip').textContent()).length > 1);
    // While the wheel turns, what is drawn is scaled; at rest it is drawn again, and the film in the
    // middle is the same.
    const here = await page.locator('.map-tip').textContent();
    await page.evaluate(() => {
      const points = document.querySelector('.map-points');
      new MutationObserver(() => { window.wasScaled ||= points.style.transform.includes('scale('); }).observe(points, { attributeFilter: ['style'] });
    });
    await page.mouse.wheel(0, -120);
    await page.waitForFunction(() => window.wasScaled);
    await page.waitForFunction(() => document.querySelector('.map-points').style.transform === '');
    await page.mouse.move(x + width / 2 + 40, y + height / 2);
    await page.mouse.move(x + width / 2, y + height / 2);
    assert.equal(await page.locator('.map-tip').textContent(), here);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + 80, y + height / 2 + 40, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.press('Enter');
    await page.waitForURL(/movie\.html\?movieId=/);
    await settled(page);
  }));

  await check('map: words of regions split while zooming, and near by there are tiles', () => bench.visit('/map.html', { width: 1440 }, async (page) => {
    const words = () => page.locator('.map-word').allTextContents();
    const level = () => page.locator('.map-words').getAttribute('data-level');
    const wide = await words();
    assert.ok(wide.length >= 3, `${wide}`);
    assert.equal(await level(), '0');
    await shot(page, 'map-words-0');
    const canvas = page.locator('.map-points');
    await canvas.focus();
    const zoomTo = async (wanted) => {
      for (let i = 0; i < 40 && await level() !== wanted; i += 1) {
        await page.keyboard.press('+');
        await page.waitForTimeout(220);  // drawn again at rest
      }
      assert.equal(await level(), wanted);
    };
    await zoomTo('1');
    const nearer = await words();
    assert.ok(nearer.length >= 2 && nearer.some((word) => !wide.includes(word)), `${nearer}`);
    await shot(page, 'map-words-1');
    await zoomTo('2');
    await shot(page, 'map-words-2');
    // No word covers another.
    const boxes = await page.locator('.map-word').evaluateAll((all) => all.map((node) => { const { left, right, top, bottom } = node.getBoundingClientRect(); return { left, right, top, bottom }; }));
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, 'two words cover each other')));
    await zoomTo('tiles');
    const tiles = await page.locator('.map-tile .tile').count();
    assert.ok(tiles >= 1 && tiles <= 28, `${tiles} tiles`);
    await shot(page, 'map-tiles');
    // A tile is picked wherever one points at it, however many points lie around.
    const frame = await canvas.evaluate((node) => { const { left, top, right, bottom } = node.closest('.map-frame').getBoundingClientRect(); return { left, top, right, bottom }; });
    const picked = new Set();
    const boxesOf = await page.locator('.map-tile').evaluateAll((all) => all.map((node) => { const { x, y, width, height } = node.getBoundingClientRect(); return { x, y, width, height }; }));
    for (const box of boxesOf) {
      if (box.x < frame.left || box.y < frame.top || box.x + box.width > frame.right || box.y + box.height > frame.bottom) continue;
      for (const [dx, dy] of [[4, 4], [box.width / 2, box.height / 2], [box.width - 4, box.height - 4]]) {
        await page.mouse.click(box.x + dx, box.y + dy);
        const chosen = await page.evaluate(() => new URL(location.href).searchParams.get('movieId'));
        assert.ok(chosen, `nothing picked at ${dx}, ${dy} of a tile`);
        picked.add(`${box.x},${box.y} ${chosen}`);
      }
    }
    const whole = new Set([...picked].map((pair) => pair.split(' ')[0])).size;
    assert.ok(whole >= 1 && picked.size === whole && new Set([...picked].map((pair) => pair.split(' ')[1])).size === whole, `${[...picked]}`);
    await accessible(page);
  }));

  await check('map: six colours that are told apart in both themes, by people who see few colours too', async () => {
    for (const scheme of ['light', 'dark']) {
      await bench.visit('/map.html', { scheme }, async (page) => {
        const { colors, ground } = await page.evaluate(() => {
          const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map((v) => Number(v) / 255);
          return { colors: [...document.querySelectorAll('.legend-group .legend-dot')].map((dot) => rgb(dot.style.background)), ground: rgb(getComputedStyle(document.querySelector('.map-frame')).backgroundColor) };
        });
        assert.equal(colors.length, 6);
        const seen = { all: (c) => c, 'without red': few(kWithoutRed), 'without green': few(kWithoutGreen) };
        for (const [who, see] of Object.entries(seen)) {
          for (let i = 0; i < 6; i += 1) {
            for (let j = 0; j < i; j += 1) {
              const d = distance(see(colors[i]), see(colors[j]));
              assert.ok(d >= (who === 'all' ? 0.12 : 0.06), `${scheme}, ${who}: colours ${j} and ${i} are ${d.toFixed(3)} apart`);
            }
          }
        }
        for (const color of colors) assert.ok(contrast(color, ground) >= 3, `${scheme}: contrast ${contrast(color, ground).toFixed(2)}`);
        await shot(page, `map-colors-${scheme}`);
      });
    }
  });

  await check('map: speed while panning and zooming', () => bench.visit('/map.html', {}, async (page) => {
    const rate = Math.max(await page.evaluate(() => window.measureMap(60)), await page.evaluate(() => window.measureMap(60)));
    const zooming = await page.evaluate(() => window.measureMapZoom(60));
    console.log(`     map of 9,742 points: ${rate.toFixed(0)} frames a second, zooming ${zooming.toFixed(0)}`);
    // Generous: other work may share the machine. The real bound is measured by speed.mjs.
    assert.ok(rate > 5 && zooming > 5, `${rate} and ${zooming} frames a second`);
  }));

  await check('status: numbers of this server, new by themselves, pause', () => bench.visit('/status.html', {}, async (page) => {
    const requests = page.locator('.fact').filter({ hasText: 'Requests' }).first();
    const before = await requests.textContent();
    for (const text of ['Watched together', 'Candidate pool', 'Last refresh', 'Rules', 'Latency by endpoint', 'Lists from the model’s table', 'Films rendered ahead', 'list: recall']) await page.getByText(text).first().waitFor();
    await page.waitForFunction((old) => document.querySelectorAll('.fact')[1].textContent !== old, before, { timeout: 30000 });
    const figures = await page.getByRole('region', { name: 'Cache' }).locator('.fact dd').evaluateAll((all) => all.map((node) => node.getBoundingClientRect().top));
    assert.equal(new Set(figures).size, 1, `figures of neighbours begin at ${figures}`);
    // A channel's share is of the lists that were made.
    const shares = await page.evaluate(() => {
      const lists = Number([...document.querySelectorAll('.fact')].find((node) => node.textContent.includes('Lists from the model')).querySelector('small').textContent.replaceAll(',', '').match(/of (\d+)/)[1]);
      return [...document.querySelectorAll('.change')].map((node) => {
        const hits = Number(node.closest('tr').children[2].textContent.replaceAll(',', ''));
        return { want: (100 * hits) / lists, drawn: (100 * node.querySelector('.bar-fill').offsetWidth) / node.querySelector('.bar-track').offsetWidth, said: Number.parseInt(node.textContent, 10) };
      });
    });
    assert.ok(shares.some(({ want }) => want > 0 && want < 100));
    for (const { want, drawn, said } of shares) assert.ok(Math.abs(want - drawn) < 2 && Math.abs(want - said) <= 0.5, `${want} % of the lists, drawn ${drawn}, said ${said}`);
    await shot(page, 'status', true);
    await accessible(page);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused at').waitFor();
    let asked = 0;
    page.on('request', (request) => { if (request.url().endsWith('/status')) asked += 1; });
    await page.waitForTimeout(5500);
    assert.equal(asked, 0, 'asked while paused');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.waitForFunction(() => !document.body.textContent.includes('Paused at'));
  }));
}
