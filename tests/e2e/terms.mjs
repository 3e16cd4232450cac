// Help on every term of the lab, and the figures of the reports that C++ writes.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { accessible, kPages, noOverflow, shot, sparrow } from './bench.mjs';

const kLab = ['models', 'spotcheck', 'experiments', 'status'];

export async function checkTerms(bench) {
  const check = bench.check.bind(bench);

  for (const name of kLab) {
    await check(`${name}: every “?” says what its term means, by click and keys, in English and 中文`, async () => {
      for (const lang of ['en', 'zh']) {
        const path = `${kPages[name]}${kPages[name].includes('?') ? '&' : '?'}lang=${lang}`;
        await bench.visit(path, { width: 1024 }, async (page) => {
          const terms = page.locator('.term:visible');
          const count = await terms.count();
          assert.ok(count >= (name === 'experiments' ? 0 : 2), `${count} terms on ${path}`);
          for (let i = 0; i < count; i += 1) {
            await terms.nth(i).click();
            const note = page.locator('.term-note:popover-open');
            await note.filter({ hasNotText: /Loading|加载中/ }).waitFor();
            const text = await note.textContent();
            assert.ok(text.length > (lang === 'zh' ? 14 : 40), text);
            if (lang === 'zh') assert.match(text, /[\u4e00-\u9fff]/);
            const box = await note.boundingBox();
            assert.ok(box.x >= 0 && box.x + box.width <= 1024 && box.y >= 0 && box.y + box.height <= 900, `${text}: ${JSON.stringify(box)}`);
            await page.keyboard.press('Escape');
            assert.equal(await page.locator('.term-note:popover-open').count(), 0);
          }
          if (count === 0) return;
          await terms.first().focus();
          await page.keyboard.press('Enter');
          await page.locator('.term-note:popover-open').waitFor();
          await shot(page, `term-${name}-${lang}`);
          await accessible(page);
          await page.mouse.click(2, 400);
          assert.equal(await page.locator('.term-note:popover-open').count(), 0);
        });
      }
    });
  }

  await check('models: asking what a column means does not sort by it', () => bench.visit('/models.html', {}, async (page) => {
    await page.locator('th .term:visible').first().click();
    assert.doesNotMatch(page.url(), /_sort=/);
  }));

  await check('reports: figures with round ticks, units and a sentence, in light, dark and on a phone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sparrow-e2e-'));
    sparrow(bench.home, 'evaluate', '--methods', 'content,cooccurrence', '--splits', '1', '--no-baselines', '--out', folder);
    for (const [name, file] of [['evaluation', join(folder, 'report.html')], ['card', join(bench.home, 'prepared', 'card.html')]]) {
      for (const [width, scheme] of [[1440, 'light'], [1440, 'dark'], [400, 'light']]) {
        const context = await bench.browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
        const page = await context.newPage();
        await page.setContent(readFileSync(file, 'utf8'));
        await noOverflow(page);
        const figures = await page.evaluate(() => [...document.querySelectorAll('figure')].map((node) => ({
          title: node.querySelector('figcaption').textContent,
          says: node.querySelector('p')?.textContent ?? '',
          axes: [...node.querySelectorAll('.axis-name')].map((text) => text.textContent),
          ticks: [...node.querySelectorAll('.tick')].map((text) => text.textContent),
        })));
        assert.ok(figures.length >= 3, `${figures.length} figures in ${name}`);
        for (const { title, says, axes, ticks } of figures) {
          assert.ok(/[a-z].*\.$/.test(says), `${title}: ${says}`);
          assert.ok(axes.length >= 1 && axes.every((text) => text.length > 2), `${title}: ${axes}`);
          assert.ok(ticks.length >= 2, title);
          // Three digits that count are the most that a round tick needs.
          for (const tick of ticks) if (/^[−\d.]+$/.test(tick)) assert.ok(tick.replace(/[−.]/g, '').replace(/^0+|0+$/g, '').length <= 2, `${title}: tick ${tick}`);
        }
        await accessible(page);
        await page.screenshot({ path: new URL(`./screenshots/report-${name}-${width}-${scheme}.png`, import.meta.url).pathname, fullPage: true });
        await context.close();
      }
    }
    rmSync(folder, { recursive: true });
  });
}
