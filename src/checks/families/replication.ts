/** Checks of what must follow: streams, the ways that they take, the databases. */
import { existsSync } from 'node:fs';
import { type Config, isCopying } from '../../config/config.ts';
import {
  filesTarget,
  localDatabase,
  pinnedCertificatePath,
  readSecret,
  sendsFiles,
  sshTarget,
  tunnelForwards,
} from '../../replication/access.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import type { SchemaStanding } from '../../replication/postgres/setup/schema-sql.ts';
import type { StreamStatus } from '../../replication/stream.ts';
import { checkKey } from '../../replicator/sync/by-person.ts';
import { pinnedKeys } from '../../ssh/known-hosts.ts';
import { connectionStands } from '../../ssh/standing.ts';
import type { Around } from '../around.ts';
import { judgeCertificate } from '../certificate.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { connectOnce } from '../connect-once.ts';
import { readDatabaseFacts } from '../database-facts.ts';
import { withAgent } from './pair.ts';

const isStatus = (status: unknown): status is StreamStatus =>
  typeof status === 'object' && status !== null && 'lagMs' in status && 'condition' in status;

const judgeStream = ({ condition, lastSuccess, lagMs, lastError, text, direction }: StreamStatus): Said => {
  if (condition === 'failed') return failed(lastError?.message ?? text, lastError?.remedy ?? null);
  if (condition === 'blocked')
    return failed(`nothing may be overwritten now: ${lastError?.message ?? text}`, lastError?.remedy ?? null);
  if (condition === 'off' || direction === 'none') return notApplicable(text || 'it is off');
  if (lastSuccess === null && condition !== 'in-step')
    return failed('it has never run to its end', 'Run `dualtone replicate` on the main.');
  if (condition === 'behind' && lastError !== null) return failed(lastError.message, lastError.remedy);
  return passed(lagMs === null ? text || condition : `${Math.round(lagMs / 1000)} s behind`);
};

const STREAMS = {
  astdb: 'Registrations, do-not-disturb and queue members (AstDB)',
  database: 'The database',
  mysql: 'MySQL',
  files: 'Files',
  voicemail: 'Voicemail',
  collected: 'Recordings and other collected files',
} as const;

const isOn = ({ streams }: Config, name: keyof typeof STREAMS): boolean => {
  switch (name) {
    case 'astdb':
      return streams.astdb.enabled;
    case 'database':
      return streams.database.mode !== 'off';
    case 'mysql':
      return streams.mysql.enabled;
    case 'files':
      return streams.files.enabled;
    case 'voicemail':
      return streams.voicemail.enabled;
    case 'collected':
      return streams.collected.length > 0;
  }
};

const streamCheck = (name: keyof typeof STREAMS): Definition => ({
  id: `stream-${name}`,
  about: `${STREAMS[name]} follow${name === 'database' || name === 'mysql' || name === 'voicemail' ? 's' : ''}: the last run did its work, and nothing stands in the way.`,
  severity: 'warning',
  scope: 'pair',
  everyMs: 15_000,
  timeoutMs: PACE.quick.timeoutMs,
  remedy: 'See `dualtone status` for what stands in the way; `dualtone replicate` runs it now.',
  try: (around) => {
    if (!isOn(around.config, name)) return Promise.resolve(notApplicable('it is not configured'));
    return withAgent(around, ({ streams }) => {
      const all: readonly unknown[] = [streams.astdb, ...streams.copied];
      const status = all.filter(isStatus).find((each) => each.name === name);
      if (status !== undefined) return judgeStream(status);
      return streams.trouble === null ? unknown('it has not told anything yet') : failed(streams.trouble);
    });
  },
});

const lossAllowed: Definition = {
  id: 'loss-within-limit',
  about: 'A move of service now would lose no more than `streams.loss-limit` allows.',
  severity: 'warning',
  scope: 'pair',
  everyMs: 15_000,
  timeoutMs: PACE.quick.timeoutMs,
  remedy: 'See `dualtone status`: run `dualtone replicate`, or `dualtone merge run` on the main.',
  try: (around) =>
    withAgent(around, ({ streams: { loss } }) => {
      if (loss === null) return notApplicable('nothing follows');
      return loss.exceedsLimit ? failed(loss.text) : passed(loss.text);
    }),
};

