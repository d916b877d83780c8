import type { StreamStatus } from '../stream.ts';

/** A stream that is in step, besides what is said otherwise. */
export const streamStatus = (name: string, more: Partial<StreamStatus> = {}): StreamStatus => ({
  name,
  direction: 'out',
  condition: 'in-step',
  text: '',
  lagMs: 0,
  lastSuccess: null,
  lastError: null,
  nextRun: null,
  rows: null,
  bytes: null,
  tookMs: null,
  progress: null,
  ...more,
});
