/** A drill from the first question to the signed report, on the standby. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { type Config, journalPath } from '../config/config.ts';
import { type Fault, fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import { openJournalReader } from '../journal/reader.ts';
import type { LossView } from '../replicator/protocol.ts';
import type { AgentLine } from './agent-line.ts';
import { bringHome, type Course, makeDrill, type Surroundings } from './course.ts';
import { type PeerQuestions, unpacked } from './peer.ts';
import { objections } from './permit.ts';
import { createPowerDevices, mainIsBack, type PowerDesk } from './power.ts';
import type { DrillOptions, DrillRun, DrillStage } from './protocol.ts';
import { type DrillReport, idOf, type JournalPlace, REPORT_VERSION } from './report.ts';
import { type Sample, type Seen, seenBy, silenceBetween } from './samples.ts';
import type { Current, DrillStore } from './store.ts';
import { localTime } from './windows.ts';
import { targetOf, type Witness } from './witness.ts';

export interface Lead {
  readonly config: Config;
  readonly program: string;
  readonly agent: AgentLine;
  readonly peer: PeerQuestions;
  readonly store: DrillStore;
  readonly witness: () => Witness;
  readonly note: (kind: string, data: unknown) => void;
  readonly tell: (run: DrillRun) => void;
}

const MEASURE_MS: Millis = 8000;
const COLLECT_MS: Millis = 4000;
const COLLECT_TRIES = 4;
const CLOCK_TRIES = 3;
/** Longer than any drill; a witness whose leader is gone ends by itself. */
const longestMs = ({ drill }: Config): Millis => drill.stayMs + drill.limitMs + 120_000;

/** The last entry of this node's journal; nothing of it can be named where it cannot be read. */
const placeOf = (config: Config): JournalPlace => {
  const reader = openJournalReader(journalPath(config));
  const last = reader.ok ? reader.value.read({ limit: 1 }).at(-1) : undefined;
  return last === undefined ? { seq: 0, hash: '' } : { seq: last.seq, hash: last.hash };
};

const isStream = (each: unknown): each is { readonly name: string; readonly text: string } =>
  typeof each === 'object' && each !== null && 'name' in each && 'text' in each;

const askedOf = (snapshot: NodeSnapshot | null, against: readonly Fault[]): DrillReport['asked'] => {
  const readiness = snapshot?.checks?.readiness;
  const streams = [snapshot?.streams.astdb, ...(snapshot?.streams.copied ?? [])];
  return {
    readiness: readiness?.text ?? 'not known',
    reasons: readiness?.reasons ?? [],
    forecastMs: snapshot?.explanation.ifOtherOrThisDied.afterMs ?? null,
    protection: snapshot?.protection.text ?? 'not known',
    calls: snapshot?.other.calls ?? -1,
    streams: streams.filter(isStream).map(({ name, text }) => `${name}: ${text}`),
    follow: snapshot?.switches?.all.map(({ name }) => name) ?? [],
    against: against.map(({ message }) => message),
  };
};

interface Asked {
  readonly snapshot: NodeSnapshot | null;
  readonly against: readonly Fault[];
  readonly loss: LossView | null;
}

/** What stands against it, by what is known. */
const askOnce = async (lead: Lead, options: DrillOptions, by: string): Promise<Result<Asked>> => {
  const looked = await lead.agent.look();
  if (!looked.ok) return looked;
  const snapshot = looked.value;
  const loss = snapshot.streams.loss === null ? null : await lead.agent.loss('standby', by);
  const standing = { snapshot, loss, time: localTime(Date.now()) };
  return ok({ snapshot, loss, against: objections(standing, options, lead.config) });
};

/** What stands against it now: what was found wrong some time ago, as while an address moved, is tried again first. */
export const askAround = async (lead: Lead, options: DrillOptions, by: string): Promise<Result<Asked>> => {
  const known = await askOnce(lead, options, by);
  if (!known.ok || known.value.against[0]?.code !== 'drill-not-ready') return known;
  await lead.agent.check(by);
  return askOnce(lead, options, by);
};

