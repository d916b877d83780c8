import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../../core/result.ts';
import type { Mysql } from './connection.ts';
import { parseMariadb } from './gtid.ts';
import { waitWhileComing } from './link.ts';
import { dialectOf } from './server-version.ts';

const dialect = dialectOf('10.11.19-MariaDB');
assert.ok(dialect.ok);

/** A server that has one transaction more at each look, up to `most`. */
const serverThatGetsTo = (most: number): Mysql => {
  let number = 0;
  const query = async () => {
    number = Math.min(most, number + 1);
    return ok([{ log: '', followed: `2-2-${number}` }]);
  };
  return { dialect: dialect.value, query } as unknown as Mysql;
};

const wanted = parseMariadb('2-2-40') ?? new Map();
const coming = { stallMs: 60, mostMs: 60_000, signal: new AbortController().signal, isWanted: () => true };

test('what keeps coming is waited for many times as long as silence is', async () => {
  assert.deepEqual(await waitWhileComing(serverThatGetsTo(40), wanted, coming), ok(true));
});

test('what comes no more, or is not wanted any more, is not waited for', async () => {
  assert.deepEqual(await waitWhileComing(serverThatGetsTo(39), wanted, coming), ok(false));
  const unwanted = { ...coming, stallMs: 0, isWanted: () => false };
  assert.deepEqual(await waitWhileComing(serverThatGetsTo(40), wanted, unwanted), ok(false));
  const over = { ...coming, stallMs: 0, mostMs: 0 };
  assert.deepEqual(await waitWhileComing(serverThatGetsTo(40), wanted, over), ok(false));
});
