/**
 * A witness of one node: asks the virtual IP with OPTIONS every 10 ms from a network in which that address always leads to this one
 * node, and notes each answer. So two witnesses see two nodes that serve at once, which a telephone, following ARP, may not.
 * Spoken to over stdin and stdout in lines of JSON (../phones/lines.ts, protocol.ts), ended by the end of its input.
 */
import { fail, ok } from '../../src/core/result.ts';
import { monotonicMs } from '../phones/clock.ts';
import { type Handlers, serveLines } from '../phones/lines.ts';
import { type Asker, startAsker } from './asker.ts';
import type { WitnessCommands } from './protocol.ts';

let asker: Asker | undefined;

const handlers: Handlers<WitnessCommands> = {
  start: async (plan) => {
    if (asker !== undefined) return fail('lab-open', 'The witness asks already.', 'Start another program.');
    asker = await startAsker(plan);
    return ok(null);
  },
  report: ({ sinceMs, untilMs = monotonicMs() }) =>
    asker === undefined
      ? fail('lab-not-open', 'The witness does not ask yet.', 'Send start first.')
      : ok(asker.report(sinceMs, untilMs)),
};

await serveLines(handlers, process.stdin, process.stdout);
asker?.stop();
process.exit(0);
