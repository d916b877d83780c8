/** What each node tells the other of itself, so that both can compare: what must agree, and what explains a difference. */
import { networkInterfaces } from 'node:os';
import { type Config, neededReports, serviceName } from '../config/config.ts';
import { isRecord } from '../core/words.ts';
import { lineOf } from './report.ts';

export interface AsteriskFacts {
  readonly version: string;
  /** Names of the loaded modules, sorted. */
  readonly modules: readonly string[];
}

/** The other node's word; checked by `readFacts`. */
/** Edge's settings of one machine, told by digests under a nonce that the teller has made. */
export interface EdgeFacts {
  readonly nonce: string;
  readonly digests: Readonly<Record<string, string>>;
}

export interface Facts {
  readonly program: string;
  /** What must be the same on both nodes: key of the configuration to its value, in words. No secrets are in a configuration. */
  readonly agreement: Readonly<Record<string, string>>;
  /** Ethernet addresses of its interfaces: whose answers about a virtual IP are right. */
  readonly hardwareAddresses: readonly string[];
  /** Null: not asked, or not running. */
  readonly asterisk: AsteriskFacts | null;
  /** `UTF8 de_DE.UTF-8 …`, one fact each; null: no database follows. */
  readonly database: Readonly<Record<string, string>> | null;
  /** Null: there is no Edge, or its settings cannot be read here. */
  readonly edge: EdgeFacts | null;
  /** Version of XiVO or Wazo; null: it is neither, or does not tell. */
  readonly system: string | null;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)) ?? 'nothing';

const flat = (prefix: string, value: unknown, into: Record<string, string>): void => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flat(`${prefix}.${key}`, inner, into);
  } else into[prefix] = text(value);
};

const placeOf = (place: { readonly address: string; readonly port: number } | null): string =>
  place === null ? 'none' : `${place.address} port ${place.port}`;

/** With what users are told: both pages must tell the same. */
const centreLine = (
  side: { readonly address: string; readonly port: number; readonly users: string | null } | null,
): string => (side === null ? 'none' : `${placeOf(side)}${side.users === null ? '' : `, users go to ${side.users}`}`);

/** Both nodes move the same machines to their own sides. */
const switchAgreement = ({
  switches: { dns, edge, contactCentre, berofos },
}: Config): Readonly<Record<string, string>> => ({
  'switches.dns': dns === null ? 'none' : `${placeOf(dns.server)} ${dns.zone} ${dns.epochName ?? ''}`.trim(),
  'switches.dns.records':
    (dns?.records ?? [])
      .map(({ name, type, ttlMs, main, standby }) => `${name} ${type} ${ttlMs} ${main.join()} ${standby.join()}`)
      .toSorted()
      .join('; ') || 'none',
  'switches.edge': edge === null ? 'none' : placeOf(edge),
  'switches.edge.main': edge === null ? 'none' : `${edge.main.xivo} ${edge.main.contactCentre ?? ''}`.trim(),
  'switches.edge.standby': edge === null ? 'none' : `${edge.standby.xivo} ${edge.standby.contactCentre ?? ''}`.trim(),
  'switches.contact-centre.main': centreLine(contactCentre?.main ?? null),
  'switches.contact-centre.standby': centreLine(contactCentre?.standby ?? null),
  'switches.contact-centre.passive': contactCentre?.passive ?? 'none',
  'switches.berofos.boxes': (berofos?.boxes ?? []).map(placeOf).toSorted().join(', ') || 'none',
  'switches.berofos.watchdog': String(berofos?.watchdog ?? false),
});

/** The rule that gives the right to serve, without what is each node's own (files, the order of members). */
const arbiterLine = (config: Config): string => {
  const { arbiter } = config;
  if (arbiter.kind === 'none') return 'none';
  if (arbiter.kind === 'etcd') return `etcd ${arbiter.clusterId} ${arbiter.prefix}; when lost ${arbiter.whenLost}`;
  const need = neededReports(config);
  const each = arbiter.checkpoints
    .map(({ kind, name, address, port, nrpe }) =>
      `${kind} ${name} ${address} ${kind === 'voter' ? port : (nrpe?.command ?? '')}`.trim(),
    )
    .toSorted()
    .join(', ');
  return `${each}; when lost ${arbiter.whenLost}${need === null ? '' : `; needed ${need}`}`;
};

/**
 * What must agree, as each node sees the pair: where the two see it from opposite sides (node and peer), it is named by role.
 * Places of files, paces of probes and programs of the site may differ.
 */
