import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHistory, readHistory, sharesOf } from './history.ts';
import type { HistoryEntry } from './report.ts';
import { temporary } from './testing/around.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const entry = (wall: number, to: string, what = 'readiness'): HistoryEntry => ({
  wall,
  what,
  from: 'x',
  to,
  text: 't',
});
const noTrouble = (why: string): void => assert.fail(why);

test('what was appended outlives the process, in a file for root alone', async () => {
  const path = join(folder, 'made', 'a.jsonl');
  const history = createHistory(path, noTrouble);
  history.append(entry(1, 'ready'));
  history.append(entry(2, 'fail', 'disk-space'));
  await history.kept();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const again = createHistory(path, noTrouble);
  assert.deepEqual(again.newest(10), [entry(1, 'ready'), entry(2, 'fail', 'disk-space')]);
  assert.deepEqual(again.last('readiness'), entry(1, 'ready'));
  assert.equal(again.last('other'), null);
});

test('a line that a power loss cut off costs that line alone, also of what follows', async () => {
  const path = join(folder, 'cut.jsonl');
  writeFileSync(path, `${JSON.stringify(entry(1, 'ready'))}\nnot json\n{"wall":2}\n{"wall":3,"what":"readin`);
  const history = createHistory(path, noTrouble);
  history.append(entry(4, 'degraded'));
  history.append(entry(5, 'ready'));
  await history.kept();
  assert.deepEqual(
    readHistory(path).map(({ wall }) => wall),
    [1, 4, 5],
  );
});

test('it is bounded in memory and on disk, and the newest stay', async () => {
  const path = join(folder, 'many.jsonl');
  const history = createHistory(path, noTrouble, { entries: 50, bytes: 2000 });
  for (let wall = 1; wall <= 500; wall += 1) {
    history.append(entry(wall, 'ready'));
    if (wall % 20 === 0) await history.kept();
  }
  await history.kept();
  assert.equal(history.newest(1000).length, 50);
  assert.ok(statSync(path).size < 4000, `${statSync(path).size}`);
  assert.equal(readHistory(path).at(-1)?.wall, 500);
});

test('a disk that refuses is told, and what it refused is written when it takes it again', async () => {
  const place = join(folder, 'refusing');
  writeFileSync(place, 'in the way');
  let told = '';
  const history = createHistory(join(place, 'h.jsonl'), (why) => {
    told = why;
  });
  history.append(entry(1, 'ready'));
  await history.kept();
  assert.match(told, /ENOTDIR|EEXIST/);
  assert.equal(history.newest(1).length, 1);
  rmSync(place);
  mkdirSync(place);
  history.append(entry(2, 'degraded'));
  await history.kept();
  assert.deepEqual(
    readHistory(join(place, 'h.jsonl')).map(({ wall }) => wall),
    [1, 2],
  );
});

test('the share of each state counts from the first change on', () => {
  const entries = [entry(0, 'ready'), entry(50, 'x', 'disk-space'), entry(900, 'not-ready'), entry(950, 'ready')];
  assert.deepEqual(sharesOf(entries, 'readiness', 1000), { ready: 95, 'not-ready': 5 });
  assert.deepEqual(sharesOf([], 'readiness', 1000), {});
});

test('no history is no trouble', () => {
  assert.deepEqual(readHistory(join(folder, 'none.jsonl')), []);
  assert.equal(existsSync(join(folder, 'none.jsonl')), false);
});
