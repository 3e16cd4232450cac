// What holds on every page: axe in light and dark, 400 px, 中文, hostile titles, policy, bytes,
// layout shift.

import assert from 'node:assert/strict';

import { accessible, kPages, noOverflow, settled, shot, transferOf } from './bench.mjs';

const kMaxTransfer = 150 * 1024;
const kMaxMovie = 110 * 1024;
const kMaxSpotCheck = 180 * 1024;  // lists of all models side by side, here of four
const kMaxShift = 0.01;
const kHostile = '<img src=x onerror=alert(1)>';

const poison = (value) => JSON.parse(JSON.stringify(value, (key, inner) => {
  if (['title', 'tag', 'seed_title', 'item_title'].includes(key) && typeof inner === 'string') return kHostile;
  if (key === 'titles' && Array.isArray(inner)) return inner.map(() => kHostile);
  if (key === 'genres' && Array.isArray(inner)) return inner.map((genre) => (typeof genre === 'string' ? kHostile : { ...genre, name: kHostile }));
  if (key === 'alternative_titles') return [kHostile];
  if (key === 'imdb') return 'javascript:alert(1)';
  return inner;
}));

// Names of models, methods, formats and people: the same in every language.
const kNames = ['fusion', 'content', 'item2vec', 'cooccurrence', 'history', 'popularity', 'random', 'ease', 'item-knn', 'genre-jaccard', 'qrels', 'Fleiss', 'Cohen', 'kappa', 'sparrow evaluate --ground-truth', 'sparrow evaluate', 'Series AUC'];

// Words in Latin letters that stand in Chinese text: names of models, data, films and units.
async function englishLeft(page) {
  return page.evaluate((names) => {
    const skip = 'script, style, code, kbd, svg, .card-title, .card-reason, .mark-text a, .left-out, .mix-tries, .film-also, .card, td a, .suggestions, .film-title, .film-story, .film-also, .film-tags, .film-details dd, .judged-text a, .judged-tile, .seed h2, .compare h3, .compare-gone, .bar-name, .brand, .language, .map-side h2, .map-neighbors, .mix-title, option, .tag, .footer, .option-list, .hero-tries, td strong, .experiment-hypothesis, .row h2 a, .method-name, .interval-name, #genres, .fact small, .ticks label[for^="model-"]';
    const left = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.parentElement.closest(skip) || !node.parentElement.checkVisibility()) continue;
      const text = names.reduce((rest, name) => rest.replaceAll(name, ''), node.data);
      if (/[A-Za-z]{3,}[ ,][A-Za-z]{2,}/.test(text) || /^\s*[A-Za-z][a-z]{3,}\s*$/.test(text)) left.push(node.data.trim());
    }
    for (const node of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      for (const name of ['aria-label', 'placeholder', 'title']) {
        const text = node.getAttribute(name) ?? '';
        if (/^[A-Za-z ?…]{4,}$/.test(text) && !node.closest(skip) && !node.matches('.seed, .card, [role="group"]')) left.push(`${name}: ${text}`);
      }
    }
    return left;
  }, kNames);
}

