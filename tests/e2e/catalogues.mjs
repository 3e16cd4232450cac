// Other catalogues than films: a shop and books. No word of films, attributes by their kind.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

import { accessible, Bench, noOverflow, settled, shot, sparrow, startServer } from './bench.mjs';

const kItems = 48;
const kFirst = ['Amber', 'Borrowed', 'Crooked', 'Distant', 'Early', 'Frozen', 'Golden', 'Hollow'];
const kLast = ['Lamp', 'Chair', 'Kettle', 'Blanket', 'Shelf', 'Mirror'];

// People who like one half of the things and not the other.
function interactions(header, id, line) {
  const lines = [header];
  for (let user = 0; user < 60; user += 1) {
    for (let k = 0; k < 8; k += 1) {
      const item = ((user * 7 + k * 5) % (kItems / 2)) * 2 + (user % 2);
      lines.push(line(`u${user}`, id(item), 1600000000 + 3600 * (user * 10 + k), k));
    }
  }
  return `${lines.join('\n')}\n`;
}

const kCatalogues = {
  shop: {
    items: () => ['sku,name,brand,price,released,website,description,category',
      ...Array.from({ length: kItems }, (_, i) => `SKU-${100 + i},${kFirst[i % 8]} ${kLast[Math.floor(i / 8)]},${i % 2 ? 'Norrland' : 'Quayside'},${1200 + i}.5,2021-03-${String(1 + (i % 28)).padStart(2, '0')},https://shop.example/p/${i},A ${kFirst[i % 8].toLowerCase()} thing for the house,${i % 2 ? 'Light' : 'Comfort'}`)],
    log: () => interactions('customer,sku,event,time', (i) => `SKU-${100 + i}`, (user, item, time, k) => `${user},${item},${k % 3 ? 'view' : 'purchase'},${time}`),
    first: 'SKU-100', kind: 'product', word: /\bproducts?\b/i, zh: /商品/,
  },
  book: {
    items: () => ['id,title,author,publisher,year',
      ...Array.from({ length: kItems }, (_, i) => `b${i},The ${kFirst[i % 8]} ${kLast[Math.floor(i / 8)]},Author ${i % 9},House ${i % 4},${1960 + i}`)],
    log: () => interactions('user,book_id,rating,time', (i) => `b${i}`, (user, item, time, k) => `${user},${item},${6 + (k % 5)},${time}`),
    first: 'b0', kind: 'book', word: /\bbooks?\b/i, zh: /图书/,
  },
};

// What of a page's own words speaks of films.
const filmWords = (page) => page.evaluate(() => {
  const texts = [document.body.innerText, ...[...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap((node) => ['aria-label', 'title', 'placeholder'].map((name) => node.getAttribute(name) ?? ''))];
  return texts.flatMap((text) => text.match(/[^\n]*(?:\bfilms?\b|\bmovies?\b|\bwatch|\bviewer|影片|观众|片名)[^\n]*/gi) ?? []);
});

// A PNG of one color.
function png(red, green, blue) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(80, 0);
  size.writeUInt32BE(120, 4);
  size.set([8, 2], 8);
  const line = Buffer.concat([Buffer.from([0]), ...Array.from({ length: 80 }, () => Buffer.from([red, green, blue]))]);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', size), chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: 120 }, () => line)))), chunk('IEND', Buffer.alloc(0))]);
}

// CRC-32 as PNG has it.
function crc32(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ -1) >>> 0;
}

// Pictures of a folder are on the cards of a server that runs already: their colors until they have
// come, then they themselves, with the title below.
async function checkPictures(own, home, page, address) {
  mkdirSync(join(home, 'pictures'));
  for (let i = 0; i < kItems; i += 2) writeFileSync(join(home, 'pictures', `SKU-${100 + i}.png`), png(200, 40 + i, 90));
  sparrow(home, 'posters', join(home, 'pictures'));
  const card = page.locator('.card[data-item]', { has: page.locator('.poster-image.is-ready') }).first();
  for (let i = 0; i < 100 && !(await own.api('/items/SKU-100')).item.look.poster; i += 1) await page.waitForTimeout(50);
  await page.goto(address);
  await settled(page);
  await card.scrollIntoViewIfNeeded();
  const seen = await card.evaluate((node) => {
    const [image, colors] = ['.poster-image', '.poster-colors'].map((name) => node.querySelector(name));
    const middle = [...colors.getContext('2d').getImageData(1, 1, 1, 1).data];
    return { width: image.naturalWidth, opacity: getComputedStyle(image).opacity, middle, title: node.innerText };
  });
  assert.equal(seen.width, 80);
  assert.ok(seen.middle[0] > 180 && seen.middle[2] < 110, JSON.stringify(seen));
  assert.match(seen.title, new RegExp(kLast.join('|')), 'a card with a picture says its title below');
  await shot(page, 'shop-pictures');
}

