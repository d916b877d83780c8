import { createHash } from 'node:crypto';

/** Another Asterisk with telephones of its own; `prefix` begins their four figures. */
export interface MediaServer {
  readonly name: string;
  readonly address: string;
  readonly prefix: string;
}

/** What the PBX of a pair shall be like; both nodes get the same. */
export interface PbxPlan {
  /** Where telephony is reached; the SIP transports and the media are bound to it and to nothing else. */
  readonly virtualAddress: string;
  readonly providerAddress: string;
  /** How many telephones: the first 4,000 from extension 1000 on, more from 10000 on; at most 10,000. */
  readonly endpoints: number;
  /** Makes the secrets, the same on both nodes; the run id will do. */
  readonly seed: string;
  /** Answers OPTIONS on 127.0.0.1:5060 as well, also while the virtual address is elsewhere; default true. */
  readonly loopbackTransport?: boolean;
  /** Tells the nodes apart in what they send (User-Agent, Server); the one thing that may differ between them. */
  readonly nodeName?: string;
  /** Each telephone has a mailbox, the queue `lab` is there, and people's features and call events are in the database, and the REST interface is on; default false. */
  readonly voicemail?: boolean;
  /** Telephones and trunks are chan_sip's; default PJSIP's. Needs Asterisk 16. */
  readonly chanSip?: boolean;
  /** The node's own address, at which the telephone with a backup registrar registers; default none. */
  readonly ownAddress?: string;
  /** How others know the node's `virtualAddress` where it is behind NAT. */
  readonly outsideAddress?: string;
  /** Media servers (XDS) of a XiVO, each a way of its own at which the node registers; default none. */
  readonly mediaServers?: readonly MediaServer[];
  /** Ports of the media; default 10000 to 19999. */
  readonly mediaPorts?: { readonly first: number; readonly last: number };
}

/** A telephone's or the trunk's login. */
export interface PbxAccount {
  readonly user: string;
  readonly password: string;
}

/** A way to another server, at which the node registers. */
export interface Way {
  readonly name: string;
  readonly address: string;
  readonly account: PbxAccount;
}

export const firstExtension = 1000;
/** Of four figures; what comes after them has five. */
export const shortOnes = 4000;
const firstLong = 10_000;
export const endpointsMost = 10_000;

/** Numbers that need nobody at the other end. */
export const services = {
  /** Answers, and sends back what it hears. */
  echo: '800',
  /** Answers, and stays silent until hung up. */
  silence: '801',
  /** Calls the telephone with a backup registrar; where the nodes' own addresses take telephones. */
  backup: '804',
  /** Answers, and waits for an agent of the queue `lab`; where there is a database. */
  queue: '803',
} as const;

/** What a telephone dials to change what it does; where there is a database. XiVO's own codes. */
export const featureCodes = {
  doNotDisturb: '*25',
  /** And where to: four figures. */
  forward: '*21',
  /** The boss's: calls go to the secretary. */
  filter: '*37',
  /** The telephone becomes an agent of the queue `lab`. */
  agent: '*30',
} as const;

/** Dial this and the last three figures of a telephone to leave a message for it, or to hear its mailbox. */
export const mailboxPrefixes = { leave: '7', hear: '8' } as const;

/** Dial this before a number to leave by the trunk. */
export const outsidePrefix = '9';

/** The user under which the PBX registers with the provider. */
const trunkUser = 'dualtone';

/** The user of the manager interface that the agent logs in as. */
export const managerUser = 'dualtone';

const secretFor = (seed: string, user: string): string =>
  createHash('sha256').update(`dualtone-lab/${seed}/${user}`).digest('hex').slice(0, 24);

/** The extension of the telephone at an index from 0. */
export const extensionAt = (index: number): string =>
  String(index < shortOnes ? firstExtension + index : firstLong + index - shortOnes);

/** All telephones' logins, in order of their extensions. */
export const phoneAccounts = (plan: Pick<PbxPlan, 'endpoints' | 'seed'>): readonly PbxAccount[] =>
  Array.from({ length: plan.endpoints }, (_, index) => {
    const user = extensionAt(index);
    return { user, password: secretFor(plan.seed, user) };
  });

/** The login that the provider expects of the trunk. */
export const trunkAccount = (plan: Pick<PbxPlan, 'seed'>): PbxAccount => ({
  user: trunkUser,
  password: secretFor(plan.seed, 'trunk'),
});

/** The login of the telephone with a backup registrar. */
export const backupAccount = (plan: Pick<PbxPlan, 'seed'>): PbxAccount => ({
  user: 'backup',
  password: secretFor(plan.seed, 'backup'),
});

/** The login that a media server expects of the pair. */
export const mediaServerAccount = (plan: Pick<PbxPlan, 'seed'>, name: string): PbxAccount => ({
  user: 'xivo',
  password: secretFor(plan.seed, name),
});

/** The provider, and the media servers. */
export const waysOf = (plan: PbxPlan): readonly Way[] => [
  { name: 'trunk', address: plan.providerAddress, account: trunkAccount(plan) },
  ...(plan.mediaServers ?? []).map(({ name, address }) => ({ name, address, account: mediaServerAccount(plan, name) })),
];

/** The manager secret, for the agent's secret file and manager.conf. */
export const managerSecret = (plan: Pick<PbxPlan, 'seed'>): string => secretFor(plan.seed, 'manager');

/** The password of the REST interface, by which the agent makes contacts known at once; where there is a database. */
export const restSecret = (plan: Pick<PbxPlan, 'seed'>): string => secretFor(plan.seed, 'rest');
