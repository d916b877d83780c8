import { fileURLToPath } from 'node:url';
import type { Result } from '../../src/core/result.ts';
import { startLinesChild } from '../phones/child.ts';
import type { ProviderCommands } from './protocol.ts';

export interface ProviderOptions {
  /** Gives the argv that runs another argv where the provider lives (a `Host`'s `enter`); default: here. */
  readonly enter?: (argv: readonly string[]) => Promise<Result<readonly string[]>>;
  /** Ends the provider. */
  readonly signal: AbortSignal;
}

/** The stand-in for the provider, as the lab speaks to it. Moments are `monotonicMs`. */
export interface Provider {
  /** Sends a command of protocol.ts. Faults: the command's own, `lab-gone`, `lab-crash`. */
  readonly ask: <Name extends keyof ProviderCommands>(
    name: Name,
    args: ProviderCommands[Name]['args'],
  ) => Promise<Result<ProviderCommands[Name]['value']>>;
  readonly stop: () => Promise<void>;
}

/** Starts the provider's program. */
export async function startProvider(options: ProviderOptions): Promise<Result<Provider>> {
  const child = await startLinesChild<ProviderCommands>({
    enter: options.enter,
    program: fileURLToPath(new URL('main.ts', import.meta.url)),
    signal: options.signal,
  });
  return child.ok ? { ok: true, value: { ask: child.value.call, stop: child.value.stop } } : child;
}
