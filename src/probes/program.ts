/** A program that runs on and on, and is listened to line by line. */
export interface LineProgram {
  /** Ends it for certain; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface LineListeners {
  readonly onLine: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
  /** It ended by itself, or could not be started. Called once, never from within the start. */
  readonly onEnd: (why: string) => void;
}

export type StartLineProgram = (argv: readonly string[], listeners: LineListeners) => LineProgram;
