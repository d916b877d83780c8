import type { z } from 'zod';
import type { checkpointSchema } from './schema/checkpoint.ts';
import type { nodeSchema } from './schema/node.ts';
import type { Flat } from './shape.ts';

/**
 * A node's configuration as programs read it: the keys of the file in camelCase, durations as numbers with `Ms`, sizes
 * with `Bytes` (`failback.max-wait: 30m` is `failback.maxWaitMs: 1800000`). Everything is filled in: profile, preset, defaults.
 */
export type Config = Flat<z.output<typeof nodeSchema>>;

/** A checkpoint's configuration, likewise. */
export type CheckpointConfig = Flat<z.output<typeof checkpointSchema>>;

export type ServiceConfig = Config['services'][number];
export type HookConfig = Config['hooks'][number];
export type AlarmsConfig = Config['alarms'];

type Checkpoint = Extract<Config['arbiter'], { readonly kind: 'checkpoints' }>['checkpoints'][number];

/** An arbiter in etcd. */
export type EtcdConfig = Extract<Config['arbiter'], { readonly kind: 'etcd' }>;

/** A checkpoint that is asked by NRPE. */
export type NrpeCheckpointConfig = Checkpoint & { readonly nrpe: NonNullable<Checkpoint['nrpe']> };

/** Checkpoints that are asked by NRPE, in the order of the file. */
export const nrpeCheckpoints = ({ arbiter }: Pick<Config, 'arbiter'>): readonly NrpeCheckpointConfig[] =>
  arbiter.kind !== 'checkpoints'
    ? []
    : arbiter.checkpoints.flatMap((each) => (each.nrpe === null ? [] : [{ ...each, nrpe: each.nrpe }]));

/** How many NRPE checkpoints must not reach the main for a look to be bad; null: there are none. All, as the original, under its preset; else a majority. */
export const neededReports = (config: Pick<Config, 'arbiter' | 'preset'>): number | null => {
  const { length } = nrpeCheckpoints(config);
  if (length === 0 || config.arbiter.kind !== 'checkpoints') return null;
  const need = config.arbiter.need ?? (config.preset === 'remsys' ? 'all' : 'majority');
  if (need === 'all') return length;
  return need === 'majority' ? Math.floor(length / 2) + 1 : need;
};

/** True where link, gateway or a target tells this node all the time that it is the one cut off. */
export const watchesOwnNetwork = ({ network, probes, arbiter }: Config): boolean =>
  network.gateway !== null ||
  network.interface !== null ||
  [...probes.icmp, ...probes.tcp, ...probes.command].some(({ about }) => about === 'network') ||
  (arbiter.kind === 'checkpoints' && arbiter.checkpoints.some(({ kind }) => kind === 'ping'));

/** How the plan, the journal and the page call a service. */
export const serviceName = (service: ServiceConfig): string => {
  if ('unit' in service) return service.unit;
  if ('init' in service) return service.init;
  return 'compose' in service ? service.compose : service.command.name;
};

/** True where the service runs on the passive node too. */
export const runsAlways = (service: ServiceConfig, telephony: Config['telephony']): boolean =>
  service.when === 'always' || (service.when === 'telephony' && telephony === 'warm');

/** Address on which this process hears the others. */
export const listenAddress = (config: Config): string => config.listen.address ?? config.node.address;

/** Path of the control socket. */
export const controlSocketPath = (config: Config | CheckpointConfig): string =>
  config.controlSocket.path ?? `${config.runDir}/control.sock`;

/** Directory of the journal. */
export const journalPath = (config: Config | CheckpointConfig): string => `${config.stateDir}/journal`;

/** True where somebody is told, or a dead man's switch is called. */
export const isAlarming = ({ alarms }: Config | CheckpointConfig): boolean =>
  alarms.channels.length > 0 || alarms.heartbeat !== null;

/** True where events go to a reporting database or to Elasticsearch. */
export const isReporting = ({ reporting }: Config): boolean =>
  reporting.postgres !== null || reporting.elasticsearch !== null;

/** True where a passive node answers callers that it does not serve. Without an address that moves they call both nodes by their own. */
export const isRefusing = ({ gate, virtualIp, services }: Config): boolean =>
  gate.enforce &&
  gate.refuse &&
  gate.sipPorts.length > 0 &&
  virtualIp === null &&
  !services.some((each) => 'compose' in each);

/** True where the web server listens. */
export const isServingWeb = ({ web }: Config): boolean => web.listen.length > 0;

/** Where users, sessions and the server's own certificate are kept. */
export const webStatePath = ({ stateDir }: Config): string => `${stateDir}/web`;

/** True where the replicator has work: databases, files, voicemail, or what is collected. */
export const isCopying = ({ streams }: Config): boolean =>
  streams.database.mode !== 'off' ||
  streams.mysql.enabled ||
  streams.files.enabled ||
  streams.voicemail.enabled ||
  streams.collected.length > 0;

/** True where something outside the two nodes is switched with them. */
export const isSwitching = ({ switches: { dns, edge, contactCentre, berofos, programs } }: Config): boolean =>
  dns !== null || edge !== null || contactCentre !== null || berofos !== null || programs.length > 0;
