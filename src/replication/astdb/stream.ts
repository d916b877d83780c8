import type { Epoch, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Stream, StreamCondition, StreamStatus } from '../stream.ts';
import type { AstDbBase } from './base.ts';
import { createFollower, type Follower } from './follower.ts';
import { createHolder, type Holder, type HolderOptions } from './holder.ts';
import { type AstDbTransport, readAstDbMessage } from './message.ts';

/** What `status` and the page show besides what every stream has. */
export interface AstDbStatus extends StreamStatus {
  readonly inStep: boolean;
  /** Rows that are not carried, or that the other Asterisk did not take. */
  readonly refused: number;
  /** Messages that were not understood, and of an older term. */
  readonly strange: number;
  readonly older: number;
  readonly clockOffMs: Millis | null;
  /** Why Asterisk is not reached. */
  readonly trouble: string | null;
  /** What follows without taking effect at once. */
  readonly limit: string | null;
}

/** AstDB follows from the node that serves to the other. Copies, and decides nothing. */
export interface AstDbStream extends Stream {
  status(): AstDbStatus;
}

/** AstDB on this node, in both directions: it sends while `setRight` says that the node serves, else it receives. */
export const createAstDbStream = (
  options: HolderOptions,
  base: AstDbBase,
  transport: AstDbTransport,
  clock: Clock,
): AstDbStream => {
  const holder = createHolder(options, base, transport, clock);
  const follower = createFollower(base, transport, clock);
  let holding: Epoch = 0;
  let strange = 0;
  let turning = Promise.resolve();
  const turn = async (): Promise<void> => {
    await follower.finish();
    if (holding === 0) return;
    holder.hold(holding);
    base.awaken();
  };
  transport.onConnected(() => holder.restart());
  transport.onMessage((input) => {
    if (!dispatch(input, holder, follower)) strange += 1;
  });
  return {
    name: 'astdb',
    run: null,
    start: () =>
      base.start({
        onOpen: () => {
          holder.restart();
          follower.reopened();
          if (holding > 0) base.awaken();
        },
        onChanged: (key, vanished) => holder.changed(key, vanished),
      }),
    setRight: (right) => {
      const before = holding;
      holding = right.holding;
      if (right.holding === 0) {
        base.sleep();
        holder.hold(0);
        follower.follow(right.highest);
        return;
      }
      // What was still to be added is added before our own rows are read and sent.
      if (before !== holding) turning = turn();
    },
    status: () => {
      const facts = { trouble: base.trouble(), limit: base.limit(), strange, wall: clock.wall() };
      return holding === 0 ? inward(follower, options, facts) : outward(holder, options, facts);
    },
    stop: async () => {
      holding = 0;
      await Promise.all([holder.stop(), follower.stop(), turning]);
      await base.stop();
    },
  };
};

const dispatch = (input: unknown, holder: Holder, follower: Follower): boolean => {
  const read = readAstDbMessage(input);
  if (!read.ok) return false;
  if (read.value.type === 'applied' || read.value.type === 'resync') holder.take(read.value);
  else follower.take(read.value);
  return true;
};

interface Facts {
  readonly trouble: string | null;
  readonly limit: string | null;
  readonly strange: number;
  readonly wall: number;
}

const common = ({ trouble, limit, strange, wall }: Facts) => ({
  name: 'astdb',
  trouble,
  limit,
  strange,
  lastError:
    trouble === null
      ? null
      : { code: 'astdb-no-asterisk', message: trouble, remedy: 'Check that Asterisk runs.', at: wall },
  nextRun: null,
  bytes: null,
  tookMs: null,
  progress: null,
});

const textOf = (
  rows: number,
  way: 'sent' | 'received',
  end: string,
  refused: number,
  { trouble, limit }: Facts,
): string => {
  const odd = refused === 0 ? '' : `; ${refused} rows are not carried (too long, or of odd letters)`;
  const more = [trouble, limit].filter((each) => each !== null).map((each) => `; ${each}`);
  return `${rows} rows ${way}${end}${odd}${more.join('')}`;
};

const outward = (holder: Holder, { pollMs }: HolderOptions, facts: Facts): AstDbStatus => {
  const { rows, sent, applied, refused, waitsMs, appliedAt, unacknowledged } = holder.status();
  const inStep = sent > 0 && applied === sent;
  const condition: StreamCondition =
    facts.trouble !== null ? 'failed' : inStep ? 'in-step' : sent > 0 ? 'behind' : 'waiting';
  const end = inStep ? ', the other node has all' : ', the other node does not have all yet';
  return {
    ...common(facts),
    direction: 'out',
    condition,
    text: textOf(rows, 'sent', end, refused, facts),
    lagMs: appliedAt === null ? null : pollMs + waitsMs,
    lastSuccess: appliedAt,
    rows,
    inStep,
    refused,
    pending:
      unacknowledged === null || unacknowledged === 0
        ? null
        : { count: unacknowledged, text: `${unacknowledged} ${unacknowledged === 1 ? 'key' : 'keys'}` },
    older: 0,
    clockOffMs: null,
  };
};

const inward = (follower: Follower, { pollMs }: HolderOptions, facts: Facts): AstDbStatus => {
  const { rows, inStep, appliedAt, clockOffMs, refused, older } = follower.status();
  const condition: StreamCondition = facts.trouble !== null ? 'failed' : inStep ? 'in-step' : 'behind';
  return {
    ...common(facts),
    direction: 'in',
    condition,
    text: textOf(rows, 'received', inStep ? '' : ', not all yet', refused, facts),
    lagMs: inStep ? pollMs : null,
    lastSuccess: appliedAt,
    rows,
    inStep,
    refused,
    older,
    clockOffMs,
  };
};
