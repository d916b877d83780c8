import type { Draft } from './draft.ts';
import type { Status } from './message.ts';

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
