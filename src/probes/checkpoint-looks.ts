/** Looks at the main by checkpoints that cannot promise: both nodes ask each of them the same question, all at once, and deliver one look. */
import type { Sample } from '../core/event.ts';
import type { Millis } from '../core/words.ts';
import type { NrpeCheckpoint } from '../nrpe/checkpoint.ts';
import type { Clock } from '../ports.ts';
import type { RivalLooks } from './rival-looks.ts';

export type Asked = Pick<NrpeCheckpoint, 'name' | 'ask'>;

export interface CheckpointLooksOptions {
  readonly checkpoints: readonly Asked[];
  readonly everyMs: Millis;
  /** Nothing else tells this node that it is the one cut off: that none of them answers does. */
  readonly tellNetwork: boolean;
}

const plain = { about: 'main', crashed: false } as const;

const askOne = async (checkpoint: Asked, signal: AbortSignal): Promise<Sample> => {
  const probe = `nrpe-${checkpoint.name}`;
  const word = await checkpoint.ask(signal);
  // Who does not answer says nothing about the main.
  if (!word.ok) return { ...plain, probe, outcome: 'silent', reason: word.error.message };
  return { ...plain, probe, outcome: word.value.reaches ? 'ok' : 'failed', reason: word.value.text };
};

const networkOf = (samples: readonly Sample[]): Sample => {
  const heard = samples.find(({ outcome }) => outcome !== 'silent');
  const outcome = heard === undefined ? 'silent' : 'ok';
  const reason = heard === undefined ? 'no checkpoint answers' : `${heard.probe} answers`;
  return { probe: 'nrpe', about: 'network', crashed: false, outcome, reason };
};

/** The first look begins at once. */
export const createCheckpointLooks = (
  { checkpoints, everyMs, tellNetwork }: CheckpointLooksOptions,
  clock: Clock,
  onLook: (samples: readonly Sample[]) => void,
): RivalLooks => {
  const off = new AbortController();
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const beganAt = clock.now();
    const samples = await Promise.all(checkpoints.map((each) => askOne(each, off.signal)));
    if (off.signal.aborted) return;
    onLook(tellNetwork ? [...samples, networkOf(samples)] : samples);
    cancel = clock.at(beganAt + everyMs, () => void look());
  };
  return {
    start: () => void look(),
    stop: () => {
      off.abort();
      cancel();
    },
  };
};
