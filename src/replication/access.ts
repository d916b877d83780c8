/** From the configuration to how the two databases and the other node's files are reached. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { rivalOf } from '../core/words.ts';
import { readSecretFile } from '../files/secret.ts';
import { controlPathIn, type SshTarget } from '../ssh/target.ts';
import type { Forward } from '../ssh/tunnel.ts';
import type { DatabaseAccess } from './postgres/connection.ts';
import type { DatabaseRules } from './postgres/rules.ts';

/** Loopback ports of the forwards through SSH, beside the pair's own port. */
const FORWARD_TO_DATABASE = 1;
const FORWARD_BACK_TO_DATABASE = 2;
const FORWARD_TO_MYSQL = 3;
const FORWARD_BACK_TO_MYSQL = 4;

export const databaseForwardPort = (config: Config): number => config.listen.port + FORWARD_TO_DATABASE;
const databaseBackPort = (config: Config): number => config.listen.port + FORWARD_BACK_TO_DATABASE;

export const mysqlForwardPort = (config: Config): number => config.listen.port + FORWARD_TO_MYSQL;
export const mysqlBackPort = (config: Config): number => config.listen.port + FORWARD_BACK_TO_MYSQL;

/** Where the files lie with which this node's PostgreSQL itself reaches the other's: its own user passes through, and no other is let at them. */
export const databaseWayDirectory = (config: Config): string => `${config.stateDir}-database`;

/** What Dualtone changed of tables so that their changes can be followed, to be undone. */
export const identitiesPath = (config: Config): string => `${config.stateDir}/database-identities.json`;

/** Where the other server's certificate is pinned. */
export const pinnedCertificatePath = (config: Config): string => `${config.stateDir}/peer-database.pem`;

/** The secret in a file of mode 0600 or 0400. Faults: `secret-unreadable`, `secret-exposed`. */
export const readSecret = (path: string): Result<string> =>
  readSecretFile(path, 'Run `dualtone database setup`, which makes it.');

/** How long a session may be idle within its transaction, and a statement may take: a run's whole time. */
const commonOf = (config: Config, password: string) => {
  const { port, database, user, connectTimeMs, lockTimeMs, timeLimitMs } = config.streams.database;
  return {
    port,
    database,
    user,
    password,
    connectMs: connectTimeMs,
    lockMs: lockTimeMs,
    statementMs: timeLimitMs,
    idleMs: timeLimitMs,
  };
};

/** This node's own, over its socket. */
export const localDatabase = (config: Config, password: string): DatabaseAccess => ({
  ...commonOf(config, password),
  name: "this node's database",
  host: config.streams.database.socket,
  tls: null,
});

/** The other node's: encrypted by itself with a pinned or signed certificate, or through SSH. Fault: `database-not-pinned`. */
export const peerDatabase = (config: Config, password: string): Result<DatabaseAccess> => {
  const { via, caFile } = config.streams.database;
  const common = { ...commonOf(config, password), name: `the database of ${config.peer.name}` };
  // The main has opened both ways; each node finds the other's at its own loopback.
  const port = config.node.role === 'main' ? databaseForwardPort(config) : databaseBackPort(config);
  if (via === 'ssh') return ok({ ...common, host: '127.0.0.1', port, tls: null });
  try {
    const trusted = readFileSync(caFile ?? pinnedCertificatePath(config), 'utf8');
    return ok({ ...common, host: config.peer.address, tls: { trusted, verifyName: false } });
  } catch {
    return fail(
      'database-not-pinned',
      `The certificate of the database of ${config.peer.name} is not known yet.`,
      'It comes by itself when both agents are connected and `dualtone database setup` was run on both nodes.',
    );
  }
};

export const databaseRules = (config: Config): DatabaseRules => {
  const { exclude, keepColumns, keepRows, status, events } = config.streams.database;
  return { exclude, keepColumns, keepRows, status, events };
};

/** The other node as SSH reaches it, each time by a login of its own. */
export const sshTarget = (config: Config): SshTarget => {
  const { ssh } = config.streams;
  return {
    user: ssh.user,
    address: ssh.address ?? config.peer.address,
    port: ssh.port,
    hostAlias: `dualtone-${rivalOf(config.node.role)}`,
    keyFile: ssh.keyFile,
    knownHostsFile: ssh.knownHostsFile,
    connectTimeoutMs: config.streams.database.connectTimeMs,
    controlPath: null,
  };
};

/** The same for runs of rsync: over the connection that the replicator keeps open for them, while there is one. */
export const filesTarget = (config: Config): SshTarget => ({
  ...sshTarget(config),
  controlPath: controlPathIn(config.runDir, 'ssh-files'),
});

/** Whether any directory follows, or comes home. */
export const sendsFiles = ({ streams }: Config): boolean =>
  streams.files.enabled || streams.voicemail.enabled || streams.collected.length > 0;

/** Both ways to a database: the main's own port to the standby's, and back. */
const bothWays = (thereFrom: number, backFrom: number, to: number): readonly Forward[] => [
  { listens: 'here', from: { port: thereFrom }, to: { port: to } },
  { listens: 'there', from: { port: backFrom }, to: { port: to } },
];

const mysqlForwards = (config: Config): readonly Forward[] => {
  const { mysql } = config.streams;
  if (!mysql.enabled || mysql.via !== 'ssh') return [];
  return bothWays(mysqlForwardPort(config), mysqlBackPort(config), mysql.port);
};

const databaseForwards = (config: Config): readonly Forward[] => {
  const { database } = config.streams;
  if (database.mode === 'off' || database.via !== 'ssh') return [];
  const both = bothWays(databaseForwardPort(config), databaseBackPort(config), database.port);
  return database.mode === 'continuous' ? both : both.slice(0, 1);
};

/** What the main's tunnel carries; empty where nothing goes through SSH. */
export const tunnelForwards = (config: Config): readonly Forward[] => {
  const port = { port: config.listen.port };
  const stream: readonly Forward[] = config.streams.link === 'ssh' ? [{ listens: 'here', from: port, to: port }] : [];
  return [...stream, ...databaseForwards(config), ...mysqlForwards(config)];
};
