/** Settings: seen with their source, refused with their place, previewed, written, carried to the other node, taken back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { World } from '../../src/web/keeper/testing/world.ts';
import { check, login, must, open, shoot, tooWide, violations } from './tools.ts';

export const settingsRound = async (browser: Browser, world: World): Promise<void> => {
  const { context, page, complaints } = await open(browser, world, {
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
  });
  const file = join(world.folder, 'dualtone.yaml');
  const before = readFileSync(file, 'utf8');
  await login(page);
  await page.goto('/#/settings');
  const hold = page.getByLabel('The main must have been well for');
  const look = page.getByRole('button', { name: 'Show what changes', exact: true });
  await check('settings: what would not be valid is told with its place', async () => {
    await hold.fill('soon');
    await look.click();
    await page.locator('[data-config-preview] [role=alert]', { hasText: 'failback.hold' }).waitFor();
    must((await page.getByRole('button', { name: 'Write it' }).count()) === 0, 'it could be written');
    await shoot(page, 'desktop-light-settings-refused');
  });
  await check('settings: a change is seen as it will be, then written', async () => {
    await hold.fill('3m');
    await look.click();
    await page.locator('[data-diff] .come', { hasText: 'hold: 3m' }).waitFor();
    must(readFileSync(file, 'utf8') === before, 'it was written too early');
    await shoot(page, 'desktop-light-settings');
    await shoot(page, 'desktop-light-settings-change', '.card:has([data-config-preview])');
    const found = await violations(page);
    must(found.length === 0, found.join('\n     '));
    await page.getByRole('button', { name: 'Write it into the file' }).click();
    await page.locator('[data-there]').waitFor();
    must(readFileSync(file, 'utf8').includes('hold: 3m'), 'it is not in the file');
    must(readFileSync(`${file}.former`, 'utf8') === before, 'the former file is not kept');
    must(
      world.agent.given.some((each) => each.type === 'audit' && each.what === 'config-change'),
      'the journal does not know',
    );
  });
  await check('settings: it is taken back', async () => {
    await page.getByRole('button', { name: /Put back the file/ }).click();
    await page.locator('[data-there]').waitFor({ state: 'detached' });
    must(readFileSync(file, 'utf8') === before, 'the file is not as it was');
  });
  await check('settings: on a phone they fit', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator('details', { hasText: 'failback' }).first().click();
    const wide = await tooWide(page);
    must(wide === '', `it is wider than the screen, ${wide}`);
    await shoot(page, 'phone-light-settings');
  });
  await check('settings: the browser complains of nothing', async () =>
    must(complaints.length === 0, complaints.join('; ')),
  );
  await context.close();
};
