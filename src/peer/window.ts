/** Which counters of one sender were seen: each is accepted once, and none that is `SPAN` or more behind the highest. */
export interface ReplayWindow {
  /** True the first time; false for what was seen or is too old. */
  accept(counter: number): boolean;
}

const SPAN = 256;

/** A window that begins after `floor`: neither it nor anything below is ever accepted. */
export const createReplayWindow = (floor: number): ReplayWindow => {
  const seen = new Uint8Array(SPAN);
  let highest = floor;
  return {
    accept: (counter) => {
      if (!Number.isSafeInteger(counter) || counter <= floor || counter <= highest - SPAN) return false;
      if (counter > highest) {
        const skipped = Math.min(counter - highest, SPAN);
        for (let step = 1; step <= skipped; step += 1) seen[(counter - skipped + step) % SPAN] = 0;
        highest = counter;
      } else if (seen[counter % SPAN] === 1) {
        return false;
      }
      seen[counter % SPAN] = 1;
      return true;
    },
  };
};
