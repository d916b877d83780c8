/** Who could serve when some of the machines are gone: votes counted by the rules of the lease. Pure. */
import type { NodeSnapshot } from '../../contract.ts';

export interface Scene {
  /** Names of voters (`main`, `standby`, checkpoints) that are gone. */
  readonly gone: ReadonlySet<string>;
}

export type Fate =
  | { readonly kind: 'serves'; readonly role: 'main' | 'standby'; readonly moves: boolean; readonly votes: number }
  | { readonly kind: 'nobody'; readonly why: 'no-node' | 'no-majority' | 'hold'; readonly votes: number };

export interface Voters {
  readonly names: readonly string[];
  /** 0: none are needed. */
  readonly needed: number;
}

export const votersOf = (snapshot: NodeSnapshot): Voters => ({
  names: ['main', 'standby', ...snapshot.voters.map(({ name }) => name)],
  needed: snapshot.explanation.needed,
});

/** What follows when those machines are gone for good, everything else being well. */
export const fateOf = (snapshot: NodeSnapshot, { gone }: Scene): Fate => {
  const { names, needed } = votersOf(snapshot);
  const votes = names.filter((name) => !gone.has(name)).length;
  const { node, peer, server, mode, maintenance } = snapshot;
  const active = server === 'this' ? node.role : server === 'other' ? peer.role : null;
  const left = (['main', 'standby'] as const).filter((role) => !gone.has(role));
  if (left.length === 0) return { kind: 'nobody', why: 'no-node', votes };
  const stays = active !== null && left.includes(active);
  // Two nodes that hear each other need no majority: the word of the passive one is enough.
  const enough = left.length === 2 || votes >= needed;
  const inHold = mode === 'manual' || maintenance !== null;
  if (stays)
    return enough || mode === 'manual'
      ? { kind: 'serves', role: active, moves: false, votes }
      : { kind: 'nobody', why: 'no-majority', votes };
  if (inHold) return { kind: 'nobody', why: 'hold', votes };
  const role = left[0] ?? 'main';
  return enough ? { kind: 'serves', role, moves: true, votes } : { kind: 'nobody', why: 'no-majority', votes };
};
