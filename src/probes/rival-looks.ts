/** Looks at the rival as the original scripts did: some pings, so far apart, each minute or so; delivered as one look. */
import type { Sample } from '../core/event.ts';
import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { type Run, run as runProgram } from '../process/run.ts';

export interface RivalLooksOptions {
  /** The rival's address. */
  readonly address: string;
  readonly everyMs: Millis;
  readonly pings: number;
  readonly gapMs: Millis;
  /** How long one ping may take. */
  readonly timeoutMs: Millis;
}

export interface RivalLooks {
  start(): void;
  stop(): void;
}

const PROBE = 'ping-rival';

/** One ping; `silent` where this node itself could not ask. */
const pingOnce = async (options: RivalLooksOptions, run: Run, signal: AbortSignal): Promise<Sample> => {
  const sample = (outcome: Sample['outcome'], reason: string): Sample => ({
    probe: PROBE,
    about: 'rival',
    outcome,
    crashed: false,
    reason,
  });
  const argv = ['fping', '-q', '-r', '0', '-t', String(options.timeoutMs), '--', options.address];
  const ended = await run(argv, { timeoutMs: options.timeoutMs + 2000, signal });
  if (!ended.ok) return sample('silent', ended.error.message);
  if (ended.value.exitCode === 0) return sample('ok', 'echo');
  if (ended.value.exitCode === 1) return sample('failed', `no echo within ${options.timeoutMs} ms`);
  return sample('silent', `fping: exit code ${ended.value.exitCode}`);
};

/** The first look begins at once. A look of which this node could not ask a single ping is no look. */
export const createRivalLooks = (
  options: RivalLooksOptions,
  clock: Clock,
  onLook: (samples: readonly Sample[]) => void,
  run: Run = runProgram,
): RivalLooks => {
  const off = new AbortController();
  let samples: Sample[] = [];
  let cancel = (): void => undefined;
  const ping = async (beganAt: number): Promise<void> => {
    const askedAt = clock.now();
    const sample = await pingOnce(options, run, off.signal);
    if (off.signal.aborted) return;
    samples.push(sample);
    if (samples.length < options.pings) {
      cancel = clock.at(askedAt + options.gapMs, () => void ping(beganAt));
      return;
    }
    const look = samples;
    samples = [];
    if (look.some(({ outcome }) => outcome !== 'silent')) onLook(look);
    cancel = clock.at(beganAt + options.everyMs, () => void ping(clock.now()));
  };
  return {
    start: () => void ping(clock.now()),
    stop: () => {
      off.abort();
      cancel();
    },
  };
};
