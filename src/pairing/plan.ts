/** From what two machines have agreed on to the changes of one of them. Pure: reads nothing, writes nothing. */
import { join } from 'node:path';
import type { Change } from '../changes/change.ts';
import { editConfig, type KeyChange, readRaw } from '../config/edit.ts';
import { DEFAULT_PORT } from '../config/schema/node.ts';
import { type Fields, isRecord, type Role, rivalOf } from '../core/words.ts';
import type { At } from './words.ts';

/** Where things are on this machine. */
export interface Places {
  readonly etcDir: string;
  readonly stateDir: string;
  readonly runDir: string;
}

export const usualPlaces: Places = { etcDir: '/etc/dualtone', stateDir: '/var/lib/dualtone', runDir: '/run/dualtone' };

export const pathsOf = ({ etcDir, stateDir, runDir }: Places) => ({
  config: join(etcDir, 'dualtone.yaml'),
  checkpointConfig: join(etcDir, 'checkpoint.yaml'),
  pairKey: join(etcDir, 'pair.key'),
  identity: join(etcDir, 'identity.key'),
  checkpointKey: (name: string) => join(etcDir, `checkpoint-${name}.key`),
  nodeKey: (role: Role) => join(etcDir, `${role}.key`),
  amiSecret: join(etcDir, 'ami.secret'),
  record: join(stateDir, 'changes.json'),
  pending: join(stateDir, 'pairing.json'),
  progress: join(stateDir, 'pairing-progress.json'),
  socket: join(runDir, 'control.sock'),
});

/** Sections of a node’s file that both nodes must have alike; what is local in them is put right on arrival. */
const SHARED = [
  'preset',
  'profile',
  'telephony',
  'arbiter',
  'on-isolation',
  'virtual-ip',
  'gate',
  'services',
  'health',
  'timing',
  'watch',
  'failback',
  'unfit',
  'flapping',
  'streams',
  'switches',
  'reporting',
  'drill',
] as const;

/** The checkpoints of a file that vote. */
export const votersOf = (raw: Fields): readonly At[] => {
  const arbiter = raw['arbiter'];
  const list: unknown = isRecord(arbiter) ? arbiter['checkpoints'] : null;
  if (!Array.isArray(list)) return [];
  return list
    .filter(isRecord)
    .flatMap(({ kind = 'voter', name, address, port = DEFAULT_PORT }) =>
      kind === 'voter' && typeof name === 'string' && typeof address === 'string' && typeof port === 'number'
        ? [{ name, address, port }]
        : [],
    );
};

/** The key file of each checkpoint that has its own. */
export const keyFilesOf = (raw: Fields): ReadonlyMap<string, string> => {
  const arbiter = raw['arbiter'];
  const list: unknown = isRecord(arbiter) ? arbiter['checkpoints'] : null;
  const entries = Array.isArray(list) ? list.filter(isRecord) : [];
  return new Map(
    entries.flatMap(({ name, 'key-file': file }) =>
      typeof name === 'string' && typeof file === 'string' ? [[name, file]] : [],
    ),
  );
};

const withCheckpoints = (arbiter: unknown, change: (entry: Fields) => Fields): unknown => {
  if (!isRecord(arbiter) || !Array.isArray(arbiter['checkpoints'])) return arbiter;
  const list: readonly unknown[] = arbiter['checkpoints'];
  return { ...arbiter, checkpoints: list.map((entry) => (isRecord(entry) ? change(entry) : entry)) };
};

const without = (raw: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(raw).filter(([each]) => each !== key));

/** What is handed over of a file: nothing that only this machine has. */
export const sharedOf = (raw: Fields): Fields => {
  const shared: Record<string, unknown> = {};
  for (const key of SHARED) if (raw[key] !== undefined) shared[key] = raw[key];
  if (shared['arbiter'] !== undefined)
    shared['arbiter'] = withCheckpoints(shared['arbiter'], (entry) => without(entry, 'key-file'));
  if (isRecord(shared['virtual-ip'])) {
    shared['virtual-ip'] = without(shared['virtual-ip'], 'interface');
  }
  const network = raw['network'];
  if (isRecord(network) && network['gateway'] !== undefined) shared['network'] = { gateway: network['gateway'] };
  return shared;
};

/** Addresses with their prefix that follow the active node. */
export const virtualIpsOf = (raw: Fields): readonly string[] => {
  const section = raw['virtual-ip'];
  const list: unknown = isRecord(section) ? section['addresses'] : null;
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
};

/** What of a file is this machine’s alone. */
export interface Local {
  readonly role: Role;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The interface that has the address; null where it is not known. */
  readonly interface: string | null;
  /** Asterisk’s manager can be asked. */
  readonly hasManager: boolean;
  /** Checkpoints with which this node has a key of its own. */
  readonly keyed: readonly string[];
}

/** Shared sections as they stand in this machine’s file. */
const localized = (shared: Fields, local: Local, places: Places): Fields => {
  const { checkpointKey } = pathsOf(places);
  const result: Record<string, unknown> = { ...shared };
  if (result['arbiter'] !== undefined)
    result['arbiter'] = withCheckpoints(result['arbiter'], (entry) =>
      local.keyed.includes(String(entry['name']))
        ? { ...entry, 'key-file': checkpointKey(String(entry['name'])) }
        : entry,
    );
  if (isRecord(result['virtual-ip']))
    result['virtual-ip'] = {
      ...result['virtual-ip'],
      ...(local.interface === null ? {} : { interface: local.interface }),
    };
  return result;
};

