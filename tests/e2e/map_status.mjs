// The map and the state of the server.

import assert from 'node:assert/strict';

import { accessible, settled, shot } from './bench.mjs';


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
    await page.mouse.wheel(0, -120);
    await page.waitForFunction(() => document.querySelector('.map-points').style.transform.includes('scale('));
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