// Controls whose words do not fit them: a button or a heading that shows a part of its text.
async function cutTexts(page) {
  return page.evaluate(() => [...document.querySelectorAll('button, h1, h2, h3, legend, label, .badge, .button, .fact dd, .chip')]
    .filter((node) => node.checkVisibility() && !node.closest('.visually-hidden') && node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
    .map((node) => `${node.tagName} ${node.className}: ${node.textContent}`));
}

export async function checkEverywhere(bench) {
  const check = bench.check.bind(bench);
  const pages = Object.entries(kPages);

  for (const [name, path] of pages) {
    await check(`${name}: accessible in light and dark, English and 中文, nothing left in English`, () => bench.visit(path, { height: 1000 }, async (page) => {
      const theme = async (scheme) => {
        await page.emulateMedia({ colorScheme: scheme });
        const [r, g, b] = (await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).match(/\d+/g).map(Number);
        assert.equal(r + g + b < 150, scheme === 'dark', 'the ground has the wrong brightness');
      };
      for (const scheme of ['light', 'dark']) {
        await theme(scheme);
        await shot(page, `${name}-${scheme}`);
        await accessible(page);
      }
      await page.getByRole('link', { name: '中文' }).click();
      await page.waitForURL(/lang=zh/);
      await settled(page);
      assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
      assert.deepEqual(await englishLeft(page), []);
      await accessible(page);
      await theme('light');
      await shot(page, `${name}-zh`, true);
      await accessible(page);
    }));

    await check(`${name}: 400 px wide in dark, without overflow, accessible, still`, () => bench.visit(path, { width: 400, height: 850, scheme: 'dark' }, async (page) => {
      await noOverflow(page);
      assert.deepEqual(await cutTexts(page), []);
      const shift = await page.evaluate(() => window.layoutShift);
      assert.ok(shift < kMaxShift, `layout shift ${shift.toFixed(3)}`);
      await shot(page, `${name}-400`, true);
      await accessible(page);
    }));

    await check(`${name}: bytes, layout shift, no third party, wide screen`, async () => {
      const view = await bench.open({ width: 1920, height: 1080 });
      const bytes = await transferOf(view.page, path);
      const shift = await view.page.evaluate(() => window.layoutShift);
      console.log(`     ${name}: ${(bytes / 1024).toFixed(0)} KB, layout shift ${shift.toFixed(3)}`);
      await noOverflow(view.page);
      await shot(view.page, `${name}-wide`);
      view.clean();
      await view.close();
      // The map's points come on top.
      if (name !== 'map') assert.ok(bytes > 0 && bytes < ({ movie: kMaxMovie, spotcheck: kMaxSpotCheck }[name] ?? kMaxTransfer), `${bytes} bytes`);
      assert.ok(shift < kMaxShift, `layout shift ${shift.toFixed(3)}`);
    });
  }

  await check('fault 10: the lettering of posters has 11 px and no title of a series is cut alike', async () => {
    for (const size of [{}, { width: 400, height: 850 }]) {
      for (const path of ['/', '/movie.html?movieId=4993', '/mix.html?like=4993']) {
        await bench.visit(path, size, async (page) => {
          const small = await page.evaluate(() => [...document.querySelectorAll('.card .poster text')].filter((node) => node.checkVisibility())
            .map((node) => (Number.parseFloat(node.getAttribute('font-size')) * node.closest('.poster').offsetWidth) / 200));
          assert.ok(small.length > 20 && Math.min(...small) >= 11, `${Math.min(...small)} px`);
          const shown = await page.evaluate(() => [...document.querySelectorAll('.card .poster')].map((node) => [node.closest('.card').getAttribute('href'), [...node.querySelectorAll('tspan')].map((span) => span.textContent).join(' ')]));
          const names = new Map();
          for (const [href, text] of shown) {
            if (!/^(The Lord of the Rings|Harry Potter|Star Wars)/.test(text)) continue;
            assert.ok((names.get(text) ?? href) === href, `two films read "${text}"`);
            names.set(text, href);
          }
          if (path.includes('movieId')) assert.ok(names.size >= 4, `only ${[...names.keys()]}`);
        });
      }
    }
  });

  await check('中文: lettering of 11 px, a headline that breaks between words, numbers with their units', async () => {
    for (const size of [{}, { width: 400, height: 850 }]) {
      for (const path of ['/?lang=zh', '/movie.html?movieId=1&lang=zh']) {
        await bench.visit(path, size, async (page) => {
          const small = await page.evaluate(() => [...document.querySelectorAll('.card .poster text')].filter((node) => node.checkVisibility())
            .map((node) => (Number.parseFloat(node.getAttribute('font-size')) * node.closest('.poster').offsetWidth) / 200));
          assert.ok(small.length > 20 && Math.min(...small) >= 11, `${Math.min(...small)} px`);
          assert.doesNotMatch(await page.locator('main').textContent(), /\d [%倍人部个]/);
          if (!path.startsWith('/?')) return;
          const tops = await page.locator('h1').evaluate((node) => [0, 3, 5, 10].map((i) => {
            const range = document.createRange();
            range.setStart(node.firstChild, i);
            range.setEnd(node.firstChild, i + 1);
            return range.getBoundingClientRect().top;
          }));
          assert.ok(tops[0] === tops[1] && tops[1] < tops[2] && tops[2] === tops[3], `the lines of the headline begin at ${tops}`);
        });
      }
    }
  });

  await check('movie: light or dark by the switch, kept in the address', () => bench.visit(kPages.movie, {}, async (page) => {
    await page.getByRole('button', { name: 'Switch to dark' }).click();
    await page.waitForURL(/theme=dark/);
    await page.reload();
    await settled(page);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  }));

  await check(`the title ${kHostile} is inert everywhere`, async () => {
    await bench.visit('/', {
      expected: ['/items?genre='],  // the real server refuses the hostile genre, rightly
      storage: { looked: '["1"]' },
      routes: [['**/api/v1/**', async (route) => {
        if (/\/(config|readyz)$/.test(route.request().url())) return route.continue();
        const response = await route.fetch();
        if (!(response.headers()['content-type'] ?? '').includes('json')) return route.fulfill({ response });
        return route.fulfill({ response, json: poison(await response.json()) });
      }]],
    }, async (page) => {
      for (const path of [...Object.values(kPages), '/map.html?movieId=1', '/mix.html?like=1', '/?q=toy', `/?genre=${encodeURIComponent(kHostile)}`]) {
        await page.goto(path);
        await settled(page);
        assert.equal(await page.locator('main img, #header img').count(), 0, path);
        assert.equal(await page.locator('a[href^="javascript:"]').count(), 0, path);
      }
      await page.goto(kPages.movie);
      await settled(page);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), kHostile);
      await page.getByRole('combobox', { name: 'Search films' }).fill('toy');
      await page.getByRole('option').first().waitFor();
      assert.equal(await page.locator('.suggestions img').count(), 0);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: /^Why\?/ }).first().click();
      await page.locator('.shares').waitFor();
      assert.equal(await page.locator('dialog img').count(), 0);
      await shot(page, 'movie-hostile-title');
    });
  });

  await check('simulated data are announced', () => bench.visit('/movie.html?movieId=1', {
    routes: [['**/api/v1/config', async (route) => {
      const response = await route.fetch();
      return route.fulfill({ response, json: { ...(await response.json()), simulated: true } });
    }]],
  }, async (page) => {
    await page.getByText('Simulated data.').waitFor();
    await shot(page, 'movie-simulated');
    await accessible(page);
  }));

  await check('scripts and styles have addresses of their version and are kept; pages are asked for again', async () => {
    const page = await fetch(`${bench.base}/movie.html`);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const html = await page.text();
    const named = [...html.matchAll(/(?:href|src)="(\/[^"]+\.(?:js|css|svg))"/g)].map(([, address]) => address);
    assert.ok(named.length > 10);
    for (const address of named) {
      assert.match(address, /^\/~[0-9a-f]{12}\//);
      const answer = await fetch(bench.base + address);
      assert.equal(answer.status, 200, address);
      assert.match(answer.headers.get('cache-control'), /immutable/, address);
    }
    // A page of an older version that is still open finds what there is now, and does not keep it.
    const old = await fetch(`${bench.base}/~000000000000/why.js`);
    assert.equal(old.status, 200);
    assert.equal(old.headers.get('cache-control'), 'no-cache');
    assert.equal((await fetch(`${bench.base}${named[0].slice(0, 14)}/no-such.js`)).headers.get('cache-control'), 'no-cache');
    // A second visit asks for nothing but the page and its data.
    const view = await bench.open();
    await view.page.goto('/movie.html?movieId=589');
    await settled(view.page);
    await view.page.goto('/movie.html?movieId=1');
    await settled(view.page);
    const fetched = await view.page.evaluate(() => performance.getEntriesByType('resource').filter((r) => /\.(js|css)$/.test(r.name) && r.transferSize > 0).map((r) => r.name));
    assert.deepEqual(fetched, []);
    view.clean();
    await view.close();
  });

  await check('strict Content-Security-Policy on every page', async () => {
    for (const path of [...Object.values(kPages), '/no-such-page']) {
      const policy = (await fetch(bench.base + path)).headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /script-src 'self'/, path);
      assert.doesNotMatch(policy, /unsafe-/, path);
    }
  });
}
