/**
 * A person with a browser in a lab, inside the network of its telephones, whose name says which lab it is. `visit.ts begin WHAT …` goes on
 * by itself and returns at once, `visit.ts state WHAT …` says how far it is. WHAT: `open` the pages of both nodes; `watch ROLE` a
 * page until it shows that the standby serves; `order ROLE ORDER` on a page; `settings ROLE` changes one on both nodes, and `restart ROLE`
 * has that node's agent start again; `drill ROLE` makes a drill and opens its report; `invite ROLE` makes a token, and `join ROLE` uses it on another page. `first-run` needs no browser: it
 * sets the pair up anew in two terminals, `from-keepalived` where keepalived moves the address (`keepalived-serves`).
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeWholeSync } from '../../src/files/whole.ts';
import { firstRun } from '../first-run/first-run.ts';
import { fromKeepalived, keepalivedServes } from '../first-run/from-keepalived.ts';
import { fromXivo, originalServes } from '../first-run/from-xivo.ts';
import { type Lab, openLab } from '../lab.ts';
import { packagedRun } from '../package/packaged-run.ts';
import { openPages, WEB_PORT } from '../plugs/nodes.ts';
import { USER } from '../plugs/open.ts';
import { runsFolder } from '../run-state.ts';
import { chromiumPath } from './chromium.ts';

const WATCH_MS = 120_000;

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
/** In the run's own folder, which goes with the lab. */
const folder = join(await runsFolder(), lab.runId);
const fileOf = (name: string): string => join(folder, `visit-${name}`);
const passwordFile = fileOf('password');

const [verb = '', ...task] = process.argv.slice(2);
const [what = '', role = '', name = ''] = task;
const stateFile = fileOf(task.join('-'));

/** For who asks with `state`. */
const tell = (state: string): void => {
  writeWholeSync(stateFile, `${state}\n`, { isDurable: false });
};

const openBoth = async (): Promise<string> => {
  const password = randomBytes(12).toString('base64url');
  const opened = await openPages(lab, USER, password);
  if (!opened.ok) throw new Error(opened.error.message);
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
  return 'done';
};

const openBrowser = async (role: string) => {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: chromiumPath() ?? '', args: ['--no-sandbox'] });
  const base = `https://${lab.host(role).address.v4}:${WEB_PORT}`;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', baseURL: base });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto('/#/login');
  await page.locator('input[autocomplete=username]').fill(USER);
  await page.locator('input[type=password]').fill(readFileSync(passwordFile, 'utf8'));
  await page.locator('input[type=password]').press('Enter');
  await page.locator('.glance h1').waitFor();
  return { browser, context, page };
};

/** What of the browser's page is asked for. */
declare const document: {
  readonly body: unknown;
  querySelector(selector: string): { readonly textContent: string | null } | null;
};
declare const MutationObserver: new (look: () => void) => { observe(where: unknown, options: object): void };

/** Runs in the browser: the moment from which the sentence has this in it; 0 where it never had. */
const shownSince = ({ text, withinMs }: { readonly text: string; readonly withinMs: number }): Promise<number> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (document.querySelector('.glance h1')?.textContent?.includes(text) === true) resolve(Date.now());
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    setTimeout(() => resolve(0), withinMs);
    look();
  });

/** Tells how long after the agent began to serve its page said so. */
const watch = async (): Promise<string> => {
  const { browser, context, page } = await openBrowser(role);
  await page.locator('.glance h1', { hasText: 'main (main) has served' }).waitFor();
  tell('watching');
  // By the browser itself: the way from it to here takes its time too.
  const shownAt = await page.evaluate(shownSince, { text: 'standby (standby) has served', withinMs: WATCH_MS });
  const answer = await context.request.get('/api/v1/pair');
  const { this: node } = (await answer.json()) as { this: { servesSince: number | null } | null };
  await browser.close();
  if (shownAt === 0) return 'never shown';
  return `shown after ${Math.round(shownAt - (node?.servesSince ?? 0))} ms`;
};

const ORDERS: Readonly<Record<string, { readonly button: string; readonly go: string }>> = {
  switchover: { button: 'Switch over…', go: 'Switch over now' },
  manual: { button: 'Manual mode…', go: 'Go to manual mode' },
  start: { button: 'Start…', go: 'Start now' },
  failback: { button: 'Fail back…', go: 'Fail back now' },
};

