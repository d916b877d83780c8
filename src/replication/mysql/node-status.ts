/** What a node's MySQL is at a moment, and how it is shown. */
import type { Fault, Result } from '../../core/result.ts';
import type { Instant, WallTime } from '../../core/words.ts';
import type { StreamCondition, StreamPending, StreamRight, StreamStatus } from '../stream.ts';
import type { Mysql } from './connection.ts';
import type { LinkStatus } from './dialect.ts';
import { type GtidSet, minus } from './gtid.ts';
import type { MysqlNodeOptions } from './node-options.ts';
import { createAge, pendingText, type ServerView } from './steer.ts';

export interface NodeState {
  readonly options: MysqlNodeOptions;
  readonly stopping: AbortSignal;
  readonly age: ReturnType<typeof createAge>;
  right: StreamRight;
  unsettled: number;
  db: Mysql | null;
  opening: Promise<Result<Mysql>> | null;
  own: ServerView | null;
  there: ServerView | null;
  link: LinkStatus | null;
  fault: (Fault & { readonly at: WallTime; readonly since: Instant }) | null;
  told: string | null;
  lastSuccess: WallTime | null;
  /** The right to serve has changed: what the other node is asked for just now is no longer waited for. */
  onTurn: () => void;
}

export const newState = (options: MysqlNodeOptions, stopping: AbortSignal): NodeState => ({
  options,
  stopping,
  age: createAge(),
  right: { holding: 0, highest: 0 },
  unsettled: 0,
  db: null,
  opening: null,
  own: null,
  there: null,
  link: null,
  fault: null,
  told: null,
  lastSuccess: null,
  onTurn: () => undefined,
});

/** A person must do something before anything flows. */
const BLOCKING = new Set([
  'mysql-strayed',
  'mysql-diverged',
  'mysql-duplicate',
  'mysql-row-missing',
  'mysql-logs-purged',
]);

const conditionOf = ({ fault, own, there }: NodeState, missing: GtidSet | null): [StreamCondition, string] => {
  if (fault !== null) return [BLOCKING.has(fault.code) ? 'blocked' : 'failed', fault.message];
  if (own === null || there === null) return ['waiting', 'the other node is not heard'];
  if (missing === null || missing.size > 0) return ['behind', 'it is catching up'];
  return ['in-step', own.locked ? 'read-only, and all that the other node has is here' : 'all is on the other node'];
};

/** As `status` and the page show it. */
export const statusOf = (state: NodeState): StreamStatus => {
  const { own, there, age, options, fault } = state;
  const missing =
    own === null || there === null
      ? null
      : own.locked
        ? minus(there.position.executed, own.position.executed)
        : minus(own.position.executed, there.position.executed);
  const [condition, text] = conditionOf(state, missing);
  const pending: StreamPending | null = missing === null ? null : pendingText(missing);
  return {
    name: 'mysql',
    direction: state.right.holding > 0 ? 'out' : 'in',
    condition,
    text,
    lagMs: age.at(options.clock.now()),
    lastSuccess: state.lastSuccess,
    lastError: fault === null ? null : { code: fault.code, message: fault.message, remedy: fault.remedy, at: fault.at },
    nextRun: null,
    rows: null,
    bytes: null,
    tookMs: null,
    progress: null,
    pending,
  };
};
