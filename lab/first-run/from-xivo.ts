/** A pair that XiVO's own scripts run becomes one of Dualtone, by the commands that `dualtone import xivo` prints, given as they are printed. */
import { type Role, rivalOf } from '../../src/core/words.ts';
import { xivoOriginal } from '../../src/profiles/xivo/original.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { octetByRole } from '../network/addressing.ts';
import { roles } from '../topology.ts';
import { provdPort } from '../xivo/far-files.ts';
import { freshen } from './first-run.ts';
import { openTerminal } from './terminal.ts';

const ORDERED_MS = 120_000;
const SHOW_MS = 60_000;
const END_MS = 90_000;

const order = async (host: Host, argv: readonly string[], input?: string): Promise<string> => {
  const done = await host.execChecked(argv, { timeoutMs: ORDERED_MS, ...(input === undefined ? {} : { input }) });
  if (!done.ok) throw new Error(`${host.name}: ${argv.join(' ')}: ${done.error.message}`);
  return done.value.stdout;
};

const put = async (host: Host, path: string, text: string): Promise<void> => {
  const written = await host.write(path, text);
  if (!written.ok) throw new Error(written.error.message);
};

/** As XiVO's own page leaves a node whose peer has this address. */
const leaveOriginal = async (host: Host, role: Role, peer: string): Promise<void> => {
  const { cronFiles, haConf, sentinels } = xivoOriginal;
  const lines =
    role === 'main'
      ? `0 * * * * root /usr/sbin/xivo-master-slave-db-replication ${peer} >/dev/null\n0 * * * * root /usr/bin/xivo-sync >/dev/null\n`
      : `* * * * * root /usr/sbin/xivo-check-master-status ${peer} >/dev/null\n`;
  await order(host, ['mkdir', '-p', '/etc/xivo', '/var/lib/xivo', '/etc/cron.d']);
  await put(host, haConf, `{"node_type": "${role === 'main' ? 'master' : 'slave'}", "remote_address": "${peer}"}\n`);
  await put(host, cronFiles[role], lines);
  await put(host, sentinels[role], '');
};

/** Nothing of Dualtone; the main serves, at an address that it has for good. */
export const originalServes = async (lab: Lab): Promise<string> => {
  // The standby first: it would take over, and its database would know a term that the new pair does not.
  for (const role of roles.toReversed()) {
    const host = lab.host(role);
    await freshen(host);
    await leaveOriginal(host, role, lab.host(rivalOf(role)).address.v4);
  }
  await order(lab.host('main'), ['ip', 'address', 'replace', `${lab.virtual.v4}/24`, 'dev', 'eth0']);
  return 'the original serves';
};

interface Step {
  readonly where: Role;
  readonly command: string;
}

/** Enabling is told where provisioning is: not on the main itself, as on a XiVO. */
const wordsOf = (lab: Lab, { where, command }: Step): readonly string[] => {
  const words = command.split(' ');
  if (where !== 'main' || !command.endsWith('xivo enable')) return words;
  const base = lab.host('main').address.v4.replace(/\d+$/, '');
  return [...words, '--provd', `http://${base}${octetByRole.provisioning}:${provdPort}/provd`];
};

/** The steps; `ready`, or what the last one said. */
export const fromXivo = async (lab: Lab): Promise<string> => {
  const printed = await order(lab.host('main'), ['dualtone', 'import', 'xivo', '--json']);
  const { steps } = JSON.parse(printed) as { readonly steps: readonly Step[] };
  let token = '';
  let inviting: ReturnType<Awaited<ReturnType<typeof openTerminal>>['ended']> | null = null;
  for (const step of steps) {
    const host = lab.host(step.where);
    const words = wordsOf(lab, step);
    if (words[1] === 'init') {
      const terminal = await openTerminal(host, [...words, '--yes']);
      token = await terminal.reads(/^ *(dt1-\S+)/m, SHOW_MS);
      inviting = terminal.ended(END_MS);
    } else if (words[1] === 'join') {
      await order(host, [...words, '-', '--yes'], `${token}\n`);
      const ended = await inviting;
      if (ended?.code !== 0) return `init: ${ended?.shown.slice(-1000)}`;
    } else if (words[1] === 'check') {
      const checked = await host.exec(words, { timeoutMs: ORDERED_MS });
      if (!checked.ok) return checked.error.message;
    } else {
      // Both have only just met.
      await order(host, ['sh', '-c', `for i in 1 2 3 4 5; do ${words.join(' ')} && exit; sleep 2; done; exit 1`]);
    }
  }
  return 'ready';
};
