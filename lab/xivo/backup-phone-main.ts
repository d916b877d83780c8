/**
 * A telephone with a main and a backup registrar, as XiVO's provisioning sets them up, and no virtual IP. A stand-in for a hard phone that
 * speaks real SIP: at each refresh it registers at the first, and where that does not answer in time, at the second. It tells each time
 * where it is, and since when it was not, a line each: `standby after 5210`. Who calls it is told that it is busy. Its plan is on standard
 * input; it ends with its reader.
 */
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LinePlan, openLine } from './two-registrars.ts';

process.stdout.on('error', () => process.exit(0));

const plan = (await json(process.stdin)) as LinePlan;
const register = await openLine(plan);

let lastMs = performance.now();
for (;;) {
  const where = await register();
  process.stdout.write(`${where ?? 'nowhere'} after ${Math.round(performance.now() - lastMs)}\n`);
  if (where !== undefined) lastMs = performance.now();
  await sleep(where === undefined ? 0 : plan.refreshMs);
}
