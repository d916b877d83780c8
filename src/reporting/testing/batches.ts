/** Events made up for tests of a target alone. */
import type { Batch, Event, SourceTable } from '../core/words.ts';

export const queueLog: SourceTable = {
  rule: { table: 'queue_log', key: 'id', time: 'time', omit: [] },
  columns: [
    { name: 'time', type: 'character varying' },
    { name: 'callid', type: 'character varying' },
    { name: 'data1', type: 'character varying' },
  ],
};

export const eventOf = (origin: string, key: number, readKey = key): Event => ({
  origin,
  key,
  readKey,
  cells: ['2026-03-01 10:00:00.5', `${origin}-${key}`, 'a "b"\nc'],
  digest: `${origin}-${key}`,
});

export const batchOf = (after: number, events: readonly Event[]): Batch => ({
  table: queueLog,
  after,
  events,
  gone: null,
});

/** Of one origin: numbers `after + 1` to `to`. */
export const stretch = (origin: string, after: number, to: number): Batch =>
  batchOf(
    after,
    Array.from({ length: to - after }, (_one, index) => eventOf(origin, after + 1 + index)),
  );
