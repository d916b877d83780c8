/** The state at a glance, as facts; `view/glance.ts` makes one sentence of them. */
import type { Millis, Role, WallTime } from '../../contract.ts';
import { type NodeFacts, type PairFacts, serverOf } from './nodes.ts';

interface Named {
  readonly name: string;
  readonly role: Role;
}

/** What is in the way: by its rule, which has words in each language, or in the agent's words alone. */
export interface Lack {
  readonly rule: string | null;
  readonly text: string;
}

export type Who =
  | ({ readonly kind: 'serves'; readonly since: WallTime | null; readonly ill: string | null } & Named)
  | ({ readonly kind: 'halted'; readonly because: string } & Named)
  | { readonly kind: 'both' | 'nobody' | 'unknown' };

export type Ready =
  | ({ readonly kind: 'can'; readonly afterMs: Millis | null; readonly degraded: readonly string[] } & Named)
  | ({ readonly kind: 'cannot'; readonly missing: readonly Lack[] } & Named)
  | { readonly kind: 'unknown' };

export interface Glance {
  readonly level: 'good' | 'warning' | 'alarm' | 'unknown';
  readonly who: Who;
  readonly protection: 'not-at-all' | 'likely' | 'always' | null;
  readonly ready: Ready;
  /** What a move would lose: null where no stream is configured; empty: nothing. */
  readonly loss: readonly string[] | null;
}

const named = ({ name, role }: NodeFacts): Named => ({ name, role });

const fresh = (node: NodeFacts): NodeFacts | null => (node.snapshot === null || node.isOld ? null : node);

const readyOf = (active: NodeFacts, passive: NodeFacts): Ready => {
  const who = named(passive);
  const views = [fresh(passive), fresh(active)].flatMap((node) => (node?.snapshot ? [node.snapshot] : []));
  if (views.length === 0) return { kind: 'unknown' };
  const refused = views.find(({ explanation }) => !explanation.ifOtherOrThisDied.takesOver);
  if (refused !== undefined) return { kind: 'cannot', ...who, missing: refused.explanation.ifOtherOrThisDied.missing };
  const readiness = views.map(({ checks }) => checks?.readiness).filter((each) => each !== undefined);
  const notReady = readiness.find(({ state }) => state === 'not-ready');
  if (notReady !== undefined)
    return { kind: 'cannot', ...who, missing: notReady.reasons.map((text) => ({ rule: null, text })) };
  const degraded = readiness.find(({ state }) => state === 'degraded')?.reasons ?? [];
  const afterMs = views[0]?.explanation.ifOtherOrThisDied.afterMs ?? null;
  return { kind: 'can', ...who, afterMs, degraded };
};

const lossOf = (active: NodeFacts, passive: NodeFacts): readonly string[] | null => {
  const snapshot = fresh(active)?.snapshot ?? fresh(passive)?.snapshot ?? null;
  if (snapshot === null || snapshot.streams.loss === null) return null;
  return snapshot.streams.loss.items.map(({ text }) => text);
};

const whoOf = (server: NodeFacts): Who => {
  const { snapshot } = server;
  const { verdict, reason } = snapshot?.health ?? { verdict: 'unknown', reason: '' };
  const ill = !server.isOld && verdict === 'down' ? reason : null;
  return { kind: 'serves', ...named(server), since: null, ill };
};

const sinceOf = (pair: PairFacts): WallTime | null =>
  (fresh(pair.own) ?? fresh(pair.other))?.snapshot?.servesSince ?? null;

const haltedOf = ({ own, other }: PairFacts): Who | null => {
  const halted = [own, other].find((node) => fresh(node)?.snapshot?.phase === 'halted');
  if (halted === undefined) return null;
  return { kind: 'halted', ...named(halted), because: halted.snapshot?.phaseText.replace(/^halted: /, '') ?? '' };
};

/** Everything that the sentence says. */
export const glanceOf = (pair: PairFacts): Glance => {
  const server = serverOf(pair);
  const protection = (fresh(pair.own) ?? fresh(pair.other))?.snapshot?.protection.level ?? null;
  const halted = haltedOf(pair);
  if (server === 'unknown') {
    return { level: 'unknown', who: { kind: 'unknown' }, protection, ready: { kind: 'unknown' }, loss: null };
  }
  if (typeof server === 'string') {
    return { level: 'alarm', who: halted ?? { kind: server }, protection, ready: { kind: 'unknown' }, loss: null };
  }
  const passive = server === pair.main ? pair.standby : pair.main;
  const ready = readyOf(server, passive);
  const who = { ...whoOf(server), since: sinceOf(pair) } as Who;
  const isIll = who.kind === 'serves' && who.ill !== null;
  const level =
    isIll || halted !== null
      ? 'alarm'
      : ready.kind === 'can' && ready.degraded.length === 0 && !passive.isOld
        ? 'good'
        : 'warning';
  return { level, who, protection, ready, loss: lossOf(server, passive) };
};
