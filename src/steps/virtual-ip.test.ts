import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import type { PipeProgram } from '../process/pipe-program.ts';
import type { Run } from '../process/run.ts';
import { complaintOfIp, lifetimeOf } from './address-holder.ts';
import { type Announcer, createAnnouncer, schedule } from './announcer.ts';
import { finished, keepsTheContract, type World } from './testing/contract.ts';
import { createVirtualIpStep } from './virtual-ip.ts';

const never = new AbortController().signal;

/** A clock that stands still until it is moved; timers fire in order. */
const createClock = (): Clock & { move(ms: number): void } => {
  let now = 1000;
  let timers: { readonly at: number; readonly fire: () => void }[] = [];
  return {
    now: () => now,
    wall: () => now,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    move: (ms) => {
      now += ms;
      const due = timers.filter((each) => each.at <= now);
      timers = timers.filter((each) => each.at > now);
      for (const { fire } of due) fire();
    },
  };
};

interface Machine extends World {
  readonly addresses: Set<string>;
  readonly lines: string[];
}

const createMachine = (...addresses: string[]): Machine => {
  const here = new Set(addresses);
  const lines: string[] = [];
  const run: Run = async (argv) => {
    const [, , verb, cidr = ''] = argv;
    lines.push(argv.slice(1).join(' '));
    const host = cidr.split('/')[0] ?? '';
    if (verb === 'replace') here.add(host);
    const deletes = verb === 'del' && !here.delete(host);
    return ok(finished(deletes ? { exitCode: 2, stderr: 'RTNETLINK answers: Cannot assign requested address' } : {}));
  };
  return { addresses: here, lines, run, state: () => [...here].toSorted().join(' ') };
};

/** The pipe over the same world as the processes. */
const pipeOver = (run: Run): PipeProgram => ({
  ask: async (line) => {
    const result = await run(['ip', ...line.split(' ')], { timeoutMs: 1000 });
    return result.ok ? ok(result.value.exitCode === 0 ? '' : result.value.stderr || 'garbled') : result;
  },
  quiet: () => Promise.resolve(),
  close: async () => {},
});

const silent: Announcer = {
  begin: () => {},
  end: () => {},
  warmUp: () => {},
  trouble: () => null,
  dispose: async () => {},
};

const createStep = (run: Run, machine: Machine, over: { clock?: Clock; announcer?: Announcer } = {}) =>
  createVirtualIpStep({
    addresses: ['192.0.2.10/24', '2001:db8::10/64'],
    interface: 'eth0',
    announcements: 5,
    announceEveryMs: 500,
    clock: over.clock ?? createClock(),
    announcer: over.announcer ?? silent,
    run,
    ip: pipeOver(run),
    present: () => machine.addresses,
  });

keepsTheContract({
  name: 'the virtual IP',
  createWorld: () => createMachine('192.0.2.10'),
  createStep: (run, world) => createStep(run, world as Machine),
  looks: true,
});

describe('the virtual IP', () => {
  test('is held for whole seconds that cover the right, and for ever in manual mode', () => {
    assert.equal(lifetimeOf(1560, 1000), '1');
    assert.equal(lifetimeOf(2000, 1000), '1');
    assert.equal(lifetimeOf(2001, 1000), '2');
    assert.equal(lifetimeOf(900, 1000), '1');
    assert.equal(lifetimeOf(1e15, 1000), 'forever');
  });

  test('is prolonged while it is held, and not after it was given up', async () => {
    const machine = createMachine();
    const clock = createClock();
    const step = createStep(machine.run, machine, { clock });
    step.keep?.(clock.now() + 560);
    assert.deepEqual(machine.lines, [], 'nothing is held yet');
    await step.run('activate', never);
    assert.match(machine.lines[0] ?? '', /^address replace 192.0.2.10\/24 dev eth0 valid_lft 1 preferred_lft 1$/);
    assert.match(machine.lines[1] ?? '', /valid_lft 1 preferred_lft 0 nodad$/);
    step.keep?.(clock.now() + 1e15);
    assert.match(machine.lines[2] ?? '', /valid_lft forever/);
    await step.run('passivate', never);
    const { length } = machine.lines;
    step.keep?.(clock.now() + 560);
    assert.equal(machine.lines.length, length);
  });

  test('is announced again and again, but never once the right is over', async () => {
    const machine = createMachine();
    const clock = createClock();
    let rounds = 0;
    const counting: Announcer = {
      ...silent,
      begin: (addresses, mayAnnounce) => {
        assert.deepEqual(addresses, ['192.0.2.10', '2001:db8::10']);
        for (const afterMs of schedule(5, 500)) {
          clock.at(clock.now() + afterMs, () => {
            if (mayAnnounce()) rounds += 1;
          });
        }
        clock.move(0);
      },
    };
    const step = createStep(machine.run, machine, { clock, announcer: counting });
    step.keep?.(clock.now() + 560);
    await step.run('activate', never);
    assert.equal(rounds, 1);
    clock.move(100);
    assert.equal(rounds, 2);
    clock.move(400);
    assert.equal(rounds, 3);
    // Nobody keeps it: the agent was frozen, or the lease is lost.
    clock.move(5000);
    assert.equal(rounds, 3);
  });

  test('is announced anew where service comes back before it was given up', async () => {
    const machine = createMachine();
    const clock = createClock();
    let begun: (readonly string[])[] = [];
    const step = createStep(machine.run, machine, {
      clock,
      announcer: { ...silent, begin: (addresses) => void begun.push(addresses) },
    });
    step.keep?.(clock.now() + 560);
    await step.run('activate', never);
    // The other node serves meanwhile; a slow service of the plan stands before the address.
    step.keep?.(clock.now());
    clock.move(1000);
    begun = [];
    step.keep?.(clock.now() + 560);
    assert.equal(begun.length, 1, 'at once: the plan may be at another step for long');
    step.keep?.(clock.now() + 600);
    assert.equal(begun.length, 1, 'and not at each renewal');
    begun = [];
    await step.run('activate', never);
    assert.deepEqual([machine.state(), begun], ['192.0.2.10 2001:db8::10', [['192.0.2.10', '2001:db8::10']]]);
  });

  test('is announced at once, after 100 ms, and then evenly', () => {
    assert.deepEqual(schedule(5, 500), [0, 100, 500, 1000, 1500]);
    assert.deepEqual(schedule(1, 500), [0]);
    assert.deepEqual(schedule(3, 50), [0, 50, 100]);
  });

  test('a missing announcing program is told with its package', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    const announcer = createAnnouncer({ interface: 'lo', count: 1, everyMs: 10, clock: createClock() });
    announcer.begin(['192.0.2.10'], () => true);
    process.env['PATH'] = path ?? '';
    while (announcer.trouble() === null) await new Promise((resolve) => setImmediate(resolve));
    assert.match(announcer.trouble() ?? '', /xargs is not installed.*apt-get install findutils/);
    await announcer.dispose();
  });

  test('complaints of ip are told from those about the tag', () => {
    const tag = 'Object "answer3q" is unknown, try "ip help".\n';
    assert.equal(complaintOfIp(tag, 'answer3q'), '');
    assert.equal(complaintOfIp(`Command failed -:2\n${tag}`, 'answer3q'), '');
    assert.equal(
      complaintOfIp(`Command failed -:2\nRTNETLINK answers: File exists\nCommand failed -:3\n${tag}`, 'answer3q'),
      'RTNETLINK answers: File exists',
    );
  });
});