const HEADER = `# Written by \`dualtone init\` and \`dualtone join\`. Change what you like: they change single keys and leave comments.
# All keys are in docs/configuration.md; \`dualtone config check\` says what is wrong with the file.
`;

const unusual = (places: Places): readonly KeyChange[] => {
  const { pairKey, identity } = pathsOf(places);
  const usual = pathsOf(usualPlaces);
  const all = [
    [['key-file'], pairKey, usual.pairKey],
    [['identity-file'], identity, usual.identity],
    [['state-dir'], places.stateDir, usualPlaces.stateDir],
    [['run-dir'], places.runDir, usualPlaces.runDir],
  ] as const;
  return all.flatMap(([path, value, normal]) => (value === normal ? [] : [{ path, value }]));
};

const portChange = (path: readonly string[], port: number, isThere: boolean): readonly KeyChange[] =>
  port === DEFAULT_PORT && !isThere ? [] : [{ path, value: port }];

export interface Other extends At {
  /** Null: nobody has joined yet. */
  readonly pin: string | null;
}

/** A node’s file: `existing` with its comments, or a new one. */
export const nodeFile = (
  existing: string | null,
  local: Local,
  peer: Other,
  shared: Fields,
  places: Places,
): string => {
  const raw = readRaw(existing ?? '');
  // Sections that a person wrote before there was a node are no file of one.
  const isFirst = raw['node'] === undefined;
  const sections = Object.entries(localized(shared, local, places)).filter(([key]) => key !== 'network');
  const network = shared['network'];
  const gateway = isRecord(network) ? network['gateway'] : undefined;
  const peerRaw = isRecord(raw['peer']) ? raw['peer'] : {};
  const changes: readonly KeyChange[] = [
    { path: ['node', 'role'], value: local.role },
    { path: ['node', 'name'], value: local.name },
    { path: ['node', 'address'], value: local.address },
    { path: ['peer', 'name'], value: peer.name },
    { path: ['peer', 'address'], value: peer.address },
    ...portChange(['peer', 'port'], peer.port, peerRaw['port'] !== undefined),
    ...(peer.pin === null ? [] : [{ path: ['peer', 'pin'], value: peer.pin }]),
    ...(isRecord(raw['listen']) && raw['listen']['port'] !== undefined
      ? []
      : portChange(['listen', 'port'], local.port, false)),
    ...sections.map(([key, value]) => ({ path: [key], value })),
    ...(gateway === undefined ? [] : [{ path: ['network', 'gateway'], value: gateway }]),
    ...(local.interface === null || !isFirst ? [] : [{ path: ['network', 'interface'], value: local.interface }]),
    ...(local.hasManager || !isFirst || raw['probes'] !== undefined
      ? []
      : [
          { path: ['probes', 'ami'], value: null },
          { path: ['streams', 'astdb', 'enabled'], value: false },
        ]),
    ...unusual(places),
  ];
  const text = editConfig(existing ?? '', changes);
  return existing === null ? `${HEADER}${text}` : text;
};

/** A checkpoint’s file. */
export const checkpointFile = (
  existing: string | null,
  own: At,
  nodes: Readonly<Record<Role, At>>,
  shared: Fields,
  keyed: readonly Role[],
  places: Places,
): string => {
  const timing = shared['timing'];
  const promise = isRecord(timing) ? timing['promise'] : undefined;
  const { nodeKey } = pathsOf(places);
  const preset = shared['preset'];
  const nodeChanges = (['main', 'standby'] as const).flatMap((role): readonly KeyChange[] => [
    { path: ['nodes', role, 'address'], value: nodes[role].address },
    ...portChange(['nodes', role, 'port'], nodes[role].port, false),
    ...(keyed.includes(role) ? [{ path: ['nodes', role, 'key-file'], value: nodeKey(role) }] : []),
  ]);
  const changes: readonly KeyChange[] = [
    { path: ['name'], value: own.name },
    { path: ['listen', 'address'], value: own.address },
    ...portChange(['listen', 'port'], own.port, false),
    ...nodeChanges,
    ...(preset === 'quick' ? [{ path: ['preset'], value: preset }] : []),
    ...(promise === undefined ? [] : [{ path: ['timing', 'promise'], value: promise }]),
    ...unusual(places).filter(
      ({ path }) => path[0] !== 'identity-file' && (path[0] !== 'key-file' || keyed.length < 2),
    ),
  ];
  const text = editConfig(existing ?? '', changes);
  return existing === null ? `${HEADER}${text}` : text;
};

export const file = (path: string, text: string, mode: number, isSecret = false): Change => ({
  kind: 'file',
  path,
  text,
  mode,
  secret: isSecret,
  after: null,
  like: null,
});

export const secretFile = (path: string, text: string): Change => file(path, text, 0o600, true);

/** Both nodes of the offer, with who joins in the free place. */
export const nodesOf = (own: At & { readonly role: Role }, other: At): Readonly<Record<Role, At>> => {
  const { role, ...at } = own;
  return { [role]: at, [rivalOf(role)]: other } as Record<Role, At>;
};
