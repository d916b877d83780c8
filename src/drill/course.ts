/** The course of a drill, as the standby leads it: what is done one after the other, and the way back from each of it. */
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Config } from '../config/config.ts';
import type { Command } from '../core/event.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Epoch, Instant, Millis, WallTime } from '../core/words.ts';
import type { LossView } from '../replicator/protocol.ts';
import { realFault, silentMsOf } from './permit.ts';
import { type PowerDesk, provePower } from './power.ts';
import type { DrillKind, DrillOptions, DrillOutcome, DrillStage } from './protocol.ts';
import type { DrillStep } from './report.ts';
import { answeredShare, type Sample } from './samples.ts';

/** What a drill needs of the two nodes. */
export interface Surroundings {
  readonly config: Config;
  wall(): WallTime;
  /** Monotonic. */
  now(): Instant;
  /** The agent's latest; null: it has said nothing for seconds. */
  snapshot(): NodeSnapshot | null;
  sleep(ms: Millis): Promise<void>;
  order(command: Command): Promise<Result<void>>;
  loss(): Promise<LossView | null>;
  /** Both nodes ask from now on. Faults: `drill-other-silent`, `drill-other-refused`. */
  measure(): Promise<Result<void>>;
  /** This node's own answers so far. */
  own(): readonly Sample[];
  /** The main falls silent now. Faults as of `measure`. */
  silence(ms: Millis): Promise<Result<void>>;
  /** Service moves now: whoever comes after a death knows. */
  moving(): Result<void>;
  /** The devices that turn the main off; null: none. */
  readonly power: PowerDesk | null;
  tell(stage: DrillStage, text: string): void;
  readonly stop: AbortSignal;
}

/** What became of it. */
export interface Course {
  readonly outcome: DrillOutcome;
  readonly text: string;
  readonly remedy: string;
  readonly steps: readonly DrillStep[];
  readonly thereMs: Millis | null;
  readonly backMs: Millis | null;
  /** Between which instants service was on its way; null: it never was. */
  readonly there: Span | null;
  readonly back: Span | null;
  readonly lossBack: readonly string[];
  readonly epochs: { readonly before: Epoch; readonly away: Epoch | null; readonly after: Epoch | null };
}

export interface Span {
  readonly from: WallTime;
  readonly to: WallTime;
}

interface Making {
  readonly around: Surroundings;
  readonly kind: DrillKind;
  readonly steps: DrillStep[];
  there: Span | null;
  back: Span | null;
  /** Until the other node served, by the order of it. */
  thereMs: Millis | null;
  backMs: Millis | null;
  before: Epoch;
  away: Epoch | null;
  after: Epoch | null;
  lossBack: readonly string[];
}

interface End {
  readonly outcome: DrillOutcome;
  readonly text: string;
  readonly remedy: string;
}

const BEFORE_MS: Millis = 3000;
const AFTER_MS: Millis = 3000;
const LOOK_MS: Millis = 50;
/** A node that does not serve by then was not moved to. */
const MOVE_MS: Millis = 12_000;
/** What is wrong must stay so: who serves is told a heartbeat late. */
const SURE_MS: Millis = 1000;
/** So long the other may be silent where nobody made it so. */
const SILENT_MS: Millis = 4000;
/** A telephone that is not answered before is none to measure by. */
const LEAST_ANSWERED = 0.8;
const AROUND_MS: Millis = 1500;
const RETURN_TRIES = 3;

const step = ({ around, steps }: Making, what: DrillStep['what'], text: string): WallTime => {
  const at = around.wall();
  steps.push({ at, what, text });
  return at;
};

const until = async (around: Surroundings, withinMs: Millis, test: () => boolean): Promise<boolean> => {
  const end = around.now() + withinMs;
  while (!test()) {
    if (around.now() >= end) return false;
    await around.sleep(LOOK_MS);
  }
  return true;
};

