import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import { finished, keepsTheContract, type World } from '../testing/contract.ts';
import { createServiceStep, type Service, type ServiceOptions } from './service.ts';

const never = new AbortController().signal;
const dirs: string[] = [];
const freshDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'dualtone-service-'));
  dirs.push(dir);
  return dir;
};
after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

interface ServerWorld extends World {
  readonly dir: string;
  readonly calls: string[];
  hangs: boolean;
}

/** One service behind systemctl, an init script, docker compose or commands; the boot guard writes into a directory of its own. */
const createServer = (startsRunning: boolean): ServerWorld => {
  const dir = freshDir();
  const flag = join(dir, 'run', 'active', 'asterisk.service');
  const dropIn = join(dir, 'units', 'asterisk.service.d', '50-dualtone.conf');
  let running = startsRunning;
  /** The drop-in as systemd has read it. */
  let guarded = false;
  const calls: string[] = [];
  const start = (): void => {
    if (!guarded || existsSync(flag)) running = true;
  };
  const act = (verb: string): string | null => {
    if (verb === 'start' || verb === 'up') start();
    else if (verb === 'stop' || verb === 'kill') {
      if (verb === 'stop' && world.hangs) return null;
      running = false;
      world.hangs = false;
    } else if (verb === 'restart') {
      if (world.hangs) return null;
      start();
    } else if (verb === 'daemon-reload') guarded = existsSync(dropIn);
    else if (verb === 'show') {
      return `LoadState=loaded\nActiveState=${running ? 'active' : 'inactive'}\nSubState=x\nResult=success\nConditionResult=yes\n`;
    } else if (verb === 'config' || (verb === 'ps' && running)) return 'pbx\n';
    return '';
  };
  const run: Run = async (argv, options) => {
    calls.push(argv.join(' '));
    const verb =
      argv.find((word) =>
        /^(start|stop|restart|status|up|kill|show|daemon-reload|reset-failed|config|ps)$/.test(word),
      ) ?? '';
    if (verb === 'status') return ok(finished({ exitCode: running ? 0 : 3 }));
    const stdout = act(verb);
    if (stdout !== null) return ok(finished({ stdout }));
    return { ok: false, error: { code: 'program-timeout', message: `hung for ${options.timeoutMs}`, remedy: '' } };
  };
  const world: ServerWorld = {
    dir,
    calls,
    hangs: false,
    run,
    state: () => JSON.stringify({ running, guarded, flag: existsSync(flag), dropIn: existsSync(dropIn) }),
  };
  return world;
};

const optionsFor = (service: Service, world: { readonly dir: string }, run: Run): ServiceOptions => ({
  service,
  alwaysRuns: false,
  timeoutMs: 1000,
  runDir: join(world.dir, 'run'),
  unitDir: join(world.dir, 'units'),
  hasSystemd: true,
  run,
});

const unit: Service = { kind: 'unit', unit: 'asterisk.service' };
const commands: Service = {
  kind: 'command',
  commands: { name: 'pbx', start: ['/bin/pbx', 'start'], stop: ['/bin/pbx', 'stop'], status: ['/bin/pbx', 'status'] },
};
const services: readonly Service[] = [
  unit,
  { kind: 'init', script: 'asterisk' },
  { kind: 'compose', directory: '/srv/pbx' },
  commands,
];

for (const service of services) {
  for (const running of [true, false]) {
    keepsTheContract({
      name: `the service step (${service.kind}, ${running ? 'running' : 'stopped'} before)`,
      createWorld: () => createServer(running),
      createStep: (run, world) => createServiceStep(optionsFor(service, world as ServerWorld, run)),
      looks: true,
    });
  }
}

