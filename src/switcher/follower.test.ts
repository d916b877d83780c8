import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok, type Result } from '../core/result.ts';
import { createFollower, type Follower } from './follower.ts';
import type { Service, SwitchNote } from './protocol.ts';

const hostDown = () => fail('ssh-unreachable', 'Edge is not reached.', 'See its network.');

type Answer = (signal: AbortSignal) => Promise<Result<string>>;

const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail('it did not come about');
};

/** One switch whose answers a test gives, and the times that were waited instead of passing. */
const stage = (given: { epoch?: number; stops?: boolean } = {}) => {
  const did: string[] = [];
  const notes: SwitchNote[] = [];
  const waited: number[] = [];
  const gates: (() => void)[] = [];
  let answer: Answer = async () => ok('moved');
  let look: () => Promise<Result<string | null>> = async () => ok(null);
  const epochs = new Map<string, number>(given.epoch === undefined ? [] : [['edge', given.epoch]]);
  const follower: Follower = createFollower(
    {
      name: 'edge',
      lookMs: 60_000,
      activate: (continued, signal) => {
        did.push(continued ? 'continue' : 'activate');
        return answer(signal);
      },
      passivate:
        given.stops === true
          ? async (signal) => {
              did.push('passivate');
              return answer(signal);
            }
          : null,
      preview: async () => ok(''),
      look: async () => {
        did.push('look');
        return look();
      },
    },
    {
      memory: { read: (name) => epochs.get(name) ?? 0, write: (name, epoch) => void epochs.set(name, epoch) },
      retryMs: 1000,
      retryMostMs: 8000,
      wall: () => 0,
      note: (note) => notes.push(note),
      changed: () => undefined,
      wait: (ms, signal) => {
        waited.push(ms);
        return new Promise((resolve) => {
          gates.push(resolve);
          signal.addEventListener('abort', () => resolve());
        });
      },
    },
  );
  return {
    follower,
    did,
    notes,
    waited,
    epochs,
    answers: (next: Answer) => {
      answer = next;
    },
    sees: (next: () => Promise<Result<string | null>>) => {
      look = next;
    },
    /** The time that is waited for is over. */
    pass: async () => {
      await until(() => gates.length > 0);
      gates.shift()?.();
    },
  };
};

const active = (epoch: number, others = 0): Service => ({ active: true, epoch, others });
const passive = (others = 0): Service => ({ active: false, epoch: 0, others });
const told = (notes: readonly SwitchNote[]): readonly string[] =>
  notes.map(({ outcome, text }) => `${outcome} ${text}`);

test('a host that is down is tried ever more slowly, told once, and finished later', async () => {
  const s = stage();
  s.answers(async () => hostDown());
  s.follower.follow(active(4));
  for (let tries = 0; tries < 5; tries += 1) await s.pass();
  await until(() => s.did.length === 6);
  const { state, direction, failed, trouble } = s.follower.view();
  assert.deepEqual([state, direction, failed, trouble], ['trying', 'activate', 6, 'Edge is not reached.']);
  s.answers(async () => ok('changed XIVO_HOST'));
  await s.pass();
  await until(() => s.follower.view().state === 'done');
  assert.deepEqual(s.waited.slice(0, 6), [1000, 2000, 4000, 8000, 8000, 8000]);
  assert.deepEqual(told(s.notes), [
    'failed edge: Edge is not reached. It is tried again.',
    'done edge: changed XIVO_HOST after 7 tries',
  ]);
  assert.equal(s.follower.view().trouble, null);
  await s.follower.stop();
});

test('the right lost in the middle: the try is called off, nothing more is done, and two never overlap', async () => {
  const s = stage();
  const order: string[] = [];
  let begun = 0;
  s.answers(async (signal) => {
    begun += 1;
    const mine = begun;
    order.push(`begin ${mine}`);
    if (mine === 1) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      // It puts back what it began, after it was called off.
      await new Promise((resolve) => setImmediate(resolve));
    }
    order.push(`end ${mine}`);
    return mine === 1 ? hostDown() : ok('moved');
  });
  s.follower.follow(active(4));
  await until(() => order.length === 1);
  s.follower.follow(passive(5));
  s.follower.follow(active(6, 5));
  await until(() => s.follower.view().state === 'done');
  assert.deepEqual(order, ['begin 1', 'end 1', 'begin 2', 'end 2']);
  await s.follower.stop();
});

test('an agent that is restarted while it serves interrupts nobody; after a term of the other node it begins anew', async () => {
  const again = stage({ epoch: 4 });
  again.follower.follow(active(6));
  await until(() => again.follower.view().state === 'done');
  assert.deepEqual(again.did, ['continue']);
  await again.follower.stop();
  const returned = stage({ epoch: 4 });
  returned.follower.follow(passive(5));
  returned.follower.follow(active(6, 5));
  await until(() => returned.follower.view().state === 'done');
  assert.deepEqual(returned.did, ['activate']);
  await returned.follower.stop();
});

test('a term under another number, or a short loss of the right, is the same service', async () => {
  const s = stage({ stops: true });
  s.follower.follow(active(4));
  await until(() => s.follower.view().state === 'done');
  s.follower.follow(active(6, 5));
  assert.deepEqual(s.did, ['activate']);
  assert.equal(s.epochs.get('edge'), 6);
  s.follower.follow(passive(5));
  s.follower.follow(active(8, 5));
  await until(() => s.follower.view().state === 'done');
  assert.deepEqual(s.did, ['activate', 'continue']);
  await s.follower.stop();
});

test('what the passive side stops is stopped when the other node serves, once, and not at a start that knows nothing', async () => {
  const s = stage({ epoch: 4, stops: true });
  s.follower.follow(passive(0));
  assert.deepEqual(s.did, []);
  s.follower.follow(passive(5));
  await until(() => s.follower.view().state === 'done');
  s.follower.follow(passive(7));
  assert.deepEqual(s.did, ['passivate']);
  await s.follower.stop();
});

test('while it is active it looks; what somebody moved is mended and told, and a host that is gone is a trouble until it is back', async () => {
  const s = stage();
  s.follower.follow(active(4));
  s.sees(async () => ok('it no longer pointed to the main'));
  await s.pass();
  await until(() => s.notes.length === 2);
  s.sees(async () => hostDown());
  await s.pass();
  await until(() => s.follower.view().trouble !== null);
  s.sees(async () => ok(null));
  await s.pass();
  await until(() => s.follower.view().state === 'done' && s.notes.length === 4);
  assert.deepEqual(told(s.notes), [
    'done edge: moved',
    'mended edge: it no longer pointed to the main',
    'failed edge: Edge is not reached. It is tried again.',
    'done edge: it is well again after 2 tries',
  ]);
  await s.follower.stop();
});
