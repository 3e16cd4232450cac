// The spot check: seeds, side by side, grades, agreement, blind votes, files, reports, promotion.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { accessible, kSecret, settled, shot } from './bench.mjs';

const kFixed = '/spotcheck.html?kind=fixed&seeds=1,589&models=fusion,content';

const seed = (page, title) => page.locator('.seed').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const column = (page, title, model) => seed(page, title).locator('.compare-column').nth(model);

async function grade(page, keys) {
  for (const key of keys) {
    const told = page.waitForResponse((response) => response.url().endsWith('/judgements') && response.request().method() === 'POST');
    await page.keyboard.press(key);
    assert.equal((await told).status(), 200);
    await page.locator('.grading-said').filter({ hasText: /^Saved/ }).waitFor();
    // The focus has gone on when the grade is kept.
    await page.waitForFunction(() => document.activeElement.classList.contains('judged'));
  }
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name, exact: true }).click()]);
  return readFileSync(await file.path(), 'utf8');
}

const importText = (page, name, text) => page.locator('#import').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

// `sparrow evaluate` of the content method against a file of judgements: the numbers that it gives
// them, and what it says of the file. The report is not kept: it would be the newest run of the
// page of the models.
async function evaluated(home, name, text) {
  const file = join(home, name);
  writeFileSync(file, text);
  const folder = join(home, 'evaluations');
  const before = readdirSync(folder);
  const child = await promisify(execFile)(process.env.SPARROW_BIN, ['-q', '--json', 'evaluate', '--methods', 'content', '--splits', '1', '--no-baselines', '--ground-truth', file],
    { env: { ...process.env, SPARROW_HOME: home, SPARROW_DATA: '' }, maxBuffer: 1 << 26 });
  for (const report of readdirSync(folder)) if (!before.includes(report)) rmSync(join(folder, report));
  const [content, ...others] = JSON.parse(child.stdout).methods;
  assert.equal(others.length, 0);
  return { truth: content.ground_truth, said: child.stderr };
}