const order = async (): Promise<string> => {
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
  return 'done';
};

/** On the page of drills: one is made after its preview, and its report is opened as a page of its own. */
const drill = async (): Promise<string> => {
  const { browser, context, page } = await openBrowser(role);
  await page.goto('/#/drills');
  await page.getByRole('button', { name: 'Switchover drill…' }).click();
  await page.locator('[data-preview]').waitFor();
  await page.getByRole('button', { name: 'Make this drill now' }).click();
  await page.locator('[data-drill]').waitFor();
  await page.locator('[data-drill]').waitFor({ state: 'detached' });
  const report = page.getByRole('link', { name: 'Report' }).first();
  await report.waitFor();
  const [paper] = await Promise.all([context.waitForEvent('page'), report.click()]);
  await paper.locator('svg.drill-picture').waitFor();
  const outcome = await paper.locator('.outcome b').textContent();
  await browser.close();
  return outcome === 'passed' ? 'done' : `the report says ${outcome ?? 'nothing'}`;
};

const openSettings = async () => {
  const opened = await openBrowser(role);
  await opened.page.goto('/#/settings');
  return opened;
};

const settings = async (): Promise<string> => {
  const { browser, page } = await openSettings();
  await page.locator('[data-setting="failback.hold"]').fill('3m');
  await page.getByRole('button', { name: 'Show what changes on both nodes' }).click();
  await page.locator('[data-config-both] [data-diff] .come', { hasText: 'hold: 3m' }).nth(1).waitFor();
  await page.getByRole('button', { name: 'Write it into both files' }).click();
  await page.locator('.note.good', { hasText: 'It is written in both files' }).waitFor();
  await browser.close();
  return 'done';
};

/** Until the page, which goes away with the agent for a moment, has come back and waits for no other start. */
const restart = async (): Promise<string> => {
  const { browser, page } = await openSettings();
  const pending = page.locator('[data-pending]');
  await pending.getByRole('button', { name: 'Start the agent of this node again' }).click();
  await pending.waitFor({ state: 'detached' });
  await browser.close();
  return 'done';
};

const tokenFile = fileOf('token');

const invite = async (): Promise<string> => {
  const { browser, page } = await openSettings();
  await page.getByRole('button', { name: 'Make tokens' }).click();
  const token = await page.locator('[data-token]').first().textContent();
  rmSync(tokenFile, { force: true });
  writeFileSync(tokenFile, token ?? '', { mode: 0o600, flag: 'wx' });
  tell('has a token');
  await page.locator('[data-pairing-state=done]').waitFor();
  await browser.close();
  return 'done';
};

const joinPair = async (): Promise<string> => {
  const { browser, page } = await openSettings();
  await page.locator('[data-pairing=token]').fill(readFileSync(tokenFile, 'utf8'));
  await page.locator('[data-pairing=own]').fill(role);
  await page.getByRole('button', { name: 'Join now' }).click();
  await page.locator('[data-pairing-state=done]').waitFor();
  await browser.close();
  return 'done';
};

const works: Readonly<Record<string, () => Promise<string>>> = {
  open: openBoth,
  'first-run': async () => await firstRun(lab),
  'keepalived-serves': async () => await keepalivedServes(lab),
  'from-keepalived': async () => await fromKeepalived(lab),
  'original-serves': async () => await originalServes(lab),
  'from-xivo': async () => await fromXivo(lab),
  'packaged-run': async () => await packagedRun(lab),
  watch,
  order,
  drill,
  settings,
  restart,
  invite,
  join: joinPair,
};

/** To its end; what went wrong is told, not lost. */
const work = async (): Promise<void> => {
  try {
    tell(await (works[what] ?? (() => end(`there is no ${what}`)))());
  } catch (error) {
    tell(`failed: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const begin = (): void => {
  tell('begun');
  spawn(process.execPath, [import.meta.filename, 'work', ...task], { detached: true, stdio: 'ignore' }).unref();
};

if (verb === 'begin') begin();
else if (verb === 'work') await work();
else if (verb === 'state') process.stdout.write(existsSync(stateFile) ? readFileSync(stateFile, 'utf8') : 'nothing');
else end(`there is no ${verb}`);
process.exit(0);
