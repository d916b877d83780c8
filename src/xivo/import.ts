/** Taking over a pair of XiVO's own: what is found on this machine, and the commands that follow from it, in an order without an outage. Pure. */
import { isIPv4 } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import type { Role } from '../core/words.ts';
import type { HaConf } from './ha-conf.ts';

export interface OwnAddress {
  readonly address: string;
  readonly netmask: string;
}

export interface Found {
  readonly conf: HaConf;
  readonly era: 'xivo' | 'wazo';
  readonly addresses: readonly OwnAddress[];
  /** Lines of the original's cron files that are awake. */
  readonly cronLines: readonly string[];
  /** The original's key for files is here. */
  readonly hasKey: boolean;
  /** Of the original's bnfos.conf. */
  readonly boxes: readonly { readonly name: string; readonly host: string; readonly login: string | null }[];
  /** `dualtone xivo enable` was given here: ha.conf sleeps, and `conf` is what it said before. */
  readonly isAsleep: boolean;
  /** Dualtone is configured here already. */
  readonly isConfigured: boolean;
}

export interface Import {
  readonly role: Role;
  readonly address: string;
  readonly peer: string;
  /** In order; `where` each is given. */
  readonly steps: readonly { readonly where: 'main' | 'standby'; readonly command: string; readonly why: string }[];
  readonly notes: readonly string[];
}

const bits = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const sameNet = ({ address, netmask }: OwnAddress, peer: string): boolean => {
  const width = 2 ** 32 - bits(netmask);
  return width > 0 && Math.floor(bits(address) / width) === Math.floor(bits(peer) / width);
};

/** What the original copies each hour, and voicemail; the profile says which tables and directories. */
const STREAMS = 'streams: { database: { mode: snapshot }, files: { enabled: true }, voicemail: { enabled: true } }';
const follow = `echo '${STREAMS}' >> /etc/dualtone/dualtone.yaml`;

const stepsOf = (role: Role, own: string, peer: string, era: string): Import['steps'] => {
  const [main, standby] = role === 'main' ? [own, peer] : [peer, own];
  const init = `dualtone init --role main --address ${main} --peer ${standby} --profile ${era} --preset classic --adopt`;
  return [
    {
      where: 'standby',
      command: 'dualtone xivo enable',
      why: 'its check each minute sleeps first, so that two do not decide; the main serves on, and nobody takes over until the pair stands',
    },
    {
      where: 'main',
      command: follow,
      why: 'database, files and voicemail will follow; before the agents start, so that none must be restarted for it; once: where the file has `streams` already, write it there',
    },
    { where: 'main', command: init, why: 'it goes on serving, also while its agent begins; a token is shown' },
    {
      where: 'standby',
      command: `dualtone join ${main}`,
      why: 'the pair stands, and takes over again; what follows is told to it',
    },
    {
      where: 'main',
      command: 'dualtone xivo enable',
      why: 'its hourly copies sleep; registrars and SIP expiry are looked after, with what was there before kept',
    },
    {
      where: 'main',
      command: 'dualtone database setup',
      why: 'a role of its own and TLS instead of a superuser without a password',
    },
    { where: 'standby', command: 'dualtone database setup', why: 'the same; it takes in nothing while it serves' },
    {
      where: 'main',
      command: 'dualtone sync init',
      why: 'a key that may copy files and nothing else instead of one that may do everything',
    },
    { where: 'main', command: 'dualtone replicate', why: 'the first run of all of it' },
    { where: 'main', command: 'dualtone check', why: 'every prerequisite of a takeover, tried' },
  ];
};

/** Logins are not shown. */
const boxNote = (boxes: Found['boxes']): string => {
  const listed = boxes.map(({ name, host }) => `{ name: ${name}, address: ${host} }`).join(', ');
  const login = boxes.some((each) => each.login !== null)
    ? ' Their logins go into files of mode 0600, named by `login-file`.'
    : '';
  return `bnfos.conf has berofos boxes: after joining, write \`switches: { berofos: { boxes: [${listed}] } }\` on both nodes.${login}`;
};

const notesOf = (found: Found, role: Role): readonly string[] => [
  ...(found.isAsleep
    ? [
        '`dualtone xivo enable` was given here already, and what ha.conf said before counts: go on with the steps after it.',
      ]
    : []),
  ...(found.isConfigured
    ? ['Dualtone is configured here already: `dualtone init` will say so and change single keys.']
    : []),
  ...(found.cronLines.length === 0
    ? ['No line of the original is awake in cron here.']
    : found.cronLines.map((line) => `awake in cron: ${line}`)),
  ...(role === 'main' && found.hasKey
    ? [
        'The original’s key /root/.ssh/xivo_id_rsa logs in at the standby as root: when `dualtone sync init` is done, take its line (comment `XiVO HA`) out of /root/.ssh/authorized_keys there.',
      ]
    : []),
  ...(found.boxes.length === 0 ? [] : [boxNote(found.boxes)]),
];

/** Faults: `xivo-nothing-to-import`, `xivo-no-own-address`. */
export const planImport = (found: Found): Result<Import> => {
  const { role, address: peer } = found.conf;
  if (role === 'disabled' || peer === null) {
    return fail(
      'xivo-nothing-to-import',
      'XiVO’s own high availability is disabled on this machine.',
      'Make a pair with `dualtone init` and `dualtone join`, or give this on the other machine.',
    );
  }
  const own = found.addresses.find((each) => isIPv4(each.address) && sameNet(each, peer));
  if (own === undefined || own.address === peer) {
    return fail(
      'xivo-no-own-address',
      `This machine has no address of its own in the network of ${peer}.`,
      'XiVO’s pair lies in one network: see the address in ha.conf.',
    );
  }
  const steps = stepsOf(role, own.address, peer, found.era);
  return ok({ role, address: own.address, peer, steps, notes: notesOf(found, role) });
};
