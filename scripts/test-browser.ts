/**
 * The page in a real browser, against the real web server beside a made-up agent: `npm run test:browser -- [FOLDER [ROUND]]`.
 * Needs Debian's `chromium` (or CHROMIUM=path); with a folder it leaves screenshots there. Not part of `npm test`:
 * a browser takes minutes to install.
 */
import { mkdirSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { systemClock } from '../src/time/clock.ts';
import type { PairView } from '../src/web/contract.ts';
import { openWorld, type World } from '../src/web/keeper/testing/world.ts';
import { afterTakeover, entriesAt, goodPair } from '../src/web/page/testing/pair.ts';
import { settingsRound } from './browser/settings.ts';
import { check, fits, folder, login, must, open, PASSWORD, shoot, show, tally, violations } from './browser/tools.ts';
import { workRound } from './browser/work.ts';

/** What of the browser's page is asked for. */
declare const document: {
  readonly activeElement: {
    readonly id: string;
    readonly textContent: string | null;
    closest(selector: string): unknown;
  } | null;
};

/** One round alone; null: all. */
const only = process.argv[3] ?? null;

const PLACES = ['overview', 'journal', 'streams', 'checks', 'what-if', 'alarms', 'settings'];

const VIEWS = [
  { name: 'desktop-light', options: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } },
  { name: 'phone-dark', options: { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true } },
  { name: 'phone-french', options: { viewport: { width: 360, height: 740 }, colorScheme: 'light', locale: 'fr-FR' } },
  { name: 'desktop-dark', options: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' } },
] as const;

const everyPlace = async (browser: Browser, world: World, { name, options }: (typeof VIEWS)[number]): Promise<void> => {
  const { context, page, complaints } = await open(browser, world, options);
  await check(`${name}: the public page`, async () => {
    await page.goto('/');
    await page.locator('.outside h1').waitFor();
    await page.locator('.glance').waitFor();
    await shoot(page, `${name}-public`);
    const found = await violations(page);
    must(found.length === 0, found.join('\n     '));
  });
  await check(`${name}: login`, () => login(page));
  for (const place of PLACES) {
    await check(`${name}: ${place} is accessible and fits`, async () => {
      await page.goto(`/#/${place}`);
      await page.locator('main .card').first().waitFor();
      await page.waitForTimeout(300);
      await shoot(page, `${name}-${place}`);
      const found = await violations(page);
      must(found.length === 0, found.join('\n     '));
      must(await fits(page), 'it is wider than the screen');
    });
  }
  await check(`${name}: the browser complains of nothing`, async () =>
    must(complaints.length === 0, complaints.join('; ')),
  );
  await context.close();
};

const byKeyboard = async (browser: Browser, world: World): Promise<void> => {
  const { context, page, complaints } = await open(browser, world, { viewport: { width: 1280, height: 900 } });
  await login(page);
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
  await check('keyboard: the first stop skips to the content', async () => {
    await page.goto('/#/overview');
    await page.reload();
    await page.locator('.glance h1').waitFor();
    await page.keyboard.press('Tab');
    must((await focused()).startsWith('Skip'), `it was ${await focused()}`);
    await page.keyboard.press('Enter');
    must((await page.evaluate(() => document.activeElement?.id)) === 'main', 'the content has no focus');
  });
  await check('keyboard: an order is previewed, keeps the focus, closes by Esc and gives the focus back', async () => {
    await page.getByRole('button', { name: 'Switch over' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-preview]').waitFor();
    must(
      (await page.locator('[data-preview]').textContent())?.includes('7 calls are up') === true,
      'no calls are named',
    );
    await shoot(page, 'desktop-light-switchover');
    const found = await violations(page);
    must(found.length === 0, found.join('\n     '));
    for (let press = 0; press < 12; press += 1) {
      await page.keyboard.press('Tab');
      must(await page.evaluate(() => document.activeElement?.closest('dialog') !== null), 'the focus left the dialog');
    }
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    must((await focused()).startsWith('Switch over'), `the focus is on ${await focused()}`);
  });
  await check('an order is given, and its answer shown', async () => {
    await page.getByRole('button', { name: 'Switch over' }).click();
    await page.getByRole('checkbox', { name: 'I accept that this is lost' }).check();
    await page.getByRole('button', { name: 'Switch over now' }).click();
    await page.locator('dialog .note.good').waitFor();
    await page.keyboard.press('Escape');
    must(
      world.agent.given.some((each) => each.type === 'command' && each.command.name === 'switchover'),
      'no order came',
    );
  });
  await check('keyboard: the browser complains of nothing', async () =>
    must(complaints.length === 0, complaints.join('; ')),
  );
  await context.close();
};

const live = async (
  browser: Browser,
  world: World,
  play: (pair: (wall: number) => PairView) => void,
): Promise<void> => {
  const { context, page } = await open(browser, world, {
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
  });
  await login(page);
  await check('a takeover is seen within a second of the agent’s knowing, and said', async () => {
    await page.goto('/#/overview');
    await page.locator('.glance.good').waitFor();
    const began = performance.now();
    play(afterTakeover);
    await page.locator('.glance.warning h1', { hasText: 'pbx-nord (standby) has served' }).waitFor({ timeout: 5000 });
    const took = performance.now() - began;
    must(took < 1000, `it took ${Math.round(took)} ms`);
    console.log(`     ${Math.round(took)} ms`);
    must(((await page.locator('[data-live]').textContent()) ?? '').includes('could NOT take over'), 'nothing was said');
    await page.waitForTimeout(1500);
    await shoot(page, 'desktop-light-takeover');
  });
  await check('a lost connection is shown', async () => {
    await context.setOffline(true);
    world.keeper().kill('SIGSTOP');
    await page.locator('.banner.alarm').waitFor({ timeout: 40_000 });
    await shoot(page, 'desktop-light-lost');
    world.keeper().kill('SIGCONT');
    await context.setOffline(false);
    await page.locator('.banner.alarm').waitFor({ state: 'detached', timeout: 40_000 });
  });
  await context.close();
};

const main = async (): Promise<void> => {
  if (folder !== null) mkdirSync(folder, { recursive: true });
  const world = await openWorld();
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  let pairAt = goodPair;
  const timer = setInterval(() => show(world, pairAt(Date.now())), 1000);
  const play = (pair: (wall: number) => PairView): void => {
    pairAt = pair;
    show(world, pair(Date.now()));
  };
  try {
    const added = await world.users.addUser('claire', 'admin', PASSWORD, Date.now());
    if (!added.ok) throw new Error(added.error.message);
    for (const { kind, reasons, data, epoch, wall } of entriesAt(Date.now()).toReversed())
      world.agent.journal.append({ kind, reasons, data, epoch, wall, at: systemClock.now() });
    play(goodPair);
    const rounds: Readonly<Record<string, () => Promise<void>>> = {
      places: async () => {
        for (const view of VIEWS) await everyPlace(browser, world, view);
      },
      keyboard: () => byKeyboard(browser, world),
      work: () => workRound(browser, world),
      settings: () => settingsRound(browser, world),
      live: () => live(browser, world, play),
    };
    for (const [name, round] of Object.entries(rounds)) if (only === null || only === name) await round();
  } finally {
    clearInterval(timer);
    await browser.close();
    await world.close();
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
};

await main();
