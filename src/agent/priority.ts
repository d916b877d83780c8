import { setPriority } from 'node:os';

/** Below the kernel's own threads and above everything that people start. */
const NICE = -15;

/**
 * On a machine that is busy with something else the agent comes first: a heartbeat that is late by a lease costs a takeover.
 * It needs so little that nobody else notices. Without permission all goes on as it is.
 */
export const beFirst = (): void => {
  try {
    setPriority(0, NICE);
  } catch {
    // Not root: the unit's `Nice=` may do it.
  }
};
