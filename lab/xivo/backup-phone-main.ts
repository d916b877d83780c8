/**
 * A telephone with a main and a backup registrar, as XiVO's provisioning sets them up, and no virtual IP. A stand-in for a hard phone that
 * speaks real SIP: at each refresh it registers at the first, and where that does not answer in time, at the second. It tells each time
 * where it is, and since when it was not, a line each: `standby after 5210`. Who calls it is told that it is busy. Its plan is on standard
 * input; it ends with its reader.
 */
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRegistration } from '../../src/sip/account.ts';
import { openUserAgent } from '../../src/sip/user-agent.ts';
import type { BackupPhonePlan } from './backup-phone.ts';

process.stdout.on('error', () => process.exit(0));

const plan = (await json(process.stdin)) as BackupPhonePlan;
const opened = await openUserAgent({
  localAddress: plan.localAddress,
  localPort: 0,
  onRequest: ({ request, respond }) => {
    if (request.method === 'INVITE') respond({ status: 486, reason: 'Busy Here' });
    else if (request.method !== 'ACK') respond({ status: 200, reason: 'OK' });
  },
  signal: new AbortController().signal,
});
if (!opened.ok) throw new Error(opened.error.message);

const lines = plan.registrars.map(({ name, address }) => ({
  name,
  registration: createRegistration(opened.value, { ...plan.account, domain: address, server: { address, port: 5060 } }),
}));

/** Where the first of them that answers is. */
const register = async (): Promise<string | undefined> => {
  for (const { name, registration } of lines) {
    const granted = await registration.refresh(plan.expiresS, { timeoutMs: plan.givenUpMs });
    if (granted.ok) return name;
  }
  return undefined;
};

let lastMs = performance.now();
for (;;) {
  const where = await register();
  process.stdout.write(`${where ?? 'nowhere'} after ${Math.round(performance.now() - lastMs)}\n`);
  if (where !== undefined) lastMs = performance.now();
  await sleep(where === undefined ? 0 : plan.refreshMs);
}
