/** `dualtone checkpoint`: an outside voter as a process of its own. */
import { type ApiServer, type ApiSource, openApiServer } from '../api/server.ts';
import { type CheckpointSnapshot, SNAPSHOT_VERSION } from '../api/snapshot.ts';
import { checkDirectories, notesOnDirectories } from '../checks/preflight.ts';
import { type CheckpointConfig, controlSocketPath, isAlarming, journalPath } from '../config/config.ts';
import { type CheckpointState, decideCheckpoint, startCheckpoint } from '../core/arbiter/checkpoint.ts';
import { inForce } from '../core/in-force.ts';
import type { Message, Status } from '../core/message.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { longestPromiseMs } from '../core/settings.ts';
import type { Instant, Role } from '../core/words.ts';
import { createJournal, type WrittenJournal } from '../journal/journal.ts';
import { createStateStore, readBootId } from '../journal/state-store.ts';
import { createStderrNotifier } from '../notify/stderr.ts';
import type { PairKey } from '../peer/key.ts';
import { createPeerLink, type DatagramLink } from '../peer/link.ts';
import { explainRefusal, type RefusalReason } from '../peer/refusals.ts';
import type { Clock, Notifier, StateStore } from '../ports.ts';
import { systemClock } from '../time/clock.ts';
import { createAudit } from './audit.ts';
import { checkpointFactsOf } from './beside/alarm-facts.ts';
import { createAlarmTeller, toldBy } from './beside/alarms.ts';
import { checkpointKeys } from './keys.ts';
import { createMemoryKeeper } from './memory-keeper.ts';
import { beFirst } from './priority.ts';
import { createSystemNotify } from './system-notify.ts';
import { untilEnded } from './until-ended.ts';
import { createVitalSigns, type VitalSigns } from './vital-signs.ts';

interface Parts {
  readonly config: CheckpointConfig;
  readonly program: string;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly link: DatagramLink;
  readonly journal: WrittenJournal;
  readonly notifier: Notifier;
}

const isRole = (name: string): name is Role => name === 'main' || name === 'standby';

/** Changes of what is worth an entry: who has the promise, and who claims to serve. */
const summaryOf = (state: CheckpointState): Readonly<Record<string, string | number>> => ({
  promisedTo: state.boot.promise?.holder ?? 'nobody',
  epoch: state.boot.promise?.epoch ?? 0,
  ordersRevision: inForce(state.disk.orders).revision,
});

const heardView = (heard: { readonly at: Instant; readonly status: Status } | null, now: Instant) => ({
  msAgo: heard === null ? null : Math.round(now - heard.at),
  holding: heard?.status.holding ?? 0,
  well: heard?.status.well ?? null,
});

const projectCheckpoint = (
  parts: Parts,
  state: CheckpointState,
  vital: VitalSigns,
  trouble: string | null,
): CheckpointSnapshot => {
  const { config, clock, journal, link } = parts;
  const now = clock.now();
  const { promise } = state.boot;
  const heard = { main: heardView(state.heardMain, now), standby: heardView(state.heardStandby, now) };
  const missing = (['main', 'standby'] as const).filter((role) => (heard[role].msAgo ?? 1e9) > config.timing.promiseMs);
  const live = promise !== null && promise.until > now ? promise : null;
  return {
    kind: 'checkpoint',
    version: SNAPSHOT_VERSION,
    program: parts.program,
    wall: clock.wall(),
    name: config.name,
    headline: {
      level: missing.length === 0 ? 'good' : 'warning',
      who:
        live === null
          ? `checkpoint ${config.name} has promised its vote to nobody`
          : `checkpoint ${config.name} votes for the ${live.holder}`,
      ready: missing.length === 0 ? 'it hears both nodes' : `it does not hear the ${missing.join(' and the ')}`,
    },
    promise: live === null ? null : { holder: live.holder, epoch: live.epoch, leftMs: Math.round(live.until - now) },
    highest: state.boot.highest,
    silentMs: Math.max(0, Math.round(state.boot.silentUntil - now)),
    heard,
    journal: { path: journalPath(config), trouble: journal.trouble() },
    agent: vital.health(trouble, link.refused()),
  };
};

type Say = (level: 'info' | 'warning' | 'alarm', code: string, text: string) => void;

