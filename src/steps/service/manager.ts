import type { Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';

/** What a look at a service found; `changing` while it starts or stops. */
export interface ServiceLook {
  readonly state: 'running' | 'stopped' | 'changing';
  /** In the words of whoever manages it. */
  readonly detail: string;
}

/** Bounds of one call: its own deadline, and the step's signal. */
export interface Bounds {
  readonly timeoutMs: Millis;
  readonly signal: AbortSignal;
}

/** Whoever starts and stops a service. Each call returns when the change is done, or a fault says why it is not. */
export interface ServiceManager {
  readonly name: string;
  look(bounds: Bounds): Promise<Result<ServiceLook>>;
  start(bounds: Bounds): Promise<Result<void>>;
  stop(bounds: Bounds): Promise<Result<void>>;
  restart(bounds: Bounds): Promise<Result<void>>;
  /** Ends what would not stop, at once and without its cooperation; null where that is not possible. */
  readonly kill: ((bounds: Bounds) => Promise<Result<void>>) | null;
  /** What `start`, `stop` and `restart` run, for a preview. */
  describe(what: 'start' | 'stop' | 'restart'): string;
}