const replicatorRuns: Definition = {
  id: 'replicator-runs',
  about: 'The process that copies runs.',
  severity: 'warning',
  scope: 'node',
  everyMs: 15_000,
  timeoutMs: PACE.quick.timeoutMs,
  remedy: 'The agent starts it again by itself; see `dualtone journal` for why it ended.',
  try: (around) => {
    if (!isCopying(around.config)) return Promise.resolve(notApplicable('nothing is copied'));
    return withAgent(around, ({ streams: { trouble } }) => (trouble === null ? passed('it runs') : failed(trouble)));
  },
};

/** What goes by SSH from the main. */
const usesSsh = (config: Config): boolean => sendsFiles(config) || tunnelForwards(config).length > 0;

const forMain = (config: Config, wanted: boolean, why: string): Said | null => {
  if (!wanted) return notApplicable(why);
  return config.node.role === 'main' ? null : notApplicable('the main connects');
};

const sshPort: Definition = {
  id: 'ssh-port-open',
  about: "From the main, the standby's SSH answers.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Open TCP port 22 (`streams.ssh.port`) from main to standby, and see that sshd runs there.',
  try: async ({ config }, signal) => {
    const not = forMain(config, usesSsh(config), 'nothing goes by SSH');
    if (not !== null) return not;
    const { address, port, controlPath } = filesTarget(config);
    // Each greeting starts programs there.
    if (controlPath !== null && (await connectionStands(controlPath))) return passed('a connection stands');
    const greeted = await connectOnce({ address, port, wantsGreeting: true }, signal);
    if (!greeted.ok) return failedBy(greeted.error);
    const banner = greeted.value.toString('latin1').split('\n')[0]?.trim() ?? '';
    return banner.startsWith('SSH-') ? passed(banner) : failed(`${address} port ${port} is not SSH: it says ${banner}`);
  },
};

const sshAccess: Definition = {
  id: 'ssh-lets-in',
  about: "The standby lets the main's key in for replication, and its host key is pinned.",
  severity: 'warning',
  scope: 'pair',
  // Each login starts a dozen programs there.
  everyMs: 30 * 60_000,
  // A busy server takes long to log anybody in.
  timeoutMs: 65_000,
  remedy: 'Run `dualtone sync init` on the main.',
  try: async ({ config }) => {
    const not = forMain(config, usesSsh(config), 'nothing goes by SSH');
    if (not !== null) return not;
    const target = sshTarget(config);
    const pinned = pinnedKeys(target.knownHostsFile, target.hostAlias);
    if (!pinned.ok || pinned.value.length === 0) return failed("the standby's host key is not pinned");
    const works = await checkKey(target);
    return works.ok ? passed(`${target.user}@${target.address} lets it in`) : failedBy(works.error);
  },
};

/** What asks PostgreSQL whether it speaks TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const databasePort: Definition = {
  id: 'database-port-open',
  about: "From the main, the standby's PostgreSQL answers, encrypted, and its certificate is known.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Open TCP port 5432 from main to standby, and run `dualtone database setup` on the standby.',
  try: async ({ config }, signal) => {
    const { database } = config.streams;
    const not = forMain(config, database.mode !== 'off' && database.via === 'tls', 'no database goes that way');
    if (not !== null) return not;
    const { address } = config.peer;
    const place = { address, port: database.port, send: SSL_REQUEST, wantsGreeting: true };
    const answered = await connectOnce(place, signal);
    if (!answered.ok) return failedBy(answered.error);
    if (answered.value[0] !== 0x53) return failed(`${address} port ${database.port} does not offer TLS`);
    if (!existsSync(database.caFile ?? pinnedCertificatePath(config)))
      return failed('its certificate is not known yet', 'It comes by itself once both agents are connected.');
    return passed(`${address} port ${database.port} offers TLS`);
  },
};

const certificatesValid: Definition = {
  id: 'certificates-valid',
  about: "The certificate by which the other node's PostgreSQL is known is valid for two weeks more.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.rare,
  remedy: 'Make PostgreSQL there a new certificate (ssl_cert_file), and reload it; a pinned one is learnt by itself.',
  try: async ({ config, clock }) => {
    const { database } = config.streams;
    if (database.mode === 'off' || database.via !== 'tls') return notApplicable('no database goes by TLS');
    const path = database.caFile ?? pinnedCertificatePath(config);
    return existsSync(path) ? judgeCertificate(path, clock.wall()) : notApplicable('none is known here');
  },
};

const OLDEST_MAJOR = 13;

/** A program that was upgraded brings its functions in the database with it only when somebody sets it up again. */
const setUpIsOld = async (opened: Database, role: string): Promise<Said | null> => {
  const { SCHEMA_COMMENT, schemaStanding } = await import('../../replication/postgres/setup/schema-sql.ts');
  const rows = await opened.query<{ readonly comment: string | null }>(SCHEMA_COMMENT);
  if (!rows.ok) return failedBy(rows.error);
  return judgeSetUp(schemaStanding(rows.value[0]?.comment ?? null, role));
};

