// Every page by keyboard alone: what has the focus can be seen, and nothing is out of reach.

import assert from 'node:assert/strict';

import { kPages, settled, shot } from './bench.mjs';

const kSteps = 24;

// Presses Tab and says what has the focus: its name, whether it is drawn on the screen, and whether
// it looks different for it.
async function tab(page) {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const node = document.activeElement;
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    return {
      name: (node.getAttribute('aria-label') ?? node.textContent ?? '').trim().slice(0, 60) || node.id,
      body: node === document.body,
      seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
      marked: style.outlineStyle !== 'none' || style.boxShadow !== 'none' || node.matches('.suggestions, canvas'),
    };
  });
}

export async function checkKeyboard(bench) {
  const check = bench.check.bind(bench);

  await check(`keyboard: on every page ${kSteps} steps of Tab, each seen and marked`, async () => {
    for (const [name, path] of Object.entries(kPages)) {
      await bench.visit(path, {}, async (page) => {
        const names = [];
        for (let i = 0; i < kSteps; i += 1) {
          const focus = await tab(page);
          if (focus.body) break;  // the last of the page
          names.push(focus.name);
          assert.ok(focus.seen, `${name}: "${focus.name}" has the focus out of sight`);
          assert.ok(focus.marked, `${name}: "${focus.name}" does not show that it has the focus`);
        }
        assert.match(names[0], /^Skip to content/);
        assert.ok(new Set(names).size > 8, `${name}: only ${names.join(', ')}`);
      });
    }
  });

  await check('keyboard: from home to a film, tune it, ask why, hide, undo, and back', () => bench.visit('/', {}, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('matrix the');
    await page.getByRole('option').filter({ hasText: 'The Matrix' }).first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/movieId=2571/);
    await settled(page);
    await tab(page);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the skip link does not skip');
    const until = async (pattern) => {
      for (let i = 0; i < kSteps; i += 1) if (pattern.test((await tab(page)).name)) return;
      assert.fail(`Tab does not reach ${pattern}`);
    };
    await until(/control-popularity/);
    const first = await page.locator('.similar .card-title').first().textContent();
    await page.keyboard.press('Home');
    await page.waitForURL(/popularity=-1/);
    await page.waitForFunction((old) => document.querySelector('.similar .card-title').textContent !== old, first);
    await settled(page);
    await until(/^Why\? /);
    await page.keyboard.press('Enter');
    await page.locator('.shares').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    const hidden = (await page.locator('.similar .card-title').first().textContent());
    await until(/^More: /);
    await shot(page, 'keyboard-focus');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowUp');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Hide');
    await page.keyboard.press('Enter');
    await page.waitForFunction((old) => document.querySelector('.similar .card-title').textContent !== old, hidden);
    await page.locator('.toast button').focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction((old) => document.querySelector('.similar .card-title').textContent === old, hidden);
  }));
}
