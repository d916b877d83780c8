import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AmiConnection } from '../../ami/connection.ts';
import { fail, ok } from '../../core/result.ts';
import { followsBy } from './families.ts';
import type { Manager } from './manager.ts';
import { createReading } from './reading.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();
const cellsOf = (path: string, value: string): string => `${hex(path)} ${value.length} ${hex(value)}`;

/** A manager whose console answers what the test says; the queries are kept. */
const createConsole = () => {
  const asked: string[] = [];
  const state = { writes: 5, pageFails: false, pages: [[cellsOf('/DND/1', 'YES')], []] as string[][] };
  const answerTo = (sql: string): readonly string[] | null => {
    if (sql.includes('ORDER BY rowid DESC')) return [`dt   : ${state.writes} 9 ${cellsOf('/DND/1', 'YES')}`];
    if (state.pageFails) return null;
    return (
      (sql.includes("x''") ? state.pages[0] : state.pages[1])?.flatMap((cells) => `dt   : ${cells}  `.split('\n')) ?? []
    );
  };
  const act = async (_name: string, headers: readonly (readonly [string, string])[]) => {
    const sql = headers[0]?.[1] ?? '';
    asked.push(sql);
    const output = answerTo(sql);
    return output === null
      ? fail('ami-timeout', 'It did not answer in time.', '')
      : ok({ response: { kind: 'response', name: 'Success', valuesByName: new Map(), output }, entries: [] });
  };
  const ami = { act } as unknown as AmiConnection;
  const manager: Manager = {
    start: () => undefined,
    on: (useIt) => useIt(ami),
    trouble: () => null,
    stop: async () => undefined,
  };
  return { asked, state, reading: createReading(manager, followsBy({ include: ['*'], exclude: [] })) };
};

test('where a reading of all rows fails, what was written since the last one is news still', async () => {
  const { asked, state, reading } = createConsole();
  assert.ok((await reading.readAll()).ok);
  Object.assign(state, { writes: 7, pageFails: true });
  assert.equal((await reading.readAll()).ok, false);
  assert.ok(reading.tellsNews());
  await reading.news();
  assert.match(asked.at(-1) ?? '', /total_changes\(\)-5,/);
});

test('a line that is no row fails a reading: rows that were passed over would be taken for gone', async () => {
  const { state, reading } = createConsole();
  state.pages = [[cellsOf('/DND/1', 'YES')], ['\nUnable to query the database']];
  const read = await reading.readAll();
  assert.equal(read.ok ? '' : read.error.code, 'ami-garbled');
});
