import type { Fencing } from '../core/settings.ts';
import type { Millis } from '../core/words.ts';
import type { Config } from './config.ts';

type FencingConfig = NonNullable<Config['fencing']>;

/** For programs to start and end, besides what the devices take. */
const MARGIN_MS = 2000;

/** The longest that all levels together may take: each turns off, and reads. */
const fenceTimeoutMs = ({ levels }: FencingConfig): Millis =>
  MARGIN_MS +
  levels.map(({ devices }) => 2 * Math.max(...devices.map(({ timeoutMs }) => timeoutMs))).reduce((a, b) => a + b, 0);

/** What the core needs to know of it. */
export const fencingSettings = ({ fencing }: Config): Fencing | null =>
  fencing === null
    ? null
    : {
        timeoutMs: fenceTimeoutMs(fencing),
        retryMs: fencing.retryMs,
        standbyDelayMs: fencing.standbyDelayMs,
        unheardMs: fencing.unheardMs,
      };
