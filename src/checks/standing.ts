/** From the agent's snapshot and the two reports to what readiness is made of. */
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Millis } from '../core/words.ts';
import type { Standing } from './readiness.ts';
import type { NodeReport } from './report.ts';

export const standingOf = (
  { server, node, peer, explanation, streams }: Omit<NodeSnapshot, 'checks'>,
  own: NodeReport | null,
  other: NodeReport | null,
  otherHeardMsAgo: Millis | null,
): Standing => {
  const { takesOver, missing } = explanation.ifOtherOrThisDied;
  return {
    server,
    thisName: node.name,
    otherName: peer.name,
    takeover: { possible: takesOver, missing },
    loss: streams.loss === null ? null : { text: streams.loss.text, exceedsLimit: streams.loss.exceedsLimit },
    own,
    other,
    otherHeardMsAgo,
  };
};
