/**
 * What XiVO's own high availability consists of on a server, so that it can be done, taken over and put back. Data; both eras have
 * the same form. Names that only documentation tells are said so in docs/xivo.md; what is not there is passed over.
 */
export interface Original {
  readonly era: 'xivo' | 'wazo';
  /** In the order in which they start: telephony first, monit last and first to stop. */
  readonly services: readonly string[];
  /** Of `services`: without it nobody can call. The others may be missing or fail, and calls go on. */
  readonly vital: string;
  readonly dhcp: string;
  /** Starts what it watches: never on a passive node. */
  readonly monit: string;
  /** While it is there the units of the telephony group do not start, at boot either. */
  readonly disabledFlag: string;
  readonly sentinels: { readonly main: string; readonly standby: string };
  /** Before Asterisk starts: what it would otherwise read in a former state. Local, and soon done or given up. */
  readonly beforeTelephony: readonly Program[];
  /** After it: DHCP from the database. Nothing here asks the Internet. */
  readonly beforeDhcp: readonly Program[];
  readonly relogAgents: Program;
  readonly haConf: string;
  readonly cronFiles: { readonly main: string; readonly standby: string };
  /** The line that lets the main in as superuser without a password; set-up of the database replaces it. */
  readonly trustLine: string;
  readonly sipReload: readonly (readonly string[])[];
}

export interface Program {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

const dhcpFromDatabase: readonly Program[] = [
  { argv: ['xivo-create-config'], timeoutMs: 10_000 },
  { argv: ['xivo-update-config'], timeoutMs: 20_000 },
  // Without -d: that one downloads from the Internet, which may be gone.
  { argv: ['dhcpd-update', '-r'], timeoutMs: 10_000 },
];

export const shared = {
  dhcp: 'isc-dhcp-server.service',
  monit: 'monit.service',
  vital: 'asterisk.service',
  beforeDhcp: dhcpFromDatabase,
  haConf: '/etc/xivo/ha.conf',
  cronFiles: { main: '/etc/cron.d/xivo-ha-master', standby: '/etc/cron.d/xivo-ha-slave' },
  trustLine: 'host asterisk postgres',
} as const;

export const xivoOriginal: Original = {
  ...shared,
  era: 'xivo',
  services: [
    'asterisk.service',
    'xivo-agid.service',
    'xivo-dxtora.service',
    'xivo-provd.service',
    'xivo-amid.service',
    'xivo-call-logs.service',
    'xivo-agentd.service',
    'xivo-ctid.service',
    'xivo-dird.service',
    'xivo-dird-phoned.service',
    'xivo-ctid-ng.service',
    'xivo-websocketd.service',
    'monit.service',
  ],
  disabledFlag: '/var/lib/xivo/disabled',
  sentinels: { main: '/var/lib/xivo/is-primary', standby: '/var/lib/xivo/is-secondary' },
  beforeTelephony: [],
  relogAgents: { argv: ['xivo-agentctl', '-c', 'relog all --timeout 60'], timeoutMs: 70_000 },
  sipReload: [
    ['asterisk', '-rx', 'module reload chan_sip.so'],
    ['asterisk', '-rx', 'module reload res_pjsip.so'],
  ],
};

const seconds = (ms: number): string => `${ms / 1000}s`;

/** By `env`, which finds a program where the system has it. */
export const programOf = ({ argv, timeoutMs }: Program) => ({
  run: ['/usr/bin/env', ...argv],
  timeout: seconds(timeoutMs),
});

/** More than a unit of the group takes to start. */
const START_MS = 30_000;

/**
 * The services of a node in the form of the configuration: telephony first, then the rest of the group, then DHCP, monit last
 * (and first out, or it starts what a passivation stops). The original's flag, which keeps the group from starting, goes first.
 */
export const servicesOf = ({ services, vital, dhcp, monit, disabledFlag, beforeTelephony, beforeDhcp }: Original) => {
  const unflag = { run: ['/bin/rm', '-f', disabledFlag], timeout: '1s' };
  const prepareOf = (unit: string): readonly Program[] =>
    unit === vital ? beforeTelephony : unit === dhcp ? beforeDhcp : [];
  const order = [...services.filter((unit) => unit !== monit), dhcp, monit];
  return order.map((unit) => {
    const prepare = prepareOf(unit);
    const timeoutMs = prepare.reduce((sum, each) => sum + each.timeoutMs, START_MS);
    return {
      unit,
      when: unit === vital ? 'telephony' : 'active',
      timeout: seconds(timeoutMs),
      prepare: [...(unit === dhcp || unit === monit ? [] : [unflag]), ...prepare.map(programOf)],
    };
  });
};