describe('a cold unit', () => {
  test('is kept from starting by itself while passive, also at boot, and undone by removing one file', async () => {
    const world = createServer(true);
    const step = createServiceStep(optionsFor(unit, world, world.run));
    assert.match(
      await step.preview('passivate'),
      /systemctl stop asterisk.service; start forbidden by .*50-dualtone.conf/,
    );
    assert.equal((await step.run('passivate', never)).outcome, 'done');
    const dropIn = readFileSync(join(world.dir, 'units', 'asterisk.service.d', '50-dualtone.conf'), 'utf8');
    assert.match(dropIn, /^\[Unit\]\nConditionPathExists=.*\/run\/active\/asterisk\.service$/m);
    await world.run(['systemctl', 'start', 'asterisk.service'], { timeoutMs: 1 });
    assert.match(world.state(), /"running":false/, 'another program cannot start it');
    assert.equal((await step.run('activate', never)).outcome, 'done');
    assert.match(world.state(), /"running":true/);
  });

  test('that hangs is killed when it does not stop, and restarted when it does not restart', async () => {
    const world = createServer(true);
    world.hangs = true;
    const step = createServiceStep(optionsFor(unit, world, world.run));
    assert.equal((await step.run('restart', never)).outcome, 'done');
    assert.ok(world.calls.includes('systemctl kill --signal=KILL asterisk.service'));
    assert.match(world.state(), /"running":true/);
    world.hangs = true;
    assert.equal((await step.run('passivate', never)).outcome, 'done');
    assert.match(world.state(), /"running":false/);
  });

  test('is prepared before it starts and only then; what fails or is not there keeps it from nothing, and is said', async () => {
    const world = createServer(false);
    const run: Run = async (argv, options) => {
      const [program = ''] = argv;
      if (!program.startsWith('/prepare')) return world.run(argv, options);
      world.calls.push(program);
      if (program === '/prepare/hangs')
        return { ok: false, error: { code: 'program-timeout', message: 'It hung.', remedy: '' } };
      return ok(finished({ exitCode: program === '/prepare/absent' ? 127 : program === '/prepare/fails' ? 1 : 0 }));
    };
    const prepare = ['well', 'absent', 'fails', 'hangs'].map((each) => ({ run: [`/prepare/${each}`], timeoutMs: 10 }));
    const step = createServiceStep({ ...optionsFor(unit, world, run), prepare });
    assert.match(await step.preview('activate'), /systemctl start asterisk\.service, after `\/prepare\/well`/);
    const { outcome, detail } = await step.run('activate', never);
    assert.equal(outcome, 'done');
    assert.match(detail, /; before it: \/prepare\/fails ended with 1; before it: It hung\.$/);
    const began = world.calls.indexOf('systemctl start asterisk.service');
    assert.deepEqual(
      world.calls.filter((call) => call.startsWith('/prepare')),
      prepare.flatMap(({ run: argv }) => argv),
    );
    assert.ok(world.calls.indexOf('/prepare/hangs') < began);
    await step.run('activate', never);
    assert.equal(world.calls.filter((call) => call.startsWith('/prepare')).length, 4, 'it runs: nothing is prepared');
  });

  test('whose guard cannot be written is stopped all the same, and the step says so', async () => {
    const world = createServer(true);
    const step = createServiceStep({ ...optionsFor(unit, world, world.run), unitDir: '/dev/null' });
    const result = await step.run('passivate', never);
    assert.equal(result.outcome, 'failed');
    assert.match(result.detail, /could not be kept from starting/);
    assert.match(world.state(), /"running":false/);
  });
});

test('a warm unit runs on both nodes: nothing stops it, and a former guard goes', async () => {
  const world = createServer(true);
  await createServiceStep(optionsFor(unit, world, world.run)).run('passivate', never);
  const warm = createServiceStep({ ...optionsFor(unit, world, world.run), alwaysRuns: true });
  assert.equal((await warm.run('passivate', never)).outcome, 'done');
  assert.equal(world.state(), JSON.stringify({ running: true, guarded: false, flag: false, dropIn: false }));
  const again = await warm.run('activate', never);
  assert.deepEqual([again.outcome, again.changed], ['done', false]);
});

test('an unknown unit fails with what to do', async () => {
  const world = createServer(true);
  const run: Run = async () => ok(finished({ stdout: 'LoadState=not-found\nActiveState=inactive\n' }));
  const result = await createServiceStep(optionsFor(unit, world, run)).run('activate', never);
  assert.equal(result.outcome, 'failed');
  assert.match(result.detail, /not-found.*Correct its name/);
});
