/** How far the passive node is behind, in bytes and in time, by the source's own clock. */
import { ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { Database } from '../connection.ts';
import { HEARTBEAT } from './names.ts';
import type { SlotLook } from './slot.ts';

export interface Lag {
  /** How much older this node's data may be; null: no heartbeat has come yet. */
  readonly ms: Millis | null;
  readonly bytes: number;
  /** What the source's disk keeps for this node. */
  readonly keptBytes: number;
}

interface Beat {
  readonly beat: string;
  readonly at: number;
  readonly now: number;
  readonly [key: string]: unknown;
}

const BEAT = `SELECT beat::text AS beat, extract(epoch FROM at)::float8 * 1000 AS at, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
FROM ${HEARTBEAT} WHERE node = $1`;

/**
 * Compares the last heartbeat that came with the source's clock: no clocks are compared with each other. The same beat on
 * both sides: the rest of the time is the source's own, which may have stopped. Faults: those of `Database.query`.
 */
export const readLag = async (
  source: Database,
  target: Database,
  node: string,
  slot: SlotLook | null,
): Promise<Result<Lag>> => {
  // The target first: what it has then, the source has had before.
  const here = await target.query<Beat>(BEAT, [node]);
  if (!here.ok) return here;
  const there = await source.query<Beat>(BEAT, [node]);
  if (!there.ok) return there;
  const [come] = here.value;
  const [last] = there.value;
  const bytes = slot?.behindBytes ?? 0;
  const keptBytes = slot?.keptBytes ?? 0;
  if (come === undefined || last === undefined) return ok({ ms: null, bytes, keptBytes });
  return ok({ ms: come.beat === last.beat ? 0 : Math.max(0, last.now - come.at), bytes, keptBytes });
};
