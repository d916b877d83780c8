/** Which way a person's order would move service. */
import type { Role } from '../core/words.ts';
import type { NodeSnapshot } from './snapshot.ts';

export type Move = 'takeover' | 'switchover' | 'failback' | 'start';

/** Which node would serve; null where nobody can say, or it does already. */
export const moveTarget = (move: Move, { node, peer, server }: NodeSnapshot): Role | null => {
  const serving = server === 'this' ? node.role : server === 'other' ? peer.role : null;
  const target =
    move === 'failback' ? 'main' : move !== 'switchover' ? node.role : serving === 'main' ? 'standby' : 'main';
  if (target === serving || (move === 'switchover' && serving === null)) return null;
  // With nobody serving a node knows of itself alone.
  return serving === null && target !== node.role ? null : target;
};
