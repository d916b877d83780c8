/** Who did what outside the agent, in its journal. A flood of it is cut: each entry costs a write to the disk. */
import type { ApiSource } from '../api/server.ts';
import type { Clock, Journal } from '../ports.ts';

const MOST_A_MINUTE = 60;
const MINUTE_MS = 60_000;

/** Every entry is kept up to sixty a minute; what was beyond is counted in the next. */
export const createAudit = (journal: Journal, clock: Clock, epoch: () => number): NonNullable<ApiSource['audit']> => {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  let left = 0;
  return ({ by, what, detail }) => {
    const now = clock.now();
    if (now - since > MINUTE_MS) {
      since = now;
      count = 0;
    }
    count += 1;
    if (count > MOST_A_MINUTE) {
      left += 1;
      return;
    }
    const data = { by, what, detail, ...(left === 0 ? {} : { leftOut: left }) };
    left = 0;
    journal.append({ wall: clock.wall(), at: now, epoch: epoch(), kind: 'audit', reasons: [], data });
  };
};
