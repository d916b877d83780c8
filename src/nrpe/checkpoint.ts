/** An NRPE daemon as a checkpoint: does it reach the main? What it says is told from what keeps it from saying. */
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { askNrpe, type NrpeTarget } from './client.ts';
import type { NrpeAnswer, NrpeVersion } from './packet.ts';

export interface CheckpointOptions {
  readonly name: string;
  /** Where and how, read anew for each question. */
  readonly target: () => Result<NrpeTarget>;
  /** Its command that asks the main. */
  readonly command: string;
  /** A command that asks something else: where that fails too, the checkpoint is the one cut off. Null: none. */
  readonly control: string | null;
  /** Null: 4, and 2 where the daemon does not know 4. */
  readonly version: NrpeVersion | null;
  readonly timeoutMs: Millis;
}

export interface CheckpointWord {
  readonly reaches: boolean;
  /** What its plugin said. */
  readonly text: string;
}

export interface NrpeCheckpoint {
  readonly name: string;
  /**
   * Whether it reaches the main. Faults, none of which says anything about the main: those of `askNrpe`, `nrpe-unknown` (it could not tell)
   * and `nrpe-cut-off` (it reaches nothing else either). Both commands together take at most twice `timeoutMs`.
   */
  ask(signal: AbortSignal): Promise<Result<CheckpointWord>>;
  /** What its control command says now, which `ask` needs only when the main is not reached; null: it has none. Faults as `ask`, without `nrpe-cut-off`. */
  tryControl(signal: AbortSignal): Promise<Result<CheckpointWord> | null>;
}

/** Ends without an answer that a daemon which does not know version 4 makes as well. */
const MAY_BE_OLDER: ReadonlySet<string> = new Set(['nrpe-refused', 'nrpe-malformed']);

/** The daemon's own words about itself (a command that is not defined, or timed out), whatever code they bear. */
const isOwnTrouble = ({ text }: NrpeAnswer): boolean => text.startsWith('NRPE: ');

const wordOf = (name: string, command: string, answer: NrpeAnswer): Result<CheckpointWord> => {
  const { code, text } = answer;
  // A warning is slow, and there.
  if ((code === 0 || code === 1) && !isOwnTrouble(answer)) return ok({ reaches: true, text });
  if (code === 2 && !isOwnTrouble(answer)) return ok({ reaches: false, text });
  return fail(
    'nrpe-unknown',
    `The checkpoint ${name} could not tell (${command}, code ${code}): ${text.replace(/\.$/, '') || 'no words'}.`,
    `Define \`command[${command}]\` in its nrpe.cfg, and run its plugin there by hand, as the user of nrpe.`,
  );
};

export const createNrpeCheckpoint = ({
  name,
  target,
  command,
  control,
  version,
  timeoutMs,
}: CheckpointOptions): NrpeCheckpoint => {
  let known: NrpeVersion | null = version;
  const once = async (which: string, signal: AbortSignal): Promise<Result<NrpeAnswer>> => {
    const deadline = performance.now() + timeoutMs;
    const place = target();
    if (!place.ok) return place;
    const first = await askNrpe(place.value, known ?? 4, which, { timeoutMs, signal });
    if (first.ok) known ??= 4;
    if (first.ok || known !== null || !MAY_BE_OLDER.has(first.error.code)) return first;
    const leftMs = Math.max(1, Math.round(deadline - performance.now()));
    const second = await askNrpe(place.value, 2, which, { timeoutMs: leftMs, signal });
    if (second.ok) known = 2;
    return second.ok ? second : first;
  };
  const askControl = async (which: string, signal: AbortSignal): Promise<Result<CheckpointWord>> => {
    const answer = await once(which, signal);
    return answer.ok ? wordOf(name, which, answer.value) : answer;
  };
  return {
    name,
    tryControl: async (signal) => (control === null ? null : await askControl(control, signal)),
    ask: async (signal) => {
      const answer = await once(command, signal);
      if (!answer.ok) return answer;
      const word = wordOf(name, command, answer.value);
      if (!word.ok || word.value.reaches || control === null) return word;
      const controlled = await askControl(control, signal);
      if (controlled.ok && controlled.value.reaches) return word;
      return fail(
        'nrpe-cut-off',
        `The checkpoint ${name} reaches neither the main nor what \`${control}\` asks: it is cut off itself.`,
        "See that checkpoint's own network.",
      );
    },
  };
};
