import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok } from '../core/result.ts';
import { systemClock } from '../time/clock.ts';
import { askReceiver } from './channels/http.ts';
import { createHeartbeat } from './heartbeat.ts';
import { readAlarmSecret } from './secret.ts';
import { createTestClock } from './testing/clock.ts';

const settings = (url: string) =>
  ({ url: () => ok(url), method: 'POST', everyMs: 60_000, timeoutMs: 2000, ca: null }) as const;

test('the switch outside is called while the agent is healthy, and only then', async () => {
  const { clock, pass } = createTestClock();
  let ill: string | null = 'the agent has said nothing yet';
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return ok({ status: 200, text: '' });
  };
  const heartbeat = createHeartbeat(settings('http://127.0.0.1/beat'), clock, () => ill, ask);
  heartbeat.start();
  await pass(300_000);
  assert.equal(asked, 0);
  ill = null;
  await pass(300_000);
  assert.equal(asked, 5);
  assert.equal(heartbeat.status().trouble, null);
  ill = 'the agent is silent';
  await pass(300_000);
  assert.equal(asked, 5);
  assert.equal(heartbeat.status().trouble, 'silent on purpose: the agent is silent');
  await heartbeat.stop();
});

test('it is a real request, and a refusal is told without the path, which is a secret', {
  timeout: 10_000,
}, async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const { promise, resolve } = Promise.withResolvers<void>();
  const heartbeat = createHeartbeat(
    settings(`http://127.0.0.1:${port}/s3cret`),
    systemClock,
    () => null,
    async (asked) => {
      const answer = await askReceiver(asked);
      resolve();
      return answer;
    },
  );
  heartbeat.start();
  await promise;
  await heartbeat.stop();
  server.closeAllConnections();
  server.close();
  assert.deepEqual(seen, ['POST /s3cret']);
  assert.equal(heartbeat.status().trouble, `http://127.0.0.1:${port} answered 404`);
});

test('a secret comes from a file that nobody else reads, or from systemd; never from a readable file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-secret-'));
  const file = join(directory, 'mail');
  writeFileSync(file, 's3cret\n', { mode: 0o600 });
  const open = join(directory, 'open');
  writeFileSync(open, 's3cret\n', { mode: 0o644 });
  const empty = join(directory, 'empty');
  writeFileSync(empty, '\n', { mode: 0o600 });
  const codeOf = (source: string, env: Record<string, string> = {}): string => {
    const read = readAlarmSecret(source, env);
    return read.ok ? read.value : read.error.code;
  };
  assert.equal(codeOf(file), 's3cret');
  assert.equal(codeOf(open), 'alarm-secret-exposed');
  assert.equal(codeOf(empty), 'alarm-secret-unreadable');
  assert.equal(codeOf('credential:mail', { CREDENTIALS_DIRECTORY: directory }), 's3cret');
  assert.equal(codeOf('credential:mail'), 'alarm-secret-unreadable');
  rmSync(directory, { recursive: true });
});