/** How far the main's wall clock is ahead, by the quickest of some questions. */
const clockOffset = async (peer: PeerQuestions): Promise<Millis> => {
  let best = { tookMs: Number.POSITIVE_INFINITY, offsetMs: 0 };
  for (let i = 0; i < CLOCK_TRIES; i += 1) {
    const from = Date.now();
    const told = await peer.ask({ do: 'clock' }, COLLECT_MS);
    const to = Date.now();
    if (told.ok && typeof told.value === 'number' && to - from < best.tookMs)
      best = { tookMs: to - from, offsetMs: told.value - (from + to) / 2 };
  }
  return best.offsetMs;
};

const collect = async (peer: PeerQuestions): Promise<readonly Sample[] | null> => {
  const offsetMs = await clockOffset(peer);
  for (let i = 0; i < COLLECT_TRIES; i += 1) {
    const told = await peer.ask({ do: 'collect' }, COLLECT_MS);
    if (told.ok) return unpacked(told.value, offsetMs);
  }
  return null;
};

interface Making {
  readonly lead: Lead;
  readonly options: DrillOptions;
  readonly by: string;
  readonly current: Current;
  readonly stop: AbortSignal;
}

/** Written before it is done: whoever comes after a death knows. */
const noteCurrent = ({ store }: Lead, current: Current): Result<void> => {
  try {
    store.setCurrent(current);
    return ok(undefined);
  } catch (error) {
    const why = messageOf(error);
    return fail(
      'drill-not-noted',
      `Nothing was moved: the drill cannot be noted: ${why}.`,
      'See the disk of `state-dir`.',
    );
  }
};

/** What the main saw goes with its power: `kept` has it. */
const powerDeskOf = ({ lead, current }: Making, kept: Sample[]): PowerDesk | null => {
  const { config, peer, note } = lead;
  if (config.fencing === null) return null;
  return {
    ...createPowerDevices(config.fencing.levels),
    begin: async () => {
      kept.push(...((await collect(peer)) ?? []));
      note('drill', { id: current.id, step: 'power-off' });
      return noteCurrent(lead, { ...current, isMoved: true, isOff: true });
    },
    end: async () => {
      noteCurrent(lead, { ...current, isMoved: true });
      await peer.ask({ do: 'measure', forMs: longestMs(config) }, MEASURE_MS);
    },
  };
};

const surroundingsOf = (making: Making, witness: Witness, kept: Sample[]): Surroundings => {
  const { lead, by, current, options, stop } = making;
  const { config, agent, peer, tell } = lead;
  return {
    config,
    wall: Date.now,
    now: () => performance.now(),
    snapshot: agent.snapshot,
    sleep: (ms) => sleep(ms),
    order: (command) => agent.order(command, `${by} (drill ${current.id})`),
    loss: () => agent.loss('main', by),
    measure: async () => {
      witness.start(longestMs(config));
      const told = await peer.ask({ do: 'measure', forMs: longestMs(config) }, MEASURE_MS);
      return told.ok ? ok(undefined) : told;
    },
    own: witness.samples,
    silence: async (ms) => {
      const told = await peer.ask({ do: 'silence', ms }, COLLECT_MS);
      return told.ok ? ok(undefined) : told;
    },
    moving: () => {
      const noted = noteCurrent(lead, { ...current, isMoved: true });
      if (noted.ok) lead.note('drill', { id: current.id, step: 'moving', kind: options.kind });
      return noted;
    },
    power: powerDeskOf(making, kept),
    tell: (stage, text) => {
      tell({ id: current.id, kind: current.kind, by, startedAt: current.startedAt, stage, text });
      lead.note('drill', { id: current.id, step: stage, text });
    },
    stop,
  };
};

