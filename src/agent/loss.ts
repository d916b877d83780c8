/** What would be lost if service moved now, AstDB included, which the agent itself carries. For persons only. */
import type { Role, WallTime } from '../core/words.ts';
import { lossNow } from '../replication/merge/loss.ts';
import type { StreamStatus } from '../replication/stream.ts';
import type { LossView } from '../replicator/protocol.ts';

export interface LossFacts {
  readonly role: Role;
  /** The term under which this node serves, 0 when it does not. */
  readonly holding: number;
  readonly wall: WallTime;
  readonly limitMs: number;
  /** Null: AstDB does not follow. */
  readonly astdb: StreamStatus | null;
  /** Of database, files, voicemail and merge; null: none is configured. */
  readonly copied: LossView | null;
}

/** Which way service would go: away from who has it, or to this node when nobody has. */
export const moveOf = ({ role, holding }: Pick<LossFacts, 'role' | 'holding'>): LossView['move'] =>
  (role === 'main') === holding > 0 ? 'takeover' : 'failback';

/** Null where nothing follows at all. AstDB that never came is told, and holds nobody up: phones register again. */
export const lossWithAstDb = (facts: LossFacts): LossView | null => {
  const { astdb, copied, wall, limitMs } = facts;
  if (astdb === null) return copied;
  const move = moveOf(facts);
  const streams = [{ ...astdb, name: 'AstDB' }];
  const judged = lossNow({ move, now: wall, streams, uncollected: [], mergeDue: false, limitMs });
  const own = judged.items.map(({ text }) => ({ stream: 'astdb', text }));
  const items = [...own, ...(copied?.items ?? [])];
  return {
    move,
    exceedsLimit: copied?.exceedsLimit === true || (judged.maxLagMs !== null && judged.exceedsLimit),
    text: items.length === 0 ? 'Nothing would be lost now.' : items.map(({ text }) => text).join(' '),
    items,
  };
};
