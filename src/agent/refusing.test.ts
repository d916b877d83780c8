/** When callers of a passive node are refused, and when it is silent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok } from '../core/result.ts';
import { systemClock } from '../time/clock.ts';
import { createRefusing, ELSEWHERE_MS, isServedElsewhere } from './refusing.ts';
import { createFakePair } from './testing/pair.ts';
import { createTime } from './testing/time.ts';

const PROMISE = { promiseMs: 600 };

const running = async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  const standby = await pair.start('standby');
  await pair.pass(2500);
  const refuses = ({ agent }: typeof main): boolean => isServedElsewhere(agent.state(), PROMISE, time.clock.now());
  return { pair, main, standby, refuses };
};

const order = { type: 'command', by: 'person', epoch: null, validMs: 60_000 } as const;

describe('a passive node', () => {
  test('refuses while it hears the other serve, and the other does not', async () => {
    const { main, standby, refuses } = await running();
    assert.deepEqual([refuses(main), refuses(standby)], [false, true]);
  });

  test('is silent when it hears the other no more', async () => {
    const { pair, standby, refuses } = await running();
    pair.cut.add('standby').add('cp1');
    await pair.pass(700);
    assert.notEqual(standby.agent.state().lease.name, 'held');
    assert.equal(refuses(standby), false);
  });

  test('refuses nobody on a handover before the other has said that it serves: never are both refusing', async () => {
    const { pair, main, standby, refuses } = await running();
    void main.agent.command({ ...order, id: 'a', command: { name: 'switchover', whenIdle: false, maxWaitMs: 1000 } });
    for (let passed = 0; passed < 400; passed += 1) {
      await pair.pass(5);
      assert.ok(!(refuses(main) && refuses(standby)), `both after ${passed * 5} ms`);
    }
    assert.deepEqual([refuses(main), refuses(standby)], [true, false]);
  });
});

/** The program says that it listens, or what `says` is, and waits for the end of its input. */
const program = (says: string): readonly string[] => [
  process.execPath,
  '--eval',
  `console.log(${JSON.stringify(says)}); process.stdin.resume();`,
];

const refusingOf = (argv: readonly string[]) => {
  const told: number[] = [];
  const notices: string[] = [];
  const first = Promise.withResolvers<void>();
  const refusing = createRefusing({
    argv,
    settings: { timing: { promiseMs: 600 } } as Parameters<typeof createRefusing>[0]['settings'],
    gate: {
      elsewhere: async (ms) => {
        told.push(ms);
        first.resolve();
        return ok(undefined);
      },
    },
    clock: systemClock,
    notifier: {
      notify: ({ code }) => {
        notices.push(code);
        first.resolve();
      },
    },
  });
  return { refusing, told, notices, first: first.promise };
};

describe('what the kernel is told', () => {
  const states = async () => {
    const { main, standby } = await running();
    const elsewhere = (): Parameters<typeof isServedElsewhere>[0] => {
      const state = standby.agent.state();
      return { ...state, rival: { ...state.rival, heardAt: systemClock.now() } };
    };
    return { elsewhere, here: main.agent.state() };
  };

  test('nothing before the program answers; then for two seconds, not at each decision; and to forget it, once', async () => {
    const { elsewhere, here } = await states();
    const { refusing, told, first } = refusingOf(program('{"type":"listening"}'));
    const again = setInterval(() => refusing.see(elsewhere()), 5);
    await first;
    clearInterval(again);
    refusing.see(elsewhere());
    assert.deepEqual(told, [ELSEWHERE_MS]);
    refusing.see(here);
    refusing.see(here);
    assert.deepEqual(told, [ELSEWHERE_MS, 0]);
    refusing.stop();
  });

  test('nothing where the program cannot answer; a person hears why', async () => {
    const { elsewhere } = await states();
    const { refusing, told, notices, first } = refusingOf(
      program('{"type":"failed","code":"refuser-port","text":"taken"}'),
    );
    refusing.see(elsewhere());
    await first;
    refusing.see(elsewhere());
    assert.deepEqual([told, notices], [[], ['refuser-port']]);
    refusing.stop();
  });

  test('to forget it when the program dies', async () => {
    const { elsewhere } = await states();
    const dying = [
      process.execPath,
      '--eval',
      'console.log(\'{"type":"listening"}\'); process.stdin.once("data", () => {}); setTimeout(() => process.exit(3), 300)',
    ];
    const { refusing, told, first } = refusingOf(dying);
    const again = setInterval(() => refusing.see(elsewhere()), 5);
    await first;
    clearInterval(again);
    while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(told, [ELSEWHERE_MS, 0]);
    refusing.stop();
  });
});
