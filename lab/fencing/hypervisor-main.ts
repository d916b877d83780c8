/** The stand-in for a hypervisor, as a program of its host: Redfish over HTTPS for both nodes. `hypervisor-main.ts FOLDER MAIN-GROUP STANDBY-GROUP ADDRESS`. */

import { readFileSync } from 'node:fs';
import { access, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerRedfish, type RedfishSystem } from '../../src/fencing/testing/redfish.ts';
import { powerLogin } from './places.ts';

const [folder = '', mainGroup = '', standbyGroup = '', address = ''] = process.argv.slice(2);
const ORDER_MS = 10_000;

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const moodOf = (): string => textOf(join(folder, 'hypervisor.mood')).trim();

/** An order is a file, which is gone when it is done. */
const give = async (role: string, to: 'on' | 'off'): Promise<void> => {
  const file = join(folder, `${role}.${to}`);
  await writeFile(`${file}.new`, '');
  await rename(`${file}.new`, file);
  const end = Date.now() + ORDER_MS;
  while (Date.now() < end) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (!isThere) return;
    await sleep(20);
  }
};

const systemOf = (role: string, group: string): RedfishSystem => ({
  power: () => {
    const isOn = textOf(join(group, 'cgroup.events')).includes('populated 1');
    return isOn && moodOf() !== 'says-off' ? 'On' : 'Off';
  },
  order: async (resetType) => {
    if (moodOf() === '') await give(role, resetType === 'On' ? 'on' : 'off');
  },
});

const systems: Readonly<Record<string, RedfishSystem>> = {
  main: systemOf('main', mainGroup),
  standby: systemOf('standby', standbyGroup),
};
const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name), 'utf8')));
const answer = answerRedfish(
  powerLogin.password,
  (name) => systems[name],
  () => false,
);
createServer({ key: key ?? '', cert: cert ?? '' }, (request, response) => void answer(request, response)).listen(
  443,
  address,
);