const wayMs = (seen: Seen | null, span: { readonly from: WallTime; readonly to: WallTime } | null): Millis | null =>
  seen === null || span === null || seen.slots === '' ? null : silenceBetween(seen, span.from, span.to);

const phonesOf = (
  course: Course | null,
  own: readonly Sample[],
  main: readonly Sample[] | null,
  config: Config,
): DrillReport['phones'] => {
  const { host, port } = targetOf(config);
  const isOneAddress = config.virtualIp !== null;
  const seen = own.length === 0 ? null : seenBy([own, main ?? []], isOneAddress);
  const target = isOneAddress ? `${host}:${port}` : `${config.node.address} and ${config.peer.address}, port ${port}`;
  const text =
    seen === null
      ? 'Nothing was asked.'
      : main === null
        ? 'By the standby alone: the answers that the main had are missing.'
        : 'By both nodes, each over the network while it did not serve.';
  const limitMs = config.drill.outageLimitMs;
  return {
    target,
    seen,
    text,
    limitMs,
    thereMs: wayMs(seen, course?.there ?? null),
    backMs: wayMs(seen, course?.back ?? null),
  };
};

interface Verdict {
  readonly outcome: DrillReport['outcome'];
  readonly text: string;
  readonly remedy: string;
}

/** What passed by its steps has failed where telephones had to wait for too long. */
const verdictOf = ({ outcome, text, remedy }: Course, { thereMs, backMs, limitMs }: DrillReport['phones']): Verdict => {
  const worst = Math.max(thereMs ?? 0, backMs ?? 0);
  if (outcome !== 'passed' || worst <= limitMs) return { outcome, text, remedy };
  return {
    outcome: 'failed',
    text: `${text} For ${worst / 1000} s nobody answered, and ${limitMs / 1000} s are allowed.`,
    remedy: 'See the picture and the steps of the report; `drill.outage-limit` is what is allowed.',
  };
};

const reportOf = (making: Making, asked: Asked, course: Course, phones: DrillReport['phones']): DrillReport => {
  const { lead, options, by, current } = making;
  const { config, store, program } = lead;
  const { name } = config.node;
  return {
    version: REPORT_VERSION,
    id: current.id,
    kind: options.kind,
    by,
    program,
    pair: { main: config.peer.name, standby: name },
    startedAt: current.startedAt,
    endedAt: Date.now(),
    ...verdictOf(course, phones),
    asked: askedOf(asked.snapshot, asked.against),
    loss: { there: asked.loss?.items.map(({ text }) => text) ?? [], back: course.lossBack },
    steps: course.steps,
    moved: { thereMs: course.thereMs, backMs: course.backMs },
    epochs: course.epochs,
    phones,
    former: store
      .list()
      .filter(({ kind }) => kind === options.kind)
      .slice(0, 10),
    journal: { node: name, from: current.from, to: placeOf(config) },
  };
};

/** Everything is asked, and nothing is switched. */
const dryCourse = async (
  { lead, by, options, current }: Making,
  asked: Asked,
): Promise<{ readonly asked: Asked; readonly course: Course }> => {
  const at = Date.now();
  lead.tell({
    id: current.id,
    kind: 'dry',
    by,
    startedAt: current.startedAt,
    stage: 'asking',
    text: 'Both nodes try every prerequisite.',
  });
  await lead.agent.check(by);
  // As if it were to move: what stands against that is what a dry drill is for.
  const again = await askOnce(lead, { ...options, kind: 'switchover', withCalls: true, anyTime: true }, by);
  const now = again.ok ? again.value : asked;
  const [first] = now.against;
  const verdict =
    first === undefined
      ? ({ outcome: 'passed', text: 'The standby could take over now; nothing was switched.', remedy: '' } as const)
      : ({ outcome: 'failed', text: first.message, remedy: first.remedy } as const);
  const steps = [
    { at, what: 'begun', text: 'everything was asked' },
    { at: Date.now(), what: 'ended', text: verdict.text },
  ] as const;
  const epoch = now.snapshot?.epoch ?? 0;
  const ways = { thereMs: null, backMs: null, there: null, back: null };
  return {
    asked: now,
    course: { ...verdict, ...ways, steps, lossBack: [], epochs: { before: epoch, away: null, after: null } },
  };
};

