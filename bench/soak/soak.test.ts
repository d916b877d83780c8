import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRandom } from '../../sim/random.ts';
import { growthOf, longestLife, type Point } from './growth.ts';
import { filesIn, heldBy, nftablesIn, programsOf } from './sample.ts';
import { drawn } from './soak.ts';
import { stateFiles, strangersAmong } from './state-files.ts';
import { judgedText, judgeSoak, type SoakSample } from './verdict.ts';

const minutes = (count: number, value: (minute: number) => number): readonly Point[] =>
  Array.from({ length: count }, (_none, minute) => ({ atHours: minute / 60, value: value(minute) }));

test('what stays, or swings without rising, is steady; what rises by more than the limit grows', () => {
  const random = createRandom(7);
  // A heap that fills and is collected, after a start that takes its memory.
  const sawtooth = (minute: number): number => 100 + Math.min(minute, 20) + (minute % 7) + random.next();
  assert.equal(growthOf(minutes(480, sawtooth), 1).verdict, 'steady');
  assert.equal(
    growthOf(
      minutes(480, (minute) => sawtooth(minute) + minute / 20),
      1,
    ).verdict,
    'grows',
  );
  assert.equal(
    growthOf(
      minutes(60, () => 35),
      0.5,
    ).verdict,
    'steady',
  );
  assert.equal(
    growthOf(
      minutes(60, (minute) => 35 + Math.floor(minute / 5)),
      0.5,
    ).verdict,
    'grows',
  );
  // One thing that was opened late, once, is no leak.
  assert.equal(
    growthOf(
      minutes(480, (minute) => (minute < 240 ? 35 : 36)),
      0.5,
    ).verdict,
    'steady',
  );
});

test('a run that is too short says so, whatever it saw', () => {
  assert.equal(
    growthOf(
      minutes(9, (minute) => 100 + 9 * minute),
      1,
    ).verdict,
    'unknown',
  );
  const random = createRandom(3);
  assert.equal(
    growthOf(
      minutes(15, () => 100 + 5 * random.next()),
      1,
    ).verdict,
    'unknown',
  );
  assert.equal(growthOf([], 1).verdict, 'unknown');
});

test('steady noise is seldom taken for growth', () => {
  const random = createRandom(11);
  const wrong = Array.from({ length: 200 }, () =>
    growthOf(
      minutes(60, () => 100 + random.next()),
      0,
    ),
  ).filter(({ verdict }) => verdict === 'grows').length;
  assert.ok(wrong <= 8, `${wrong} of 200`);
});

test('memory has a time of its own at least to warm up: a heap that takes its room is no leak', () => {
  const filling = minutes(20, (minute) => 100 + Math.min(minute, 9));
  assert.equal(growthOf(filling, 1, 10 / 60).verdict, 'steady');
  assert.equal(growthOf(filling.slice(0, 12), 1, 10 / 60).verdict, 'unknown');
});

test('a program that was started anew begins anew', () => {
  const points = minutes(30, (minute) => minute % 15).map((point, index) => ({ ...point, life: index < 12 ? 1 : 2 }));
  assert.equal(longestLife(points).length, 18);
  assert.ok(longestLife(points).every(({ life }) => life === 2));
});

const samplesOf = (count: number, value: (minute: number) => number, key: string): readonly SoakSample[] =>
  minutes(count, value).map(({ atHours, value: seen }) => ({
    at_s: atHours * 3600,
    values: { [key]: seen, 'main/agent MiB': 90, 'main journal KiB': seen * 1000, 'main/asterisk MiB': seen },
    lives: { 'main/agent': 4, 'main/alarms': 5 },
  }));

test('what grows comes first and by name; what may grow, and what is not ours, is not judged', () => {
  const judged = judgeSoak(samplesOf(180, (minute) => minute, 'main/alarms descriptors'));
  assert.deepEqual(
    judged.map(({ key, growth }) => [key, growth.verdict]),
    [
      ['main/alarms descriptors', 'grows'],
      ['main/agent MiB', 'steady'],
    ],
  );
  assert.match(
    judgedText(judged[0] ?? assert.fail()),
    /^main\/alarms descriptors: GROWS, 0.0 to 179.0, at least 60.00 an hour$/,
  );
});

test('a planted leak in a real process is found by the real counting: descriptors and memory', {
  timeout: 60_000,
}, async () => {
  const leaker = fork(join(import.meta.dirname, 'testing', 'leaker.ts'), { execArgv: [] });
  const ask = async (what: string): Promise<void> => {
    leaker.send(what);
    await once(leaker, 'message');
  };
  try {
    const samples: SoakSample[] = [];
    for (let minute = 0; minute < 36; minute += 1) {
      await ask('leak');
      const found = (await heldBy(leaker.pid ?? 0)) ?? assert.fail('it is gone');
      assert.equal((await programsOf([leaker.pid ?? 0])).size, 1);
      const { rssMib, descriptors, threads, life } = found.held;
      samples.push({
        at_s: minute * 300,
        values: { 'main/leaker MiB': rssMib, 'main/leaker descriptors': descriptors, 'main/leaker threads': threads },
        lives: { 'main/leaker': life },
      });
    }
    const verdictByKey = new Map(judgeSoak(samples).map(({ key, growth }) => [key, growth.verdict]));
    assert.equal(verdictByKey.get('main/leaker descriptors'), 'grows');
    assert.equal(verdictByKey.get('main/leaker MiB'), 'grows');
    assert.equal(verdictByKey.get('main/leaker threads'), 'steady');
  } finally {
    leaker.kill();
  }
});

test('elements of sets count as well as rules, and files by what they are', () => {
  const json = '{"nftables":[{"metainfo":{}},{"table":{}},{"set":{"elem":[1,2,3]}},{"set":{}}]}';
  assert.equal(nftablesIn(json), 7);
  assert.equal(nftablesIn('nonsense'), 0);
  assert.deepEqual(filesIn('10 state-a\n20 journal/000000000001.jsonl\n5 journal/head\n7 checks.jsonl\n'), {
    paths: ['state-a', 'journal/000000000001.jsonl', 'journal/head', 'checks.jsonl'],
    files: 2,
    bytes: 17,
    journalBytes: 25,
  });
});

test('each file of the state directory is known by what bounds it, and stands on the page about wear', async () => {
  assert.deepEqual(
    strangersAmong(['journal/head', 'state-b', 'drills/20261122-030000.json', 'journal/core.17', 'dump']),
    ['journal/core.17', 'dump'],
  );
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'wear.md'), 'utf8');
  const missing = stateFiles.filter(({ name }) => !name.split(', ').every((part) => page.includes(`\`${part}\``)));
  assert.deepEqual(missing, []);
});

test('each seed draws its own row of moves, and all kinds come; an agent is spared where it shall be', () => {
  const row = (seed: number, keepAgents = false): string => {
    const random = createRandom(seed);
    return Array.from({ length: 300 }, () => drawn(random, { keepAgents }).name).join(' ');
  };
  assert.equal(row(1), row(1));
  assert.notEqual(row(1), row(2));
  assert.ok(new Set(row(1).split(' ')).size >= 12);
  assert.match(row(1), /agent-killed|power-loss/);
  assert.doesNotMatch(row(1, true), /agent-killed|power-loss/);
});
