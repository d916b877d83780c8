/** What each browser test needs: a page of its own, a login, a screenshot, and what axe finds. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { systemClock } from '../../src/time/clock.ts';
import type { PairView } from '../../src/web/contract.ts';
import type { World } from '../../src/web/keeper/testing/world.ts';

/** What of the browser's page is asked for. */
declare const document: {
  querySelectorAll(
    selector: string,
  ): Iterable<{ readonly outerHTML: string; getBoundingClientRect(): { readonly right: number } }>;
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
};

/** Where screenshots go; null: none are made. */
export const folder = process.argv[2] ?? null;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const PASSWORD = 'correct horse battery';

export const tally = { passed: 0, failed: 0 };

export const check = async (name: string, body: () => Promise<void>): Promise<void> => {
  try {
    await body();
    tally.passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    tally.failed += 1;
    console.log(`FAIL ${name}\n     ${error instanceof Error ? error.message : String(error)}`);
  }
};

export const must = (holds: boolean, text: string): void => {
  if (!holds) throw new Error(text);
};

export const show = (world: World, pair: PairView): void => {
  const now = Date.now();
  const { agent } = world;
  agent.show({ ...pair.this, wall: now });
  if (pair.other !== null)
    agent.showOther({ snapshot: pair.other.snapshot, heardAt: systemClock.now() - pair.other.heardMsAgo });
};

/** Violations of WCAG 2.2 A and AA on the page as it is. */
export const violations = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          where: unknown,
          options: unknown,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations: found } = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return found.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
    );
  });
};

export interface Seen {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser complained of. */
  readonly complaints: string[];
}

export const open = async (browser: Browser, world: World, options: object): Promise<Seen> => {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: 'en-GB',
    baseURL: `https://127.0.0.1:${world.port}`,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A 401 before the login is an answer; the browser calls it an error.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { context, page, complaints };
};

export const login = async (page: Page): Promise<void> => {
  await page.goto('/#/login');
  const [user, password] = [page.locator('input[autocomplete=username]'), page.locator('input[type=password]')];
  await user.fill('claire');
  await password.fill(PASSWORD);
  await password.press('Enter');
  await page.locator('.glance h1').waitFor();
};

/** Shown in the documentation, where they are called so: `cp FOLDER/page-*.jpg docs/images/`. */
const SHOWN_AS: Readonly<Record<string, string>> = {
  'desktop-light-overview': 'page-overview',
  'phone-dark-overview': 'page-phone',
  'desktop-light-takeover': 'page-takeover',
  'desktop-light-switchover': 'page-switchover',
  'desktop-light-settings-change': 'page-settings',
  'desktop-light-forecast': 'page-what-if',
};

/** The whole page, or one part of it. */
export const shoot = async (page: Page, name: string, part: string | null = null): Promise<void> => {
  if (folder === null) return;
  const from = part === null ? page : page.locator(part).first();
  const whole = part === null ? { fullPage: true } : {};
  await from.screenshot({ path: join(folder, `${name}.png`), ...whole });
  const shown = SHOWN_AS[name];
  // Small enough for that, and no more of a page than one sees at once.
  if (shown !== undefined) await from.screenshot({ path: join(folder, `${shown}.jpg`), type: 'jpeg', quality: 45 });
};

/** What is wider than the screen, by its beginning; empty: nothing. */
export const tooWide = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return '';
    const wide = [...document.querySelectorAll('main *')].find(
      (each) => each.getBoundingClientRect().right > clientWidth + 1,
    );
    return `${scrollWidth} for ${clientWidth}: ${wide?.outerHTML.slice(0, 200) ?? 'nothing of the place'}`;
  });

export const fits = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