export async function checkCatalogues(bench) {
  const check = bench.check.bind(bench);
  for (const [name, catalogue] of Object.entries(kCatalogues)) {
    await check(`${name}: no word of films on any page, attributes and links by their kind, in English and 中文`, async () => {
      const home = mkdtempSync(join(tmpdir(), 'sparrow-e2e-'));
      let server = null;
      const own = new Bench('', home);
      try {
        mkdirSync(join(home, 'input'));
        writeFileSync(join(home, 'input', 'items.csv'), `${catalogue.items().join('\n')}\n`);
        writeFileSync(join(home, 'input', 'interactions.csv'), catalogue.log());
        sparrow(home, '--threads', '1', 'build', '--data', join(home, 'input'));
        server = await startServer(home);
        own.base = server.base;
        assert.equal((await own.api('/config')).kind, catalogue.kind);
        await own.begin();
        const film = `/movie.html?movieId=${catalogue.first}`;
        const view = await own.open({ width: 1440, height: 900, expected: ['/api/v1/items/'] })  // the fixed list of the spot check is of films;
        const { page } = view;
        await page.goto('/');
        await page.waitForFunction(() => localStorage.getItem('catalogue') !== null && !document.querySelector('.is-skeleton'));
        for (const lang of ['en', 'zh']) {
          for (const [where, path] of [['home', '/'], ['item', film], ['mix', `/mix.html?like=${catalogue.first}`], ['mylist', '/mylist.html'], ['search', '/?q=amber'], ['map', '/map.html'], ['spotcheck', '/spotcheck.html'], ['models', '/models.html'], ['status', '/status.html']]) {
            await page.goto(`${path}${path.includes('?') ? '&' : '?'}lang=${lang}`);
            await settled(page);
            assert.deepEqual(await filmWords(page), [], `${lang} ${path}`);
            await noOverflow(page);
            if (lang === 'en') await shot(page, `${name}-${where}`);
          }
          await page.goto(`${film}&lang=${lang}`);
          await settled(page);
          assert.match(await page.locator('body').innerText(), lang === 'zh' ? catalogue.zh : catalogue.word);
          if (name === 'shop') {
            const details = await page.locator('.film-details').innerText();
            assert.match(details, /1,200\.50/, details);
            assert.match(details, lang === 'zh' ? /2021年3月1日/ : /March 1, 2021/, details);
            assert.equal(await page.locator('.film-details a[href="https://shop.example/p/0"]').count(), 1);
            assert.equal(await page.locator('.film-number, .card-rating').count(), 0, 'weights of events are drawn as stars');
          } else {
            assert.match(await page.locator('.film-average').innerText(), /10/);
          }
        }
        await accessible(page);
        await page.goto('/?lang=en');
        await settled(page);
        assert.ok(await page.locator('.fan .tile').count() >= 3, 'nothing to begin with');
        // Tiles of their own kind, that show what the thing is and whose.
        await page.goto(`${film}&lang=en`);
        await settled(page);
        const tiles = await page.evaluate(() => [...document.querySelectorAll('.card .tile')].map((tile) => ({ drawn: tile.dataset.drawn.split(' '), text: [...tile.querySelectorAll('text')].map((node) => node.textContent).join(' ') })));
        assert.ok(tiles.length > 5 && tiles.every(({ drawn }) => drawn[0] === name.replace('shop', 'product')), JSON.stringify(tiles.slice(0, 3)));
        for (const { drawn, text } of tiles) {
          const thing = kLast.find((word) => text.includes(word));
          assert.equal(drawn[1], thing.toLowerCase(), text);
          assert.match(text, name === 'shop' ? /Norrland|Quayside/ : /Author \d/, text);
        }
        if (name === 'shop') await checkPictures(own, home, page, `${film}&lang=en`);
        view.clean();
        await view.close();
      } finally {
        await own.end();
        await server?.stop();
        rmSync(home, { recursive: true, force: true });
      }
    });
  }
}