const movingCourse = async (
  making: Making,
): Promise<{ readonly course: Course; readonly phones: DrillReport['phones'] }> => {
  const { lead, options } = making;
  const witness = lead.witness();
  const kept: Sample[] = [];
  const course = await makeDrill(surroundingsOf(making, witness, kept), options);
  // The last questions are answered, or not.
  await sleep(500);
  witness.stop();
  const own = witness.samples();
  const main = own.length === 0 ? null : await collect(lead.peer);
  return { course, phones: phonesOf(course, own, main === null ? null : [...kept, ...main], lead.config) };
};

const whole = (making: Making, stage: DrillStage, text: string): void => {
  const { lead, by, current } = making;
  lead.tell({ id: current.id, kind: current.kind, by, startedAt: current.startedAt, stage, text });
};

/** Makes it; `asked` found nothing against it. Always ends with a report. */
export const leadDrill = async (
  lead: Lead,
  options: DrillOptions,
  by: string,
  asked: Asked,
  stop: AbortSignal,
): Promise<DrillReport> => {
  const startedAt = Date.now();
  const current = {
    id: idOf(startedAt),
    kind: options.kind,
    by,
    startedAt,
    isMoved: false,
    from: placeOf(lead.config),
  };
  const making: Making = { lead, options, by, current, stop };
  lead.note('drill', { id: current.id, step: 'begun', kind: options.kind, by });
  if (options.kind === 'dry') {
    const dry = await dryCourse(making, asked);
    return reportOf(making, dry.asked, dry.course, phonesOf(null, [], null, lead.config));
  }
  // Noted before anything moves: who comes after a death ends it.
  lead.store.setCurrent(current);
  const { course, phones } = await movingCourse(making);
  whole(making, 'reporting', 'The report is written.');
  return reportOf(making, asked, course, phones);
};

/** So old, service was moved since by others than this drill. */
const OLD_MS: Millis = 3_600_000;

/** The main may be off by a drill whose maker died: every level is told, whichever it was, and the main may boot. */
const turnOnAgain = async (around: Surroundings): Promise<void> => {
  const { power } = around;
  for (const index of power?.levels.keys() ?? []) await power?.on(index);
  await mainIsBack(around);
};

/** What made a drill died, and is here again: it is ended, and service brought home. */
export const endInterrupted = async (lead: Lead, current: Current, stop: AbortSignal): Promise<DrillReport> => {
  const options: DrillOptions = { kind: current.kind, withCalls: true, acceptLoss: false, anyTime: true };
  const making: Making = { lead, options, by: current.by, current, stop };
  const witness = lead.witness();
  const mine = Date.now() - current.startedAt < OLD_MS && current.isMoved;
  const nothing: Course = {
    outcome: 'interrupted',
    text: mine ? '' : 'The drill was interrupted: what made it had ended, and nothing was moved afterwards.',
    remedy: '',
    steps: [{ at: Date.now(), what: 'ended', text: 'it was found unfinished' }],
    thereMs: null,
    backMs: null,
    there: null,
    back: null,
    lossBack: [],
    epochs: { before: 0, away: null, after: null },
  };
  const around = surroundingsOf(making, witness, []);
  if (current.isOff === true) await turnOnAgain(around);
  const course = mine ? await bringHome(around, options) : nothing;
  const asked = { snapshot: lead.agent.snapshot(), against: [], loss: null };
  return reportOf(making, asked, course, phonesOf(null, [], null, lead.config));
};
