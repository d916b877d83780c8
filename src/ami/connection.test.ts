import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { callsInProgress, dbDelete, dbGet, dbPut, dbTree, ping, runCommand } from './actions.ts';
import { type AmiConnection, type AmiListeners, type AmiOptions, connectAmi } from './connection.ts';
import { type FakeManager, startFakeManager } from './testing/fake-manager.ts';

let manager: FakeManager;
const opened: AmiConnection[] = [];

beforeEach(async () => {
  manager = await startFakeManager();
});
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await manager.stop();
});

const options = (more: Partial<AmiOptions> = {}): AmiOptions => ({
  host: '127.0.0.1',
  port: manager.port,
  user: 'dualtone',
  secret: 's3cret',
  connectTimeoutMs: 2_000,
  actionTimeoutMs: 2_000,
  ...more,
});

const enter = async (listeners: AmiListeners = {}, more: Partial<AmiOptions> = {}): Promise<AmiConnection> => {
  const connected = await connectAmi(options(more), listeners);
  assert.ok(connected.ok, JSON.stringify(connected));
  opened.push(connected.value);
  return connected.value;
};

const faultOf = (result: { ok: boolean; error?: { code: string } }): string =>
  result.ok ? 'none' : (result.error?.code ?? '');

test('logs in by challenge: the secret is never on the wire', async () => {
  const ami = await enter();
  assert.equal(ami.version, '11.0.0');
  assert.deepEqual(await ping(ami), { ok: true, value: undefined });
  assert.equal(manager.heard().includes('s3cret'), false);
});

test('a wrong secret is refused with a remedy, and the secret is not in the fault', async () => {
  const connected = await connectAmi(options({ secret: 'wr0ng' }));
  assert.equal(faultOf(connected), 'ami-login-refused');
  assert.equal(JSON.stringify(connected).includes('wr0ng'), false);
});

test('nobody listens', async () => {
  await manager.kill();
  assert.equal(faultOf(await connectAmi(options())), 'ami-refused');
});

test('accepted, but nothing answers: both the login and an action end at their deadline', async () => {
  const ami = await enter();
  manager.freeze(true);
  assert.equal(faultOf(await ping(ami, { timeoutMs: 30 })), 'ami-timeout');
  assert.equal(faultOf(await connectAmi(options({ connectTimeoutMs: 30 }))), 'ami-timeout');
  manager.freeze(false);
  assert.equal(faultOf(await ping(ami)), 'none');
});

test('calling off ends a connecting at once', async () => {
  manager.freeze(true);
  const off = new AbortController();
  const connecting = connectAmi(options({ connectTimeoutMs: 60_000 }), {}, off.signal);
  off.abort();
  assert.equal(faultOf(await connecting), 'ami-aborted');
});

test('a dropped connection ends what is under way and is told once', async () => {
  const told: string[] = [];
  let heard: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const ami = await enter({
    onClose: (fault) => {
      told.push(fault.code);
      heard();
    },
  });
  manager.freeze(true);
  const under = ping(ami);
  manager.dropAll();
  assert.equal(faultOf(await under), 'ami-closed');
  await closed;
  assert.equal(faultOf(await ping(ami)), 'ami-closed');
  assert.deepEqual(told, ['ami-closed']);
});

test('our own closing is not told', async () => {
  let told = 0;
  const ami = await enter({ onClose: () => (told += 1) });
  ami.close();
  assert.equal(faultOf(await ping(ami)), 'ami-closed');
  assert.equal(told, 0);
});

test('events come between answers', async () => {
  const events: string[] = [];
  const ami = await enter({ onEvent: (event) => events.push(event.name) });
  manager.emit('ContactStatus', { AOR: '100' });
  assert.equal(faultOf(await ping(ami)), 'none');
  assert.deepEqual(events, ['ContactStatus']);
});

