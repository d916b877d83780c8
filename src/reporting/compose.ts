/** From the configuration to the targets and how this node's events are read. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { readSecretFile } from '../files/secret.ts';
import { localDatabase, readSecret } from '../replication/access.ts';
import { matchesPattern } from '../replication/pattern.ts';
import { connectDatabase, type DatabaseAccess } from '../replication/postgres/connection.ts';
import type { ElasticAccess } from './elastic/http.ts';
import { createElasticTarget } from './elastic/target.ts';
import type { PassOptions } from './pass.ts';
import { createPostgresTarget } from './postgres/target.ts';
import type { Target } from './target.ts';

type PostgresConfig = NonNullable<Config['reporting']['postgres']>;
type ElasticConfig = NonNullable<Config['reporting']['elasticsearch']>;

/** A year's purposes: rolled-back writes and changes of sender, not events, make them many. */
const MOST_RUNS = 20_000;

const MAKE_PASSWORD = 'Write the password of that role into it, mode 0600.';
const MAKE_KEY = 'Write the secret into it, mode 0600.';

const readCa = (path: string): Result<string> => {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail(
      'reporting-ca-unreadable',
      `Certificates for reporting cannot be read: ${messageOf(error)}.`,
      'Correct `ca-file` in `reporting`.',
    );
  }
};

const postgresAccess = (postgres: PostgresConfig): Result<DatabaseAccess> => {
  const password = readSecretFile(postgres.passwordFile, MAKE_PASSWORD);
  if (!password.ok) return password;
  const trusted = postgres.caFile === null ? null : readCa(postgres.caFile);
  if (trusted?.ok === false) return trusted;
  const { host, port, database, user, connectTimeMs, timeLimitMs } = postgres;
  return ok({
    name: 'the reporting database',
    host,
    port,
    database,
    user,
    password: password.value,
    tls: trusted === null ? null : { trusted: trusted.value, verifyName: true },
    connectMs: connectTimeMs,
    statementMs: timeLimitMs,
    lockMs: timeLimitMs,
    idleMs: timeLimitMs,
  });
};

const authorizationOf = ({ user, passwordFile, apiKeyFile }: ElasticConfig): Result<string | null> => {
  if (apiKeyFile !== null) {
    const key = readSecretFile(apiKeyFile, MAKE_KEY);
    return key.ok ? ok(`ApiKey ${key.value}`) : key;
  }
  if (user === null || passwordFile === null) return ok(null);
  const password = readSecretFile(passwordFile, MAKE_KEY);
  return password.ok ? ok(`Basic ${Buffer.from(`${user}:${password.value}`).toString('base64')}`) : password;
};

const elasticAccess = (elastic: ElasticConfig): Result<ElasticAccess> => {
  const authorization = authorizationOf(elastic);
  if (!authorization.ok) return authorization;
  const ca = elastic.caFile === null ? ok(null) : readCa(elastic.caFile);
  if (!ca.ok) return ca;
  const { url, timeoutMs } = elastic;
  return ok({ url: new URL(url).origin, ca: ca.value, authorization: authorization.value, timeoutMs });
};

export const reportingOff = fail(
  'reporting-off',
  'No target of reporting is configured.',
  'Configure `reporting`; see docs/reporting.md.',
);

/** A table whose rows follow to the other node would be sent by both. Fault: `reporting-table-follows`. */
export const refuseFollowing = ({ reporting, streams }: Config): Result<null> => {
  const { mode, events, exclude } = streams.database;
  const own = [...events.map(({ table }) => table), ...exclude];
  const following = reporting.tables.find(({ table }) => !own.some((pattern) => matchesPattern(pattern, table)));
  if (mode === 'off' || following === undefined) return ok(null);
  return fail(
    'reporting-table-follows',
    `Rows of \`${following.table}\` follow to the other node, which would send them a second time.`,
    'List it under `streams.database.events`, or take it out of `reporting.tables`.',
  );
};

/** Those that are configured. */
export const targetsOf = (config: Config): readonly Target[] => {
  const { postgres, elasticsearch } = config.reporting;
  const targets: Target[] = [];
  if (postgres !== null) {
    const { schema } = postgres;
    targets.push(createPostgresTarget({ access: () => postgresAccess(postgres), schema, mostRuns: MOST_RUNS }));
  }
  if (elasticsearch !== null)
    targets.push(
      createElasticTarget({
        access: () => elasticAccess(elasticsearch),
        indexOf: (table) => `${elasticsearch.index}-${table}`,
        storePath: `${config.stateDir}/reporting/elasticsearch.json`,
        node: config.node.name,
      }),
    );
  return targets;
};

/** How a target is served from this node. */
export const passOptionsOf = (config: Config, target: Target): PassOptions => {
  const { tables, begin, era, everyMs, batchRows, batchSizeBytes } = config.reporting;
  return {
    target,
    source: {
      schema: config.streams.database.schema,
      node: config.node.name,
      peer: config.peer.name,
      era,
      isMain: config.node.role === 'main',
      tables,
    },
    connect: async (signal) => {
      const password = readSecret(config.streams.database.passwordFile);
      return password.ok ? connectDatabase(localDatabase(config, password.value), signal) : password;
    },
    pace: { everyMs, batchRows, batchBytes: batchSizeBytes },
    begin,
    onStep: () => undefined,
  };
};
