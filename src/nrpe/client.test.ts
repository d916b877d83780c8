/** What hangs, drips, lies or floods: each is a fault in time, and no socket stays. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ok } from '../core/result.ts';
import { createNrpeCheckpoint } from './checkpoint.ts';
import { askNrpe } from './client.ts';
import { encodeAnswer } from './packet.ts';

const never = new AbortController().signal;

/** A daemon that does with each connection what the test says; its port. */
const daemon = async (t: TestContext, serve: (socket: Socket, query: Buffer) => void): Promise<number> => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (query) => serve(socket, query));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const ask = async (port: number, timeoutMs = 1000, signal = never): Promise<string> => {
  const target = { address: '127.0.0.1', port, tls: { kind: 'off' } } as const;
  const asked = await askNrpe(target, 4, 'check_main', { timeoutMs, signal });
  return asked.ok ? `${asked.value.code} ${asked.value.text}` : asked.error.code;
};

test('an answer in one piece, in many, and without its end', async (t) => {
  const answer = encodeAnswer(4, 2, 'CRITICAL');
  assert.equal(await ask(await daemon(t, (socket) => socket.end(answer))), '2 CRITICAL');
  const drip = await daemon(t, (socket) => {
    socket.setNoDelay(true);
    const rest = [...answer];
    const next = (): void => {
      const byte = rest.shift();
      if (byte !== undefined) socket.write(Buffer.from([byte]), () => setImmediate(next));
    };
    next();
  });
  assert.equal(await ask(drip), '2 CRITICAL');
  assert.equal(await ask(await daemon(t, (socket) => socket.end(answer.subarray(0, 20)))), 'nrpe-malformed');
});

test('who hangs, floods, hangs up or talks otherwise is told apart, in time', async (t) => {
  assert.equal(await ask(await daemon(t, () => undefined), 100), 'nrpe-timeout');
  assert.equal(await ask(await daemon(t, (socket) => socket.destroy())), 'nrpe-refused');
  assert.equal(await ask(await daemon(t, (socket) => socket.resetAndDestroy())), 'nrpe-refused');
  assert.equal(await ask(await daemon(t, (socket) => socket.end('220 mail.example ESMTP\r\n'))), 'nrpe-malformed');
  const endless = Buffer.alloc(64 * 1024, 'x');
  const flood = await daemon(t, (socket) => {
    const more = (): void => void (socket.destroyed || socket.write(endless, more));
    more();
  });
  assert.equal(await ask(flood), 'nrpe-malformed');
  const off = new AbortController();
  const asked = ask(await daemon(t, () => off.abort()), 5000, off.signal);
  assert.equal(await asked, 'nrpe-called-off');
  assert.equal(await ask(1, 1000, AbortSignal.abort()), 'nrpe-called-off');
});

test('a daemon that knows version 2 alone is asked so, once it is known, at once', async (t) => {
  const versions: number[] = [];
  const port = await daemon(t, (socket, query) => {
    versions.push(query.readInt16BE(0));
    if (query.readInt16BE(0) === 2) socket.end(encodeAnswer(2, 0, 'OK'));
    else socket.destroy();
  });
  const target = { address: '127.0.0.1', port, tls: { kind: 'off' } } as const;
  const options = {
    name: 'c1',
    target: () => ok(target),
    command: 'check_main',
    control: null,
    version: null,
    timeoutMs: 1000,
  };
  const checkpoint = createNrpeCheckpoint(options);
  for (let i = 0; i < 2; i += 1)
    assert.deepEqual(await checkpoint.ask(never), { ok: true, value: { reaches: true, text: 'OK' } });
  assert.deepEqual(versions, [4, 2, 2]);
});
