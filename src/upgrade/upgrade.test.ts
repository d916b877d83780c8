import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { goodSnapshot } from '../checks/testing/around.ts';
import { fail, ok } from '../core/result.ts';
import { run as runProgram } from '../process/run.ts';
import { createRunAlone } from './alone.ts';
import { nextOf, type Standing } from './guide.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import { type Ground, goOn, lookAhead, type UpgradeOptions } from './upgrade.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-upgrade-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const passive: Standing = {
  role: 'standby',
  peer: 'main',
  server: 'other',
  peerIsWell: true,
  programs: ['system', 'dualtone'],
  done: [],
  verified: false,
};
const said = (more: Partial<Standing>, isDoneByHand = false, isLast = false): string => {
  const next = nextOf({ ...passive, ...more }, isDoneByHand, isLast);
  if (next.do === 'run') return `run ${next.program}`;
  if (next.do === 'move') return next.order;
  return next.do === 'refuse' ? next.fault.code : next.do;
};

test('what comes next: only a passive node of a pair that is well is upgraded', () => {
  const done = ['system', 'dualtone'];
  assert.equal(said({}), 'run system');
  assert.equal(said({ done: ['system'] }), 'run dualtone');
  assert.equal(said({ done }), 'verify');
  assert.equal(said({ done, verified: true }), 'takeover');
  assert.equal(said({ done, verified: true }, false, true), 'elsewhere');
  assert.equal(said({ done, verified: true, role: 'main' }), 'failback');
  assert.equal(said({ programs: [] }), 'by-hand');
  assert.equal(said({ programs: [] }, true), 'verify');
  for (const server of ['nobody', 'both'] as const) assert.equal(said({ server }), 'upgrade-not-now');
  assert.equal(said({ peerIsWell: false }), 'upgrade-not-now');
  assert.equal(said({ server: 'this' }), 'elsewhere');
  assert.equal(said({ server: 'this', done }), 'elsewhere');
});

interface World {
  readonly ground: Ground;
  readonly calls: string[];
  readonly notes: string[];
  readonly store: RecordStore;
  /** The agent does not answer for so many looks. */
  deafFor: number;
  fails: string | null;
  verdict: 'up' | 'down';
  server: 'this' | 'other';
  pausedBy: string | null;
  toEnd: boolean;
}

let worlds = 0;
const createWorld = (): World => {
  worlds += 1;
  const store = createRecordStore(mkdtempSync(join(folder, `${worlds}-`)));
  let now = 0;
  const world: World = {
    calls: [],
    notes: [],
    store,
    deafFor: 0,
    fails: null,
    verdict: 'up',
    server: 'other',
    pausedBy: null,
    toEnd: false,
    ground: {
      store,
      look: async () => {
        if (world.deafFor > 0) {
          world.deafFor -= 1;
          return fail('agent-unreachable', 'no agent', '');
        }
        const maintenance = world.pausedBy === null ? null : { leftMs: 1000, reason: world.pausedBy };
        const health = { ...goodSnapshot.health, verdict: world.verdict };
        const node = { role: 'standby', name: 'pbx2', address: '127.0.0.2' } as const;
        return ok({ ...goodSnapshot, node, server: world.server, maintenance, health });
      },
      order: async (command) => {
        if (command.name === 'maintenance-on') {
          world.calls.push(`pause ${command.forMs}`);
          world.pausedBy = command.reason;
        } else {
          world.calls.push(command.name);
          world.pausedBy = null;
        }
        return ok({ ok: true, code: command.name, text: 'done', remedy: '' });
      },
      note: async (text) => void world.notes.push(text),
      run: async ([program = '']) => {
        world.calls.push(program);
        const exitCode = world.fails === program ? 100 : 0;
        return ok({
          exitCode,
          endedBy: null,
          stdout: '',
          stderr: exitCode === 0 ? '' : 'dpkg was interrupted\n',
          tookMs: 1,
        });
      },
      wait: async (ms) => {
        now += ms;
      },
      now: () => now,
      isToEnd: () => world.toEnd,
    },
  };
  return world;
};

const options: UpgradeOptions = {
  programs: [
    { name: 'system', run: ['/usr/bin/apt-get'], timeoutMs: 60_000 },
    { name: 'dualtone', run: ['/usr/bin/dpkg'], timeoutMs: 30_000 },
  ],
  readyMs: 5000,
  isDoneByHand: false,
  isLast: false,
  isWarm: true,
};

const outcome = async (world: World): Promise<string> => {
  const gone = await goOn(world.ground, options);
  return gone.ok ? gone.value.do : gone.error.code;
};

test('the pair pauses while programs run, all is seen to be well, and a person moves service', async () => {
  const world = createWorld();
  assert.equal(await outcome(world), 'move');
  // The second time it lasts as long: each beginning prolongs it.
  assert.deepEqual(world.calls, [
    'pause 690000',
    '/usr/bin/apt-get',
    'pause 690000',
    '/usr/bin/dpkg',
    'maintenance-off',
  ]);
  assert.deepEqual(world.store.read(), {
    ok: true,
    value: { done: ['system', 'dualtone'], verified: true, maintenance: false },
  });
  assert.equal(world.notes.at(-1), 'upgrade: this node is upgraded and well');
  world.calls.length = 0;
  assert.equal(await outcome(world), 'move');
  assert.deepEqual(world.calls, [], 'nothing is done twice');
});

