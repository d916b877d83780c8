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
import type { Source } from '../source.ts';
import { manyRefused, type SessionOptions, standingAfter, type Target, type TargetSession } from '../target.ts';
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
  const gone = withGone(now.gone, batch.gone);
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

const failedItem = ({ access }: State, { later }: Verdict) => {
  const status = Number.parseInt(later ?? '0', 10);
  return oddAnswer(access.url, { status, json: {} }, `an event (${later})`);
};

/** What becomes of these events there. */
const ask = async (
  { caller, access, options, session }: State,
  table: SourceTable,
  events: readonly Event[],
): Promise<Result<Verdict | 'too-much'>> => {
  const { table: name } = table.rule;
  const documents = events.map((event) => ({
    id: documentId(name, event),
    text: documentOf(table, event, session.sender, options.node),
  }));
  session.onStep('begun');
  const body = bulkBody(options.indexOf(name), documents);
  const answered = await caller.ask({ method: 'POST', path: '/_bulk', body, type: 'application/x-ndjson' });
  if (!answered.ok) return answered;
  session.onStep('answered');
  const { status, json } = answered.value;
  if (status === 413) return ok('too-much');
  const ids = documents.map(({ id }) => id);
  const verdict = status === 200 ? judgeBulk(ids, json) : null;
  return verdict === null ? oddAnswer(access.url, answered.value, 'a bulk request') : ok(verdict);
};

/** Too much at once: less, until the one that is too long is alone, and refused. Tells of the first of them that are settled. */
const offer = async (state: State, table: SourceTable, events: readonly Event[]): Promise<Result<Verdict>> => {
  const asked = await ask(state, table, events);
  if (!asked.ok) return asked;
  if (asked.value !== 'too-much') return ok(asked.value);
  if (events.length > 1) return offer(state, table, events.slice(0, Math.ceil(events.length / 2)));
  const refused = [{ index: 0, reason: '413 its document is too long' }];
  return ok({ settled: 1, created: 0, known: 0, refused, later: null });
};

const write = async (state: State, batch: Batch): Promise<Result<Written>> => {
  const verdict = await offer(state, batch.table, batch.events);
  if (!verdict.ok) return verdict;
  // What is settled is kept even where the rest must be tried again.
  if (verdict.value.settled === 0) return failedItem(state, verdict.value);
  return settle(state, batch, verdict.value);
};

/** One by one, so that one that is too long stands in no other's way. */
const retry = async (state: State, source: Source, table: SourceTable): Promise<Result<number>> => {
  const name = table.rule.table;
  const isMine = (each: Refused): boolean => each.table === name && each.origin === source.origin;
  const keys = state.kept.refused.filter(isMine).map(({ key }) => key);
  const entry = state.kept.tables[name];
  if (keys.length === 0 || entry === undefined) return ok(0);
  const events = await source.events(table, keys);
  if (!events.ok) return events;
  let count = 0;
  for (const event of events.value) {
    const verdict = await offer(state, table, [event]);
    if (!verdict.ok) return verdict;
    if (verdict.value.settled === 0) return failedItem(state, verdict.value);
    if (verdict.value.refused.length > 0) continue;
    const rest = state.kept.refused.filter((each) => !(isMine(each) && each.key === event.key));
    const saved = keep(state, name, entry, rest);
    if (!saved.ok) return saved;
    count += 1;
  }
  return ok(count);
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
  retry: (source, table) => retry(state, source, table),
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
