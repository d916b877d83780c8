/** Checks of what the kernel must grant: the gate, now and at boot, and the agent's priority. */
import { readdirSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { lookAtTables } from '../../steps/gate/listing.ts';
import { type Around, readSystemFile } from '../around.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { withAgent } from './pair.ts';
import { unitState } from './services.ts';

/** What a ticket needs of the kernel, in a table that is never made (`--check`). */
const TRIAL = `table inet dualtone_trial {
  set slot { typeof numgen inc mod 1; flags timeout; }
  chain gated { numgen inc mod 1 offset 1 @slot accept; counter drop; }
  chain input { type filter hook input priority -300; policy accept; udp dport 5060 goto gated; }
}
add element inet dualtone_trial slot { 1 timeout 500ms }
`;

const GATE_REMEDY =
  'Install nftables (apt-get install nftables), and run the agent as root with the kernel module nf_tables.';

const kernelTakesGate = async ({ run }: Around, signal: AbortSignal): Promise<Said> => {
  // As an argument: the older nft of Debian 11 opens /dev/stdin, which a socket is not fit for.
  const tried = await run(['nft', '--check', TRIAL], { timeoutMs: 5000, signal });
  if (!tried.ok) return failedBy(tried.error);
  const { exitCode, stderr } = tried.value;
  if (exitCode === 0) return passed('the kernel takes the gate');
  return failed(`the kernel refuses the gate: ${stderr.trim().split('\n')[0] ?? ''}`);
};

const gatePossible: Definition = {
  id: 'gate-possible',
  about: 'The kernel can make the gate: nftables with sets whose elements time out.',
  severity: 'critical',
  scope: 'node',
  // Another kernel comes with a boot, and then this is tried anew.
  ...PACE.rare,
  remedy: GATE_REMEDY,
  try: async (around, signal) => {
    if (!around.config.gate.enforce) return notApplicable('gate.enforce is off');
    return kernelTakesGate(around, signal);
  },
};

const gateEnforced: Definition = {
  id: 'gate-enforced',
  about: 'The kernel enforces the lease (`gate.enforce`), also where the agent hangs or is killed.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Set `gate.enforce: true` on both nodes, and restart the agents.',
  try: async ({ config }) =>
    config.gate.enforce
      ? passed('it is on')
      : failed('gate.enforce is off: an agent that hangs or is killed leaves its telephony answering'),
};

/** One may fail that meets the agent's own changes of the tables, and what somebody deletes is back within moments. */
const LOOKS = 3;

const gateThere: Definition = {
  id: 'gate-there',
  about: "The gate's table is in the kernel, with all its slots.",
  severity: 'critical',
  scope: 'node',
  // The agent itself puts it back within milliseconds, and says so: each change of the kernel's rules is counted.
  everyMs: PACE.rare.everyMs,
  timeoutMs: 8000,
  remedy: 'The agent puts it back within moments; if it does not, restart it, and see who empties the firewall.',
  try: async ({ config, run, agent }) => {
    if (!config.gate.enforce) return notApplicable('gate.enforce is off');
    const movesIPv4 = (config.virtualIp?.addresses ?? []).some((cidr) => isIPv4(cidr.slice(0, cidr.indexOf('/'))));
    const families = movesIPv4 ? ['inet', 'arp'] : ['inet'];
    let trouble = '';
    for (let look = 0; look < LOOKS; look += 1) {
      const listing = await lookAtTables(run);
      const missing = families.filter((family) => !listing.tables.includes(family));
      const slots = listing.sets.filter((name) => name.startsWith('inet slot')).length;
      if (missing.length === 0 && slots >= config.timing.slots)
        return passed(`${slots} slots, ${families.join(' and ')}`);
      trouble = missing.length > 0 ? `no table dualtone in ${missing.join(' and ')}` : `only ${slots} slots`;
    }
    const asked = await agent();
    return asked.ok
      ? failed(trouble)
      : failed(`${trouble}, and no agent makes it`, 'Start the agent: `systemctl start dualtone`.');
  },
};

const gateAtBoot: Definition = {
  id: 'gate-at-boot',
  about: 'After a boot the gate is closed before Asterisk starts, even where the agent does not.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Copy examples/systemd/dualtone-gate.service to /etc/systemd/system/, then `systemctl enable dualtone-gate`.',
  try: async (around, signal) => {
    if (!around.config.gate.enforce) return notApplicable('gate.enforce is off');
    if (around.config.telephony === 'cold') return notApplicable('nothing answers at a boot: the telephony is cold');
    const state = await unitState(around, 'dualtone-gate.service', signal);
    if (!state.ok) return unknown(state.error.message);
    const { load, file } = state.value;
    if (load !== 'loaded') return failed('there is no dualtone-gate.service');
    return file === 'enabled' ? passed('dualtone-gate.service is enabled') : failed(`dualtone-gate.service is ${file}`);
  },
};

export interface Scheduled {
  readonly name: string;
  /** Its real-time priority, 1 to 99; 0 for one that has none. */
  readonly realTime: number;
}

/** What /proc/PID/stat tells of a process; null where it is not whole. */
export const scheduledOf = (stat: string): Scheduled | null => {
  // The name may hold anything: what follows the last parenthesis is sure.
  const ends = stat.lastIndexOf(')');
  const fields = stat.slice(ends + 2).split(' ');
  const realTime = Number(fields[37]);
  return fields.length > 38 && Number.isInteger(realTime)
    ? { name: stat.slice(stat.indexOf('(') + 1, ends), realTime }
    : null;
};

/** The highest real-time priority of an Asterisk on this machine; 0 where none runs in real time. */
const asteriskRealTime = (around: Around): number =>
  readdirSync(join(around.root, 'proc'))
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => scheduledOf(readSystemFile(around, `proc/${pid}/stat`) ?? ''))
    .reduce((most, each) => (each?.name === 'asterisk' ? Math.max(most, each.realTime) : most), 0);

