/** Two servers as they come from their installer, with Asterisk and nothing of Dualtone, become a pair by `dualtone setup` in two terminals. */
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { openTerminal } from './terminal.ts';

/** Nothing of Dualtone, and Asterisk's manager as Debian has it, with what docs/checks.md asks for of its endpoints. */
const FRESH: readonly (readonly string[])[] = [
  ['systemctl', 'disable', '--now', 'dualtone.service', 'dualtone-gate.service'],
  ['sh', '-c', 'rm -rf /etc/dualtone /var/lib/dualtone /run/dualtone /etc/systemd/system/dualtone*'],
  // As the package leaves them.
  ['mkdir', '-m', '700', '/etc/dualtone', '/var/lib/dualtone'],
  ['sh', '-c', 'nft delete table inet dualtone; nft delete table arp dualtone; true'],
  ['systemctl', 'daemon-reload'],
  ['sh', '-c', "sed -i '/^\\[dualtone\\]/,$d' /etc/asterisk/manager.conf"],
  ['sh', '-c', 'printf \'#include "manager.d/*.conf"\\n\' >> /etc/asterisk/manager.conf'],
  ['asterisk', '-rx', 'core reload'],
];

export const freshen = async (host: Host): Promise<void> => {
  for (const argv of FRESH) await host.exec(argv, { timeoutMs: 60_000 });
};

const SHOW_MS = 60_000;
/** Both have to start, to meet, and to try everything. */
const END_MS = 90_000;

const endOf = ({ code, shown }: { readonly code: number; readonly shown: string }): string =>
  code === 0 && shown.includes('The pair is ready') ? 'ready' : `exit ${code}: ${shown.slice(-2000)}`;

/** `main: ready; standby: ready`, or what the terminals said instead. */
export const firstRun = async (lab: Lab): Promise<string> => {
  await Promise.all([freshen(lab.host('main')), freshen(lab.host('standby'))]);
  return await setUp(lab, 'dualtone');
};

/** `program`: what is called in both terminals. `serves`: what the main says where it is asked whether telephony serves there. */
export const setUp = async (lab: Lab, program: string, serves: 'yes' | null = null): Promise<string> => {
  const [main, standby] = [lab.host('main'), lab.host('standby')];
  const one = await openTerminal(main, [program, 'setup']);
  await one.answer('it begins here', '');
  await one.answer('What the nodes run', 'asterisk');
  await one.answer('How fast', 'fast');
  await one.answer('A checkpoint', '');
  await one.answer('main or the standby', 'main');
  await one.answer('Its own address', main.address.v4);
  await one.answer('Address of the other machine', '');
  await one.answer('Virtual IP', `${lab.virtual.v4}/24`);
  if (serves !== null) await one.answer('go on without a break', serves);
  await one.answer('Go on', 'y');
  const token = await one.reads(/^ {4}(dt1-\S+)/m, SHOW_MS);
  const two = await openTerminal(standby, [program, 'setup']);
  await two.answer('it begins here', main.address.v4);
  await two.answer('The token', token);
  await two.answer('Go on', 'y');
  const [first, second] = await Promise.all([one.ended(END_MS), two.ended(END_MS)]);
  return `main: ${endOf(first)}; standby: ${endOf(second)}`;
};
