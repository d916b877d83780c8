import { ownLimit } from './arbiter/standby-may-serve.ts';
import type { Draft } from './draft.ts';
import type { Status } from './message.ts';
import type { Instant } from './words.ts';

/** When the rival was last heard, directly or through a checkpoint, and what it said then. */
export const latestOfRival = (d: Draft): { readonly at: number; readonly status: Status | null } => {
  const { rival } = d.s;
  return rival.heardAt >= rival.relayedAt
    ? { at: rival.heardAt, status: rival.status }
    : { at: rival.relayedAt, status: rival.relayed };
};

/** The rival was heard lately, is well, passive, and could serve now. */
export const rivalIsFit = (d: Draft): boolean => {
  const { at, status } = latestOfRival(d);
  return d.now - at <= 2.5 * d.settings.timing.heartbeatMs && status !== null && status.well && status.holding === 0;
};

/** When the two were in touch last. To a main that serves by looks it matters that the standby hears it: from where it does not, the standby may count. */
export const inTouchAt = (d: Draft): Instant =>
  ownLimit(d.settings) > 0 && d.s.lease.name === 'held' ? d.s.rival.hearsUsAt : d.s.rival.heardAt;

/** The standby does not hear the main, as far as this node can tell. */
export const mainIsUnheard = (d: Draft): boolean => d.now - inTouchAt(d) > d.settings.timing.promiseMs;