const priority: Definition = {
  id: 'priority-granted',
  about:
    'The agent comes before other programs (real time), before Asterisk too, so that a busy machine costs no takeover.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy:
    'Run it as root or with `LimitRTPRIO=11` (see examples/systemd/dualtone.service), install util-linux, and give Asterisk no more real time than its own (`-p`, 10).',
  try: (around) =>
    withAgent(around, ({ agent }) => {
      const agents = scheduledOf(readSystemFile(around, `proc/${agent.pid}/stat`) ?? '');
      if (agents === null) return unknown(`the kernel does not tell of pid ${agent.pid}`);
      if (agents.realTime === 0) return failed('the agent runs like any other program');
      const asterisk = asteriskRealTime(around);
      return asterisk > agents.realTime
        ? failed(`Asterisk (real time ${asterisk}) comes before the agent (${agents.realTime})`)
        : passed(`real time ${agents.realTime}`);
    }),
};

/** Beyond it a heartbeat may be missed. */
const LATE_SHARE = 0.5;

const punctual: Definition = {
  id: 'agent-punctual',
  about: "The agent's loop is not late: a lease would not run out for a busy machine.",
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Find what keeps this machine busy, or stops it (a virtual machine whose host is full).',
  try: (around) =>
    withAgent(around, ({ agent }) => {
      const { leaseMs, heartbeatMs } = around.config.timing;
      const limit = LATE_SHARE * (leaseMs - heartbeatMs);
      const text = `late by ${agent.worstLagMs} ms at most in the last minute`;
      return agent.worstLagMs > limit ? failed(`${text}; the lease is ${leaseMs} ms`) : passed(text);
    }),
};

export const kernelChecks: readonly Definition[] = [
  gateEnforced,
  gatePossible,
  gateThere,
  gateAtBoot,
  priority,
  punctual,
];