const serves = (around: Surroundings, who: 'this' | 'other'): boolean => {
  const snapshot = around.snapshot();
  return snapshot?.server === who && (who === 'other' || snapshot.gate.open);
};

const ended = (outcome: DrillOutcome, text: string, remedy = ''): End => ({ outcome, text, remedy });

const byFault = (fault: Fault): End => ended('failed', fault.message, fault.remedy);

const gaveWay = (why: string): End =>
  ended(
    'gave-way',
    `Something real happened, and the drill did nothing more: ${why}.`,
    'See `dualtone status` and `dualtone explain`.',
  );

/** Looks on for so long, or until stopped; says what real fault ended it. */
const lookOn = async (
  around: Surroundings,
  forMs: Millis,
  given: { readonly isAway: boolean; readonly silentForMs: Millis },
): Promise<string | null> => {
  const end = around.now() + forMs;
  let wrongSince: Instant | null = null;
  while (around.now() < end || wrongSince !== null) {
    const snapshot = around.snapshot();
    const wrong = snapshot === null ? 'the agent of the standby says nothing' : realFault(snapshot, given);
    const now = around.now();
    wrongSince = wrong === null ? null : (wrongSince ?? now);
    if (wrongSince !== null && now - wrongSince >= SURE_MS) return wrong;
    await around.sleep(LOOK_MS);
    if (around.stop.aborted && wrong === null) return null;
  }
  return null;
};

const before = async (making: Making): Promise<End | null> => {
  const { around } = making;
  around.tell('before', 'Both nodes ask the address that telephones use; nothing is moved yet.');
  const measured = await around.measure();
  if (!measured.ok) return byFault(measured.error);
  const wrong = await lookOn(around, BEFORE_MS, { isAway: false, silentForMs: SILENT_MS });
  if (wrong !== null) return gaveWay(wrong);
  if (around.stop.aborted) return ended('stopped', 'Stopped before anything was moved.');
  const share = answeredShare(around.own());
  if (share < LEAST_ANSWERED)
    return ended(
      'failed',
      `Nothing was moved: of the questions before it only ${Math.round(share * 100)} % were answered.`,
      'See whether Asterisk answers OPTIONS at that address: `dualtone check --only sip-answers`.',
    );
  making.before = around.snapshot()?.epoch ?? 0;
  step(making, 'before', `${Math.round(share * 100)} % of the questions were answered`);
  return null;
};

const cut = async ({ around, kind }: Making): Promise<Result<void>> =>
  kind === 'takeover'
    ? around.silence(silentMsOf(around.config))
    : around.order({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });

const there = async (making: Making): Promise<End | null> => {
  const { around, kind } = making;
  const noted = around.moving();
  if (!noted.ok) return byFault(noted.error);
  around.tell('moving', kind === 'takeover' ? 'The main falls silent.' : 'Service moves to the standby.');
  const from = around.wall();
  // The order is answered when it has come about; the silence when it is told.
  const order = cut(making);
  const done = await until(around, MOVE_MS, () => serves(around, 'this'));
  const to = around.wall();
  const answered = await order;
  making.there = { from, to: to + AROUND_MS };
  if (!done) {
    const why = answered.ok ? 'the standby did not come to serve' : answered.error.message.replace(/\.$/, '');
    return ended('failed', `Service did not move: ${why}.`, 'See `dualtone explain` on both nodes.');
  }
  making.thereMs = Math.round(to - from);
  making.away = around.snapshot()?.epoch ?? null;
  step(
    making,
    'moved',
    `the standby served ${Math.round(to - from)} ms after ${kind === 'takeover' ? 'the main was told to fall silent' : 'the order'}`,
  );
  return null;
};

