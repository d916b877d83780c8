/** What takes part in this main's merges, by its configuration. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { databaseRules, filesTarget, localDatabase, peerDatabase, readSecret } from '../../replication/access.ts';
import { createFilesPart } from '../../replication/files/merge/part.ts';
import {
  createStandbySources,
  mirrorDirectory,
  type PullOptions,
  pullDirectory,
} from '../../replication/files/merge/pull.ts';
import { createEventsPart, EVENTS_DEFAULTS } from '../../replication/merge/events/part.ts';
import type { MergePart } from '../../replication/merge/part.ts';
import { createConfigurationPart } from '../../replication/merge/rows/configuration-part.ts';
import { createStatusPart } from '../../replication/merge/rows/status-part.ts';
import type { Connect } from '../../replication/merge/session.ts';
import { createVoicemailPart } from '../../replication/merge/voicemail-part.ts';
import type { MysqlNode } from '../../replication/mysql/node.ts';
import { connectDatabase, type DatabaseAccess } from '../../replication/postgres/connection.ts';
import type { Talk } from '../../replication/talk.ts';
import { createLock } from '../../replication/voicemail/lock.ts';
import { decodeManifest, emptyManifest, type Manifest } from '../../replication/voicemail/manifest.ts';
import { copyIn, rsyncExcludes } from '../../replication/voicemail/voicemail.ts';
import { createMysqlPart } from '../mysql/merge-part.ts';
import type { PeerWay } from '../peer-way.ts';
import { VOICEMAIL_LIST } from './collected.ts';
import type { Mailboxes } from './mailboxes.ts';

const connectTo =
  (access: () => Result<DatabaseAccess>, open: () => Promise<Result<void>>): Connect =>
  async (signal) => {
    const found = access();
    if (!found.ok) return found;
    const way = await open();
    return way.ok ? connectDatabase(found.value, signal) : way;
  };

const databaseParts = (config: Config, { way }: PartsAround): readonly MergePart[] => {
  const { database } = config.streams;
  const rules = databaseRules(config);
  const withPassword = (access: (password: string) => Result<DatabaseAccess>) => () => {
    const password = readSecret(database.passwordFile);
    return password.ok ? access(password.value) : password;
  };
  const here = withPassword((password) => ok(localDatabase(config, password)));
  const there = withPassword((password) => peerDatabase(config, password));
  const connectHere = connectTo(here, async () => ok(undefined));
  const connectThere = connectTo(there, () => way.toDatabase());
  const changes = { connectHere, connectThere, schema: database.schema, rules };
  return [
    createConfigurationPart(changes),
    createStatusPart(changes),
    createEventsPart({
      ...EVENTS_DEFAULTS,
      connectHere,
      connectThere,
      schema: database.schema,
      events: rules.events,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      now: () => Date.now(),
    }),
  ];
};

/** How long the standby may take to list what is in its directories. */
const LIST_MS = 120_000;
const ASK_MS = 15_000;
/** Silence of rsync at the standby. */
const SILENCE_MS = 30_000;

export interface PartsAround {
  readonly talk: Talk;
  readonly way: PeerWay;
  readonly mailboxes: Mailboxes;
  /** Null: it does not follow. */
  readonly mysql: MysqlNode | null;
}

const pullOf = (config: Config, exclude: readonly string[]): PullOptions => ({
  target: filesTarget(config),
  exclude,
  bandwidthKbps: config.streams.files.bandwidthKbps,
  silenceMs: SILENCE_MS,
  timeLimitMs: config.streams.files.timeLimitMs,
});

const odd = () =>
  fail('peer-bad-answer', 'The standby said something odd of its lists.', 'Run the same version on both nodes.');

/** Asks the standby where its lists are, written afresh with `now`. */
const askLists =
  ({ talk }: PartsAround) =>
  async (now: boolean): Promise<Result<string>> => {
    const asked = await talk.ask('collected-lists', { now }, LIST_MS);
    if (!asked.ok) return asked;
    const { value } = asked;
    return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string'
      ? ok(value.path)
      : odd();
  };

const quiet = (signal: AbortSignal) => ({ signal, onProgress: () => undefined });

/** What lay in the standby's spool when it began to serve; where it does not know, nothing counts as deleted. */
const fetchAncestor = async (config: Config, around: PartsAround, signal: AbortSignal): Promise<Result<Manifest>> => {
  const lists = await askLists(around)(false);
  if (!lists.ok) return lists;
  const work = join(config.stateDir, 'merges', '.voicemail-lists');
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const fetched = await pullDirectory(pullOf(config, []), lists.value, work, null, quiet(signal));
  if (!fetched.ok) return fetched;
  const file = join(work, VOICEMAIL_LIST);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : null;
  rmSync(work, { recursive: true, force: true });
  return text === null ? ok(emptyManifest) : decodeManifest(text);
};

const askRecording = async ({ talk }: PartsAround): Promise<Result<number>> => {
  const asked = await talk.ask('collected-recording', null, ASK_MS);
  if (!asked.ok) return asked;
  return typeof asked.value === 'number' ? ok(asked.value) : odd();
};

const voicemailPart = (config: Config, around: PartsAround): MergePart => {
  const { directory, locks } = config.streams.voicemail;
  const copy = copyIn(directory);
  return createVoicemailPart({
    spool: directory,
    copy,
    fetch: (limits) => mirrorDirectory(pullOf(config, rsyncExcludes), directory, copy, directory, limits),
    ancestor: (signal) => fetchAncestor(config, around, signal),
    recording: () => askRecording(around),
    lock: createLock({ mode: locks }),
    mailboxes: () => around.mailboxes.now(),
    refresh: around.mailboxes.refresh,
  });
};

const filesPart = (config: Config, around: PartsAround): MergePart =>
  createFilesPart(
    { directories: config.streams.collected, kept: config.streams.keepPaths },
    createStandbySources({
      ...pullOf(config, []),
      kept: config.streams.keepPaths,
      lists: askLists(around),
      work: join(config.stateDir, 'merges', '.files-lists'),
    }),
  );

/** In the order in which they run. */
export const mergeParts = (config: Config, around: PartsAround): readonly MergePart[] => {
  const { database, voicemail, collected } = config.streams;
  return [
    ...(database.mode === 'off' ? [] : databaseParts(config, around)),
    ...(around.mysql === null ? [] : [createMysqlPart(around.mysql)]),
    ...(voicemail.enabled ? [voicemailPart(config, around)] : []),
    ...(collected.length > 0 ? [filesPart(config, around)] : []),
  ];
};
