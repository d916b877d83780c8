import { fileURLToPath } from 'node:url';
import type { Result } from '../../src/core/result.ts';
import { startLinesChild } from './child.ts';
import type { PhonesCommands, PhonesEvent } from './protocol.ts';

export interface PhonesOptions {
  /** Gives the argv that runs another argv where the telephones live (a `Host`'s `enter`); default: here. */
  readonly enter?: (argv: readonly string[]) => Promise<Result<readonly string[]>>;
  readonly onEvent?: (event: PhonesEvent) => void;
  /** Ends the telephones. */
  readonly signal: AbortSignal;
}

/** The telephones' program, as the lab speaks to it. Moments are `monotonicMs`, which the lab can take itself. */
export interface Phones {
  /** Sends a command of protocol.ts. Faults: the command's own, `lab-gone`, `lab-crash`. */
  readonly ask: <Name extends keyof PhonesCommands>(
    name: Name,
    args: PhonesCommands[Name]['args'],
  ) => Promise<Result<PhonesCommands[Name]['value']>>;
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
}

/** Starts the telephones' program. */
export async function startPhones(options: PhonesOptions): Promise<Result<Phones>> {
  const child = await startLinesChild<PhonesCommands>({
    enter: options.enter,
    program: fileURLToPath(new URL('main.ts', import.meta.url)),
    onEvent: (event) => options.onEvent?.(event as PhonesEvent),
    signal: options.signal,
  });
  return child.ok
    ? { ok: true, value: { ask: child.value.call, pid: child.value.pid, stop: child.value.stop } }
    : child;
}
