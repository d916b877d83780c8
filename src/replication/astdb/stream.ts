import type { Epoch } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { ContactsBase } from './base.ts';
import { createFollower, type Follower, type FollowerStatus } from './follower.ts';
import { createHolder, type Holder, type HolderOptions } from './holder.ts';
import { type ContactsTransport, readContactsMessage } from './message.ts';

/** What this node may do, as the core says. */
export interface ContactsRight {
  /** The term under which this node serves, 0 when it does not. */
  readonly holding: Epoch;
  /** The highest term it knows of. */
  readonly highest: Epoch;
}

export type ContactsStatus = { readonly trouble: string | null; readonly strange: number } & (
  | { readonly direction: 'out'; readonly rows: number; readonly inStep: boolean }
  | ({ readonly direction: 'in' } & FollowerStatus)
);

/** Registrations follow from the node that serves to the other. Copies, and decides nothing. */
export interface ContactsStream {
  start(): void;
  /** To be told at every change of the right, and once in the beginning. */
  setRight(right: ContactsRight): void;
  status(): ContactsStatus;
  stop(): Promise<void>;
}

/** The stream of contacts on this node, in both directions: it sends while `setRight` says that the node serves, else it receives. */
export const createContactsStream = (
  options: HolderOptions,
  base: ContactsBase,
  transport: ContactsTransport,
  clock: Clock,
): ContactsStream => {
  const holder = createHolder(options, base, transport, clock);
  const follower = createFollower(base, transport, clock);
  let holding: Epoch = 0;
  let strange = 0;
  let turning = Promise.resolve();
  const turn = async (): Promise<void> => {
    await follower.finish();
    if (holding > 0) holder.hold(holding);
  };
  transport.onConnected(() => holder.restart());
  transport.onMessage((input) => {
    if (!dispatch(input, holder, follower)) strange += 1;
  });
  return {
    start: () =>
      base.start({
        onOpen: () => {
          holder.restart();
          follower.reopened();
        },
        onChanged: (key) => holder.changed(key),
      }),
    setRight: (right) => {
      holding = right.holding;
      if (right.holding === 0) {
        holder.hold(0);
        follower.follow(right.highest);
        return;
      }
      // What was still to be added is added before our own rows are read and sent.
      turning = turn();
    },
    status: () => statusOf(holding, holder, follower, base.trouble(), strange),
    stop: async () => {
      holding = 0;
      await Promise.all([holder.stop(), follower.stop(), turning]);
      await base.stop();
    },
  };
};

const dispatch = (input: unknown, holder: Holder, follower: Follower): boolean => {
  const read = readContactsMessage(input);
  if (!read.ok) return false;
  if (read.value.type === 'applied' || read.value.type === 'resync') holder.take(read.value);
  else follower.take(read.value);
  return true;
};

const statusOf = (
  holding: Epoch,
  holder: Holder,
  follower: Follower,
  trouble: string | null,
  strange: number,
): ContactsStatus => {
  if (holding === 0) return { direction: 'in', trouble, strange, ...follower.status() };
  const { rows, sent, applied } = holder.status();
  return { direction: 'out', trouble, strange, rows, inStep: sent > 0 && applied === sent };
};
