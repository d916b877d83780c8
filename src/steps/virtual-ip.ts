import type { StepDirection } from '../core/effect.ts';
import type { Millis } from '../core/words.ts';
import type { Clock, StepOutcome } from '../ports.ts';
import { run as runProgram } from '../process/run.ts';
import {
  type AddressHolder,
  type AddressHolderOptions,
  createAddressHolder,
  hostOf,
  lifetimeOf,
} from './address-holder.ts';
import { type Announcer, createAnnouncer } from './announcer.ts';
import { type DisposableStep, done, failed, guarded, unknown } from './outcome.ts';

/** Addresses have their prefix length: `10.0.0.10/24`. */
export interface VirtualIpOptions
  extends Omit<AddressHolderOptions, 'run'>,
    Partial<Pick<AddressHolderOptions, 'run'>> {
  readonly announcements: number;
  readonly announceEveryMs: Millis;
  readonly clock: Clock;
  readonly announcer?: Announcer;
}

/** An address that is taken before the first renewal was heard of. */
const GRACE_MS = 2000;
/** The first renewal is heard of within this time. */
const FIRST_KEEP_MS = 150;

const previewOf = (holder: AddressHolder, options: VirtualIpOptions, direction: StepDirection): string => {
  const device = options.interface;
  const gone = holder.missing().map(hostOf);
  const here = options.addresses
    .map(hostOf)
    .filter((host) => !gone.includes(host))
    .join(', ');
  if (direction === 'restart') return 'nothing: an address needs no restart';
  if (direction === 'passivate') return here === '' ? 'nothing: no address is here' : `remove ${here} from ${device}`;
  if (gone.length === 0) return `announce ${here}, which is here, ${options.announcements} times`;
  return `add ${gone.join(', ')} to ${device} and announce it ${options.announcements} times`;
};

/**
 * Addresses that follow the active node, as a kernel lease: `keep` prolongs them, and without it the kernel takes them away.
 * The gate keeps an address silent before that; here it is removed. `keep` with a time that is over ends the announcements.
 */
export const createVirtualIpStep = (options: VirtualIpOptions): DisposableStep => {
  const { clock, addresses, interface: device } = options;
  const hosts = addresses.map(hostOf);
  const named = hosts.join(', ');
  const holder = createAddressHolder({ ...options, run: options.run ?? runProgram });
  const announcer =
    options.announcer ??
    createAnnouncer({ interface: device, count: options.announcements, everyMs: options.announceEveryMs, clock });
  let holding = false;
  let keepUntil = Number.NEGATIVE_INFINITY;
  let activatedAt = Number.NEGATIVE_INFINITY;

  /** Announcements do not pass the gate (packet sockets): they stop with the right itself, also in an agent that was held up. */
  const mayAnnounce = (): boolean => holding && clock.now() < Math.max(keepUntil, activatedAt + FIRST_KEEP_MS);

  const activate = async (signal: AbortSignal): Promise<StepOutcome> => {
    const before = holder.missing();
    const now = clock.now();
    holding = true;
    activatedAt = now;
    const trouble = await holder.take(lifetimeOf(keepUntil > now ? keepUntil : now + GRACE_MS, now));
    if (signal.aborted) return unknown('called off while the address was being taken');
    if (trouble !== null) return trouble;
    // Also where it is here still: service came back before a slow passivation got to it, and the neighbours know the other node.
    announcer.begin(hosts, mayAnnounce);
    const after = holder.missing();
    if (after.length === 0) return done(`${named} on ${device}`, before.length > 0);
    return failed(`${after.map(hostOf).join(', ')} is not in use: is the link of ${device} down?`);
  };

  const passivate = async (signal: AbortSignal): Promise<StepOutcome> => {
    holding = false;
    keepUntil = Number.NEGATIVE_INFINITY;
    announcer.end();
    const before = addresses.length - holder.missing().length;
    const trouble = await holder.giveUp();
    if (signal.aborted) return unknown('called off while the address was being given up');
    announcer.warmUp(hosts);
    if (holder.missing().length === addresses.length) return done(`${named} not on this node`, before > 0);
    return trouble ?? failed(`${named} is still on this node; see \`ip address\``);
  };

  return {
    run: (direction, signal) =>
      guarded(async () => {
        if (signal.aborted) return unknown('called off before it began');
        if (direction === 'restart') return done('an address needs no restart', false);
        return direction === 'activate' ? activate(signal) : passivate(signal);
      }),
    preview: async (direction) => previewOf(holder, options, direction),
    keep: (untilAt) => {
      const now = clock.now();
      keepUntil = untilAt;
      if (untilAt <= now) {
        activatedAt = Number.NEGATIVE_INFINITY;
        announcer.end();
      } else if (holding) holder.prolong(lifetimeOf(untilAt, now));
    },
    dispose: async () => {
      holding = false;
      await Promise.all([announcer.dispose(), holder.close()]);
    },
  };
};
