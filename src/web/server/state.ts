/** What the server knows by itself: both nodes as the keeper told last, and how old that is. */
import type { Role } from '../../core/words.ts';
import type { CentreView, HealthView, PairView, PublicView } from '../contract.ts';

export interface PairState {
  set(pair: PairView): void;
  /** Ages as of now; null: the keeper has told nothing yet. */
  now(): PairView | null;
}

/** Older, and nobody may rely on it. */
const FRESH_MS = 2000;

export const createPairState = (): PairState => {
  let told: PairView | null = null;
  let at = 0;
  return {
    set: (pair) => {
      told = pair;
      at = performance.now();
    },
    now: () => {
      if (told === null) return null;
      const more = Math.round(performance.now() - at);
      const { thisMsAgo, other } = told;
      return {
        ...told,
        wall: Date.now(),
        thisMsAgo: thisMsAgo === null ? null : thisMsAgo + more,
        other: other === null ? null : { ...other, heardMsAgo: other.heardMsAgo + more },
      };
    },
  };
};

/** Of the other node, which shows itself twice a second while it is asked to. */
const OTHER_FRESH_MS = 10_000;

/** This node's snapshot where it is fresh. */
export const freshOf = (pair: PairView | null) =>
  pair === null || pair.this === null || pair.thisTrouble !== null || (pair.thisMsAgo ?? 1e9) > FRESH_MS
    ? null
    : pair.this;

export type HealthQuestion = 'live' | 'active' | 'ready';

/** For load balancers: this node alone, and never by what is old. */
export const healthOf = (question: HealthQuestion, pair: PairView | null): HealthView => {
  if (question === 'live') return { ok: true, state: 'live' };
  const node = freshOf(pair);
  if (node === null) return { ok: false, state: 'stale' };
  const active = node.server === 'this' && node.gate.open;
  if (question === 'active') return { ok: active, state: active ? 'active' : 'passive' };
  const could = node.explanation.ifOtherOrThisDied.takesOver && node.checks?.readiness.state !== 'not-ready';
  const ready = active ? node.health.verdict !== 'down' : node.server === 'other' && could;
  return { ok: ready, state: ready ? 'ready' : 'not-ready' };
};

/** Where the public page gets its words from. */
export interface PublicSettings {
  readonly site: string | null;
  readonly virtualAddress: string | null;
  readonly centreByRole: Readonly<Record<Role, string | null>>;
}

/** Ready only once the node that serves has seen it so; the other node tells that over the pair's stream. */
const centreStateOf = (pair: PairView | null, isHere: boolean): CentreView['state'] => {
  const other = pair?.other ?? null;
  // What it showed long ago may be of its former term.
  const node = isHere ? pair?.this : other !== null && other.heardMsAgo <= OTHER_FRESH_MS ? other.snapshot : null;
  const view = node?.switches?.all.find(({ name }) => name === 'contact-centre');
  if (view === undefined) return 'unknown';
  return view.state === 'done' && view.direction === 'activate' ? 'ready' : 'preparing';
};

/** Where users should go now. */
export const publicOf = (
  pair: PairView | null,
  { site: given, virtualAddress, centreByRole }: PublicSettings,
  wall: number,
): PublicView => {
  const names = pair?.this;
  const site = given ?? (names ? `${names.node.name} / ${names.peer.name}` : '');
  const node = freshOf(pair);
  const none = { wall, address: null, kind: 'none', site, centre: null } as const;
  if (node === null || (node.server !== 'this' && node.server !== 'other')) return none;
  const server = node.server === 'this' ? node.node : node.peer;
  const users = centreByRole[server.role];
  const centre = users === null ? null : { address: users, state: centreStateOf(pair, node.server === 'this') };
  return virtualAddress === null
    ? { wall, address: server.address, kind: 'node', site, centre }
    : { wall, address: virtualAddress, kind: 'virtual', site, centre };
};
