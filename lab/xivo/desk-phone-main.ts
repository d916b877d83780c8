/**
 * A telephone that boots, as a hard phone does: it forgets its address, asks for one by DHCP (udhcpc, a real client), fetches its
 * configuration from where the lease sends it, goes by the one that it has kept where it gets none, and registers at the first of its
 * registrars that answers. Real: DHCP, HTTP, SIP, digest. A stand-in: the form of its configuration, its patience, its one minute of boot,
 * which it has not. What became of it is a line in a file.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  deskPhoneStatePath,
  keptPath,
  lastAddressPath,
  leasePath,
  leaseScriptPath,
  type PhoneFile,
  phoneFileName,
} from './desk-phone.ts';
import { openLine } from './two-registrars.ts';

const run = promisify(execFile);
/** A server that hears nothing from somebody with an unknown address tries it for a second before it gives it away. */
const DHCP_TRIES = 30;
const FETCH_MS = 4000;

const ethernet = networkInterfaces()['eth0']?.[0]?.mac ?? '';

const tell = (text: string): void => {
  writeFileSync(`${deskPhoneStatePath}.new`, `${text}\n`);
  renameSync(`${deskPhoneStatePath}.new`, deskPhoneStatePath);
};

interface Lease {
  readonly address: string;
  readonly server: string;
  readonly provisioning: string;
  readonly isSame: boolean;
}

const askForAddress = async (): Promise<Lease> => {
  const last = existsSync(lastAddressPath) ? readFileSync(lastAddressPath, 'utf8').trim() : null;
  rmSync(leasePath, { force: true });
  await run('ip', ['-4', 'address', 'flush', 'dev', 'eth0']);
  const wish = last === null ? [] : ['-r', last];
  const pace = ['-t', String(DHCP_TRIES), '-T', '1'];
  await run('udhcpc', ['-i', 'eth0', '-f', '-q', '-n', ...pace, '-O', 'bootfile', '-s', leaseScriptPath, ...wish]);
  const said = Object.fromEntries(
    readFileSync(leasePath, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  ) as Record<string, string>;
  const address = said['address'] ?? '';
  writeFileSync(lastAddressPath, address);
  return { address, server: said['server'] ?? '', provisioning: said['provisioning'] ?? '', isSame: address === last };
};

/** What became of it, and the configuration; null: there is none to go by. */
const fetchConfiguration = async (provisioning: string): Promise<readonly [string, PhoneFile | null]> => {
  let why: string;
  try {
    const answer = await fetch(`${provisioning}/${phoneFileName(ethernet)}`, { signal: AbortSignal.timeout(FETCH_MS) });
    const text = await answer.text();
    if (answer.ok) {
      writeFileSync(keptPath, text);
      return ['fetched', JSON.parse(text) as PhoneFile];
    }
    why = String(answer.status);
  } catch {
    why = 'no answer';
  }
  if (!existsSync(keptPath)) return [`none, ${why}`, null];
  return [`kept, ${why}`, JSON.parse(readFileSync(keptPath, 'utf8')) as PhoneFile];
};

tell('boots');
const lease = await askForAddress();
const leased = `${lease.address} (${lease.isSame ? 'as before' : 'new'}) from ${lease.server}`;
for (;;) {
  const [became, plan] = await fetchConfiguration(lease.provisioning);
  const configured = `${leased}, configuration ${became} at ${lease.provisioning}`;
  tell(configured);
  if (plan === null) {
    await sleep(1000);
    continue;
  }
  const register = await openLine({ ...plan, localAddress: lease.address });
  let last: string | undefined;
  for (;;) {
    const where = await register();
    if (where !== last)
      tell(`${configured}, registered at ${where ?? 'none'} after ${Math.round(performance.now())} ms`);
    last = where;
    await sleep(where === undefined ? 0 : plan.refreshMs);
  }
}
