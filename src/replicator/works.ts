/** What the replicator of a node consists of, from its configuration: streams, the guard of what is received, and answers to the other's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { run } from '../process/run.ts';
import { localDatabase, readSecret } from '../replication/access.ts';
import type { MergeRunOptions, Merges } from '../replication/merge/orchestrate.ts';
import { connectDatabase } from '../replication/postgres/connection.ts';
import type { RunOptions, Stream, StreamReporter, StreamRight, StreamRun } from '../replication/stream.ts';
import { createTalk, type Talk } from '../replication/talk.ts';
import { systemClock } from '../time/clock.ts';
import { createTableWatch } from './database/table-watch.ts';
import { createLosses, type Losses } from './losses/losses.ts';
import { createMailboxes } from './merge/mailboxes.ts';
import { createMerging, type Merging } from './merge/merging.ts';
import { performMysql } from './mysql/works.ts';
import { createPeerWay, type PeerWay } from './peer-way.ts';
import type { FromReplicator, Term, ToReplicator, Work } from './protocol.ts';
import { createReload, type Reload, type ReloadRule } from './reload/reload.ts';
import { createStreams, type Streams } from './streams.ts';
import { answerSync, initSync } from './sync/init.ts';
import { answerRemoval, askByAgents, type RemoveOptions, removeSync, type SyncRemoved } from './sync/remove.ts';

export interface ReplicatorWorks {
  start(): void;
  take(message: ToReplicator): void;
  stop(): Promise<void>;
}

/** How often the agent is told how the streams are. */
const STATUS_MS = 500;

interface Peer {
  readonly talk: Talk;
  heard(message: unknown): void;
  connected(): void;
}

/** The other node's replicator, through both agents. */
const createPeer = (say: (message: FromReplicator) => void): Peer => {
  let onMessage: (message: unknown) => void = () => undefined;
  let onConnected = (): void => undefined;
  const talk = createTalk(
    {
      send: (message) => {
        say({ type: 'peer', message });
        return true;
      },
      onMessage: (listener) => {
        onMessage = listener;
      },
      onConnected: (listener) => {
        onConnected = listener;
      },
    },
    systemClock,
  );
  return { talk, heard: (message) => onMessage(message), connected: () => onConnected() };
};

const noSuch = (name: string, names: readonly string[]) =>
  fail(
    'stream-unknown',
    `There is no stream "${name}" that can be run on this node.`,
    names.length === 0 ? 'No stream here has runs; see `dualtone status`.' : `There are: ${names.join(', ')}.`,
  );

/** Who failed alike is named together. */
const failedTexts = (failed: readonly (readonly [name: string, fault: Fault])[]): string =>
  [...Map.groupBy(failed, ([, { message }]) => message)]
    .map(([message, alike]) => `${alike.map(([name]) => name).join(', ')}: ${message.replace(/\.$/, '')}.`)
    .join(' ');

/** What failed of several, with what the others did. */
const notAll = (runs: readonly StreamRun[], failed: readonly (readonly [name: string, fault: Fault])[]) => {
  const [first, ...more] = failed;
  if (first === undefined) return ok(runs);
  const isPassive = failed.every(([, { code }]) => code.endsWith('-not-sending'));
  if (runs.length === 0 && (more.length === 0 || isPassive)) return { ok: false, error: first[1] } as const;
  const remedies = [...new Set(failed.map(([, { remedy }]) => remedy))];
  const rest = runs.length === 0 ? 'No stream was copied.' : 'The others were copied.';
  const fault = fail('streams-not-all', `${failedTexts(failed)} ${rest}`, remedies.join(' '));
  return { ok: false, error: { ...fault.error, runs } } as const;
};

/** Runs one stream, or all that have runs, one after the other: one that fails keeps no other from its turn. */
export const replicate = async (
  streams: readonly Pick<Stream, 'name' | 'run'>[],
  name: string | null,
  options: RunOptions,
): Promise<Result<unknown>> => {
  const able = streams.filter(({ run }) => run !== null);
  const chosen = able.filter((stream) => name === null || stream.name === name);
  if (chosen.length === 0)
    return noSuch(
      name ?? 'all',
      able.map((stream) => stream.name),
    );
  const runs: StreamRun[] = [];
  const failed: [string, Fault][] = [];
  for (const stream of chosen) {
    if (options.signal.aborted) break;
    const done = await stream.run?.(options);
    if (done === undefined) continue;
    if (done.ok) runs.push(done.value);
    else failed.push([stream.name, done.error]);
  }
  return notAll(runs, failed);
};

const notHere = () =>
  fail('merge-not-here', 'What the standby collected is merged by the main.', 'Give the command on the main.');

