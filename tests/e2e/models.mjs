// The models: versions, promotion, evaluations, losers, health.

import assert from 'node:assert/strict';

import { accessible, kSecret, settled, shot } from './bench.mjs';

export async function checkModels(bench) {
  const check = bench.check.bind(bench);

  await check('models: promote and roll back need a token that is right', () => bench.visit('/models.html', { expected: ['/rollback', '/promote'] }, async (page) => {
    const promote = page.getByRole('button', { name: /^Promote content / });
    const said = page.locator('.said');
    await promote.click();
    await said.filter({ hasText: 'A token is needed' }).waitFor();
    await page.locator('#token').fill('not-the-secret');
    await promote.click();
    await page.getByRole('button', { name: /^Promote \d/ }).click();
    await said.filter({ hasText: 'This token is not known' }).waitFor();
    const before = (await bench.api('/models')).models.find(({ name }) => name === 'content').version;
    await page.locator('#token').fill(kSecret);
    await promote.click();
    // What changes is said before: from which version, to which, and ten lists that change.
    await page.locator('dialog .from-to').getByText(before).waitFor();
    await page.locator('dialog').getByText(/On average \d+\s% of the first 10/).waitFor();
    assert.ok((await page.locator('dialog .plain-list li').count()) > 0);
    await shot(page, 'models-promote');
    await accessible(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal((await bench.api('/models')).models.find(({ name }) => name === 'content').version, before, 'cancelling promotes');
    await promote.click();
    await page.getByRole('button', { name: /^Promote \d/ }).click();
    await said.filter({ hasText: /content \S+ is promoted now/ }).waitFor();
    const served = async () => (await bench.api('/models')).models.find(({ name }) => name === 'content').version;
    for (let i = 0; i < 100 && (await served()) === before; i += 1) await page.waitForTimeout(100);
    assert.notEqual(await served(), before, 'the promoted version is not served');
    await page.reload();
    await settled(page);
    // Churn against the version before.
    const health = page.getByRole('region', { name: 'Health: content' });
    await health.getByText(`against ${before}`).waitFor();
    await health.getByText('Lists that changed most').waitFor();
    await page.getByRole('button', { name: 'Roll back content' }).click();
    await page.getByRole('button', { name: `Roll back to ${before}` }).click();
    await said.filter({ hasText: `content ${before} is promoted now` }).waitFor();
    for (let i = 0; i < 100 && (await served()) !== before; i += 1) await page.waitForTimeout(100);
    assert.equal(await served(), before);
  }));

  await check('models: options, data, and what differs from the served version', () => bench.visit('/models.html', {}, async (page) => {
    const { models } = await bench.api('/models');
    const fusion = models.find(({ name }) => name === 'fusion');
    const row = page.locator('#main table').first().locator('tr').filter({ hasText: fusion.version });
    await row.getByText(fusion.data_hash.slice(0, 8)).waitFor();
    const other = page.locator('#main table').first().locator('tr').filter({ has: page.getByRole('button', { name: /^Promote content/ }) });
    await other.getByRole('button', { name: /^Options/ }).click();
    await page.locator('dialog .differs').filter({ hasText: 'seed' }).waitFor();
    await shot(page, 'models-options');
    await accessible(page);
  }));

  await check('models: the data card comes when it is asked for', () => bench.visit('/models.html', {}, async (page) => {
    await page.getByRole('button', { name: 'Show the data card' }).click();
    await page.getByRole('heading', { name: 'Values: stars' }).waitFor();
    const rows = page.locator('table', { hasText: 'Columns used' }).locator('tbody tr');
    assert.ok((await rows.count()) >= 2);
    assert.match(await rows.filter({ hasText: 'ratings.csv' }).textContent(), /userId = user/);
    await page.getByText('Rows about known items').waitFor();
    await page.getByRole('heading', { name: 'Values: stars' }).scrollIntoViewIfNeeded();
    await shot(page, 'models-data-card', true);
    await accessible(page);
  }));

  await check('models: evaluations with intervals, a pinned baseline, sorting, filtering', () => bench.visit('/models.html', { height: 1300 }, async (page) => {
    const { runs } = await bench.api('/evaluations');
    const run = await bench.api(`/evaluations/${runs[0].file}`);
    const panel = page.getByRole('region', { name: 'Evaluations' });
    const table = panel.locator('table');
    assert.equal(await table.locator('tbody tr').count(), run.methods.length);
    await panel.getByText(run.data.hash.slice(0, 12)).waitFor();
    assert.ok((await table.locator('svg.interval').count()) >= run.methods.length);
    const name = run.methods[0].name;
    await table.getByRole('button', { name: `Pin as baseline: ${name}`, exact: true }).click();
    await page.waitForURL(new RegExp(`base=${name}`));
    await page.getByText(`difference to ${name}`).waitFor();
    // A column without any difference keeps no room for one.
    const columns = await table.locator('tr:first-child').first().locator('th').count();
    for (let i = 1; i <= columns; i += 1) {
      const texts = await table.locator(`tbody td:nth-child(${i}) .difference`).allTextContents();
      assert.ok(texts.length === 0 || texts.some(Boolean), `column ${i} keeps room`);
    }
    const popularity = run.methods.find((m) => m.name === 'popularity');
    const expected = popularity.held_out_users.hit - run.methods[0].held_out_users.hit;
    const text = await table.locator('tr').filter({ hasText: 'popularity' }).locator('td').nth(1).textContent();
    assert.ok(text.includes(`${expected < 0 ? '−' : '+'}${Math.abs(expected).toFixed(3)}`), text);
    await table.getByRole('button', { name: 'NX@10', exact: true }).click();
    const values = await table.locator('tbody tr td:nth-child(2)').evaluateAll((cells) => cells.map((cell) => Number.parseFloat(cell.textContent)));
    assert.deepEqual(values, [...values].sort((a, b) => b - a));
    assert.match(page.url(), /run_sort=nx\.desc/);
    await panel.getByRole('searchbox').fill('baseline');
    assert.equal(await table.locator('tbody tr').count(), run.methods.filter(({ baseline }) => baseline).length);
    await page.reload();
    await settled(page);
    assert.equal(await panel.locator('tbody tr').count(), run.methods.filter(({ baseline }) => baseline).length, 'the address does not keep the filter');
    await panel.getByRole('searchbox').fill('');
    await shot(page, 'models', true);
    await accessible(page);
  }));

  await check('models: slices and biggest losers by film', () => bench.visit('/models.html', {}, async (page) => {
    const [{ file }] = (await bench.api('/evaluations')).runs;
    const run = await bench.api(`/evaluations/${file}`);
    const slices = page.getByRole('region', { name: 'By popularity of what was watched next' });
    for (const slice of ['head', 'middle', 'tail', 'cold']) await slices.getByRole('button', { name: slice, exact: true }).waitFor();
    const losers = page.getByRole('region', { name: 'Biggest losers by film' });
    await losers.getByRole('combobox').selectOption('random');
    await page.waitForURL(/loser=random/);
    const base = run.methods.find(({ name }) => name === 'item-knn');
    const random = run.methods.find(({ name }) => name === 'random');
    const most = Math.min(...run.seeds.map((_, i) => random.seed_hits[i] - base.seed_hits[i]));
    const first = await losers.locator('table').first().locator('tbody tr').first().textContent();
    assert.ok(first.endsWith(`−${Math.abs(most)}`), `${first} does not lose ${most}`);
    await losers.scrollIntoViewIfNeeded();
    await shot(page, 'models-losers');
    await losers.getByRole('link', { name: 'Look at them side by side' }).first().click();
    await page.waitForURL(/spotcheck\.html\?kind=fixed&seeds=/);
    await settled(page);
    assert.equal(await page.locator('.seed').count(), 8);
  }));
}
