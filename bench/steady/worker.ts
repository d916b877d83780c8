/** Some simulated hours of a healthy pair on a poor network, in a process of their own. Prints one line of JSON. */
import { runSteady } from '../../sim/steady.ts';
import { ownProcessorMs } from '../machine.ts';

const [seed, hours, loss, burstMs] = process.argv.slice(2).map(Number);
if (seed === undefined || hours === undefined || loss === undefined || burstMs === undefined) {
  throw new Error('steady worker: SEED HOURS LOSS BURST_MS');
}
const result = runSteady({ seed, hours, preset: 'fast', loss, burstMs });
process.stdout.write(`${JSON.stringify({ ...result, processorMs: ownProcessorMs() })}\n`);