export async function checkSpotcheck(bench) {
  const check = bench.check.bind(bench);

  await check('spot check: a fixed list, random, by popularity, worst cases', async () => {
    for (const kind of ['random', 'stratified', 'worst']) {
      await bench.visit(`/spotcheck.html?kind=${kind}&models=fusion,content`, {}, async (page) => {
        assert.equal(await page.locator('.seed').count(), 8, kind);
        const names = await page.locator('.seed h2').allTextContents();
        if (kind === 'stratified') for (const stratum of ['head', 'middle', 'tail', 'cold']) assert.equal(await page.locator('.seed-head .badge').getByText(stratum, { exact: true }).count(), 2, stratum);
        await page.reload();
        await settled(page);
        assert.deepEqual((await page.locator('.seed h2').allTextContents()).sort(), [...names].sort(), 'the address gives other films');
        if (kind === 'random') {
          await page.getByRole('button', { name: 'Other films' }).click();
          await page.waitForURL(/draw=2/);
          await settled(page);
          assert.notDeepEqual((await page.locator('.seed h2').allTextContents()).sort(), [...names].sort());
        }
      });
    }
  });

  await check('spot check: moved, new and gone are marked against the first model', () => bench.visit(kFixed, {}, async (page) => {
    const [a, b] = await Promise.all(['fusion', 'content'].map((model) => bench.api(`/items/1/similar?size=10&model=${model}`)));
    const ids = a.items.map(({ id }) => id);
    const fresh = b.items.filter(({ id }) => !ids.includes(id)).length;
    const toys = seed(page, 'Toy Story');
    assert.equal(await toys.locator('.mark.is-new').count(), fresh);
    assert.equal((await toys.locator('.compare-gone').textContent()).split('· ').length, fresh);
    assert.equal(await toys.locator('.mark.is-up, .mark.is-down, .mark[title]').count(), 10 - fresh);
  }));

  await check('spot check: four models side by side', () => bench.visit('/spotcheck.html?kind=fixed&seeds=1,589&models=fusion,content,cooccurrence,history', {}, async (page) => {
    assert.deepEqual(await seed(page, 'Toy Story').locator('h3').allTextContents(), ['fusion', 'content', 'cooccurrence', 'history']);
    assert.equal(await seed(page, 'Toy Story').locator('.judged').count(), 40);
    await page.locator('.toolbar').getByLabel('history').uncheck();
    await page.waitForURL(/models=[^&]*cooccurrence$/);
    await settled(page);
    assert.equal(await seed(page, 'Toy Story').locator('h3').count(), 3);
    await page.goBack();
    await settled(page);
    await shot(page, 'spotcheck-four');
    await accessible(page);
  }));

  await check('spot check: promote and roll back from here, with a token only', () => bench.visit(`${kFixed}`, { expected: ['/promote', '/rollback'] }, async (page) => {
    const panel = page.getByRole('region', { name: 'Versions' });
    const promote = panel.getByRole('button', { name: /^Promote content / });
    const version = (await promote.getAttribute('aria-label')).split(' ').at(-1);
    await promote.click();
    await panel.getByText('A token is needed').waitFor();
    await page.locator('#token').fill(kSecret);
    await promote.click();
    await page.locator('dialog').getByRole('button', { name: `Promote ${version}` }).click();
    await panel.getByText(`content ${version} is promoted now`).waitFor();
    await panel.getByRole('button', { name: 'Roll back content' }).click();
    await page.locator('dialog').getByRole('button', { name: /^Roll back to/ }).click();
    await panel.getByText(/is promoted now/).waitFor();
    await panel.getByRole('button', { name: `Promote content ${version}` }).waitFor();
  }));

  await check('spot check: grade by keyboard with a reason; judged@10 beside NDCG; unjudged first', () => bench.visit(`${kFixed}&grader=ann`, {}, async (page) => {
    await column(page, 'Toy Story', 0).locator('.judged').first().focus();
    await page.keyboard.press('t');
    await page.getByText('The reason is saved with the grade').waitFor();
    await grade(page, ['3', '2', '0']);
    assert.match(await column(page, 'Toy Story', 0).locator('.compare-quality').textContent(), /judged@10 3\/10 · NDCG@10 1\.00/);
    await shot(page, 'spotcheck');
    await accessible(page);
    const { judgements } = await bench.api('/judgements?grader=ann');
    assert.deepEqual(judgements.map(({ grade: g }) => g), [3, 2, 0]);
    assert.equal(judgements[0].reason, 'wrong tone');
    assert.equal(judgements[0].model, 'fusion');
    await page.reload();
    await settled(page);
    assert.notEqual(await page.locator('.seed h2').first().textContent(), 'Toy Story', 'the film with fewer grades does not come first');
    await page.locator('.judged[data-grade="3"]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.shares').waitFor();
  }));

  await check('spot check: two graders and how far they agree', () => bench.visit(`${kFixed}&grader=bob`, {}, async (page) => {
    await column(page, 'Toy Story', 0).locator('.judged').first().focus();
    await grade(page, ['3', '2', '1']);
    await page.reload();
    await settled(page);
    const { agreement } = await bench.api('/judgements');
    assert.equal(agreement.graders, 2);
    assert.equal(agreement.shared_pairs, 3);
    // 3 pairs, 2 equal. Shares: 3 twice, 2 twice, 1 once, 0 once of 6: chance 10/36; Cohen's: 2/9.
    assert.ok(Math.abs(agreement.kappa - (2 / 3 - 10 / 36) / (1 - 10 / 36)) < 1e-9, `${agreement.kappa}`);
    assert.ok(Math.abs(agreement.between[0].kappa - (2 / 3 - 2 / 9) / (1 - 2 / 9)) < 1e-9);
    const panel = page.getByRole('region', { name: 'Judgements' });
    await panel.getByText('67 %').first().waitFor();
    await panel.getByText('0.57').first().waitFor();
    await panel.scrollIntoViewIfNeeded();
    await shot(page, 'spotcheck-agreement');
  }));

  await check('spot check: blind vote; names only after it', () => bench.visit('/spotcheck.html?kind=fixed&seeds=1,589&models=fusion,content&blind=1&grader=ann', {}, async (page) => {
    assert.doesNotMatch(await page.locator('.seeds').textContent(), /fusion|content/);
    assert.equal(await page.locator('.mark').count(), 0, 'a mark tells the sides apart');
    await shot(page, 'spotcheck-blind');
    await accessible(page);
    await page.getByRole('button', { name: /^Left is better/ }).first().click();
    await page.getByText(/A = (fusion|content) \S+, B = (fusion|content) /).first().waitFor();
    await page.getByRole('heading', { name: 'Blind votes' }).waitFor();
    const { pairs } = await bench.api('/votes');
    assert.equal(pairs.length, 1);
    assert.equal(pairs[0].wins_a + pairs[0].wins_b, 1);
  }));

  await check('spot check: export, import again, wrong lines named', () => bench.visit(`${kFixed}&grader=cat`, {}, async (page) => {
    const tsv = await download(page, 'TSV');
    assert.equal(tsv.trim().split('\n').length, 4);
    const qrels = await download(page, 'qrels');
    assert.match(qrels, /^\S+ 0 \S+ [0-3]$/m);
    const full = await download(page, 'full TSV');
    assert.equal(full.trim().split('\n').length, 7);
    const before = await bench.api('/judgements');
    await importText(page, 'full.tsv', full);
    await page.getByText('0 saved, 6 were known, 0 rejected.').waitFor();
    await importText(page, 'some.qrels', `${qrels}\n589 0 1 9\n1 0 nope 2\n1 2 2\n# a comment\n1 2 x\n`.replaceAll('\n\n', '\n'));
    await page.getByText('4 saved, 0 were known, 3 rejected.').waitFor();
    const reasons = await page.locator('.import-reasons li').allTextContents();
    assert.deepEqual(reasons.map((reason) => reason.split(':')[0]), ['Line 4', 'Line 5', 'Line 8']);
    await page.getByText('there is no item "nope"').waitFor();
    // The page has taken it in: three people, and this grader's own grades on the lists.
    await page.locator('.fact').filter({ hasText: 'Graders' }).getByText('3', { exact: true }).waitFor();
    await column(page, 'Toy Story', 0).locator('.judged[data-grade="3"]').waitFor();
    const after = await bench.api('/judgements?grader=cat');
    assert.equal(after.judgements.length, 4, 'three of the file and one of three columns');
    assert.ok(after.judgements.every(({ grader }) => grader === 'cat'));
    assert.equal(before.judgements.length, 6);
    await page.locator('.import-result').scrollIntoViewIfNeeded();
    await shot(page, 'spotcheck-import');
  }));

  await check('spot check: a bad pair becomes a block rule and a regression case, with a token only', () => bench.visit('/spotcheck.html?kind=fixed&seeds=858&models=fusion', { expected: ['/reports', '/rules'] }, async (page) => {
    const row = page.locator('.judged').nth(1);
    const title = await row.locator('a').textContent();
    const report = page.getByRole('button', { name: 'Report and block' });
    await row.focus();
    await report.click();
    await page.getByText('A token is needed').waitFor();
    await page.locator('#token').fill('not-the-secret');
    await row.focus();
    await report.click();
    await page.getByText('This token is not known').waitFor();
    await page.locator('#token').fill(kSecret);
    await row.focus();
    await page.keyboard.press('p');
    await report.click();
    await page.getByText(`Reported and blocked: The Godfather → ${title}`).waitFor();
    const { items } = await bench.api('/items/858/similar?size=20');
    assert.ok(!items.some((item) => item.title === title), 'the pair is still shown');
    const { rules } = await bench.api('/rules');
    assert.equal(rules.filter(({ type }) => type === 'block_pair').length, 1);
    const panel = page.getByRole('region', { name: 'Reported pairs' });
    await panel.getByText('blocked by a rule').waitFor();
    await panel.getByRole('button', { name: /^Understood/ }).click();
    await panel.getByRole('button', { name: /^Fixed in the served version/ }).click();
    // The model has not changed: without the rule it would list the pair, and the case says so.
    await panel.getByText('back again').waitFor();
    await panel.scrollIntoViewIfNeeded();
    await shot(page, 'spotcheck-reports');
    await accessible(page);
    await panel.getByRole('button', { name: /^Lift the block/ }).click();
    await panel.getByRole('button', { name: /^Block/ }).waitFor();
    const later = await bench.api('/items/858/similar?size=20');
    assert.ok(later.items.some((item) => item.title === title), 'the block is still there');
    const [kept] = (await bench.api('/reports')).reports;
    assert.deepEqual(kept.history.map(({ state }) => state), ['reported', 'understood', 'fixed']);
    assert.equal(kept.note, 'too popular');
  }));

  // Pulp Fiction, The Shawshank Redemption, The Matrix, Se7en.
  const judged = ['296', '318', '2571', '47'];
  await check('spot check: what is judged here is ground truth for sparrow evaluate; a turned grade changes its numbers', () => bench.visit(`/spotcheck.html?kind=fixed&seeds=${judged.join(',')}&models=content&order=given&grader=dan`, {}, async (page) => {
    const gradeAll = async (keys) => {
      for (let i = 0; i < judged.length; i += 1) {
        for (let place = 0; place < keys.length; place += 1) {
          await page.locator('.seed').nth(i).locator('.judged').nth(place).focus();
          await grade(page, [keys[place]]);
        }
      }
    };
    // No pair with a mean between two grades: qrels then say the same as TSV.
    const told = await fetch(`${bench.base}/api/v1/judgements`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ grader: 'bob', seed: '1', item: '588', grade: null }) });
    assert.equal(told.status, 200);
    await gradeAll(['3', '0', '2', '1']);
    const read = async (name, link) => {
      const text = await download(page, link);
      const pairs = text.trim().split('\n').filter((line) => !line.startsWith('itemId')).length;
      const { truth, said } = await evaluated(bench.home, name, text);
      assert.match(said, new RegExp(`${name}: ${pairs} lines, ${pairs} pairs matched, 0 lines unmatched`));
      assert.equal(truth.positives + truth.negatives, pairs);
      assert.ok(pairs >= 16 && truth.negatives >= 4, `${pairs} pairs`);
      assert.ok(truth.auc > 0 && truth.auc < 1, `AUC ${truth.auc}`);
      assert.ok(truth.lists.ndcg > 0 && truth.lists.ndcg < 1, `NDCG ${truth.lists.ndcg}`);
      assert.ok(truth.lists.judged > 0 && truth.lists.judged < 1, `judged ${truth.lists.judged}`);
      return truth;
    };
    const tsv = await read('judged.tsv', 'TSV');
    await gradeAll(['0', '3', '1', '2']);
    const turned = await read('turned.qrels', 'qrels');
    assert.ok(turned.auc < tsv.auc, `AUC ${turned.auc} of turned grades, ${tsv.auc} before`);
    assert.ok(turned.lists.ndcg < tsv.lists.ndcg, `NDCG ${turned.lists.ndcg} of turned grades, ${tsv.lists.ndcg} before`);
    // A grade that is taken back is in no export.
    const first = page.locator('.seed').first().locator('.judged').first();
    await first.focus();
    const taken = page.waitForResponse((response) => response.url().endsWith('/judgements') && response.request().method() === 'POST');
    await page.keyboard.press('Backspace');
    assert.equal((await taken).status(), 200);
    await page.getByText(/^Taken back/).waitFor();
    assert.equal(await first.getAttribute('data-grade'), '');
    assert.equal((await bench.api('/judgements?grader=dan&seed=296')).judgements.length, 6);
    assert.equal((await download(page, 'TSV')).trim().split('\n').length, tsv.positives + tsv.negatives);
  }));

  await check('spot check: on a phone the bar has buttons 0 to 3 that grade and take back', () => bench.visit(`${kFixed}&grader=eve`, { width: 400, height: 850 }, async (page) => {
    const buttons = page.locator('.grade-button');
    const names = async () => buttons.evaluateAll((all) => all.map((node) => node.getAttribute('aria-label')));
    assert.deepEqual(await names(), ['Grade 0: not', 'Grade 1: somewhat', 'Grade 2: similar', 'Grade 3: very']);
    assert.ok((await buttons.evaluateAll((all) => all.map((node) => node.checkVisibility() && node.offsetHeight >= 44))).every(Boolean), 'a button is hidden or too small');
    const film = column(page, 'Toy Story', 0).locator('.judged').first();
    await film.locator('.grade').click();
    await page.getByRole('button', { name: 'Grade 3: very' }).click();
    await page.locator('.judged[data-grade="3"]').first().waitFor();
    await film.locator('.grade').click();
    await shot(page, 'spotcheck-phone');
    await accessible(page);
    await page.getByRole('button', { name: 'Grade 3: very' }).click();
    await page.getByText(/^Taken back/).waitFor();
    await page.goto(`${kFixed}&grader=eve&lang=zh`);
    await settled(page);
    assert.deepEqual(await names(), ['评分 0: 不相似', '评分 1: 有点', '评分 2: 相似', '评分 3: 非常']);
  }));
}
