/**
 * A person with a browser in a lab: `visit.ts open | watch ROLE | seen ROLE | order ROLE ORDER`. Runs inside the network of the lab's
 * telephones, whose name says which lab it is. Ends with 1 and a sentence where something is not as it should be.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Lab, openLab } from '../lab.ts';
import { openPages, WEB_PORT } from '../plugs/nodes.ts';
import { USER } from '../plugs/open.ts';
import { chromiumPath } from './chromium.ts';

const WATCH_MS = 60_000;
/** The page shows it so soon after the agent knows it. */
const SHOWN_WITHIN_MS = 1000;

const end = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

const labHere = async (): Promise<Lab> => {
  const { stdout } = await promisify(execFile)('ip', ['netns', 'identify', String(process.pid)]);
  const runId = /^dt-([a-z0-9]+)-phones/m.exec(stdout)?.[1] ?? end('this is not the network of a lab’s telephones');
  const lab = await openLab(runId);
  return lab.ok ? lab.value : end(lab.error.message);
};

const lab = await labHere();
const fileOf = (name: string): string => join(tmpdir(), `dualtone-visit-${lab.runId}-${name}`);
const passwordFile = fileOf('password');

const openBoth = async (): Promise<void> => {
  const password = randomBytes(12).toString('base64url');
  const opened = await openPages(lab, USER, password);
  if (!opened.ok) return end(opened.error.message);
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
};

const openBrowser = async (role: string) => {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: chromiumPath() ?? '', args: ['--no-sandbox'] });
  const base = `https://${lab.host(role).address.v4}:${WEB_PORT}`;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', baseURL: base });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto('/#/login');
  await page.locator('input[autocomplete=username]').fill(USER);
  await page.locator('input[type=password]').fill(readFileSync(passwordFile, 'utf8'));
  await page.locator('input[type=password]').press('Enter');
  await page.locator('.glance h1').waitFor();
  return { browser, context, page };
};

/** Stays beside the scenario; what it saw stands in a file. */
const stay = async (role: string): Promise<void> => {
  const { browser, context, page } = await openBrowser(role);
  await page.locator('.glance h1', { hasText: 'main (main) has served' }).waitFor();
  writeFileSync(fileOf(role), '{}');
  const shown = page.locator('.glance h1', { hasText: 'standby (standby) has served' });
  await shown.waitFor({ timeout: WATCH_MS });
  const shownAt = Date.now();
  const answer = await context.request.get('/api/v1/pair');
  const { this: node } = (await answer.json()) as { this: { servesSince: number | null } | null };
  writeFileSync(fileOf(role), JSON.stringify({ afterMs: Math.round(shownAt - (node?.servesSince ?? 0)) }));
  await browser.close();
};

const untilFile = async (role: string, fits: (text: string) => boolean, withinMs: number): Promise<string> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const text = existsSync(fileOf(role)) ? readFileSync(fileOf(role), 'utf8') : '';
    if (fits(text)) return text;
    if (performance.now() > deadline)
      return end(`the page of the ${role} did not come so far: ${text || 'nothing yet'}`);
    await sleep(50);
  }
};

const watch = async (role: string): Promise<void> => {
  rmSync(fileOf(role), { force: true });
  const argv = [import.meta.filename, 'stay', role];
  spawn(process.execPath, argv, { detached: true, stdio: 'ignore' }).unref();
  await untilFile(role, (text) => text !== '', 25_000);
};

const seen = async (role: string): Promise<void> => {
  const { afterMs } = JSON.parse(await untilFile(role, (text) => text.includes('afterMs'), 10_000)) as {
    afterMs: number;
  };
  rmSync(fileOf(role), { force: true });
  process.stdout.write(`the page showed it ${afterMs} ms after the agent began to serve\n`);
  if (afterMs > SHOWN_WITHIN_MS) end(`the page showed the takeover after ${afterMs} ms`);
};

const ORDERS: Readonly<Record<string, { readonly button: string; readonly go: string }>> = {
  switchover: { button: 'Switch over…', go: 'Switch over now' },
  manual: { button: 'Manual mode…', go: 'Go to manual mode' },
  start: { button: 'Start…', go: 'Start now' },
};

const order = async (role: string, name: string): Promise<void> => {
  const { button, go } = ORDERS[name] ?? end(`there is no order ${name}`);
  const { browser, page } = await openBrowser(role);
  await page.getByRole('button', { name: button }).click();
  const give = page.getByRole('button', { name: go });
  await page.locator('[data-preview]').waitFor();
  const accept = page.getByRole('checkbox', { name: 'I accept that this is lost' });
  if ((await accept.count()) > 0) await accept.check();
  await give.click();
  await page.locator('dialog .note.good').waitFor();
  await browser.close();
};

const [verb = '', role = '', name = ''] = process.argv.slice(2);
const verbs: Readonly<Record<string, () => Promise<void>>> = {
  open: openBoth,
  stay: () => stay(role),
  watch: () => watch(role),
  seen: () => seen(role),
  order: () => order(role, name),
};
await (verbs[verb] ?? (() => end(`there is no ${verb}`)))();
process.exit(0);