/** Null: nothing is wrong with it. */
export const judgeSetUp = (standing: SchemaStanding): Said | null => {
  const remedy = 'Run `dualtone database setup` on this node.';
  if (standing === 'missing') return failed("the schema `dualtone` with the database's guard is not there", remedy);
  if (standing === 'other-version') return failed('the schema `dualtone` is of another version of Dualtone', remedy);
  return null;
};

const localState = async ({ config }: Around, signal: AbortSignal): Promise<Said> => {
  const { database } = config.streams;
  const password = readSecret(database.passwordFile);
  if (!password.ok) return failedBy(password.error);
  const { connectDatabase } = await import('../../replication/postgres/connection.ts');
  const opened = await connectDatabase({ ...localDatabase(config, password.value), statementMs: 5000 }, signal);
  if (!opened.ok) return failedBy(opened.error);
  try {
    const facts = await readDatabaseFacts(opened.value);
    if (!facts.ok) return failedBy(facts.error);
    const { version = '', recovery, 'wal level': walLevel, encoding = '' } = facts.value;
    if (opened.value.major < OLDEST_MAJOR)
      return failed(`PostgreSQL ${version} is older than ${OLDEST_MAJOR}`, 'Upgrade PostgreSQL.');
    if (recovery === 'true') return failed('it is itself recovering from another server', 'Promote it.');
    if (database.mode === 'continuous' && config.node.role === 'main' && walLevel !== 'logical')
      return failed(
        `wal_level is ${walLevel}, and changes cannot follow one by one`,
        'Run `dualtone database setup`, then `dualtone database restart` at a quiet time.',
      );
    return (await setUpIsOld(opened.value, database.user)) ?? passed(`PostgreSQL ${version}, ${encoding}`);
  } finally {
    await opened.value.close();
  }
};

const databaseReady: Definition = {
  id: 'database-ready',
  about:
    "This node's PostgreSQL lets Dualtone's role in, is set up by this version, takes changes, and can send them where they follow one by one.",
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Run `dualtone database setup`; `dualtone database status` tells what is missing.',
  try: async (around, signal) =>
    around.config.streams.database.mode === 'off' ? notApplicable('no database follows') : localState(around, signal),
};

const databasesAgree: Definition = {
  id: 'databases-agree',
  about: 'Both databases have the same encoding and locale, and the same version of PostgreSQL.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy:
    'Make the database of the standby again with the encoding and locale of the main; upgrade the older PostgreSQL.',
  try: async (around, signal) => {
    const { config, peer } = around;
    const { database } = config.streams;
    if (database.mode === 'off') return notApplicable('no database follows');
    const password = readSecret(database.passwordFile);
    if (!password.ok) return unknown(password.error.message);
    const there = await peer.facts();
    if (!there.ok) return unknown(there.error.message);
    if (there.value.database === null) return unknown('the other node does not tell of its database now');
    const { connectDatabase } = await import('../../replication/postgres/connection.ts');
    const opened = await connectDatabase({ ...localDatabase(config, password.value), statementMs: 5000 }, signal);
    if (!opened.ok) return unknown(opened.error.message);
    const here = await readDatabaseFacts(opened.value);
    await opened.value.close();
    if (!here.ok) return unknown(here.error.message);
    return compareDatabases(here.value, there.value.database);
  },
};

/** Of the version only the first number counts. */
const majorOf = (version: string | undefined): string => (version ?? '').split('.')[0] ?? '';

export const compareDatabases = (
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Said => {
  const differing = ['encoding', 'collate', 'ctype'].filter((key) => here[key] !== there[key]);
  const texts = differing.map((key) => `${key} is ${here[key]} here and ${there[key]} there`);
  if (majorOf(here['version']) !== majorOf(there['version']))
    texts.push(`PostgreSQL ${here['version']} here and ${there['version']} there`);
  return texts.length === 0
    ? passed(`${here['encoding']}, ${here['collate']}, ${here['version']}`)
    : failed(texts.join('; '));
};

export const replicationChecks: readonly Definition[] = [
  replicatorRuns,
  ...(['astdb', 'database', 'mysql', 'files', 'voicemail', 'collected'] as const).map(streamCheck),
  lossAllowed,
  sshPort,
  sshAccess,
  databasePort,
  certificatesValid,
  databaseReady,
  databasesAgree,
];