interface Inner {
  readonly config: Config;
  readonly say: (message: FromReplicator) => void;
  readonly reporter: StreamReporter;
  readonly peer: Peer;
  readonly way: PeerWay;
  readonly streams: Streams;
  readonly merging: Merging;
  readonly losses: Losses;
  readonly cancelById: Map<string, AbortController>;
}

type MergeWork = Extract<Work, { name: `merge-${string}` }>;

/** Decisions are about what a person has seen: a report, or a preview. */
const runMerge = async (
  merges: Merges,
  { configuration, accept, refuse }: Extract<Work, { name: 'merge-run' }>,
  options: RunOptions,
): Promise<Result<unknown>> => {
  const decided = [...accept.map((id) => [id, 'accept'] as const), ...refuse.map((id) => [id, 'refuse'] as const)];
  const run: MergeRunOptions = { ...options, decisions: { all: configuration, byId: Object.fromEntries(decided) } };
  const known = decided.length === 0 ? ok(null) : await merges.knows([...accept, ...refuse], run);
  return known.ok ? merges.run(run) : known;
};

const AGAIN_MS = 250;

/** A person waits for a merge that is under way by itself, as long as it takes; Ctrl-C ends the waiting. */
const whenFree = async (work: () => Promise<Result<unknown>>, { signal }: RunOptions): Promise<Result<unknown>> => {
  for (;;) {
    const done = await work();
    if (done.ok || done.error.code !== 'merge-running' || signal.aborted) return done;
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
};

const performMerge = async (merges: Merges | null, work: MergeWork, options: RunOptions): Promise<Result<unknown>> =>
  merges === null ? notHere() : whenFree(() => mergeOnce(merges, work, options), options);

/** The last one may be of an outage before: then it says that there is more. */
const reportOf = async (merges: Merges, number: number | null, signal: AbortSignal): Promise<Result<unknown>> => {
  const report = merges.report(number);
  if (!report.ok || number !== null) return report;
  return ok({ ...report.value, hasMore: await merges.hasMore(signal) });
};

const mergeOnce = async (merges: Merges, work: MergeWork, options: RunOptions): Promise<Result<unknown>> => {
  switch (work.name) {
    case 'merge-preview':
      return merges.preview({ ...options, decisions: { all: 'ask', byId: {} } });
    case 'merge-run':
      return runMerge(merges, work, options);
    case 'merge-undo':
      return merges.undo(work.merge, options);
    case 'merge-report':
      return reportOf(merges, work.merge, options.signal);
  }
};

const noted = async (
  reporter: StreamReporter,
  kind: string,
  work: Promise<Result<unknown>>,
): Promise<Result<unknown>> => {
  const done = await work;
  reporter.note(kind, done.ok ? done.value : done.error);
  return done;
};

/** A connection that was let in before would stay: it is begun anew, and refused. */
const removeNow = async (
  config: Config,
  { talk }: Peer,
  way: PeerWay,
  wanted: RemoveOptions,
): Promise<Result<SyncRemoved>> => {
  const removed = await removeSync(config, askByAgents(talk), wanted);
  if (removed.ok && !wanted.preview) way.renew();
  return removed;
};

const perform = (
  { config, reporter, peer, way, streams, merging, losses }: Inner,
  work: Work,
  options: RunOptions,
): Promise<Result<unknown>> => {
  switch (work.name) {
    case 'replicate':
      return replicate(streams.all, work.stream, options);
    case 'sync-init':
      return initSync(config, peer.talk, way, reporter);
    case 'sync-remove':
      return noted(reporter, 'sync-remove', removeNow(config, peer, way, work));
    case 'merge-preview':
    case 'merge-run':
    case 'merge-undo':
    case 'merge-report':
      return performMerge(merging.merges, work, options);
    case 'loss':
      return losses.tell(options.signal);
    case 'mysql':
      return performMysql(streams.mysql, work.deed, options);
  }
};

const obey = async (inner: Inner, id: string, work: Work): Promise<void> => {
  const { say, cancelById } = inner;
  const cancel = new AbortController();
  cancelById.set(id, cancel);
  const onProgress: RunOptions['onProgress'] = (progress) => say({ type: 'progress', id, progress });
  const result = await perform(inner, work, { signal: cancel.signal, onProgress });
  cancelById.delete(id);
  say({ type: 'done', id, result });
};

/** Tells the agent how the streams are, when that has changed. */
const createTeller = ({ merging, losses, say }: Inner) => {
  let cancel = (): void => undefined;
  let shown = '';
  const tell = (): void => {
    const status = { streams: losses.statuses(), merge: merging.view(), loss: losses.view() };
    const now = JSON.stringify(status);
    if (now !== shown) say({ type: 'status', ...status });
    shown = now;
    cancel = systemClock.at(systemClock.now() + STATUS_MS, tell);
  };
  return { start: tell, stop: () => cancel() };
};

/** Merges, with what they speak to. */
const mergingOf = (
  config: Config,
  { talk, way }: { readonly talk: Talk; readonly way: PeerWay },
  reporter: StreamReporter,
  say: (message: FromReplicator) => void,
  streams: Streams,
) => {
  const clock = systemClock;
  const mailboxes = createMailboxes(config, clock);
  const stopping = new AbortController();
  const onSettled = (): void => {
    // Refused until now, they would pause before they try again.
    void replicate(streams.all, null, { signal: stopping.signal, onProgress: () => undefined });
  };
  const mysql = streams.mysql?.node ?? null;
  const merging = createMerging({ config, talk, way, clock, reporter, say, mailboxes, mysql, onSettled });
  const endMerging = async (): Promise<void> => {
    stopping.abort();
    await merging.stop();
    mailboxes.stop();
  };
  return { merging, endMerging };
};

const reloadRules = ({ database, files }: Config['streams']): readonly ReloadRule[] => [
  ...(database.mode === 'off' ? [] : database.reload.map((rule) => ({ ...rule, paths: [] }))),
  ...(files.enabled ? files.reload.map((rule) => ({ ...rule, tables: [] })) : []),
];

/** The main tells of its runs; where changes follow one by one the standby looks for itself. */
const reloadOf = (
  config: Config,
  talk: Talk,
  reporter: StreamReporter,
): Pick<Reload, 'start' | 'setHolding' | 'stop'> => {
  const { mode, reload: ofTables, schema, passwordFile } = config.streams.database;
  const reload = createReload({ rules: reloadRules(config.streams), talk, run, clock: systemClock, reporter });
  if (mode !== 'continuous' || config.node.role !== 'standby' || ofTables.length === 0) return reload;
  const connect = async (signal: AbortSignal) => {
    const password = readSecret(passwordFile);
    return password.ok ? connectDatabase(localDatabase(config, password.value), signal) : password;
  };
  const onChanged = (tables: readonly string[]): void => reload.changed({ tables, files: [] });
  const watch = createTableWatch({ connect, schema, clock: systemClock, onChanged });
  return {
    start: () => {
      reload.start();
      watch.start();
    },
    setHolding: (holding) => {
      reload.setHolding(holding);
      watch.setHolding(holding);
    },
    stop: async () => {
      await Promise.all([reload.stop(), watch.stop()]);
    },
  };
};

/** Everything of one replicator; `say` reaches the agent. */
export const createReplicatorWorks = (config: Config, say: (message: FromReplicator) => void): ReplicatorWorks => {
  const reporter: StreamReporter = {
    note: (kind, data) => say({ type: 'note', kind, data }),
    say: (level, code, text) => say({ type: 'say', level, code, text }),
  };
  const peer = createPeer(say);
  const way = createPeerWay(config, systemClock, reporter);
  const streams = createStreams(config, peer.talk, way, systemClock, reporter);
  const { merging, endMerging } = mergingOf(config, { talk: peer.talk, way }, reporter, say, streams);
  const own = () => streams.all.map((stream) => stream.status());
  const losses = createLosses({ config, talk: peer.talk, clock: systemClock, own, merging });
  const reload = reloadOf(config, peer.talk, reporter);
  const inner: Inner = { config, say, reporter, peer, way, streams, merging, losses, cancelById: new Map() };
  const teller = createTeller(inner);
  let right: StreamRight = { holding: 0, highest: 0 };
  let terms: readonly Term[] = [];
  const tellAll = (): void => {
    streams.setRight(right, terms);
    merging.setRight(right, terms);
    losses.setHolding(right.holding);
    reload.setHolding(right.holding);
  };
  return {
    start: () => {
      answerSync(config, peer.talk, reporter);
      answerRemoval(config, peer.talk, reporter);
      merging.start();
      losses.start();
      reload.start();
      for (const stream of streams.all) stream.start();
      teller.start();
    },
    take: (message) => {
      switch (message.type) {
        case 'right':
          right = { holding: message.holding, highest: message.highest };
          return tellAll();
        case 'terms':
          terms = message.terms;
          return tellAll();
        case 'peer':
          return peer.heard(message.message);
        case 'peer-connected':
          return peer.connected();
        case 'work':
          return void obey(inner, message.id, message.work);
        case 'cancel':
          return inner.cancelById.get(message.id)?.abort();
      }
    },
    stop: async () => {
      teller.stop();
      await endMerging();
      losses.stop();
      for (const cancel of inner.cancelById.values()) cancel.abort();
      await Promise.all([streams.stop(), reload.stop(), way.stop()]);
      peer.talk.stop();
    },
  };
};