test('AstDB: put, get, list, delete; quotes and other alphabets come back as they went', async () => {
  const ami = await enter();
  const value = '{"user_agent":"\\"Ü: x\\", 電話","uri":"sip:1@h;ob"}';
  assert.equal(faultOf(await dbPut(ami, 'registrar/contact', { key: '1;@ab', value })), 'none');
  assert.deepEqual(await dbGet(ami, 'registrar/contact', '1;@ab'), { ok: true, value });
  assert.deepEqual(await dbTree(ami, 'registrar/contact'), { ok: true, value: [{ key: '1;@ab', value }] });
  manager.refusalByAction.set('DBGetTree', 'Invalid/unknown command: DBGetTree. Use Action: ListCommands');
  assert.deepEqual(await dbTree(ami, 'registrar/contact'), { ok: true, value: [{ key: '1;@ab', value }] });
  assert.deepEqual(await dbDelete(ami, 'registrar/contact', '1;@ab'), { ok: true, value: true });
  assert.deepEqual(await dbDelete(ami, 'registrar/contact', '1;@ab'), { ok: true, value: false });
  assert.deepEqual(await dbGet(ami, 'registrar/contact', '1;@ab'), { ok: true, value: null });
});

test('a value that Asterisk 16 cuts is read whole', async () => {
  const ami = await enter();
  manager.cutAt = 255;
  for (const size of [100, 250, 254, 255, 256, 400, 600]) {
    for (const letter of ['x', 'é', '電']) {
      const value = `{"a":"${letter.repeat(Math.ceil(size / Buffer.byteLength(letter)))}"}`;
      await dbPut(ami, 'f', { key: 'k', value });
      assert.deepEqual(await dbGet(ami, 'f', 'k'), { ok: true, value }, `${size} ${letter}`);
    }
  }
});

test('a value with a line end is refused before it could become an action of its own', async () => {
  const ami = await enter();
  const before = manager.actions.length;
  assert.equal(faultOf(await dbPut(ami, 'f', { key: 'k', value: 'x\r\nAction: Command' })), 'ami-bad-header');
  assert.equal(faultOf(await dbPut(ami, 'f', { key: 'k', value: 'x'.repeat(1_100) })), 'ami-line-too-long');
  assert.equal(manager.actions.length, before);
});

test('calls, permission, and a command', async () => {
  const ami = await enter();
  manager.calls = 3;
  assert.deepEqual(await callsInProgress(ami), { ok: true, value: 3 });
  manager.valueByPath.set('/f/k', 'v');
  assert.deepEqual(await runCommand(ami, 'database show f'), {
    ok: true,
    value: [`${'/f/k'.padEnd(50)}: ${'v'.padEnd(25)}`],
  });
  manager.refusalByAction.set('CoreStatus', 'Permission denied');
  assert.equal(faultOf(await callsInProgress(ami)), 'ami-permission');
});

test('three thousand rows go through one connection without waiting for each other', async () => {
  const ami = await enter();
  const rows = Array.from({ length: 3_000 }, (_, index) => ({ key: `${index};@x`, value: `{"n":"${index}"}` }));
  const results = await Promise.all(rows.map((row) => dbPut(ami, 'registrar/contact', row)));
  assert.equal(
    results.every((result) => result.ok),
    true,
  );
  const tree = await dbTree(ami, 'registrar/contact');
  assert.equal(tree.ok ? tree.value.length : -1, 3_000);
});

test('a busy event loop does not take its own lateness for silence', async () => {
  const ami = await enter();
  const asked = ping(ami, { timeoutMs: 20 });
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + 60;
  while (performance.now() < until);
  assert.equal(faultOf(await asked), 'none');
});

test('garbage instead of an answer ends the connection with a fault, not the process', async () => {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.write(Buffer.from('\u0000\u0001garbage\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  assert.equal(faultOf(await connectAmi(options({ port }))), 'ami-not-asterisk');
  server.close();
});
