/** On a machine that is busy with something else the agent comes first: a heartbeat that is late by a lease costs a takeover. */
import { type Run, run as runProgram } from '../process/run.ts';

/**
 * One above Asterisk's own (`-p` is 10): an Asterisk that loads, spins or is stormed by its telephones takes every core in real time,
 * and must not keep the agent from its lease.
 */
const REAL_TIME = '11';

/**
 * The agent needs a fiftieth of a core, a tenth in a takeover with ten thousand telephones, and the kernel never gives real time a
 * whole one. What it starts inherits it, and must: a start waits until the child runs, and the gate's `nft` is part of every
 * heartbeat. `bin/dualtone` begins so; this is for a start without it. Without permission or without `chrt` all goes on as it is.
 */
export const beFirst = (run: Run = runProgram): void => {
  void run(['chrt', '--rr', '--all-tasks', '--pid', REAL_TIME, String(process.pid)], { timeoutMs: 2000 });
};

/** For programs of the site, which may start a telephony that lives on: they run as always. */
export const asAlways =
  (run: Run = runProgram): Run =>
  (argv, options) =>
    run(['chrt', '--other', '0', ...argv], options);