/** Answers the nodes. An answer leaves only when what it promises is kept. */
const createVoter = (parts: Parts) => {
  const { config, clock, store, link, journal, notifier } = parts;
  const { timing } = config;
  const vital = createVitalSigns(clock, timing.promiseMs / 6);
  const listeners = new Set<() => void>();
  const { boot, disk, notes } = store.load();
  let state = startCheckpoint(boot, disk, clock.now(), timing);
  let summary = '';

  const note = (kind: string, data: unknown): void =>
    journal.append({ wall: clock.wall(), at: clock.now(), epoch: state.boot.highest, kind, reasons: [], data });
  const say: Say = (level, code, text) => {
    note('notice', { level, code, text });
    vital.noticed(clock.wall(), level, text);
    notifier.notify({ kind: 'notify', level, code, text });
  };
  const keeper = createMemoryKeeper(store, say);
  const onMessage = (from: string, message: Message): void => {
    if (!isRole(from)) return;
    const before = state;
    const decision = decideCheckpoint(state, from, message, clock.now(), timing);
    state = decision.state;
    keeper.keep(before, state, clock.now());
    if (keeper.bootTrouble() === null) for (const { to, message: answer } of decision.sends) link.send(to, answer);
    const seen = JSON.stringify(summaryOf(state));
    if (seen !== summary) note('vote', summaryOf(state));
    summary = seen;
    for (const listener of listeners) listener();
  };
  link.onMessage(onMessage);
  link.onRefused((reason, from) => {
    const { code, message, remedy } = explainRefusal(reason as RefusalReason, from);
    say('warning', code, `${message}: ${remedy}.`);
  });
  const snapshot = (): CheckpointSnapshot => projectCheckpoint(parts, state, vital, keeper.trouble());
  const source: ApiSource = {
    snapshot,
    command: async () => ({
      ok: false,
      code: 'not-a-node',
      text: 'This is a checkpoint: it votes and does nothing else.',
      remedy: 'give the command on the main or the standby',
    }),
    work: async () => fail('not-a-node', 'This is a checkpoint: it copies nothing.', 'Ask the main or the standby.'),
    readJournal: (query) => journal.read(query),
    audit: createAudit(journal, clock, () => state.boot.highest),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const begin = (): void => {
    note('agent-started', { program: parts.program, name: config.name, notes });
    keeper.keep(null, state, clock.now());
  };
  return { source, snapshot, note, begin };
};

export interface CheckpointProgram {
  readonly version: string;
  /** `dualtone alarms` with the same configuration, at ordinary priority. */
  readonly alarmsArgv: readonly string[];
}

const linkOf = (config: CheckpointConfig, keys: Readonly<Record<Role, PairKey>>, clock: Clock): DatagramLink =>
  createPeerLink({
    self: config.name,
    listen: config.listen,
    peers: [
      { name: 'main', address: config.nodes.main.address, port: config.nodes.main.port, key: keys.main },
      { name: 'standby', address: config.nodes.standby.address, port: config.nodes.standby.port, key: keys.standby },
    ],
    key: keys.main,
    limits: {
      promiseMs: config.timing.promiseMs,
      coverMs: 0,
      longestPromiseMs: longestPromiseMs(config.timing),
      longestCoverMs: 0,
    },
    retryMs: 100,
    clock,
  });

/** Runs the checkpoint until SIGTERM or SIGINT. */
export const runCheckpoint = async (config: CheckpointConfig, program: CheckpointProgram): Promise<Result<void>> => {
  const checked = checkDirectories(config);
  if (!checked.ok) return checked;
  const keys = checkpointKeys(config);
  if (!keys.ok) return keys;
  const clock = systemClock;
  const stderr = createStderrNotifier(
    (line) => void process.stderr.write(line),
    process.env['JOURNAL_STREAM'] !== undefined,
  );
  const alarms = isAlarming(config) ? createAlarmTeller(program.alarmsArgv, clock, stderr) : null;
  const notifier = toldBy(stderr, alarms);
  const ended = untilEnded();
  beFirst();
  const link = linkOf(config, keys.value, clock);
  const { maxAgeMs, maxSizeBytes, memoryEntries } = config.journal;
  const journal = createJournal({ path: journalPath(config), maxAgeMs, maxSizeBytes, memoryEntries });
  journal.onNotice((text) => notifier.notify({ kind: 'notify', level: 'alarm', code: 'journal', text }));
  const store = createStateStore({ runDir: config.runDir, stateDir: config.stateDir, bootId: readBootId() });
  const voter = createVoter({ config, program: program.version, clock, store, link, journal, notifier });
  let api: ApiServer | null = null;
  const close = async (): Promise<void> => {
    await Promise.all([link.close(), api?.close(), alarms?.stop()]);
    journal.close();
  };
  const served = await openApiServer(
    { path: controlSocketPath(config), group: config.controlSocket.group },
    { ...voter.source, ...(alarms === null ? {} : { alarm: alarms.ask }) },
  );
  if (served.ok) {
    api = served.value;
    voter.begin();
  }
  const opened = served.ok ? await link.open() : served;
  if (!opened.ok) {
    await close();
    return opened;
  }
  alarms?.start({ facts: () => checkpointFactsOf(voter.snapshot()), paced: true, note: voter.note });
  for (const text of notesOnDirectories(config))
    notifier.notify({ kind: 'notify', level: 'warning', code: 'preflight', text });
  const system = createSystemNotify(clock);
  system.ready(`checkpoint ${config.name}`);
  const signal = await ended;
  system.stop();
  voter.note('agent-stopped', { why: signal });
  await close();
  return ok(undefined);
};
