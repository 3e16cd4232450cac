// Home: search while typing, rows, the mix, pages of one genre or one search.

import assert from 'node:assert/strict';

import { accessible, settled, shot } from './bench.mjs';

const searchBox = (page) => page.getByRole('combobox', { name: 'Search films' });

export async function checkHome(bench) {
  const check = bench.check.bind(bench);

  await check('home: search "terminator 2", arrow down, Enter, movie 589', () => bench.visit('/', {}, async (page) => {
    const box = searchBox(page);
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
    await settled(page);
  }));

  await check('home: accents, word order, other titles and a slip are forgiven', () => bench.visit('/', {}, async (page) => {
    const box = searchBox(page);
    for (const [typed, title] of [['matrix the', 'The Matrix'], ['amélie', 'Amelie'], ['leon professional', 'Léon'], ['cidade de deus', 'City of God'], ['spiderman', 'Spider-Man'], ['godfather 2', 'The Godfather: Part II'], ['terminater', 'The Terminator']]) {
      await box.fill(typed);
      await page.waitForFunction((text) => [...document.querySelectorAll('.suggestion-title')].some((node) => node.textContent.startsWith(text)), title)
        .catch(() => assert.fail(`"${typed}" does not find ${title}`));
    }
  }));

  await check('home: Escape closes the suggestions, Enter searches, a click opens', () => bench.visit('/', {}, async (page) => {
    const box = searchBox(page);
    await box.fill('toy story');
    await page.getByRole('option').first().waitFor();
    await box.press('Escape');
    assert.equal(await page.getByRole('option').count(), 0);
    assert.equal(await box.getAttribute('aria-expanded'), 'false');
    assert.equal(await box.inputValue(), 'toy story');
    await box.press('Enter');
    await page.waitForURL(/\?q=toy\+story/);
    await page.locator('.grid a.card').first().waitFor();
    await settled(page);
    await shot(page, 'search');
    await accessible(page);
    await searchBox(page).fill('terminator 2');
    await page.getByRole('option').filter({ hasText: 'Judgment Day' }).first().click();
    await page.waitForURL(/movieId=589$/);
    await settled(page);
  }));

  await check('home: a hero, rows for this visitor, six rows by genre', () => bench.visit('/', { height: 1300, storage: { looked: '["1"]' } }, async (page) => {
    assert.equal(await page.locator('main > .rows').last().locator('.row').count(), 6);
    for (const name of ['Liked by the most people', 'Because you looked at Toy Story', 'Hidden gems', 'Newest']) await page.getByRole('heading', { name }).waitFor();
    assert.ok((await page.locator('.row a.card').count()) >= 48);
    const track = page.locator('.row-track').first();
    await page.getByRole('button', { name: /: more$/ }).first().click();
    await page.waitForFunction((node) => node.scrollLeft > 100, await track.elementHandle());
    await shot(page, 'home');
  }));

  await check('home: a search without a hit and a genre page', () => bench.visit('/?q=zzzzqqqqxxxx', {}, async (page) => {
    await page.getByRole('heading', { name: 'No film with this title' }).waitFor();
    await page.goto('/?genre=Western');
    await page.locator('.grid a.card').first().waitFor();
    assert.equal(await page.locator('[aria-current="page"]').textContent(), 'Western');
    await settled(page);
    await shot(page, 'genre');
    await accessible(page);
  }));

  await check('mix: two films, one marked as not this, the address shared', () => bench.visit('/?like=1', {}, async (page) => {
    const titles = () => page.locator('.grid .card-title').allTextContents();
    await page.waitForURL(/mix\.html\?like=1/);
    await page.locator('.grid a.card').first().waitFor();
    await page.locator('.mix').getByRole('combobox').fill('terminator 2');
    await page.locator('.mix').getByRole('option').filter({ hasText: 'Judgment Day' }).click();
    await page.waitForURL(/like=1%2C589/);
    await page.waitForFunction(() => document.querySelectorAll('.mix-item').length === 2);
    await settled(page);
    const before = await titles();
    await page.getByRole('button', { name: 'Not this' }).last().click();
    await page.waitForURL(/not=589/);
    await page.waitForFunction((old) => [...document.querySelectorAll('.grid .card-title')].map((n) => n.textContent).join() !== old, before.join());
    const after = await titles();
    await settled(page);
    await shot(page, 'mix', true);
    await accessible(page);
    await page.reload();
    await settled(page);
    await page.locator('.grid a.card').first().waitFor();
    assert.deepEqual(await titles(), after, 'the address does not give the same mix');
  }));

  await check('mix: three to try, of films that are here', () => bench.visit('/mix.html', {}, async (page) => {
    const tries = page.locator('.mix-tries button');
    await tries.nth(2).waitFor();
    assert.match(await tries.first().textContent(), /, but funnier$/);
    await shot(page, 'mix-tries');
    await tries.first().click();
    await page.waitForFunction(() => document.querySelectorAll('.mix-item').length === 2);
    await settled(page);
    assert.ok(await page.locator('.grid a.card').count() >= 12);
  }));
}
