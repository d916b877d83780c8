/** What the page knows, and how each thing that happens changes it. Pure: time and events come in, nothing goes out. */
import type { Job, JournalEntry, NodeSnapshot, PairChange, PairView, Session, WallTime } from '../../contract.ts';
import { type Route, routeOf } from './route.ts';

/** Of the line of events. `lost`: tried again at `retryAt` (by this browser's clock). */
export type Link =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'open' }
  | { readonly name: 'lost'; readonly since: WallTime; readonly retryAt: WallTime };

/** One moment of what the charts draw. All that is not known is null. */
export interface Trace {
  /** By the node's clock. */
  readonly wall: WallTime;
  readonly lagMsByStream: Readonly<Record<string, number | null>>;
  readonly heardMsAgo: number | null;
  readonly voterMsByName: Readonly<Record<string, number | null>>;
  readonly agentLagMs: number;
}

export interface PageState {
  /** Undefined: not known yet; null: nobody is logged in. */
  readonly session: Session | null | undefined;
  readonly route: Route;
  readonly link: Link;
  readonly pair: PairView | null;
  /** When what is shown of this node, and of the other, came in; by this browser's clock. */
  readonly pairAt: WallTime;
  readonly otherAt: WallTime;
  /** When the node's clock was told. */
  readonly wallAt: WallTime;
  /** Newest first. */
  readonly journal: readonly JournalEntry[];
  readonly jobs: readonly Job[];
  /** Oldest first. */
  readonly traces: readonly Trace[];
  /** By this browser's clock; moved on each second. */
  readonly now: WallTime;
}

export type PageEvent =
  | { readonly type: 'tick'; readonly now: WallTime }
  | { readonly type: 'session'; readonly session: Session | null }
  | { readonly type: 'route'; readonly hash: string }
  | { readonly type: 'link'; readonly link: Link }
  | { readonly type: 'pair'; readonly pair: PairView; readonly now: WallTime }
  | { readonly type: 'change'; readonly change: PairChange; readonly now: WallTime }
  | { readonly type: 'journal'; readonly entries: readonly JournalEntry[] }
  | { readonly type: 'jobs'; readonly jobs: readonly Job[] };

const MOST_ENTRIES = 300;
const MOST_JOBS = 50;
/** Ten minutes, at one a second. */
const MOST_TRACES = 600;

export const initialState = (now: WallTime, hash: string): PageState => ({
  session: undefined,
  route: routeOf(hash),
  link: { name: 'idle' },
  pair: null,
  pairAt: now,
  otherAt: now,
  wallAt: now,
  journal: [],
  jobs: [],
  traces: [],
  now,
});

const lagOf = (stream: unknown): number | null =>
  typeof stream === 'object' && stream !== null && 'lagMs' in stream && typeof stream.lagMs === 'number'
    ? stream.lagMs
    : null;

const traceOf = (snapshot: NodeSnapshot): Trace => ({
  wall: snapshot.wall,
  lagMsByStream: Object.fromEntries([
    ...(snapshot.streams.astdb === null ? [] : [['astdb', lagOf(snapshot.streams.astdb)] as const]),
    ...snapshot.streams.copied.map((stream) => [stream.name, lagOf(stream)] as const),
  ]),
  heardMsAgo: snapshot.other.heardMsAgo,
  voterMsByName: Object.fromEntries(snapshot.voters.map(({ name, answeredMsAgo }) => [name, answeredMsAgo])),
  agentLagMs: snapshot.agent.worstLagMs,
});

const traced = (traces: readonly Trace[], snapshot: NodeSnapshot | null): readonly Trace[] => {
  if (snapshot === null) return traces;
  const last = traces.at(-1);
  if (last !== undefined && snapshot.wall - last.wall < 900 && snapshot.wall >= last.wall) return traces;
  return [...traces, traceOf(snapshot)].slice(-MOST_TRACES);
};

/** The view after a change. A set without a whole snapshot before it is kept only where it is one. */
export const changed = (pair: PairView, change: PairChange): PairView => {
  const merge = (before: NodeSnapshot | null, set: Partial<NodeSnapshot> | null): NodeSnapshot | null => {
    if (set === null) return before;
    if (before !== null) return { ...before, ...set };
    return 'headline' in set && 'node' in set ? (set as NodeSnapshot) : null;
  };
  const { other } = change;
  const otherSnapshot = other === null ? null : merge(pair.other?.snapshot ?? null, other.set);
  return {
    wall: change.wall,
    this: merge(pair.this, change.this),
    thisTrouble: change.thisTrouble,
    thisMsAgo: change.thisMsAgo,
    other:
      other === null || otherSnapshot === null ? pair.other : { snapshot: otherSnapshot, heardMsAgo: other.heardMsAgo },
  };
};

const withEntries = (known: readonly JournalEntry[], news: readonly JournalEntry[]): readonly JournalEntry[] => {
  const bySeq = new Map([...known, ...news].map((entry) => [entry.seq, entry]));
  return [...bySeq.values()].toSorted((a, b) => b.seq - a.seq).slice(0, MOST_ENTRIES);
};

const withJobs = (known: readonly Job[], news: readonly Job[]): readonly Job[] => {
  const byId = new Map([...known, ...news].map((job) => [job.id, job]));
  return [...byId.values()].toSorted((a, b) => b.startedAt - a.startedAt).slice(0, MOST_JOBS);
};

/** The state after `event`. */
export const reduce = (state: PageState, event: PageEvent): PageState => {
  switch (event.type) {
    case 'tick':
      return { ...state, now: event.now };
    case 'session':
      return event.session === null
        ? { ...initialState(state.now, ''), session: null, route: state.route }
        : { ...state, session: event.session };
    case 'route':
      return { ...state, route: routeOf(event.hash) };
    case 'link':
      return { ...state, link: event.link };
    case 'pair':
      return {
        ...state,
        pair: event.pair,
        pairAt: event.now,
        otherAt: event.now,
        wallAt: event.now,
        now: event.now,
        traces: traced(state.traces, event.pair.this),
      };
    case 'change': {
      if (state.pair === null) return state;
      // An agent that says nothing any more was last heard when it was: that grows old.
      const isSilent = event.change.thisMsAgo === null;
      const next = changed(state.pair, event.change);
      const pair = isSilent ? { ...next, thisMsAgo: state.pair.thisMsAgo } : next;
      return {
        ...state,
        pair,
        pairAt: isSilent ? state.pairAt : event.now,
        otherAt: event.change.other === null ? state.otherAt : event.now,
        wallAt: event.now,
        now: event.now,
        traces: isSilent ? state.traces : traced(state.traces, pair.this),
      };
    }
    case 'journal':
      return { ...state, journal: withEntries(state.journal, event.entries) };
    case 'jobs':
      return { ...state, jobs: withJobs(state.jobs, event.jobs) };
  }
};
