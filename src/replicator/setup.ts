/** `dualtone database setup`: this node's PostgreSQL made ready for replication, or put back; run by a person, beside the agent. */
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { ensureSecretFile } from '../files/secret.ts';
import { run } from '../process/run.ts';
import {
  databaseRules,
  databaseWayDirectory,
  identitiesPath,
  localDatabase,
  readSecret,
} from '../replication/access.ts';
import { readCatalog } from '../replication/postgres/catalog.ts';
import { createChangeTriggers, loggedTables } from '../replication/postgres/changes/triggers.ts';
import { connectDatabase } from '../replication/postgres/connection.ts';
import { planCopy } from '../replication/postgres/rules.ts';
import { createDatabaseSetup, type DatabaseSetup } from '../replication/postgres/setup/setup.ts';
import { adminOf, adminOptions } from './peer-certificate.ts';

/** What a receiver that is away may hold back on this disk. */
const KEEP_WAL_MB = 1024;

/** The password file where there is none: derived from the pair's key, so that both nodes come to the same without a copy. */
export const ensurePassword = (config: Config, derived: string): Result<boolean> =>
  ensureSecretFile(config.streams.database.passwordFile, derived);

/** The set-up of this node's database, by its configuration. Faults: `secret-…` and those of the set-up. */
export const databaseSetup = async (config: Config, overwriteDrift: boolean): Promise<Result<DatabaseSetup>> => {
  const { database } = config.streams;
  if (database.mode === 'off')
    return fail('database-off', 'The database is not configured to follow.', 'Set `streams.database.mode`.');
  const password = readSecret(database.passwordFile);
  if (!password.ok) return password;
  const comesHere = database.via === 'tls' && (config.node.role === 'standby' || database.mode === 'continuous');
  return createDatabaseSetup(
    {
      admin: adminOptions(config),
      schema: database.schema,
      role: database.user,
      password: password.value,
      recordFile: `${config.stateDir}/database-setup.json`,
      listenOn: comesHere ? config.node.address : null,
      peers: comesHere ? [config.peer.address] : [],
      throughSsh: database.via === 'ssh',
      hostname: config.node.name,
      // Only the main's changes follow; what the standby collects is merged.
      continuous: database.mode === 'continuous' && config.node.role === 'main',
      following: {
        wanted: database.mode === 'continuous',
        identitiesFile: identitiesPath(config),
        wayDirectory: databaseWayDirectory(config),
      },
      keepWalMb: KEEP_WAL_MB,
      restart: ['systemctl', 'restart', 'postgresql'],
      overwriteDrift,
    },
    run,
  );
};

/** On the standby: the triggers that log local changes, for all tables that are copied. How many tables. */
export const installChangeLog = async (config: Config): Promise<Result<number>> => {
  const password = readSecret(config.streams.database.passwordFile);
  if (!password.ok) return password;
  const opened = await connectDatabase(localDatabase(config, password.value), new AbortController().signal);
  if (!opened.ok) return opened;
  const catalog = await readCatalog(opened.value, config.streams.database.schema);
  await opened.value.close();
  if (!catalog.ok) return catalog;
  const tables = loggedTables(planCopy(catalog.value, databaseRules(config)));
  const triggers = createChangeTriggers(adminOf(config), config.streams.database.schema);
  const made = await triggers.act(tables);
  if (!made.ok) return made;
  const [first] = made.value.failed;
  if (first === undefined) return ok(tables.length);
  return fail(
    'database-log-incomplete',
    `Local changes of \`${first.table}\` cannot be logged yet: ${first.text}.`,
    'Run `dualtone database setup` again when that table is not in use.',
  );
};
