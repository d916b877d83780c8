import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import { askSnapshot, giveCommand, watchSnapshots } from './client.ts';
import { LONGEST_LINE, readRequest } from './protocol.ts';
import { type ApiServer, type ApiSource, openApiServer } from './server.ts';
import type { Snapshot } from './snapshot.ts';

// Only its way matters here, not what it says.
const shown = (number: number): Snapshot => ({ kind: 'checkpoint', name: `shown ${number}` }) as unknown as Snapshot;

let folder = '';
let path = '';
let server: ApiServer | null = null;
let snapshots = 0;
let listeners = new Set<() => void>();

const source: ApiSource = {
  snapshot: () => {
    snapshots += 1;
    return shown(snapshots);
  },
  command: async ({ command }) => ({ ok: true, code: 'done', text: command.name, remedy: '' }),
  work: async ({ work }, onProgress) => {
    onProgress({ what: work.name, done: 1, total: 2 });
    return { ok: true, value: work };
  },
  readJournal: ({ limit }) => {
    if (limit === 13) throw new Error('the disk is gone');
    return [];
  },
  onChange: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

const open = async (): Promise<void> => {
  const opened = await openApiServer({ path, group: null }, source);
  assert.ok(opened.ok, opened.ok ? '' : opened.error.message);
  server = opened.value;
};

/** Sends raw bytes; resolves with what came back until the server closed or `lines` lines came. */
const raw = (bytes: string | Buffer, lines: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(path);
    let said = '';
    const finish = (): void => {
      socket.destroy();
      resolve(said);
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.split('\n').length > lines) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(bytes);
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-api-'));
  path = join(folder, 'run', 'control.sock');
  snapshots = 0;
  listeners = new Set();
});

afterEach(async () => {
  await server?.close();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

test('a snapshot, a command and the journal are answered, and only root may ask', async () => {
  await open();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const asked = await askSnapshot(path);
  assert.ok(asked.ok && asked.value.kind === 'checkpoint');
  const command = { name: 'mode', mode: 'manual' } as const;
  const given = await giveCommand(path, { type: 'command', by: 'test', validMs: 1000, epoch: null, command }, 2000);
  assert.ok(given.ok && given.value.text === 'mode');
  const journal = await raw('{"id":"7","type":"journal"}\n', 1);
  assert.equal(journal, '{"id":"7","type":"journal","entries":[]}\n');
});

/** Many changes at once are one snapshot. */
const changeThrice = (): void => {
  for (let count = 0; count < 3; count += 1) for (const tell of listeners) tell();
};

test('a watch gets a snapshot at once and after changes, and is forgotten when it ends', async () => {
  await open();
  const ended = new AbortController();
  const names: string[] = [];
  const watched = watchSnapshots(path, 50, ended.signal, (snapshot) => {
    names.push(snapshot.kind === 'checkpoint' ? snapshot.name : '');
    if (names.length === 3) ended.abort();
    else setImmediate(changeThrice);
  });
  assert.ok((await watched).ok);
  assert.deepEqual(names, ['shown 1', 'shown 2', 'shown 3']);
  while (listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('garbage is answered or hung up on, never obeyed, and the next client is served', async () => {
  await open();
  const garbage = [
    'hello',
    '{}',
    '[]',
    'null',
    '{"id":"1"}',
    '{"id":1,"type":"snapshot"}',
    '{"id":"1","type":"command"}',
  ];
  for (const line of garbage) assert.match(await raw(`${line}\n`, 1), /"code":"api-garbage"/, line);
  assert.equal(await raw('x'.repeat(LONGEST_LINE + 2), 1), '');
  assert.match(await raw(Buffer.from([0xff, 0xfe, 0x00, 0x0a]), 1), /api-garbage/);
  assert.match(await raw('{"id":"1","type":"journal","limit":13}\n', 1), /the disk is gone/);
  assert.ok((await askSnapshot(path)).ok);
});

test('no line makes the reader throw, and only whole requests pass', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      const { id, request } = readRequest(line);
      assert.equal(typeof id, 'string');
      if (!request.ok) assert.equal(request.error.code, 'api-garbage');
    }),
  );
  const commands = [
    { name: 'start' },
    { name: 'switchover', whenIdle: true, maxWaitMs: -1 },
    { name: 'mode', mode: 'master' },
    { name: 'maintenance-on', forMs: 1000, reason: 'a\nb' },
    { name: 'maintenance-on', forMs: 0, reason: '' },
    { name: 'rm' },
  ];
  for (const command of commands) {
    const line = JSON.stringify({ id: '1', type: 'command', by: 'x', validMs: 1, epoch: null, command });
    assert.ok(!readRequest(line).request.ok, line);
  }
});

test('a living agent is not pushed aside, a dead one’s socket is, and a file is left alone', async () => {
  await open();
  const second = await openApiServer({ path, group: null }, source);
  assert.ok(!second.ok && second.error.code === 'already-running');
  assert.ok((await askSnapshot(path)).ok);
  await server?.close();
  server = null;
  // What a killed process leaves: a socket nobody answers.
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(folder, 'run', 'dead.sock'), () => resolve()));
  path = join(folder, 'run', 'file.sock');
  writeFileSync(path, 'precious');
  const refused = await openApiServer({ path, group: null }, source);
  assert.ok(!refused.ok && refused.error.code === 'api-not-a-socket');
  assert.ok(existsSync(path));
  await new Promise((resolve) => dead.close(resolve));
});

test('an agent that is not there: what to do is said', async () => {
  const asked = await askSnapshot(path);
  assert.ok(!asked.ok);
  assert.equal(asked.error.code, 'agent-unreachable');
  assert.match(asked.error.message, /no agent is running there/);
  assert.match(asked.error.remedy, /systemctl start dualtone/);
});

test('a group that does not exist is refused, and no socket stays', async () => {
  const opened = await openApiServer({ path, group: 'no-such-group-here' }, source);
  assert.ok(!opened.ok && opened.error.code === 'api-group');
});