export const agreementOf = (config: Config): Readonly<Record<string, string>> => {
  const { node, peer, virtualIp, gate, streams } = config;
  const there = node.role === 'main' ? 'standby' : 'main';
  const found: Record<string, string> = {
    [`name of the ${node.role}`]: node.name,
    [`name of the ${there}`]: peer.name,
    [`address of the ${node.role}`]: node.knownAs ?? config.listen.address ?? node.address,
    [`address of the ${there}`]: peer.address,
    [`port of the ${node.role}`]: String(config.listen.port),
    [`port of the ${there}`]: String(peer.port),
    profile: config.profile,
    telephony: config.telephony,
    'on-isolation': config.onIsolation,
    'virtual-ip.addresses': (virtualIp?.addresses ?? []).toSorted().join(' ') || 'none',
    services: config.services.map((service) => `${serviceName(service)} ${service.when}`).join(', ') || 'none',
    'gate.sip-ports': gate.sipPorts.toSorted((a, b) => a - b).join(' '),
    // Named where it is on, so that an older program beside this one has nothing to differ in.
    ...(gate.refuse ? { 'gate.refuse': 'true' } : {}),
    'streams.link': streams.link,
    'streams.astdb.enabled': String(streams.astdb.enabled),
    'streams.database.mode': streams.database.mode,
    'streams.database.via': streams.database.via,
    'streams.files.enabled': String(streams.files.enabled),
    'streams.voicemail.enabled': String(streams.voicemail.enabled),
    'streams.files.directories': streams.files.directories.toSorted().join(' ') || 'none',
    'streams.collected': streams.collected.toSorted().join(' ') || 'none',
    ...(streams.keepPaths.length > 0 ? { 'streams.keep-paths': streams.keepPaths.toSorted().join(' ') } : {}),
  };
  const { fencing } = config;
  found['fencing'] =
    fencing === null ? 'none' : `devices; ${fencing.afterOff}, unheard ${fencing.unheardMs ?? 'never'}`;
  Object.assign(found, switchAgreement(config));
  flat('timing', config.timing, found);
  flat('watch', config.watch, found);
  flat('failback', config.failback, found);
  flat('gate.ports', { iax: gate.iaxPort, media: gate.mediaPorts, enforce: gate.enforce }, found);
  found['arbiter'] = arbiterLine(config);
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, lineOf(value)]));
};

/** What differs: key, value here, value there. */
export const disagreements = (
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): readonly { readonly key: string; readonly here: string; readonly there: string }[] =>
  [...new Set([...Object.keys(here), ...Object.keys(there)])]
    .toSorted()
    .map((key) => ({ key, here: here[key] ?? 'nothing', there: there[key] ?? 'nothing' }))
    .filter((each) => each.here !== each.there);

export const ownHardwareAddresses = (): readonly string[] => [
  ...new Set(
    Object.values(networkInterfaces())
      .flatMap((list) => (list ?? []).map(({ mac }) => mac.toLowerCase()))
      .filter((mac) => mac !== '00:00:00:00:00:00'),
  ),
];

const MOST_KEYS = 200;
const MOST_MODULES = 2000;

const texts = (input: unknown, most: number): readonly string[] | null =>
  Array.isArray(input) && input.length <= most && input.every((each) => typeof each === 'string')
    ? input.map(lineOf)
    : null;

const record = (input: unknown): Readonly<Record<string, string>> | null => {
  if (!isRecord(input)) return null;
  const entries = Object.entries(input);
  if (entries.length > MOST_KEYS) return null;
  const read = entries.flatMap(([key, value]) =>
    typeof value === 'string' ? [[lineOf(key), lineOf(value)] as const] : [],
  );
  return read.length === entries.length ? Object.fromEntries(read) : null;
};

const asteriskOf = (input: unknown): AsteriskFacts | null => {
  if (!isRecord(input) || typeof input['version'] !== 'string') return null;
  const modules = texts(input['modules'], MOST_MODULES);
  return modules === null ? null : { version: lineOf(input['version']), modules };
};

const edgeOf = (input: unknown): EdgeFacts | null => {
  if (!isRecord(input) || typeof input['nonce'] !== 'string' || !/^[0-9a-f]{8,64}$/.test(input['nonce'])) return null;
  const digests = record(input['digests']);
  return digests === null ? null : { nonce: input['nonce'], digests };
};

/** Checked: null where it is odd. */
export const readFacts = (input: unknown): Facts | null => {
  if (!isRecord(input) || typeof input['program'] !== 'string') return null;
  const agreement = record(input['agreement']);
  const hardwareAddresses = texts(input['hardwareAddresses'], MOST_KEYS);
  if (agreement === null || hardwareAddresses === null) return null;
  return {
    program: lineOf(input['program']),
    agreement,
    hardwareAddresses,
    asterisk: asteriskOf(input['asterisk']),
    database: record(input['database']),
    edge: edgeOf(input['edge']),
    system: typeof input['system'] === 'string' ? lineOf(input['system']) : null,
  };
};
