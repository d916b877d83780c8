/** As long as the main's PostgreSQL is not ready for single changes (`wal_level` waits for its restart), the database follows by snapshots. */
import type { Fault } from '../../core/result.ts';
import type { Stream, StreamReporter, StreamRight, StreamStatus } from '../../replication/stream.ts';

export interface Meanwhile {
  /** How the last try went to offer single changes, under which right. Returns what is a trouble nevertheless. */
  note(fault: Fault | null, right: StreamRight): Fault | null;
  /** This node no longer serves, or ends. */
  end(): void;
  /** The snapshots, as long as they do the work. */
  snapshots(): Stream | null;
  status(): StreamStatus | null;
}

const NOT_READY = 'database-not-logical';
const NONE: StreamRight = { holding: 0, highest: 0 };

const firstRun = (snapshots: Stream): void => {
  // Nothing of this node's data may be there yet, and the next time of the schedule be far away.
  if (snapshots.status().lastSuccess === null)
    void snapshots.run?.({ signal: new AbortController().signal, onProgress: () => undefined });
};

/** Null: there is nothing to fall back to, and what is not ready is a trouble. */
export const createMeanwhile = (snapshots: Stream | null, reporter: StreamReporter): Meanwhile => {
  let active = false;
  const begin = (stream: Stream, fault: Fault, right: StreamRight): void => {
    active = true;
    reporter.say('warning', fault.code, `${fault.message} Until then it follows by snapshots. ${fault.remedy}`);
    stream.setRight(right);
    firstRun(stream);
  };
  const end = (): void => {
    if (active) snapshots?.setRight(NONE);
    active = false;
  };
  return {
    note: (fault, right) => {
      if (snapshots === null) return fault;
      if (fault === null && active) {
        end();
        reporter.say('info', 'database-well', 'Changes of the database follow one by one from now on.');
      }
      // What else is wrong with this database says nothing about whether it is ready.
      if (fault?.code !== NOT_READY) return fault;
      if (active) snapshots.setRight(right);
      else begin(snapshots, fault, right);
      return null;
    },
    end,
    snapshots: () => (active ? snapshots : null),
    status: () => {
      if (!active || snapshots === null) return null;
      const status = snapshots.status();
      const text = `by snapshots until PostgreSQL is restarted (\`dualtone database restart\`): ${status.text}`;
      return { ...status, text };
    },
  };
};
