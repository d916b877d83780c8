/** What comes next in the upgrade of a pair, from what is seen of it now and what was done before: nothing else is remembered. Pure. */
import type { Server } from '../api/snapshot.ts';
import { type Fault, fail } from '../core/result.ts';
import type { Role } from '../core/words.ts';

export interface Standing {
  readonly role: Role;
  /** The name of the other node. */
  readonly peer: string;
  readonly server: Server;
  /** The other node is heard, and could serve. */
  readonly peerIsWell: boolean;
  /** All programs, in order. */
  readonly programs: readonly string[];
  /** Those that ended well in this upgrade. */
  readonly done: readonly string[];
  /** After the programs, or what a person did by hand, all was seen to be well. */
  readonly verified: boolean;
}

export type Next =
  | { readonly do: 'run'; readonly program: string }
  /** With no programs configured a person says that the packages are done. */
  | { readonly do: 'by-hand' }
  | { readonly do: 'verify' }
  | { readonly do: 'move'; readonly order: 'takeover' | 'failback' }
  /** The other node is next, or nothing is left. */
  | { readonly do: 'elsewhere'; readonly text: string }
  | { readonly do: 'refuse'; readonly fault: Fault };

const nobodyServes = (peer: string): Fault =>
  fail(
    'upgrade-not-now',
    `It is not certain that ${peer} serves and this node does not, or ${peer} is not well: nothing is upgraded.`,
    'See `dualtone status`; an upgrade begins with a pair that is well.',
  ).error;

/**
 * Only a passive node is upgraded, so that callers notice two moves and nothing else. `isDoneByHand`: a person says so. A main always asks for
 * service in the end; a standby only where the main is still to be upgraded, which a person knows (`isLast`).
 */
export const nextOf = (standing: Standing, isDoneByHand: boolean, isLast: boolean): Next => {
  const { role, peer, server, peerIsWell, programs, done, verified } = standing;
  if (server === 'this') {
    const text = `This node serves, and a node is upgraded while it does not: run \`dualtone upgrade\` on ${peer}, or, where ${peer} is upgraded already, leave it at that.`;
    return { do: 'elsewhere', text };
  }
  if (server !== 'other' || !peerIsWell) return { do: 'refuse', fault: nobodyServes(peer) };
  const program = programs.find((name) => !done.includes(name));
  if (program !== undefined) return { do: 'run', program };
  if (programs.length === 0 && !isDoneByHand && !verified) return { do: 'by-hand' };
  if (!verified) return { do: 'verify' };
  if (role === 'main') return { do: 'move', order: 'failback' };
  if (isLast) return { do: 'elsewhere', text: 'This node is upgraded and passive: the upgrade is through.' };
  return { do: 'move', order: 'takeover' };
};
