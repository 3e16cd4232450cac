// Checks of the controls, of why and why not, the mix, the language, and the pages for engineers.

import assert from 'node:assert/strict';

const kSecret = 'secret-admin';

const titles = (page) => page.locator('.similar .grid .card-title').allTextContents();

export async function checkTools({ browser, base, check, open, settled, shot, accessible, noOverflow }) {
  const visit = async (path, options) => {
    const view = await open(browser, base, options);
    await view.page.goto(path);
    await settled(view.page);
    return view;
  };

  await check('movie: sliders, years and genre change the list and the address', async () => {
    const { page, clean, close } = await visit('/movie.html?movieId=589');
    const before = await titles(page);
    await page.getByText('Tune the list').click();
    await page.locator('#control-popularity').fill('-0.8');
    await page.locator('#control-popularity').dispatchEvent('change');
    await page.waitForFunction((old) => document.querySelector('.similar .grid .card-title')?.textContent !== undefined
      && [...document.querySelectorAll('.similar .grid .card-title')].map((n) => n.textContent).join() !== old, before.join());
    assert.match(page.url(), /popularity=-0\.8/);
    await page.locator('#control-year_min').fill('2000');
    await page.locator('#control-year_min').dispatchEvent('change');
    await page.waitForURL(/year_min=2000/);
    await settled(page);
    await page.waitForFunction(() => [...document.querySelectorAll('.similar .grid .card-facts-text')].every((n) => Number(n.textContent.slice(0, 4)) >= 2000));
    await shot(page, 'movie-tuned', true);
    await accessible(page);
    await page.reload();
    await settled(page);
    assert.equal(await page.locator('#control-year_min').inputValue(), '2000');
    clean();
    await close();
  });

  await check('movie: reasons on cards, named rows, why, why not', async () => {
    const { page, clean, close } = await visit('/movie.html?movieId=1');
    assert.ok((await page.locator('.similar .card-reason').allTextContents()).filter(Boolean).length > 15);
    await page.getByRole('heading', { name: 'Watched together' }).waitFor();
    await page.getByRole('heading', { name: 'Hidden gems' }).waitFor();
    await page.getByRole('button', { name: /^Why\? / }).first().click();
    await page.locator('.parts').waitFor();
    await shot(page, 'movie-why');
    await accessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Why not …?' }).click();
    await page.locator('dialog').getByRole('combobox').fill('true lies');
    await page.locator('dialog').getByRole('option').first().click();
    await page.getByText('What is against it').waitFor();
    await shot(page, 'movie-why-not');
    clean();
    await close();
  });

  await check('movie: hide removes a film for good, undo brings it back', async () => {
    const { page, clean, close } = await visit('/movie.html?movieId=1');
    const [first] = await titles(page);
    await page.getByRole('button', { name: `Hide ${first}` }).click();
    await page.waitForFunction((name) => ![...document.querySelectorAll('.similar .grid .card-title')].some((n) => n.textContent === name), first);
    await page.reload();
    await settled(page);
    assert.ok(!(await titles(page)).includes(first));
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForFunction((name) => [...document.querySelectorAll('.similar .grid .card-title')].some((n) => n.textContent === name), first);
    clean();
    await close();
  });

  await check('home: mix two films, mark one as not this; because you looked at', async () => {
    const { page, clean, close } = await visit('/movie.html?movieId=589');
    await page.goto('/?like=1,589');
    await settled(page);
    await page.locator('.mix .card').first().waitFor();
    const before = await page.locator('.mix .card-title').allTextContents();
    await page.getByRole('button', { name: 'Not this' }).last().click();
    await page.waitForURL(/not=589/);
    await page.waitForFunction((old) => [...document.querySelectorAll('.mix .card-title')].map((n) => n.textContent).join() !== old, before.join());
    await page.getByText('Because you looked at Terminator 2').waitFor();
    await shot(page, 'home-mix', true);
    await accessible(page);
    clean();
    await close();
  });

  await check('中文: no English left in the words of the pages', async () => {
    for (const path of ['/movie.html?movieId=1&lang=zh', '/?lang=zh', '/status.html?lang=zh', '/models.html?lang=zh', '/spotcheck.html?lang=zh', '/map.html?lang=zh']) {
      const { page, clean, close } = await visit(path);
      assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
      const words = await page.locator('h1:not(.film-title), h2:not(.panel h2), summary, button.tool, .control label, .header-nav a:not(.language)').allTextContents();
      const english = words.filter((word) => /^[A-Za-z ?…]{5,}$/.test(word.trim()));
      assert.deepEqual(english, [], path);
      await shot(page, `zh-${path.split('.')[0].slice(1) || 'home'}`);
      clean();
      await close();
    }
  });

  await check('spot check: grade by keyboard, agreement, blind vote', async () => {
    const { page, clean, close } = await visit('/spotcheck.html?kind=fixed&seeds=1,589&grader=e2e');
    await page.locator('.judged').first().focus();
    await page.keyboard.press('3');
    await page.getByText(/Saved/).waitFor();
    await page.keyboard.press('1');
    await page.waitForFunction(() => document.querySelectorAll('.judged[data-grade]').length >= 2);
    await shot(page, 'spotcheck', true);
    await accessible(page);
    await page.goto('/spotcheck.html?kind=fixed&seeds=1&blind=1&grader=e2e');
    await settled(page);
    await page.getByRole('button', { name: 'Left is better' }).click();
    await page.getByText(/A = /).first().waitFor();
    await shot(page, 'spotcheck-blind', true);
    clean();
    await close();
  });

  await check('spot check: a bad pair is reported and blocked with a token only', async () => {
    const { page, close } = await visit('/spotcheck.html?kind=fixed&seeds=858', { expected: ['/reports'] });
    await page.locator('.judged').nth(1).focus();
    await page.getByRole('button', { name: 'Report and block this pair' }).click();
    await page.getByText(/could not be loaded/).waitFor();
    await page.locator('#token').fill(kSecret);
    await page.locator('.judged').nth(1).focus();
    await page.getByRole('button', { name: 'Report and block this pair' }).click();
    await page.getByText(/^Saved/).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Reports' }).waitFor();
    await close();
  });

  await check('models: promotion needs a token; health is shown', async () => {
    const { page, close } = await visit('/models.html', { expected: ['/rollback', '/promote'] });
    await page.getByText(/Hubness/).first().waitFor();
    await page.getByRole('button', { name: 'Roll back fusion' }).first().click();
    await page.getByText(/a token is needed/).waitFor();
    await page.locator('#token').fill(kSecret);
    await page.getByRole('button', { name: 'Roll back fusion' }).first().click();
    await page.getByText(/no earlier promoted version|Saved/).waitFor();
    await shot(page, 'models', true);
    await accessible(page);
    await close();
  });

  await check('map: points, neighbors of a film, speed', async () => {
    const { page, clean, close } = await visit('/map.html?movieId=1');
    await page.getByText(/→ Toy Story 2/).waitFor();
    const rate = await page.evaluate(() => window.measureMap(60));
    console.log(`     map of 9,742 points: ${rate.toFixed(0)} frames a second`);
    assert.ok(rate > 20, `${rate} frames a second`);
    await shot(page, 'map');
    await accessible(page);
    clean();
    await close();
  });

  await check('status: numbers of this server', async () => {
    const { page, clean, close } = await visit('/status.html');
    await page.getByText('co-watch').waitFor();
    await shot(page, 'status', true);
    await accessible(page);
    clean();
    await close();
  });

  for (const name of ['spotcheck', 'models', 'map', 'status']) {
    await check(`${name}: 400 px wide and dark`, async () => {
      const { page, clean, close } = await visit(`/${name}.html`, { width: 400, height: 850, scheme: 'dark' });
      await noOverflow(page);
      await shot(page, `${name}-400-dark`);
      await accessible(page);
      clean();
      await close();
    });
  }
}