/** A main that was made silent is heard again soon after; otherwise that is none of ours. */
const away = async (making: Making): Promise<string | null> => {
  const { around, kind } = making;
  const { stayMs } = around.config.drill;
  around.tell('away', 'The standby serves; `dualtone drill stop` brings service back at once.');
  const silentMs = kind === 'takeover' ? silentMsOf(around.config) : 0;
  return lookOn(around, Math.max(stayMs, silentMs), { isAway: true, silentForMs: SILENT_MS + silentMs });
};

const AFTER_POWER = { isAway: true, silentForMs: 2 * SILENT_MS } as const;

const isWellHeard = ({ around }: Making): boolean => {
  const other = around.snapshot()?.other;
  return other?.well === true && (other.heardMsAgo ?? SILENT_MS) < SILENT_MS;
};

const mayReturn = ({ around }: Making): boolean => {
  const snapshot = around.snapshot();
  return snapshot?.other.well === true && snapshot.explanation.ifOtherOrThisDied.takesOver;
};

/** Waits until the main may have service back, with all that was left on the standby, no longer than the limit. */
const readyToReturn = async (making: Making, options: DrillOptions): Promise<End | null> => {
  const { around } = making;
  const end = around.now() + around.config.drill.limitMs;
  for (;;) {
    const isFit = mayReturn(making);
    const loss = isFit ? await around.loss() : null;
    making.lossBack = loss?.items.map(({ text }) => text) ?? [];
    if (isFit && (loss?.exceedsLimit !== true || options.acceptLoss)) return null;
    const wrong = await lookOn(around, 500, { isAway: true, silentForMs: 2 * SILENT_MS });
    if (wrong !== null) return gaveWay(wrong);
    if (around.now() < end) continue;
    const why = isFit ? 'more than `streams.loss-limit` would be missing there' : 'the main could not serve';
    return ended(
      'failed',
      `Service did not go back to the main: ${why}.`,
      'See `dualtone explain`, then: `dualtone failback`.',
    );
  }
};

/** One try of the way home. */
const askBack = async (making: Making): Promise<Result<void>> => {
  const { around } = making;
  const from = step(making, 'back-asked', 'service was asked back to the main');
  const answered = around.order({ name: 'failback', whenIdle: false, maxWaitMs: 0 });
  const done = await until(around, MOVE_MS, () => serves(around, 'other'));
  const to = around.wall();
  making.back = { from, to: to + AROUND_MS };
  if (!done) {
    const given = await answered;
    return given.ok
      ? fail('drill-not-back', 'the main did not come to serve', 'See `dualtone explain` on both nodes.')
      : given;
  }
  making.backMs = Math.round(to - from);
  making.after = around.snapshot()?.epoch ?? null;
  step(making, 'returned', `the main served ${making.backMs} ms after it was asked to`);
  return ok(undefined);
};

const back = async (making: Making, options: DrillOptions): Promise<End | null> => {
  const { around } = making;
  around.tell('returning', 'Service goes back to the main as soon as it may.');
  let why = '';
  for (let tries = 0; tries < RETURN_TRIES; tries += 1) {
    const held = await readyToReturn(making, options);
    if (held !== null) return held;
    const gone = await askBack(making);
    if (gone.ok) return null;
    if (serves(around, 'other')) return null;
    why = gone.error.message.replace(/\.$/, '');
    const wrong = await lookOn(around, LOOK_MS, { isAway: true, silentForMs: 2 * SILENT_MS });
    if (wrong !== null) return gaveWay(wrong);
  }
  return ended('failed', `Service did not go back: ${why}.`, 'See `dualtone explain`, then: `dualtone failback`.');
};

