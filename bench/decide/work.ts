/** What the benchmark of the core measures. */
export type Work = 'events' | 'seeds' | 'hour';

export const works: readonly Work[] = ['events', 'seeds', 'hour'];

/** What a worker prints. */
export interface WorkReport {
  readonly done: number;
  readonly processorMs: number;
  readonly wallMs: number;
  /** What the worker used from its start on. */
  readonly wholeProcessorMs: number;
}
