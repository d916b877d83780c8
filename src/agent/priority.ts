import { setPriority } from 'node:os';
import { type Run, run as runProgram } from '../process/run.ts';

/** Below the kernel's own threads and above everything that people start. */
const NICE = -15;
/** The lowest of real time: Asterisk's own (`-p`) is 10, and stays above. */
const REAL_TIME = '1';

/**
 * On a machine that is busy with something else the agent comes first: a heartbeat that is late by a lease costs a takeover.
 * It needs a hundredth of a core, the kernel never gives real time a whole one, and what the agent starts runs as always
 * (`--reset-on-fork`). Without permission or without `chrt` all goes on as it is.
 */
export const beFirst = (run: Run = runProgram): void => {
  try {
    setPriority(0, NICE);
  } catch {
    // Not root: the unit's `Nice=` may do it.
  }
  void run(['chrt', '--reset-on-fork', '--rr', '--pid', REAL_TIME, String(process.pid)], { timeoutMs: 2000 });
};