/** Brings service home from wherever a drill left it; what it finds there tells what there is to do. */
export const bringHome = async (around: Surroundings, options: DrillOptions): Promise<Course> => {
  const making = makingOf(around, options.kind);
  step(making, 'stopped', 'what made the drill had ended, and was started again');
  const isKnown = await until(around, MOVE_MS, () => serves(around, 'this') || serves(around, 'other'));
  const text = 'The drill was interrupted: what made it had ended, and was started again.';
  if (!isKnown)
    return courseOf(making, ended('interrupted', `${text} Nobody is known to serve.`, 'See `dualtone explain`.'));
  if (serves(around, 'other')) return courseOf(making, ended('interrupted', `${text} The main serves.`));
  const wrong = await back(making, options);
  if (wrong === null) return courseOf(making, ended('interrupted', `${text} Service was brought back to the main.`));
  return courseOf(making, ended('interrupted', `${text} ${wrong.text}`, wrong.remedy));
};

const makingOf = (around: Surroundings, kind: DrillKind): Making => ({
  around,
  kind,
  steps: [],
  there: null,
  back: null,
  thereMs: null,
  backMs: null,
  before: 0,
  away: null,
  after: null,
  lossBack: [],
});

const courseOf = (making: Making, { outcome, text, remedy }: End): Course => {
  const { steps, there: way, back: home, thereMs, backMs, lossBack, before: first, away: term, after } = making;
  step(making, outcome === 'gave-way' ? 'fault' : 'ended', text);
  return {
    outcome,
    text,
    remedy,
    steps,
    thereMs,
    backMs,
    there: way,
    back: home,
    lossBack,
    epochs: { before: first, away: term, after },
  };
};

const after = async (making: Making): Promise<End> => {
  const { around } = making;
  around.tell('after', 'The main serves again, and is watched for a moment.');
  const { stop } = around;
  const wrong = await lookOn({ ...around, stop: new AbortController().signal }, AFTER_MS, {
    isAway: false,
    silentForMs: SILENT_MS,
  });
  if (wrong !== null) return gaveWay(wrong);
  return stop.aborted
    ? ended('stopped', 'Stopped by a person; service is back at the main.')
    : ended('passed', 'Service moved to the standby and came back.');
};

/** The devices are tried on the main, which is passive; what is wrong with them fails the drill, and service goes home all the same. */
const withPower = async (making: Making): Promise<End | null> => {
  const { around } = making;
  if (around.power === null) return null;
  const wrong = await provePower(around, around.power, (text) => step(making, 'power', text));
  if (wrong !== null) step(making, 'power', wrong.message);
  return wrong === null ? null : byFault(wrong);
};

/** What has gone wrong with the power; service does not go to a main that is not back. */
const powerOf = async (
  making: Making,
  options: DrillOptions,
): Promise<{ readonly end: End | null; readonly stays: boolean }> => {
  const end = options.withPower === true && !making.around.stop.aborted ? await withPower(making) : null;
  if (end !== null && !isWellHeard(making)) return { end, stays: true };
  const wrong = options.withPower === true ? await lookOn(making.around, LOOK_MS, AFTER_POWER) : null;
  return wrong === null ? { end, stays: false } : { end: gaveWay(wrong), stays: true };
};

/** A drill that moves service, from the first question to the last. It always ends. */
export const makeDrill = async (around: Surroundings, options: DrillOptions): Promise<Course> => {
  const making = makingOf(around, options.kind);
  step(making, 'begun', `a ${options.kind} drill began`);
  const atFirst = await before(making);
  if (atFirst !== null) return courseOf(making, atFirst);
  const notThere = await there(making);
  // A main that was made silent goes on by itself; what was ordered may still come about.
  if (notThere !== null && !(await until(around, SILENT_MS, () => serves(around, 'this'))))
    return courseOf(making, notThere);
  const wrong = await away(making);
  if (wrong !== null) return courseOf(making, gaveWay(wrong));
  const power = await powerOf(making, options);
  if (power.stays && power.end !== null) return courseOf(making, power.end);
  if (around.stop.aborted) step(making, 'stopped', 'a person stopped it');
  const notBack = await back(making, options);
  if (notBack !== null) return courseOf(making, notBack);
  const end = await after(making);
  return courseOf(making, notThere ?? power.end ?? end);
};
