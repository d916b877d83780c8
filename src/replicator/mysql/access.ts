/** From the configuration to this node's MySQL, and to how its server reaches the other's. */
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readSecretFile } from '../../files/secret.ts';
import { mysqlBackPort, mysqlForwardPort } from '../../replication/access.ts';
import { type AccountOptions, fetchPassword, fetchUser } from '../../replication/mysql/accounts.ts';
import type { CertificateFiles } from '../../replication/mysql/certificate.ts';
import type { MysqlAccess } from '../../replication/mysql/connection.ts';
import type { Dialect, ServerId, Source } from '../../replication/mysql/dialect.ts';
import type { MysqlSetupOptions } from '../../replication/mysql/setup.ts';

const STATEMENT_MS = 30_000;

/** Where the files lie that the server itself reads: it is let at them, and at nothing else of Dualtone's. */
const directoryOf = ({ stateDir }: Config): string => `${stateDir}-mysql`;

export const pinnedMysqlPath = (config: Config): string => `${directoryOf(config)}/peer.pem`;

/** Up to where a person has let through what is on this side only. */
export const acceptedPath = ({ stateDir }: Config): string => `${stateDir}/mysql-accepted`;

export const serverIdOf = ({ node }: Config): ServerId => (node.role === 'main' ? 1 : 2);

/** Faults: `secret-unreadable`, `secret-exposed`. */
const readMysqlSecret = ({ streams }: Config): Result<string> =>
  readSecretFile(streams.mysql.passwordFile, 'Run `dualtone mysql setup`, which makes it.');

/** Debian's servers: of old, and MariaDB from 11.8 on. */
const USUAL_SOCKETS: readonly string[] = ['/run/mysqld/mysqld.sock', '/run/mariadbd/mysqld.sock'];

/** As configured; of the usual places the one where a server is. */
export const socketOf = (configured: string, exists: (path: string) => boolean = existsSync): string =>
  configured === USUAL_SOCKETS[0] ? (USUAL_SOCKETS.find((path) => exists(path)) ?? configured) : configured;

const common = ({ streams: { mysql } }: Config) => ({
  name: "this node's MySQL",
  socket: socketOf(mysql.socket),
  connectMs: mysql.connectTimeMs,
  statementMs: STATEMENT_MS,
});

export const localMysql = (config: Config): Result<MysqlAccess> => {
  const password = readMysqlSecret(config);
  return password.ok ? ok({ ...common(config), user: config.streams.mysql.user, password: password.value }) : password;
};

/** As its administrator, whom the server knows by the user of this machine. */
export const adminMysql = (config: Config): MysqlAccess => ({ ...common(config), user: 'root', password: '' });

/** Where this node's server fetches from the other's. */
export const mysqlPlace = (config: Config): Pick<Source, 'host' | 'port'> => {
  const { mysql } = config.streams;
  if (mysql.via === 'tls') return { host: config.peer.address, port: mysql.port };
  return { host: '127.0.0.1', port: config.node.role === 'main' ? mysqlForwardPort(config) : mysqlBackPort(config) };
};

/** How this node's server fetches from the other's. Faults: `secret-…`, `mysql-not-pinned`. */
export const mysqlSource = (config: Config): Result<Source> => {
  const { mysql } = config.streams;
  const password = readMysqlSecret(config);
  if (!password.ok) return password;
  const login = { user: fetchUser(mysql.user), password: fetchPassword(password.value) };
  if (mysql.via === 'ssh') return ok({ ...login, ...mysqlPlace(config), caFile: null });
  const caFile = mysql.caFile ?? pinnedMysqlPath(config);
  try {
    readFileSync(caFile);
  } catch {
    return fail(
      'mysql-not-pinned',
      `The certificate of the MySQL of ${config.peer.name} is not known yet.`,
      'It comes by itself when both agents are connected and `dualtone mysql setup` was run on both nodes.',
    );
  }
  return ok({ ...login, ...mysqlPlace(config), caFile });
};

/** The server's own certificate, where it is made here. */
export const mysqlCertificate = (config: Config, owner: CertificateFiles['owner']): CertificateFiles => ({
  certificate: `${directoryOf(config)}/server.crt`,
  key: `${directoryOf(config)}/server.key`,
  owner,
});

const accountsOf = (config: Config, password: string): AccountOptions => {
  const { mysql } = config.streams;
  const encrypted = mysql.via === 'tls';
  const fetchedFrom = encrypted ? [config.peer.address] : ['127.0.0.1', 'localhost'];
  return { user: mysql.user, password, fetchedFrom, encrypted, databases: mysql.databases };
};

/** What set-up makes of this node's server. Faults: `secret-…`. */
export const mysqlSetupOptions = (
  config: Config,
  dialect: Dialect,
  owner: CertificateFiles['owner'],
): Result<MysqlSetupOptions> => {
  const { mysql } = config.streams;
  const password = readMysqlSecret(config);
  if (!password.ok) return password;
  const ownCertificate = mysql.via === 'tls' && mysql.caFile === null;
  return ok({
    serverId: serverIdOf(config),
    accounts: accountsOf(config, password.value),
    configFile: mysql.configFile ?? `${dialect.configDirectory}/zz-dualtone.cnf`,
    listenOn: mysql.via === 'tls' ? config.node.address : null,
    reachedAt: config.node.knownAs ?? config.node.address,
    certificate: ownCertificate ? mysqlCertificate(config, owner) : null,
    recordFile: `${config.stateDir}/mysql-setup.json`,
  });
};
