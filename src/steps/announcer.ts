import { isIPv6 } from 'node:net';
import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { type LineChild, startLineChild } from '../process/line-child.ts';

/** Tells the neighbours in the background where an address lives. */
export interface Announcer {
  /** Begins a round of announcements; a former round ends. Each is made only while `mayAnnounce` says so. */
  begin(addresses: readonly string[], mayAnnounce: () => boolean): void;
  end(): void;
  /** Loads what announces, so that the first one leaves early. */
  warmUp(addresses: readonly string[]): void;
  /** Why the last announcement could not be made, null while all is well. */
  trouble(): string | null;
  dispose(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly interface: string;
  /** How many times, at the start, after 100 ms, and then every `everyMs`. */
  readonly count: number;
  readonly everyMs: Millis;
  readonly clock: Clock;
}

/** So many announcing programs at once at most; each lives for a second. */
const AT_ONCE = '64';
const SECOND_AFTER_MS = 100;

/** When the announcements are due, in ms from the beginning. */
export const schedule = (count: number, everyMs: Millis): readonly Millis[] =>
  [0, SECOND_AFTER_MS, ...Array.from({ length: count }, (_none, i) => (i + 1) * everyMs)]
    .toSorted((a, b) => a - b)
    .slice(0, count);

/**
 * `xargs`, loaded beforehand and fed through a pipe, starts each announcing program: a start from here takes twice as long until
 * the packet is out, and holds up the agent meanwhile.
 */
const starterOf = (argv: readonly string[], argumentCount: string, onTrouble: (what: string) => void) => {
  let child: LineChild | null = null;
  const start = (): LineChild => {
    const started = startLineChild(
      ['xargs', '-P', AT_ONCE, '-n', argumentCount, ...argv],
      {},
      {
        said: (text) => onTrouble(text.trim()),
        gone: ({ error }) => {
          if (child === started) child = null;
          if (error.code !== 'pipe-program-ended') onTrouble(`${error.message} ${error.remedy}`);
        },
      },
    );
    return started;
  };
  return {
    warmUp: (): void => {
      child ??= start();
    },
    feed: (line: string): void => {
      child ??= start();
      child.write(`${line}\n`);
    },
    dispose: async (): Promise<void> => {
      const last = child;
      child = null;
      last?.endInput();
      // What still announces ends by itself within a second; nobody waits for it.
      last?.kill();
      await last?.ended;
    },
  };
};

/** Gratuitous ARP as request and as reply by `arping`, unsolicited neighbour advertisements by `ndptool`. */
export const createAnnouncer = (options: AnnouncerOptions): Announcer => {
  const { clock } = options;
  let trouble: string | null = null;
  const onTrouble = (what: string): void => {
    trouble = what;
  };
  const arp = starterOf(['arping', '-q', '-c', '1', '-w', '1', '-I', options.interface], '2', onTrouble);
  const neighbour = starterOf(['ndptool', '-t', 'na', '-U', '-i', options.interface, 'send', '-T'], '1', onTrouble);
  let cancels: (() => void)[] = [];

  const announce = (address: string): void => {
    if (isIPv6(address)) {
      neighbour.feed(address);
      return;
    }
    arp.feed(`-U ${address}`);
    arp.feed(`-A ${address}`);
  };
  const end = (): void => {
    for (const cancel of cancels) cancel();
    cancels = [];
  };
  return {
    begin: (addresses, mayAnnounce) => {
      end();
      trouble = null;
      const startedAt = clock.now();
      for (const afterMs of schedule(options.count, options.everyMs)) {
        const dueAt = startedAt + afterMs;
        const fire = (): void => {
          if (mayAnnounce()) for (const address of addresses) announce(address);
        };
        if (afterMs === 0) fire();
        else cancels.push(clock.at(dueAt, fire));
      }
    },
    end,
    warmUp: (addresses) => {
      if (addresses.some((address) => !isIPv6(address))) arp.warmUp();
      if (addresses.some((address) => isIPv6(address))) neighbour.warmUp();
    },
    trouble: () => trouble,
    dispose: async () => {
      end();
      await Promise.all([arp.dispose(), neighbour.dispose()]);
    },
  };
};
