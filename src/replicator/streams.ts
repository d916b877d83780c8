/** The streams of this node, from its configuration. */
import type { Config } from '../config/config.ts';
import { ok } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import { filesTarget, localDatabase, readSecret } from '../replication/access.ts';
import type { FilesDirectory } from '../replication/files/copy.ts';
import { keptBelow, keptPatterns } from '../replication/files/kept.ts';
import { endReceivers } from '../replication/files/receivers.ts';
import { createFilesStream, type FilesStreamOptions } from '../replication/files/stream.ts';
import type { Stream, StreamReporter, StreamRight } from '../replication/stream.ts';
import type { Talk } from '../replication/talk.ts';
import { rsyncExcludes } from '../replication/voicemail/voicemail.ts';
import { createDatabaseStream } from './database/database-stream.ts';
import { createDatabaseGuard } from './database/guard.ts';
import { createMysqlStream, type MysqlStream } from './mysql/stream.ts';
import type { PeerWay } from './peer-way.ts';
import type { Term } from './protocol.ts';
import { createChangeTeller } from './reload/change-teller.ts';

export interface Streams {
  readonly all: readonly Stream[];
  /** Null: it does not follow. */
  readonly mysql: MysqlStream | null;
  setRight(right: StreamRight, terms: readonly Term[]): void;
  stop(): Promise<void>;
}

interface FilesMore {
  readonly watched?: NonNullable<FilesStreamOptions['watched']>;
  readonly counts?: NonNullable<FilesStreamOptions['counts']>;
}

const filesOf = (
  config: Config,
  name: string,
  directories: readonly FilesDirectory[],
  exclude: readonly string[],
  clock: Clock,
  reporter: StreamReporter,
  more: FilesMore = {},
): Stream => {
  const { files } = config.streams;
  return createFilesStream({
    ...more,
    name,
    role: config.node.role,
    target: filesTarget(config),
    directories,
    exclude,
    onChange: files.onChange,
    settleMs: files.settleMs,
    schedule: files.schedule,
    bandwidthKbps: files.bandwidthKbps,
    timeLimitMs: files.timeLimitMs,
    stateDir: config.stateDir,
    clock,
    reporter,
  });
};

const guardOf = (config: Config, clock: Clock, reporter: StreamReporter) =>
  createDatabaseGuard({
    collects: config.node.role === 'standby',
    access: () => {
      const password = readSecret(config.streams.database.passwordFile);
      return password.ok ? ok(localDatabase(config, password.value)) : password;
    },
    clock,
    reporter,
  });

/** Builds the streams that are configured, and begins to guard what is received. */
export const createStreams = (
  config: Config,
  talk: Talk,
  way: PeerWay,
  clock: Clock,
  reporter: StreamReporter,
): Streams => {
  const { database, files, voicemail, collected, keepPaths } = config.streams;
  const mysql = config.streams.mysql.enabled ? createMysqlStream({ config, talk, way, clock, reporter }) : null;
  const follows = (path: string): FilesDirectory => ({ path, deletions: true });
  const comesHome = (path: string): FilesDirectory => ({
    ...follows(path),
    exclude: keptPatterns(keptBelow(keepPaths, path)),
  });
  const guard = database.mode === 'off' ? null : guardOf(config, clock, reporter);
  const teller = createChangeTeller(talk, clock);
  const watched = {
    patterns: files.reload.flatMap(({ paths }) => paths),
    onChanged: (paths: readonly string[]) => teller.tell({ files: paths }),
  };
  const messages = { counts: 'messages' } as const;
  const all: readonly Stream[] = [
    ...(database.mode === 'off' ? [] : [createDatabaseStream({ config, talk, way, teller, clock, reporter })]),
    ...(mysql === null ? [] : [mysql.stream]),
    ...(files.enabled
      ? [filesOf(config, 'files', files.directories.map(follows), files.exclude, clock, reporter, { watched })]
      : []),
    ...(voicemail.enabled
      ? [filesOf(config, 'voicemail', [follows(voicemail.directory)], rsyncExcludes, clock, reporter, messages)]
      : []),
    ...(collected.length > 0 ? [filesOf(config, 'collected', collected.map(comesHome), [], clock, reporter)] : []),
  ];
  return {
    all,
    mysql,
    setRight: (right, terms) => {
      // Who serves takes nothing in, from this moment on.
      if (right.holding > 0) void endReceivers(config.runDir);
      guard?.set(right, terms);
      mysql?.setRight(right, terms);
      for (const stream of all) stream.setRight(right);
    },
    stop: async () => {
      teller.stop();
      await Promise.all([...all.map((stream) => stream.stop()), guard?.stop()]);
    },
  };
};
