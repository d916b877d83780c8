import { isIP } from 'node:net';
import type { Sample } from '../core/event.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import {
  type Answer,
  failed,
  lateReason,
  type Report,
  type Subject,
  sampleOf,
  silent,
  staleAfter,
  type WatchedProbe,
  well,
} from './answer.ts';
import { firstLine } from './command.ts';
import { parseEchoLine } from './fping-line.ts';
import type { Pace } from './paced.ts';
import type { LineProgram, StartLineProgram } from './program.ts';
import { spawnLines } from './spawn-lines.ts';

export interface IcmpTarget extends Subject {
  /** An address, not a name. */
  readonly address: string;
}

export interface IcmpProbeOptions extends Pace {
  readonly name: string;
  readonly targets: readonly IcmpTarget[];
  /** Default: `fping` of the path. */
  readonly fping?: string | undefined;
}

interface State {
  readonly options: IcmpProbeOptions;
  readonly clock: Clock;
  readonly startProgram: StartLineProgram;
  /** Several subjects may speak of one address. */
  readonly targetsByAddress: ReadonlyMap<string, readonly IcmpTarget[]>;
  report: Report | null;
  program: LineProgram | null;
  lastLineAt: Instant;
  trouble: string;
  /** Ends of fping in a row without a line between. */
  failures: number;
  restartAt: Instant;
  due: Instant;
  cancelTick: () => void;
  stopping: Promise<void>;
}

/**
 * Pings all targets with one long-lived fping. An echo in time is `ok`, one that timed out `failed`. Where fping itself is
 * missing, not permitted, dead or mute, all are `silent` and it is started again, ever more slowly up to each 5 s.
 */
export const createIcmpProbe = (
  options: IcmpProbeOptions,
  clock: Clock,
  startProgram: StartLineProgram = spawnLines,
): WatchedProbe => {
  const targetsByAddress = Map.groupBy(options.targets, ({ address }) => address);
  for (const address of targetsByAddress.keys())
    if (isIP(address) === 0) throw new Error(`"${address}" is no address.`);
  const state: State = {
    options,
    clock,
    startProgram,
    targetsByAddress,
    report: null,
    program: null,
    lastLineAt: 0,
    trouble: '',
    failures: 0,
    restartAt: 0,
    due: 0,
    cancelTick: () => undefined,
    stopping: Promise.resolve(),
  };
  return {
    name: options.name,
    subjects: options.targets.map(({ probe, about }) => ({ probe, about })),
    staleAfterMs: staleAfter(options.periodMs, options.timeoutMs),
    start: (report) => {
      if (state.report !== null) throw new Error(`The probe ${options.name} was started twice.`);
      state.report = report;
      state.due = clock.now();
      state.restartAt = state.due;
      tick(state);
    },
    stop: () => stop(state),
  };
};

/** Watches fping; its lines come by themselves. */
const tick = (state: State): void => {
  const { clock, options } = state;
  const now = clock.now();
  const lateByMs = now - state.due;
  const late = lateByMs > options.periodMs / 2;
  if (late) {
    // Its lines waited for us as we were away.
    state.lastLineAt += lateByMs;
    tellAll(state, silent(lateReason));
  }
  if (state.program === null) {
    if (now >= state.restartAt) begin(state, now);
    else tellAll(state, silent(state.trouble));
  } else if (now - state.lastLineAt > muteAfterMs(options)) {
    if (!late) replaceMute(state, now);
  } else if (now - state.lastLineAt > 2 * options.periodMs + options.timeoutMs) {
    tellAll(state, silent(state.trouble || 'fping says nothing'));
  }
  state.due = now + options.periodMs;
  state.cancelTick = (clock.about ?? clock.at)(state.due, () => tick(state));
};

const muteAfterMs = ({ periodMs, timeoutMs }: Pace): Millis => Math.max(2_000, 10 * periodMs + timeoutMs);

const begin = (state: State, now: Instant): void => {
  const { fping = 'fping', periodMs, timeoutMs } = state.options;
  const addresses = [...state.targetsByAddress.keys()];
  const argv = [fping, '-l', '-D', '-i', '1', '-p', String(periodMs), '-t', String(timeoutMs), '--', ...addresses];
  state.lastLineAt = now;
  state.trouble = '';
  const program = state.startProgram(argv, {
    onLine: (line) => takeLine(state, line),
    onErrorLine: (line) => {
      state.trouble = firstLine(line);
    },
    onEnd: (why) => {
      if (state.program === program) ended(state, state.trouble === '' ? why : `${why}: ${state.trouble}`);
    },
  });
  state.program = program;
};

const takeLine = (state: State, line: string): void => {
  const echo = parseEchoLine(line);
  if (echo === null) return;
  state.lastLineAt = state.clock.now();
  state.failures = 0;
  const { timeoutMs } = state.options;
  const answer = echo.tookMs === null ? failed(`no echo within ${timeoutMs} ms`) : well(`echo in ${echo.tookMs} ms`);
  for (const target of state.targetsByAddress.get(echo.address) ?? []) tell(state, target, answer);
};

const ended = (state: State, why: string): void => {
  state.program = null;
  state.trouble = `fping ended: ${why}`;
  state.restartAt = state.clock.now() + Math.min(5_000, 250 * 2 ** state.failures);
  state.failures = Math.min(state.failures + 1, 10);
  tellAll(state, silent(state.trouble));
};

const replaceMute = (state: State, now: Instant): void => {
  const { program } = state;
  state.program = null;
  ended(state, state.trouble || 'it said nothing');
  state.restartAt = Math.max(state.restartAt, now + state.options.periodMs);
  if (program !== null) state.stopping = Promise.all([state.stopping, program.stop()]).then(() => undefined);
};

const tell = (state: State, { probe, about }: IcmpTarget, answer: Answer): void => {
  const sample: Sample = sampleOf({ probe, about }, answer);
  state.report?.(sample);
};

const tellAll = (state: State, answer: Answer): void => {
  for (const target of state.options.targets) tell(state, target, answer);
};

const stop = async (state: State): Promise<void> => {
  state.report = null;
  state.cancelTick();
  const { program } = state;
  state.program = null;
  await Promise.all([state.stopping, program?.stop()]);
};
