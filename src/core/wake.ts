import type { Draft } from './draft.ts';
import type { Instant } from './words.ts';

const leaseWake = (d: Draft): Instant => {
  const { lease } = d.s;
  switch (lease.name) {
    case 'none':
      return d.s.phase.name === 'passive' && lease.retryAt > d.now ? lease.retryAt : Number.MAX_SAFE_INTEGER;
    case 'sounding':
    case 'asking':
      return lease.until;
    case 'held':
      if (d.s.phase.name !== 'closing') return Math.min(lease.leaseUntil, lease.renewAt);
      return lease.heldOpen ? lease.renewAt : Number.MAX_SAFE_INTEGER;
  }
};

/** A holder's heartbeat is its renewal: it says no hello. */
const helloWake = (d: Draft): Instant =>
  d.s.lease.name === 'held' && d.s.phase.name !== 'closing' ? Number.MAX_SAFE_INTEGER : d.s.helloAt;

/** The promise to the rival ends, or its claim does: the earliest moment at which a passive node may ask. */
const claimWake = (d: Draft): Instant => {
  if (d.s.phase.name !== 'passive') return Number.MAX_SAFE_INTEGER;
  const { promise, silentUntil } = d.s.boot;
  const ends = Math.max(promise?.until ?? 0, d.s.rival.claimAt + d.settings.timing.promiseMs);
  return Math.min(
    ends > d.now ? ends : Number.MAX_SAFE_INTEGER,
    silentUntil > d.now ? silentUntil : Number.MAX_SAFE_INTEGER,
  );
};

/** The next instant at which something happens by itself. Conditions without an instant are looked at with each heartbeat. */
export const nextWake = (d: Draft): Instant => {
  const { s } = d;
  let at = Math.min(helloWake(d), leaseWake(d), claimWake(d));
  if (s.releasing !== null) at = Math.min(at, s.releasing.nextAt);
  if (s.phase.name === 'closing') at = Math.min(at, s.phase.sureAt, s.phase.againAt);
  if (s.phase.name === 'draining') at = Math.min(at, Math.max(s.phase.until, d.now + 1));
  return Math.max(at, d.now);
};
