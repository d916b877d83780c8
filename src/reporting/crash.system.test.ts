/** Whatever dies at whatever step: each event is at the target once, and those of one origin in their order. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { ok } from '../core/result.ts';
import { createElasticTarget } from './elastic/target.ts';
import { type ElasticStandIn, startElastic } from './testing/elastic.ts';
import { drain, type Fixture, Killed, killAt, startFixture } from './testing/fixture.ts';

type Node = 'main' | 'standby';

type Action =
  | { readonly kind: 'write'; readonly node: Node; readonly rows: number; readonly isUndone: boolean }
  | {
      readonly kind: 'send';
      readonly node: Node;
      readonly target: 'postgres' | 'elastic';
      readonly killAt: number | null;
    }
  | { readonly kind: 'merge' };

let fixture: Fixture;
let elastic: ElasticStandIn;
let directory: string;
before(async () => {
  fixture = await startFixture();
  elastic = await startElastic();
  directory = mkdtempSync(join(tmpdir(), 'reporting-'));
});
after(async () => {
  await elastic.stop();
  await fixture.stop();
  rmSync(directory, { recursive: true });
});

/** Names of the events that were written; forgotten with each run of the property. */
let written: Record<Node, number> = { main: 0, standby: 0 };

const reset = async (): Promise<void> => {
  await fixture.reset();
  for (const table of ['queue_log', 'cel']) elastic.dropIndex(`xivo-${table}`);
  rmSync(directory, { recursive: true, force: true });
  written = { main: 0, standby: 0 };
};

/** A transaction that is undone draws numbers all the same. */
const write = async ({ node, rows, isUndone }: Extract<Action, { kind: 'write' }>): Promise<void> => {
  const from = written[node];
  if (!isUndone) written[node] += rows;
  await fixture.on(
    node,
    `BEGIN; INSERT INTO queue_log ("time", callid, event) SELECT to_char('2026-03-01 10:30'::timestamp + n * interval '1 s', 'YYYY-MM-DD HH24:MI:SS'),
       '${node}-' || n, 'ENTERQUEUE' FROM generate_series(${from + 1}, ${from + rows}) n;
     INSERT INTO cel (eventtype, eventtime, linkedid) SELECT 'ANSWER', '2026-03-01 10:30Z'::timestamptz + n * interval '1 s', '${node}-' || n
       FROM generate_series(${from + 1}, ${from + rows}) n; ${isUndone ? 'ROLLBACK' : 'COMMIT'}`,
  );
};

const send = async ({ node, target, killAt: step }: Extract<Action, { kind: 'send' }>): Promise<void> => {
  const toElastic = createElasticTarget({
    access: () => ok({ url: elastic.url, ca: null, authorization: null, timeoutMs: 60_000 }),
    indexOf: (table) => `xivo-${table}`,
    storePath: join(directory, `${node}.json`),
    node,
  });
  const changes = {
    ...(target === 'elastic' ? { target: toElastic } : {}),
    ...(step === null ? {} : { onStep: killAt(step) }),
    pace: { everyMs: 1, batchRows: 3, batchBytes: 10_000 },
  };
  try {
    const done = await drain(fixture.lane(node, changes));
    assert.ok(done.ok, JSON.stringify(done));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
};

const act = async (action: Action): Promise<void> => {
  if (action.kind === 'write') await write(action);
  else if (action.kind === 'send') await send(action);
  else await fixture.merge();
};

const check = (where: string, names: readonly string[]): void => {
  for (const node of ['main', 'standby'] as const) {
    const wanted = Array.from({ length: written[node] }, (_one, index) => `${node}-${index + 1}`);
    assert.deepEqual(
      names.filter((name) => name.startsWith(`${node}-`)),
      wanted,
      `${where}, of ${node}`,
    );
  }
};

const node = fc.constantFrom<Node>('main', 'standby');
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      node,
      rows: fc.integer({ min: 1, max: 7 }),
      isUndone: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      node,
      target: fc.constantFrom('postgres' as const, 'elastic' as const),
      killAt: fc.option(fc.integer({ min: 1, max: 25 }), { freq: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'merge' as const }) },
);

test('killed at any step, with merges in between: once each, and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 14 }), async (actions) => {
      await reset();
      for (const each of actions) await act(each);
      // The order of the last ones is the hard one: the main may come first with what a merge has brought.
      await act({ kind: 'merge' });
      for (const target of ['postgres', 'elastic'] as const)
        for (const name of ['main', 'standby'] as const) await act({ kind: 'send', node: name, target, killAt: null });
      for (const [table, column] of [
        ['queue_log', 'callid'],
        ['cel', 'linkedid'],
      ] as const) {
        const rows = await fixture.on('stats', `SELECT ${column} AS name FROM ${table} ORDER BY id`);
        check(
          `${table} at PostgreSQL`,
          rows.map((row) => String(row['name'])),
        );
        check(
          `${table} at Elasticsearch`,
          elastic.documents(`xivo-${table}`).map((document) => String(document[column])),
        );
      }
    }),
    { numRuns: Number(process.env['REPORTING_RUNS'] ?? 6) },
  );
});
