import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../process/run.ts';
import { item, message, never } from '../testing/messages.ts';
import { createCommandChannel } from './command.ts';

const node = (script: string, ...args: readonly string[]) =>
  createCommandChannel({ name: 'cmd', argv: [process.execPath, '-e', script, ...args], timeoutMs: 5000 }, run);

test('the program has the event on its standard input, and no shell reads anything of it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-cmd-'));
  const file = join(directory, 'out.json');
  const script = "require('fs').writeFileSync(process.argv[1], require('fs').readFileSync(0))";
  const evil = item({ title: '$(touch /tmp/x); `id`' });
  assert.deepEqual(await node(script, file).send(message([evil]), never), { outcome: 'delivered', why: '' });
  const document = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly version: number;
    readonly severity: string;
    readonly alarms: readonly { readonly title: string; readonly state: string; readonly began: string }[];
  };
  rmSync(directory, { recursive: true });
  assert.deepEqual([document.version, document.severity], [1, 'alarm']);
  assert.deepEqual(
    document.alarms.map(({ title, state, began }) => [title, state, began]),
    [['$(touch /tmp/x); `id`', 'new', '2026-11-21T02:00:00.000Z']],
  );
});

test('any other end than code 0 is to be tried again, with what it said', async () => {
  const sent = await node("console.error('modem is off'); process.exit(3)").send(message(), never);
  assert.equal(sent.outcome, 'failed');
  assert.match(sent.why, /exit code 3: modem is off/);
  const absent = createCommandChannel({ name: 'cmd', argv: ['/nowhere/sms'], timeoutMs: 1000 }, run);
  assert.equal((await absent.send(message(), never)).outcome, 'failed');
});
