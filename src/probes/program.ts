import type { Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';

/** How a program ended. */
export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell, and kills it with all its children at the deadline or when called off.
 * Fails where it could not be started or was killed so.
 */
export type RunProgram = (
  argv: readonly string[],
  limits: { readonly timeoutMs: Millis; readonly signal: AbortSignal },
) => Promise<Result<ProgramEnd>>;

/** A program that runs on and on, and is listened to line by line. */
export interface LineProgram {
  /** Ends it for certain; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface LineListeners {
  readonly onLine: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
  /** It ended by itself, or could not be started. Called once. */
  readonly onEnd: (why: string) => void;
}

export type StartLineProgram = (argv: readonly string[], listeners: LineListeners) => LineProgram;
