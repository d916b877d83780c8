/** Elasticsearch: exactly once, since a document's name is the event's and a second one of that name is refused by it. */
import { ok, type Result } from '../../core/result.ts';
import { bulkBody, judgeBulk, type Verdict } from '../core/bulk.ts';
import { documentId, documentOf } from '../core/document.ts';
import {
  type Batch,
  type Event,
  MOST_REFUSED,
  type Refused,
  type SourceTable,
  type Standing,
  type Written,
} from '../core/words.ts';
import { manyRefused, partOf, type SessionOptions, standingAfter, type Target, type TargetSession } from '../target.ts';
import { auditElastic } from './audit.ts';
import { type Caller, createCaller, type ElasticAccess, oddAnswer } from './http.ts';
import { ensureIndex, highestSent } from './index-mapping.ts';
import { type Kept, type KeptTable, loadKept, saveKept, withGone } from './store.ts';

export interface ElasticOptions {
  /** Secrets are read each time, so that a new one needs no restart. */
  readonly access: () => Result<ElasticAccess>;
  readonly indexOf: (table: string) => string;
  /** Where its position is kept on this node. */
  readonly storePath: string;
  /** Of this node, for people. */
  readonly node: string;
}

interface State {
  readonly options: ElasticOptions;
  readonly session: SessionOptions;
  readonly access: ElasticAccess;
  readonly caller: Caller;
  kept: Kept;
}

const keep = (state: State, table: string, entry: KeptTable, refused: readonly Refused[]): Result<null> => {
  const { kept, options, session } = state;
  const next: Kept = { ...kept, tables: { ...kept.tables, [table]: entry }, refused };
  const saved = saveKept(options.storePath, next);
  if (!saved.ok) return saved;
  state.kept = next;
  session.onStep('kept');
  return saved;
};

/** A position that was lost is asked of the target. */
const standing = async (state: State, { rule }: SourceTable): Promise<Result<Standing | null>> => {
  const { kept, caller, access, options, session } = state;
  const known = kept.tables[rule.table];
  if (known !== undefined) return ok(known);
  const found = await highestSent(caller, access.url, options.indexOf(rule.table), session.sender);
  if (!found.ok || found.value === null) return found.ok ? ok(null) : found;
  const entry: KeptTable = { position: found.value, digest: null, begun: found.value, gone: [] };
  const saved = keep(state, rule.table, entry, kept.refused);
  return saved.ok ? ok(entry) : saved;
};

/** What its answer settled, as of the first events of the batch. */
const settle = (state: State, batch: Batch, { settled, created, known, refused }: Verdict): Result<Written> => {
  const { table } = batch.table.rule;
  const events = batch.events.slice(0, settled);
  const now = state.kept.tables[table] ?? { position: batch.after, digest: null, begun: batch.after, gone: [] };
  const gone = settled > 0 || batch.events.length === 0 ? withGone(now.gone, batch.gone) : now.gone;
  const fresh = refused.flatMap(({ index, reason }) => {
    const event: Event | undefined = events[index];
    return event === undefined ? [] : [{ origin: event.origin, key: event.key, table, reason }];
  });
  const all = [...state.kept.refused, ...fresh];
  const most = all.filter((each) => each.table === table).length > MOST_REFUSED;
  if (most) return manyRefused(table, fresh.at(-1)?.reason ?? '');
  const next = standingAfter(events, now);
  const saved = keep(state, table, { ...now, ...next, gone }, all);
  return saved.ok ? ok({ ...next, sent: created, known, refused: fresh.length }) : saved;
};

const settledAlone = (reason: string): Verdict => ({
  settled: 1,
  created: 0,
  known: 0,
  refused: [{ index: 0, reason }],
  later: null,
});

const write = async (state: State, batch: Batch): Promise<Result<Written>> => {
  const { caller, access, options, session } = state;
  const { table } = batch.table.rule;
  const ids = batch.events.map((event) => documentId(table, event));
  const documents = batch.events.map((event, index) => ({
    id: ids[index] ?? '',
    text: documentOf(batch.table, event, session.sender, options.node),
  }));
  session.onStep('begun');
  const body = bulkBody(options.indexOf(table), documents);
  const answered = await caller.ask({ method: 'POST', path: '/_bulk', body, type: 'application/x-ndjson' });
  if (!answered.ok) return answered;
  session.onStep('answered');
  const { status, json } = answered.value;
  // Too much at once: less, until the one that is too long is alone.
  if (status === 413 && batch.events.length > 1)
    return write(state, partOf(batch, 0, Math.ceil(batch.events.length / 2)));
  if (status === 413) return settle(state, batch, settledAlone('413 its document is too long'));
  const verdict = status === 200 ? judgeBulk(ids, json) : null;
  if (verdict === null) return oddAnswer(access.url, answered.value, 'a bulk request');
  // What is settled is kept even where the rest must be tried again.
  const settled = settle(state, batch, verdict);
  if (!settled.ok || verdict.settled > 0 || verdict.later === null) return settled;
  return oddAnswer(access.url, { status: Number.parseInt(verdict.later, 10), json }, `an event (${verdict.later})`);
};

const sessionOf = (state: State): TargetSession => ({
  standing: (table) => standing(state, table),
  begin: async ({ rule }, position) => {
    const entry: KeptTable = { position, digest: null, begun: position, gone: [] };
    const saved = keep(state, rule.table, entry, state.kept.refused);
    return saved.ok ? ok(entry) : saved;
  },
  write: (batch) => write(state, batch),
  look: async ({ rule }) => ok(state.kept.tables[rule.table] ?? null),
  audit: (source, table) =>
    auditElastic(state.caller, { kept: state.kept, index: state.options.indexOf(table.rule.table) }, source, table),
  refused: async () => ok(state.kept.refused),
  close: async () => state.caller.close(),
});

/**
 * Faults of all: `reporting-target-failed`, `reporting-target-refused`, `reporting-index-unfit`, `reporting-many-refused`,
 * `reporting-position-not-kept`.
 */
export const createElasticTarget = (options: ElasticOptions): Target => ({
  name: 'elasticsearch',
  open: async (session) => {
    const access = options.access();
    if (!access.ok) return access;
    const caller = createCaller(access.value, session.signal);
    for (const { rule } of session.tables) {
      const ensured = await ensureIndex(caller, access.value.url, options.indexOf(rule.table));
      if (ensured.ok) continue;
      caller.close();
      return ensured;
    }
    const { sender } = session;
    const { url } = access.value;
    const none: Kept = { version: 1, sender, url, tables: {}, refused: [] };
    const kept = loadKept(options.storePath, sender, url) ?? none;
    return ok(sessionOf({ options, session, access: access.value, caller, kept }));
  },
});
