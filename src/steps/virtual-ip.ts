import type { StepDirection } from '../core/effect.ts';
import type { Instant, Millis } from '../core/words.ts';
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

/** Until when this node has the right, as far as it was told. */
const createRight = (clock: Clock) => {
  let untilAt = Number.NEGATIVE_INFINITY;
  let takenAt = Number.NEGATIVE_INFINITY;
  let isOver = false;
  return {
    holds: (): boolean => clock.now() < Math.max(untilAt, takenAt + FIRST_KEEP_MS),
    lifetime: (): string => lifetimeOf(untilAt > clock.now() ? untilAt : clock.now() + GRACE_MS, clock.now()),
    take: (): void => {
      takenAt = clock.now();
    },
    giveUp: (): void => {
      untilAt = Number.NEGATIVE_INFINITY;
    },
    /** `back`: it had ended since it was last kept. */
    keep: (until: Instant): 'over' | 'back' | 'kept' => {
      untilAt = until;
      const wasOver = isOver;
      isOver = until <= clock.now();
      if (isOver) takenAt = Number.NEGATIVE_INFINITY;
      return isOver ? 'over' : wasOver ? 'back' : 'kept';
    },
  };
};

const announcerOf = ({
  announcer,
  interface: device,
  announcements,
  announceEveryMs,
  clock,
}: VirtualIpOptions): Announcer =>
  announcer ?? createAnnouncer({ interface: device, count: announcements, everyMs: announceEveryMs, clock });

/**
 * Addresses that follow the active node, as a kernel lease: `keep` prolongs them, and without it the kernel takes them away.
 * The gate keeps an address silent before that; here it is removed. `keep` with a time that is over ends the announcements.
 */
export const createVirtualIpStep = (options: VirtualIpOptions): DisposableStep => {
  const { clock, addresses, interface: device } = options;
  const hosts = addresses.map(hostOf);
  const named = hosts.join(', ');
  const holder = createAddressHolder({ ...options, run: options.run ?? runProgram });
  const announcer = announcerOf(options);
  const right = createRight(clock);
  let holding = false;

  /** Announcements do not pass the gate (packet sockets): they stop with the right itself, also in an agent that was held up. */
  const mayAnnounce = (): boolean => holding && right.holds();

  const activate = async (signal: AbortSignal): Promise<StepOutcome> => {
    const before = holder.missing();
    holding = true;
    right.take();
    const trouble = await holder.take(right.lifetime());
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
    right.giveUp();
    announcer.end();
    const before = addresses.length - holder.missing().length;
    const trouble = await holder.giveUp();
    if (signal.aborted) return unknown('called off while the address was being given up');
    announcer.warmUp(hosts);
    if (holder.missing().length === addresses.length) return done(`${named} not on this node`, before > 0);
    return trouble ?? failed(`${named} is still on this node; see \`ip address\``);
  };

  const inDirection = async (direction: StepDirection, signal: AbortSignal): Promise<StepOutcome> => {
    if (signal.aborted) return unknown('called off before it began');
    if (direction === 'restart') return done('an address needs no restart', false);
    return direction === 'activate' ? activate(signal) : passivate(signal);
  };

  return {
    run: (direction, signal) => guarded(() => inDirection(direction, signal)),
    preview: async (direction) => previewOf(holder, options, direction),
    keep: (untilAt) => {
      const kept = right.keep(untilAt);
      if (kept === 'over') announcer.end();
      else if (holding) {
        holder.prolong(right.lifetime());
        // The plan may wait for a slow step before it comes to the address, which is here already by this.
        if (kept === 'back') announcer.begin(hosts, mayAnnounce);
      }
    },
    dispose: async () => {
      holding = false;
      await Promise.all([announcer.dispose(), holder.close()]);
    },
  };
};
