/**
 * The first agent of a node on which telephony serves already: it begins as a restarted one does, with the memory of an epoch that it holds
 * and a ticket that is granted. Whether it may is asked before, by whoever starts it (ADR 0063).
 */
import type { BootMemory, DiskMemory } from './memory.ts';
import { type Fault, fail } from './result.ts';
import { longestPromiseMs, type Settings } from './settings.ts';
import { emptyDisk } from './state.ts';
import { type Instant, type Millis, nextEpoch } from './words.ts';

export interface Adopted {
  readonly boot: BootMemory;
  readonly disk: DiskMemory;
  /** Of the gate, with the ticket that is granted from the first. */
  readonly slot: number;
  readonly ticketMs: Millis;
}

const SEQ = 1;
const CEILING_AHEAD = 16;

/** What settings alone say against it; null: nothing. Faults: `adopt-role`, `adopt-votes`. */
export const settingsAgainstAdoption = ({ role, arbiter }: Pick<Settings, 'role' | 'arbiter'>): Fault | null => {
  // One of two, by its role: so never both.
  if (role !== 'main')
    return fail(
      'adopt-role',
      'Only the main can go on with what serves now, and this machine is the standby.',
      'Make the machine that serves the main (`--role main`), or leave --adopt out.',
    ).error;
  // At that time nobody else is there yet to vote, and without votes there is no right.
  if (arbiter.kind !== 'none')
    return fail(
      'adopt-votes',
      'Where others vote, the right to serve cannot be had before they do.',
      'Pair without checkpoints and etcd first; `dualtone init` adds them when the pair stands.',
    ).error;
  return null;
};

/** For how long nobody else may have been heard before: a voter that kept no memory has told nobody anything for as long. */
export const listenMs = ({ timing }: Pick<Settings, 'timing'>): Millis => longestPromiseMs(timing);

/** What it remembers and what its gate has, from `now` on: as if a former agent had renewed for a restart (ADR 0026). */
export const adoptedAt = (settings: Settings, now: Instant): Adopted => {
  const { role, timing } = settings;
  const epoch = nextEpoch(role, 0);
  const until = now + longestPromiseMs(timing);
  return {
    boot: {
      promise: { holder: role, epoch, until },
      highest: epoch,
      releasedMain: 0,
      releasedStandby: 0,
      openUntil: until,
      silentUntil: now,
      holding: epoch,
      seq: SEQ,
      heldOpen: false,
      looksBad: 0,
    },
    disk: { ...emptyDisk, epochCeiling: epoch + CEILING_AHEAD, serving: true },
    slot: SEQ % settings.slots,
    ticketMs: timing.leaseMs + timing.restartMs,
  };
};

/** The gate could not be loaded, or not in time: nothing is held, and it may be open until the ticket would have run out. */
export const notAdopted = (boot: BootMemory): BootMemory => ({ ...boot, holding: 0 });
