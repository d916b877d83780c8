import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../core/result.ts';
import { listCalls } from './calls.ts';
import type { AmiConnection } from './connection.ts';
import type { AmiMessage } from './message.ts';

const message = (name: string, headers: Readonly<Record<string, string>>): AmiMessage => ({
  kind: name === 'Success' ? 'response' : 'event',
  name,
  valuesByName: new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [value]])),
  output: [],
});

const channel = (own: string, call: string, from: string, to: string): AmiMessage =>
  message('CoreShowChannel', {
    Channel: `PJSIP/${from}-1`,
    Uniqueid: own,
    Linkedid: call,
    CallerIDNum: from,
    Exten: to,
    ChannelStateDesc: 'Up',
    Duration: '00:00:12',
  });

const asterisk = (entries: readonly AmiMessage[]): AmiConnection => ({
  version: '11.0.0',
  act: async () => ok({ response: message('Success', {}), entries }),
  close: () => undefined,
});

test('a call is listed once, as it was dialled, in whatever order Asterisk lists its channels', async () => {
  const caller = channel('1.1', '1.1', '1000', '1001');
  const called = channel('1.2', '1.1', '1001', '1000');
  const line = { from: '1000', to: '1001', state: 'Up', lasted: '00:00:12' };
  for (const entries of [
    [caller, called],
    [called, caller],
  ])
    assert.deepEqual(await listCalls(asterisk(entries)), ok([line]));
  // Of one whose beginner has gone the rest is listed.
  assert.deepEqual(await listCalls(asterisk([called])), ok([{ ...line, from: '1001', to: '1000' }]));
});
