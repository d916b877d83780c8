/**
 * Callers of a passive node are refused while the other node says that it serves, so that they go on to the next address at once. What is
 * decided elsewhere is told to the kernel, with a time: an agent that dies, or hears the other no more, leaves a gate that is silent again.
 */
import type { Settings, Timing } from '../core/settings.ts';
import type { State } from '../core/state.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Clock, Gate, Notifier } from '../ports.ts';
import type { FromRefuser } from '../refuser/protocol.ts';
import { createBeside } from './beside/beside.ts';

export interface Refusing {
  /** After each decision. */
  see(state: State): void;
  stop(): void;
}

const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** The kernel forgets after so long what it is not told again. */
export const ELSEWHERE_MS: Millis = 2000;
const AGAIN_MS: Millis = 700;

/**
 * The other node serves, by a word of this moment, under an epoch that it has not given back, and this one has no part in it. Between a release and the
 * next one's first word both are silent: a caller who was refused by both would be lost, one who waits is served.
 */
export const isServedElsewhere = (state: State, { promiseMs }: Pick<Timing, 'promiseMs'>, now: Instant): boolean => {
  const { lease, phase, rival } = state;
  if (lease.name !== 'none' || phase.name !== 'passive' || rival.status === null) return false;
  if (now - rival.heardAt > promiseMs) return false;
  return rival.status.holding > rival.releasedEpoch && rival.status.holding > 0;
};

export interface RefusingParts {
  /** Runs `dualtone refuser`, at ordinary priority; it is started when it is first needed. */
  readonly argv: readonly string[];
  readonly settings: Pick<Settings, 'timing'>;
  readonly gate: Pick<Gate, 'elsewhere'>;
  readonly clock: Clock;
  readonly notifier: Notifier;
}

export const createRefusing = ({ argv, settings, gate, clock, notifier }: RefusingParts): Refusing => {
  let isBegun = false;
  let isAnswering = false;
  /** When the kernel was told; null: it was told nothing, or to forget it. */
  let toldAt: Instant | null = null;
  const tell = (ms: Millis): void => {
    toldAt = ms === 0 ? null : clock.now();
    // A kernel that refuses this is looked after by the gate itself; the next word comes soon.
    void gate.elsewhere(ms);
  };
  const say = (code: string, text: string): void => notifier.notify({ kind: 'notify', level: 'warning', code, text });
  const beside = createBeside<never, FromRefuser>({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: (message) => {
      isAnswering = message.type === 'listening';
      if (message.type === 'failed') say(message.code, message.text);
    },
    onDied: (why, isStartedAgain) => {
      isAnswering = false;
      if (toldAt !== null) tell(0);
      if (isStartedAgain)
        say('refuser-ended', `The program that answers callers of a passive node ended (${why}); it is started again.`);
    },
  });
  return {
    see: (state) => {
      const now = clock.now();
      if (!isServedElsewhere(state, settings.timing, now)) {
        if (toldAt !== null) tell(0);
        return;
      }
      // Once: after a death it is started again by itself, in its time.
      if (!isBegun) beside.start();
      isBegun = true;
      if (isAnswering && (toldAt === null || now - toldAt >= AGAIN_MS)) tell(ELSEWHERE_MS);
    },
    stop: () => beside.letGo(),
  };
};
