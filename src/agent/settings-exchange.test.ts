import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok, type Result } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import type { PeerTalk } from './beside/replication.ts';
import { createSettingsExchange } from './settings-exchange.ts';

/** Two ends of a stream; `cut` loses all that is said. */
const stream = () => {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  let isCut = false;
  const end = (own: number): PeerTalk => ({
    send: (message) => {
      if (isCut) return false;
      const said: unknown = JSON.parse(JSON.stringify(message));
      for (const listener of listeners[1 - own] ?? []) listener(said);
      return true;
    },
    onMessage: (listener) => void listeners[own]?.push(listener),
    onConnected: () => undefined,
  });
  return { one: end(0), other: end(1), cut: () => (isCut = true) };
};

const saying =
  (text: string, seen: string[] = []): Run =>
  async (argv, { input }) => {
    seen.push(`${argv.join(' ')} < ${input ?? ''}`);
    return ok({ exitCode: 0, endedBy: null, stdout: text, stderr: '', tookMs: 1 });
  };
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);
const silent: Run = () => Promise.resolve(fail('program-missing', 'x.', 'x.'));

test('a question is answered by the program beside the other agent, on its standard input', async () => {
  const { one, other } = stream();
  const seen: string[] = [];
  createSettingsExchange(other, ['settings'], saying('{"ok":true,"value":{"base":"a"}}', seen));
  const asked = await createSettingsExchange(one, ['never'], silent).ask('anna', { name: 'look' });
  assert.deepEqual(asked, ok({ base: 'a' }));
  assert.deepEqual(seen, ['settings < {"by":"anna","ask":{"name":"look"}}\n']);
});

test('a fault there is the fault here; what is odd, and a cut stream, are faults of their own', async () => {
  const cases: readonly (readonly [Run, string])[] = [
    [
      saying('{"ok":false,"error":{"code":"config-changed-since","message":"x.","remedy":"x."}}'),
      'config-changed-since',
    ],
    [saying('nonsense'), 'settings-odd'],
    [saying('{"ok":false}'), 'settings-odd'],
    [silent, 'program-missing'],
  ];
  for (const [run, code] of cases) {
    const { one, other } = stream();
    createSettingsExchange(other, ['settings'], run);
    assert.equal(codeOf(await createSettingsExchange(one, [], silent).ask('anna', {})), code);
  }
  const { one, cut } = stream();
  cut();
  assert.equal(codeOf(await createSettingsExchange(one, [], silent).ask('anna', {})), 'settings-unheard');
});

test('one question at a time: a second one is told so, and does nothing', async () => {
  const { one, other } = stream();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  createSettingsExchange(other, ['settings'], async () => {
    runs += 1;
    await gate.promise;
    return ok({ exitCode: 0, endedBy: null, stdout: '{"ok":true,"value":1}', stderr: '', tookMs: 1 });
  });
  const asking = createSettingsExchange(one, [], silent);
  const first = asking.ask('anna', {});
  assert.equal(codeOf(await asking.ask('boris', {})), 'settings-busy');
  gate.resolve();
  assert.deepEqual([codeOf(await first), runs], ['ok', 1]);
});
