import type { Result } from '../../src/core/result.ts';

/** What is done to every system. */
export const faultNames = [
  'power-loss',
  'asterisk-crash',
  'asterisk-hang',
  'isolation',
  'switchover',
  'cut-between',
] as const;
export type FaultName = (typeof faultNames)[number];

export const systemNames = [
  'dualtone-fast',
  'dualtone-quick',
  'keepalived-1s',
  'keepalived-100ms',
  'keepalived-1s-track',
  'keepalived-100ms-track',
  'pacemaker',
  'pacemaker-tuned',
  'cron-ping',
] as const;
export type SystemName = (typeof systemNames)[number];

/** How one fault is watched on one system. */
export interface Watch {
  /** So long at most, from the fault on; what is not over by then is not over. */
  readonly withinMs: number;
  /** So long after the telephones are answered again, to see what else moves. */
  readonly staysMs: number;
  /** More runs than this would tell nothing new, or take too long. */
  readonly runsMost?: number;
  /** Always watched to the end of `withinMs`. */
  readonly whole?: boolean;
}

/** One way to keep two servers going, on the hosts of a lab. */
export interface System {
  readonly name: SystemName;
  readonly watchByFault: { readonly [Fault in FaultName]?: Watch };
  /** Puts it on both nodes, in place of whatever was there, and boots them. */
  readonly install: () => Promise<Result<void>>;
  /**
   * Back to where every run begins, after everything outside is mended: hosts on, the main serving, the standby ready. What is missing
   * is asked again and again until nothing is.
   */
  readonly restore: () => Promise<Result<void>>;
  readonly missing: () => Promise<readonly string[]>;
  /** How long the way to the start may take; default 30 s. */
  readonly readyWithinMs?: number;
  /** False: the standby knows no registration of the main, so what a former run left there is forgotten before each run. */
  readonly sharesRegistrations: boolean;
  /** Who runs Asterisk, where it is not Debian's unit: sends a signal to the main's. */
  readonly signalAsterisk?: (signal: 'KILL' | 'STOP' | 'CONT') => Promise<Result<void>>;
  /** Of what it consists, besides Asterisk, by host: for processes and memory. */
  readonly unitsByHost: Readonly<Record<string, readonly string[]>>;
  /** What a person does to move service to the standby; settles when the commands have ended. */
  readonly switchover: () => Promise<Result<void>>;
  /** Waits for the moment at which the fault should strike; the rest is chance. */
  readonly beforeFault?: (fault: FaultName) => Promise<void>;
}
