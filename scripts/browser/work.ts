/** Work that is set going from the page, to its end: a replication, and the real simulator. */
import type { Browser } from 'playwright-core';
import type { World } from '../../src/web/keeper/testing/world.ts';
import { check, fits, login, must, open, shoot, violations } from './tools.ts';

/** The simulator runs in the idle class. */
const SIMULATION_MS = 300_000;

export const workRound = async (browser: Browser, world: World): Promise<void> => {
  const { context, page, complaints } = await open(browser, world, {
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
  });
  await login(page);
  await check('a replication and a merge report end as tables, not as JSON', async () => {
    await page.goto('/#/streams');
    await page.getByRole('button', { name: 'Replicate now' }).click();
    await page.locator('[data-job=replicate] table').waitFor();
    await page.getByRole('button', { name: 'Last report' }).click();
    await page.locator('[data-job=merge-report] table').waitFor();
    await page.getByRole('button', { name: 'Accept c-7' }).waitFor();
    must((await page.locator('main pre').count()) === 0, 'there is raw text');
    await shoot(page, 'desktop-light-work');
    const found = await violations(page);
    must(found.length === 0, found.join('\n     '));
  });
  await check('what if: the simulator runs with this configuration, and its table is shown', async () => {
    await page.goto('/#/what-if');
    await page.getByRole('button', { name: 'Simulate now' }).click();
    await page.locator('[data-job=forecast] progress').waitFor();
    await page.locator('[data-job=forecast] table').waitFor({ timeout: SIMULATION_MS });
    const rows = page.locator('[data-job=forecast] tbody tr');
    must((await rows.count()) >= 15, `there are ${await rows.count()} rows`);
    const power = await rows.filter({ hasText: 'the main loses its power' }).first().textContent();
    must(/\d+ ms.*a gap/.test(power ?? ''), `it says ${power}`);
    await shoot(page, 'desktop-light-forecast');
    const found = await violations(page);
    must(found.length === 0, found.join('\n     '));
    await page.setViewportSize({ width: 360, height: 740 });
    must(await fits(page), 'it is wider than a phone');
    await shoot(page, 'phone-light-forecast');
  });
  await check('work: the browser complains of nothing', async () =>
    must(complaints.length === 0, complaints.join('; ')),
  );
  await context.close();
};
