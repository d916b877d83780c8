import { ownLimit } from './arbiter/standby-may-serve.ts';
import type { Draft } from './draft.ts';
import type { Status } from './message.ts';
import { type Epoch, type Instant, rivalOf } from './words.ts';

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

/**
 * The epoch under which the rival serves by its own newest word, heard here or through a voter (a checkpoint, the value in etcd) no longer than a
 * promise ago; 0: by none. For telling people alone: votes decide who may serve.
 */
export const rivalServes = (d: Draft): Epoch => {
  const { at, status } = latestOfRival(d);
  if (status === null || d.now - at > d.settings.timing.promiseMs) return 0;
  // What it gave back since is no more, however late its word comes by another way.
  return status.holding > d.s.rival.releasedEpoch ? status.holding : 0;
};

/** The same in words, with who told it where the rival itself is not heard; empty: it is not known to serve. */
export const rivalServesText = (d: Draft): string => {
  const epoch = rivalServes(d);
  if (epoch === 0) return '';
  const { rival } = d.s;
  const by = d.settings.arbiter.kind === 'etcd' ? ', as its word in etcd says' : ', as a checkpoint tells';
  return `the ${rivalOf(d.settings.role)} serves under epoch ${epoch}${rival.heardAt >= rival.relayedAt ? '' : by}`;
};

/** When the two were in touch last. To a main that serves by looks it matters that the standby hears it: from where it does not, the standby may count. */
export const inTouchAt = (d: Draft): Instant =>
  ownLimit(d.settings) > 0 && d.s.lease.name === 'held' ? d.s.rival.hearsUsAt : d.s.rival.heardAt;

/** The standby does not hear the main, as far as this node can tell. */
export const mainIsUnheard = (d: Draft): boolean => d.now - inTouchAt(d) > d.settings.timing.promiseMs;
