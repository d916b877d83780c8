import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Machine } from '../machine.ts';
import { busyMsOf } from '../machine.ts';
import { type Measured, parseResults, type RunLine } from '../results.ts';
import { keepalivedConf } from '../rivals/keepalived.ts';
import { overTheMinute } from '../rivals/phase.ts';
import { orderOf } from '../rivals/rivals.ts';
import { partsSection } from './agent-parts.ts';
import { committedPage, pagePath, picturePath, renderPage, renderPictures } from './page.ts';
import { pairedRatio, type RoundLine } from './rivals.ts';
import { circumstancesOf, reachedText } from './words.ts';

const machine: Machine = { processor: 'Test', processors: 2, memoryGib: 4, kernel: '6.1', node: 'v24' };
const session = { session: '2026-01-02T03:04:05.000Z', machine, commit: 'abc' };
const measured = (percents: readonly number[]): readonly Measured<RunLine>[] =>
  percents.map((percent, index) => ({ line: { what: 'x', run: index + 1, others_percent: percent }, session }));

test('the page of measurements is what the committed results make', async () => {
  assert.equal(await committedPage(), await renderPage(), 'run: npm run bench -- report');
  for (const [name, picture] of await renderPictures())
    assert.equal(await readFile(picturePath(pagePath, name), 'utf8'), picture, name);
});

test('runs belong to the session before them, and an unfinished last line is dropped', () => {
  const lines = [session, { what: 'a', run: 1, others_percent: 0 }].map((line) => JSON.stringify(line));
  const found = parseResults(`${lines.join('\n')}\n{"what":"a","ru`);
  assert.deepEqual(
    found.map(({ line, session: { commit } }) => [line.what, commit]),
    [['a', 'abc']],
  );
  assert.throws(() => parseResults(`${lines[1]}\n`), /begin with a session/);
  assert.throws(() => parseResults(`${lines[0]}\n{"what":\n`));
});

test('what was measured under load, or too seldom, says so', () => {
  assert.equal(reachedText(true, measured([1, 2, 90]), 3), 'yes');
  assert.equal(reachedText(true, measured([1, 20, 90]), 3), 'yes, measured under load');
  assert.equal(reachedText(false, measured([1, 2]), 3), 'no, with 2 of 3 runs');
  assert.match(circumstancesOf(measured([1, 2, 90])).text, /2026-01-02; commit abc .* used 2 % \(most 90 %\)/);
});

test('a minutely check strikes at any moment of the minute', () => {
  const spread = overTheMinute([25_000]);
  assert.ok(spread !== undefined);
  assert.ok(Math.abs(spread.p50 - 55_000) < 200 && Math.abs(spread.p99 - 84_400) < 200 && spread.max < 85_000);
  assert.equal(overTheMinute([]), undefined);
});

test('what a part costs is what its absence saves, and what was not measured is no number', () => {
  const part = (what: string, run: number, percent: number) => ({
    line: {
      what,
      run,
      serving_percent: percent,
      passive_percent: percent - 1,
      bare_percent: 0.25,
      observed_s: 40,
      others_percent: 0,
    },
    session,
  });
  const section = partsSection([part('everything', 1, 3), part('everything', 2, 2), part('everything', 3, 9)]);
  assert.match(section, /\| everything \| 3.00 \| 2.00 \| 3 \|/);
  assert.match(section, /\| heartbeats alone \| – \| – \| 0 \|/);
  assert.match(section, /\| a bare Node.js program [^|]+\| 0.25 \|/);
  assert.match(partsSection([]), /Not measured yet/);
});

const rival = (run: number, outageMs: number, recovered = true): RoundLine => ({
  session: 'one',
  what: 'x',
  run,
  outage_ms: outageMs,
  recovered,
  two_serving_ms: 0,
  moves: 0,
  registrations_kept: null,
  watched_ms: 0,
  to_minute_ms: 0,
  asker_late_ms: 0,
  others_percent: 0,
});

test('ratios are taken within a round', () => {
  const ours = [rival(1, 100), rival(2, 300), rival(3, 600)];
  assert.equal(pairedRatio(ours, [rival(1, 1000), rival(2, 600), rival(3, 600)]), 0.5);
  assert.equal(pairedRatio(ours, [rival(1, 8000, false)]), 0);
  assert.equal(pairedRatio(ours, [rival(7, 1000)]), undefined);
  assert.equal(pairedRatio(ours, [rival(1, 0)]), undefined);
  assert.equal(pairedRatio(ours, [{ ...rival(1, 1000), session: 'two' }]), undefined);
});

test('each round begins with another system', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((round) => orderOf(['a', 'b', 'c'], round).join('')),
    ['abc', 'bca', 'cab', 'abc'],
  );
});

test('keepalived is configured as documented', () => {
  const plain = keepalivedConf('standby', '10.1.2.10', { name: 'keepalived-100ms', advertS: 0.1, tracks: false });
  assert.match(plain, /state BACKUP\n.*\n.*\n {2}priority 253\n {2}advert_int 0.1\n/);
  assert.ok(!plain.includes('vrrp_script'));
  const tracking = keepalivedConf('main', '10.1.2.10', { name: 'keepalived-1s-track', advertS: 1, tracks: true });
  assert.match(tracking, /interval 1\n/);
  assert.match(tracking, /state MASTER\n.*\n.*\n {2}priority 254\n/);
});

test('busy time is all but idle and waiting', () => {
  assert.equal(busyMsOf('cpu  1 2 4 800 900 8 16 32 0 0\ncpu0 1 1 1 1\n'), 630);
});
