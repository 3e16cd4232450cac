// The movie page's controls: sliders, filters, why, why not, feedback, Back.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { accessible, settled, shot } from './bench.mjs';

const titles = (page) => page.locator('.similar .grid .card-title').allTextContents();

async function slide(page, name, value) {
  const before = (await titles(page)).join();
  await page.locator(`#control-${name}`).fill(String(value));
  await page.locator(`#control-${name}`).dispatchEvent('change');
  await page.waitForFunction((old) => [...document.querySelectorAll('.similar .grid .card-title')].map((n) => n.textContent).join() !== old, before);
  await settled(page);
}

const percentile = async (page) => Number((await page.locator('#footer').textContent()).match(/Popularity of the list (\d+)/)[1]);

export async function checkMovieTools(bench) {
  const check = bench.check.bind(bench);

  await check('movie: sliders change the list and the address; Back undoes them', () => bench.visit('/movie.html?movieId=589', {}, async (page) => {
    const before = await titles(page);
    const usual = await percentile(page);
    await slide(page, 'popularity', -0.8);
    assert.match(page.url(), /popularity=-0\.8/);
    assert.ok((await percentile(page)) < usual, 'the list is not less popular');
    const lessKnown = await titles(page);
    await slide(page, 'diversity', 0.9);
    assert.match(page.url(), /diversity=0\.9/);
    await page.goBack();
    await settled(page);
    assert.deepEqual(await titles(page), lessKnown);
    assert.equal(await page.locator('#control-diversity').inputValue(), '0');
    await page.goBack();
    await settled(page);
    assert.deepEqual(await titles(page), before);
  }));

  await check('movie: years, genre, series, seen and model are restored from the address', () => bench.visit('/movie.html?movieId=1', {}, async (page) => {
    await page.locator('.filters summary').click();
    await page.locator('#control-year_min').fill('2000');
    await page.locator('#control-year_min').dispatchEvent('change');
    await page.waitForURL(/year_min=2000/);
    await page.waitForFunction(() => [...document.querySelectorAll('.similar .grid .card-facts-text')].every((n) => Number(n.textContent.slice(0, 4)) >= 2000));
    await page.locator('#control-genres').selectOption('Animation');
    await page.waitForURL(/genres=Animation/);
    await settled(page);
    const before = await titles(page);
    assert.ok(before.some((title) => title.startsWith('Toy Story')));
    await page.locator('#control-same_series').uncheck();
    await page.waitForURL(/same_series=false/);
    await page.waitForFunction(() => ![...document.querySelectorAll('.similar .grid .card-title')].some((n) => n.textContent.startsWith('Toy Story')));
    await page.locator('#control-user').fill('1');
    await page.locator('#control-user').dispatchEvent('change');
    await page.waitForURL(/user=1/);
    assert.equal(await page.locator('#control-model').count(), 0, 'viewers choose no model');
    await page.goto(`${page.url()}&model=content`);
    await settled(page);
    await page.waitForFunction(() => /Model content/.test(document.querySelector('#footer').textContent));
    await settled(page);
    await shot(page, 'movie-tuned');
    await accessible(page);
    const tuned = await titles(page);
    await page.reload();
    await settled(page);
    assert.deepEqual(await titles(page), tuned);
    assert.equal(await page.locator('#control-year_min').inputValue(), '2000');
    assert.equal(await page.locator('#control-genres').inputValue(), 'Animation');
    await page.getByRole('button', { name: 'Remove: Model content' }).waitFor();
    assert.equal(await page.locator('#control-same_series').isChecked(), false);
  }));

  await check('movie: reasons on cards, named rows, why', () => bench.visit('/movie.html?movieId=1', {}, async (page) => {
    assert.equal((await page.locator('.similar .card-reason').allTextContents()).filter(Boolean).length, 24, 'a card without a reason');
    for (const name of ['Watched by the same people', 'Similar story and themes', 'Hidden gems']) await page.getByRole('heading', { name }).waitFor();
    const widths = () => page.evaluate(() => [document.querySelector('main').offsetWidth, document.querySelector('dialog')?.getBoundingClientRect().right ?? innerWidth]);
    const before = await widths();
    await page.getByRole('button', { name: /^Why\? / }).first().click();
    await page.locator('.shares').waitFor();
    const points = (await page.locator('.shares .number').allTextContents()).map(Number);
    assert.equal(points.length, 4);
    assert.equal(points.reduce((a, b) => a + b), Number(await page.locator('.explanation-score strong').textContent()), 'the bars do not add up to the match');
    assert.equal(await page.locator('.parts').isVisible(), false, 'viewers see the parts of the model');
    await page.getByText('People who like both').waitFor();
    assert.deepEqual(await widths(), before, 'the drawer moves the page or ends before the edge of the window');
    await shot(page, 'movie-why');
    await accessible(page);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Why\?/, 'the focus is lost');
  }));

  await check('movie: something missing?', () => bench.visit('/movie.html?movieId=1', {}, async (page) => {
    await page.getByRole('button', { name: 'Something missing?' }).click();
    await page.locator('dialog').getByRole('combobox').fill('true lies');
    await page.locator('dialog').getByRole('option').first().click();
    await page.getByText('What is against it').waitFor();
    await page.getByText(/films are closer/).waitFor();
    await page.getByText('Details for engineers').click();
    // Parts below zero end where those above zero begin.
    const bars = await page.locator('.part-fill').evaluateAll((all) => all.map((node) => ({ ...node.getBoundingClientRect().toJSON(), value: Number(node.closest('tr').lastChild.textContent.replace('−', '-')) })));
    const zero = Math.max(...bars.filter(({ value }) => value < 0).map(({ right }) => right));
    assert.ok(Number.isFinite(zero), 'no part is negative');
    for (const { value, left, right } of bars) assert.ok(value < 0 ? Math.abs(right - zero) < 2.5 : Math.abs(left - zero) < 2.5, `the bar of ${value} does not begin at zero`);
    await shot(page, 'movie-why-not');
    await accessible(page);
  }));

  await check('movie: the list follows the slider while it moves; the address when it is let go', () => bench.visit('/movie.html?movieId=589', {}, async (page) => {
    const before = (await titles(page)).join();
    await page.locator('#control-popularity').evaluate((node) => {
      node.value = '-0.8';
      node.dispatchEvent(new Event('input'));
    });
    await page.waitForFunction((old) => [...document.querySelectorAll('.similar .grid .card-title')].map((n) => n.textContent).join() !== old, before);
    assert.doesNotMatch(page.url(), /popularity/);
    await page.locator('#control-popularity').dispatchEvent('change');
    await page.waitForURL(/popularity=-0\.8/);
  }));

  await check('movie: hide, seen and not similar take films away and tell the server; undo one, show one again', () => bench.visit('/movie.html?movieId=1&show=48', {}, async (page) => {
    const gone = [];
    const say = async (words, title) => {
      await page.getByRole('button', { name: `More: ${title}`, exact: true }).click();
      await page.getByRole('menuitem', { name: words }).click();
    };
    const inGrid = (title) => page.waitForFunction((name) => [...document.querySelectorAll('.similar .grid .card-title')].some((n) => n.textContent === name), title);
    for (const [words, kind] of [['Hide', 'hide'], ['Seen it', 'seen'], ['Not similar', 'not_similar']]) {
      const [first] = await titles(page);
      gone.push(first);
      const told = page.waitForRequest((request) => request.url().endsWith('/feedback') && request.postDataJSON().kind === kind);
      await say(words, first);
      assert.equal((await (await told).response()).status(), 200);
      await page.waitForFunction((name) => ![...document.querySelectorAll('.similar .grid .card-title')].some((n) => n.textContent === name), first);
      await settled(page);
      assert.equal((await titles(page)).length, 48, 'the list has become shorter');
    }
    await page.locator('.toast').hover();  // it stays while it is pointed at
    await shot(page, 'movie-undo');
    await accessible(page);
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
    await inGrid(gone.pop());
    assert.equal(await page.locator('.toast').count(), 0);
    assert.equal(await page.locator('.left-out li').count(), 2);
    assert.doesNotMatch(page.url(), /hidden/, 'what one hides goes with a shared link');
    await settled(page);
    await page.reload();
    await settled(page);
    for (const title of gone) assert.ok(!(await titles(page)).includes(title), title);
    assert.equal(await page.locator('.left-out li').count(), 2);
    // By keyboard the focus stays in its place.
    await page.locator('.similar .grid .card-holder').nth(2).locator('.menu-holder button').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.left-out li').length === 3);
    await settled(page);
    assert.equal(await page.evaluate(() => [...document.querySelectorAll('.similar .card-holder')].indexOf(document.activeElement.closest('.card-holder'))), 2, 'the focus is lost');
    await page.locator('.left-out').scrollIntoViewIfNeeded();
    await shot(page, 'movie-left-out');
    await page.getByRole('button', { name: `Show again: ${gone[0]}`, exact: true }).click();
    await inGrid(gone[0]);
    await settled(page);
    assert.ok(!(await titles(page)).includes(gone[1]), 'another mark was taken back too');
    // The server has forgotten it too, in this order.
    const kinds = () => readFileSync(join(bench.home, 'feedback.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line).kind).filter((kind) => kind !== 'play');  // those are of other checks
    const all = ['hide', 'seen', 'not_similar', 'undo', 'hide', 'undo'];
    for (let tries = 0; tries < 50 && kinds().length < all.length; tries += 1) await page.waitForTimeout(100);
    assert.deepEqual(kinds().slice(0, all.length), all);
  }));

  await check('movie: mix it with another film', () => bench.visit('/movie.html?movieId=589', {}, async (page) => {
    await page.getByRole('link', { name: 'Mix with' }).click();
    await page.waitForURL(/mix\.html\?like=589#mix/);
    await settled(page);
    await page.locator('.mix-item').filter({ hasText: 'Terminator 2' }).waitFor();
    assert.ok(await page.locator('.mix h1').evaluate((node) => node.getBoundingClientRect().bottom < innerHeight), 'the mix is out of sight');
  }));
}
