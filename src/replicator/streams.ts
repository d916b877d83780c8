/** The streams of this node, from its configuration. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import type { FilesDirectory } from '../replication/files/copy.ts';
import { endReceivers } from '../replication/files/receivers.ts';
import { createFilesStream } from '../replication/files/stream.ts';
import type { Stream, StreamReporter, StreamRight } from '../replication/stream.ts';
import type { Talk } from '../replication/talk.ts';
import { rsyncExcludes } from '../replication/voicemail/voicemail.ts';
import { createTunnel } from '../ssh/tunnel.ts';
import { databaseRules, localDatabase, peerDatabase, readSecret, sshTarget, tunnelForwards } from './access.ts';
import { createContinuousStream } from './continuous-stream.ts';
import { createDatabaseGuard } from './guard.ts';
import { followCertificate } from './peer-certificate.ts';
import type { Term } from './protocol.ts';
import { createSnapshotStream } from './snapshot-stream.ts';

export interface Streams {
  readonly all: readonly Stream[];
  setRight(right: StreamRight, terms: readonly Term[]): void;
  stop(): Promise<void>;
}

const filesOf = (
  config: Config,
  name: string,
  directories: readonly FilesDirectory[],
  exclude: readonly string[],
  clock: Clock,
  reporter: StreamReporter,
): Stream => {
  const { files } = config.streams;
  return createFilesStream({
    name,
    role: config.node.role,
    target: sshTarget(config),
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

const snapshotsOf = (config: Config, talk: Talk, clock: Clock, reporter: StreamReporter): Stream => {
  const { database } = config.streams;
  const learn = followCertificate(config, talk, reporter);
  const access = async () => {
    await learn();
    const password = readSecret(database.passwordFile);
    if (!password.ok) return password;
    const target = peerDatabase(config, password.value);
    return target.ok ? ok({ source: localDatabase(config, password.value), target: target.value }) : target;
  };
  return createSnapshotStream({
    isMain: config.node.role === 'main',
    access,
    schema: database.schema,
    rules: databaseRules(config),
    timeLimitMs: database.timeLimitMs,
    schedule: database.schedule,
    stateDir: config.stateDir,
    clock,
    reporter,
    // The other side says itself what it reloaded; here it is enough that it was told.
    onChanged: ({ changes }) => void talk.ask('changed', { tables: changes.map(({ table }) => table) }, 10_000),
  });
};

const databaseOf = (config: Config, talk: Talk, clock: Clock, reporter: StreamReporter): Stream =>
  config.streams.database.mode === 'continuous'
    ? createContinuousStream({ config, talk, clock, reporter, learn: followCertificate(config, talk, reporter) })
    : snapshotsOf(config, talk, clock, reporter);

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

/** The main opens SSH, and keeps it open, where anything goes through it. */
const tunnelOf = (config: Config, clock: Clock, reporter: StreamReporter) => {
  const forwards = tunnelForwards(config);
  if (config.node.role !== 'main' || forwards.length === 0) return null;
  let told = '';
  const tunnel = createTunnel({
    target: sshTarget(config),
    forwards,
    clock,
    onChange: () => {
      const trouble = tunnel.trouble();
      const code = trouble?.code ?? '';
      if (trouble !== null && code !== told) reporter.say('warning', code, `${trouble.message} ${trouble.remedy}`);
      told = code;
    },
  });
  const started: Result<void> = tunnel.start();
  if (!started.ok) reporter.say('alarm', started.error.code, started.error.message);
  return tunnel;
};

/** Builds the streams that are configured, and begins to guard what is received. */
export const createStreams = (config: Config, talk: Talk, clock: Clock, reporter: StreamReporter): Streams => {
  const { database, files, voicemail, collected } = config.streams;
  const follows = (path: string): FilesDirectory => ({ path, deletions: true });
  const guard = database.mode === 'off' ? null : guardOf(config, clock, reporter);
  const tunnel = tunnelOf(config, clock, reporter);
  const all: readonly Stream[] = [
    ...(database.mode === 'off' ? [] : [databaseOf(config, talk, clock, reporter)]),
    ...(files.enabled
      ? [filesOf(config, 'files', files.directories.map(follows), files.exclude, clock, reporter)]
      : []),
    ...(voicemail.enabled
      ? [filesOf(config, 'voicemail', [follows(voicemail.directory)], rsyncExcludes, clock, reporter)]
      : []),
    ...(collected.length > 0 ? [filesOf(config, 'collected', collected.map(follows), [], clock, reporter)] : []),
  ];
  return {
    all,
    setRight: (right, terms) => {
      // Who serves takes nothing in, from this moment on.
      if (right.holding > 0) void endReceivers(config.runDir);
      guard?.set(right, terms);
      for (const stream of all) stream.setRight(right);
    },
    stop: async () => {
      await Promise.all([...all.map((stream) => stream.stop()), guard?.stop(), tunnel?.stop()]);
    },
  };
};
