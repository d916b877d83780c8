import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { EntryBody } from './chain.ts';
import { createJournal, type JournalOptions, type WrittenJournal } from './journal.ts';
import { openJournalReader } from './reader.ts';

export const directory = mkdtempSync(join(tmpdir(), 'dualtone-journal-'));
after(() => rmSync(directory, { recursive: true }));

let made = 0;
export const newPath = (): string => {
  made += 1;
  return join(directory, String(made), 'journal');
};

export const entry = (count: number, data: unknown = { count }): EntryBody => ({
  wall: 1_700_000_000_000 + count,
  at: count + 0.5,
  epoch: 2,
  kind: 'decision',
  reasons: [{ rule: 'some-rule', facts: { count } }],
  data,
});

export const journal = (context: TestContext, path: string, more: Partial<JournalOptions> = {}): WrittenJournal => {
  const opened = createJournal({ path, maxAgeMs: 1e15, maxSizeBytes: 1e12, memoryEntries: 1000, ...more });
  context.after(() => opened.close());
  return opened;
};

export const filled = async (context: TestContext, count: number): Promise<string> => {
  const path = newPath();
  const opened = journal(context, path);
  for (let each = 1; each <= count; each += 1) opened.append(entry(each));
  assert.ok((await opened.flush()).ok);
  opened.close();
  return path;
};

export const verified = (path: string): string => {
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  const result = reader.value.verify();
  return result.ok ? `ok ${result.value.entries}` : result.error.message;
};

/** Every segment's lines, changed and written back. */
export const tamper = (path: string, change: (lines: string[], name: string) => string[]): void => {
  for (const name of readdirSync(path).filter((each) => each.endsWith('.jsonl'))) {
    const lines = change(readFileSync(join(path, name), 'utf8').split('\n').slice(0, -1), name);
    writeFileSync(join(path, name), lines.map((line) => `${line}\n`).join(''));
  }
};
export const without = (first: number, last: number) => (lines: string[]) =>
  lines.filter((line) => {
    const seq = Number(/^\{"seq":(\d+)/.exec(line)?.[1] ?? 0);
    return seq < first || seq > last;
  });
