import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../core/result.ts';
import { type Run, run as realRun } from '../process/run.ts';
import { createHookStep, type HookOptions } from './hook.ts';
import { finished, keepsTheContract } from './testing/contract.ts';

const never = new AbortController().signal;

const options = (run: Run, over: Partial<HookOptions> = {}): HookOptions => ({
  name: 'tell-crm',
  argv: ['/usr/local/bin/tell-crm', 'pbx'],
  when: 'both',
  timeoutMs: 1000,
  role: 'standby',
  epoch: () => 7,
  run,
  hasSystemd: false,
  ...over,
});

for (const hasSystemd of [false, true]) {
  keepsTheContract({
    name: `the hook step (${hasSystemd ? 'in a unit' : 'in a process group'})`,
    createWorld: () => {
      let ran = false;
      return {
        run: async (argv) => {
          ran ||= argv.includes('/usr/local/bin/tell-crm');
          return ok(finished());
        },
        state: () => String(ran),
      };
    },
    createStep: (run) => createHookStep(options(run, { hasSystemd })),
    looks: false,
  });
}

test('a hook hears role, epoch and direction, and runs only when it is asked to', async () => {
  const argv = ['/usr/bin/env'];
  let said = '';
  const run: Run = async (given, runOptions) => {
    const result = await realRun(given, runOptions);
    if (result.ok) said = result.value.stdout;
    return result;
  };
  const step = createHookStep(options(run, { argv, when: 'activate' }));
  assert.equal((await step.run('activate', never)).outcome, 'done');
  assert.match(said, /^DUALTONE_ROLE=standby$/m);
  assert.match(said, /^DUALTONE_EPOCH=7$/m);
  assert.match(said, /^DUALTONE_DIRECTION=activate$/m);
  const other = await step.run('passivate', never);
  assert.deepEqual([other.outcome, other.changed], ['done', false]);
});

test('a hook that fails says its last words; one that hangs is stopped at its deadline', async () => {
  const failing = await createHookStep(options(realRun, { argv: ['/bin/ls', '/nowhere'] })).run('activate', never);
  assert.equal(failing.outcome, 'failed');
  assert.match(failing.detail, /ended with 2: .*\/nowhere/);
  const hanging = await createHookStep(options(realRun, { argv: ['/bin/sleep', '60'], timeoutMs: 200 })).run(
    'activate',
    never,
  );
  assert.equal(hanging.outcome, 'unknown');
});

test('in a unit, the unit is killed when its client is stopped', async () => {
  const calls: string[] = [];
  const run: Run = async (argv) => {
    calls.push(argv.join(' '));
    return argv[0] === 'systemd-run'
      ? { ok: false, error: { code: 'program-timeout', message: 'late', remedy: '' } }
      : ok(finished());
  };
  const result = await createHookStep(options(run, { hasSystemd: true })).run('activate', never);
  assert.equal(result.outcome, 'unknown');
  const unit = /--unit=(\S+)/.exec(calls[0] ?? '')?.[1];
  assert.match(calls[0] ?? '', /--setenv=DUALTONE_EPOCH=7 .*-- \/usr\/local\/bin\/tell-crm pbx$/);
  assert.equal(calls[1], `systemctl kill --signal=KILL ${unit}`);
});