test('a program that fails stops it; it goes on there, and the pair pauses until it is through', async () => {
  const world = createWorld();
  world.fails = '/usr/bin/dpkg';
  assert.equal(await outcome(world), 'upgrade-program-failed');
  assert.equal(world.pausedBy, 'pbx2 is upgraded');
  assert.match(world.notes.at(-1) ?? '', /dualtone failed: it ended with 100: dpkg was interrupted/);
  world.fails = null;
  world.calls.length = 0;
  assert.equal(await outcome(world), 'move');
  assert.deepEqual(world.calls, ['pause 690000', '/usr/bin/dpkg', 'maintenance-off']);
});

test("a person's own maintenance is neither prolonged nor ended", async () => {
  const world = createWorld();
  world.pausedBy = 'new switch in the rack';
  assert.equal(await outcome(world), 'move');
  assert.deepEqual(world.calls, ['/usr/bin/apt-get', '/usr/bin/dpkg']);
});

test('an agent that restarts is waited for; one that is not well in time leaves service where it is', async () => {
  const world = createWorld();
  const { run } = world.ground;
  const restarting: Ground = {
    ...world.ground,
    run: async (argv, bounds) => {
      if (argv[0] === '/usr/bin/dpkg') {
        world.verdict = 'down';
        world.deafFor = 3;
      }
      return run(argv, bounds);
    },
    wait: async (ms) => {
      await world.ground.wait(ms);
      if (world.ground.now() >= 2000) world.verdict = 'up';
    },
  };
  const gone = await goOn(restarting, options);
  assert.ok(gone.ok && gone.value.do === 'move');
  assert.ok(world.ground.now() >= 2000);

  const absent = createWorld();
  absent.deafFor = 1;
  assert.equal(await outcome(absent), 'agent-unreachable');
  assert.equal(absent.ground.now(), 0, 'an agent that is not there at all is said at once');

  const sick = createWorld();
  sick.verdict = 'down';
  assert.equal(await outcome(sick), 'upgrade-not-well');
  assert.equal(sick.pausedBy, 'pbx2 is upgraded', 'nothing moves to it by itself');
  const read = sick.store.read();
  assert.ok(read.ok && !read.value.verified);
  sick.verdict = 'up';
  assert.equal(await outcome(sick), 'move');
});

test('a node that begins to serve meanwhile is left alone', async () => {
  const world = createWorld();
  const { run } = world.ground;
  const ground: Ground = {
    ...world.ground,
    run: async (argv, bounds) => {
      world.server = 'this';
      return run(argv, bounds);
    },
  };
  const gone = await goOn(ground, options);
  assert.ok(gone.ok && gone.value.do === 'elsewhere');
  assert.deepEqual(
    world.calls.filter((call) => call.startsWith('/')),
    ['/usr/bin/apt-get'],
  );
});

test('to look ahead changes nothing; a record that is none is said to be so', async () => {
  const world = createWorld();
  const ahead = await lookAhead(world.ground, options);
  assert.ok(ahead.ok && ahead.value.do === 'run');
  assert.deepEqual(world.calls, []);
  const place = mkdtempSync(join(folder, 'bad-'));
  for (const text of ['{', '{"done":[1],"verified":true,"maintenance":false}', 'null']) {
    writeFileSync(join(place, 'upgrade.json'), text);
    const read = createRecordStore(place).read();
    assert.ok(!read.ok && read.error.code === 'upgrade-record-unreadable');
  }
  const kept = createRecordStore(join(place, 'none')).write({ done: [], verified: false, maintenance: false });
  assert.ok(!kept.ok && kept.error.code === 'upgrade-record-not-kept');
});

test('who is told to end lets through what runs, keeps that, and begins nothing more', async () => {
  const world = createWorld();
  const { run } = world.ground;
  const ground: Ground = {
    ...world.ground,
    run: async (...words) => {
      world.toEnd = true;
      return run(...words);
    },
  };
  const gone = await goOn(ground, options);
  assert.equal(gone.ok ? '' : gone.error.code, 'upgrade-interrupted');
  assert.deepEqual(world.calls, ['pause 690000', '/usr/bin/apt-get']);
  const kept = world.store.read();
  assert.deepEqual(kept.ok && kept.value.done, ['system']);
  world.toEnd = false;
  assert.equal(await outcome(world), 'move');
  assert.equal(world.calls.filter((each) => each === '/usr/bin/apt-get').length, 1);
});

test('a program that still runs is not started beside itself, nor where its own lock says so', async () => {
  const alone = createRunAlone(folder, runProgram);
  const [began, goOnNow] = [join(folder, 'began'), join(folder, 'go-on')];
  execFileSync('mkfifo', [began, goOnNow]);
  const first = alone(['sh', '-c', `echo > ${began}; read -r line < ${goOnNow}; exit 7`], { timeoutMs: 20_000 });
  await readFile(began);
  const second = await alone(['true'], { timeoutMs: 20_000 });
  assert.equal(second.ok ? '' : second.error.code, 'upgrade-running');
  const world = createWorld();
  const gone = await goOn({ ...world.ground, run: alone }, options);
  assert.equal(gone.ok ? '' : gone.error.code, 'upgrade-running');
  const kept = world.store.read();
  assert.deepEqual(kept.ok && kept.value.done, []);
  await writeFile(goOnNow, 'on\n');
  const ended = await first;
  assert.equal(ended.ok && ended.value.exitCode, 7);
  const third = await alone(['true'], { timeoutMs: 20_000 });
  assert.equal(third.ok && third.value.exitCode, 0);
});
