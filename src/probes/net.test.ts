import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import type { WatchedProbe } from './answer.ts';
import { createSipProbe } from './sip.ts';
import { createTcpProbe } from './tcp.ts';
import { realClock } from './testing/clocks.ts';
import { collect, isFailed, isOk, isSilent, isWord } from './testing/samples.ts';

const pace = { periodMs: 20, timeoutMs: 60 };
const local = '127.0.0.1';

const listening = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
  });
  server.listen(0, local);
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
};

const closedPort = async (): Promise<number> => {
  const { server, port } = await listening();
  server.close();
  await once(server, 'close');
  return port;
};

/** A SIP server of one line, or one that hears and never answers. */
const sipServer = async (status: string | null): Promise<{ socket: Socket; port: number }> => {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    if (status === null) return;
    const kept = bytes
      .toString()
      .split('\r\n')
      .filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line))
      .map((line) => (/^To:/i.test(line) ? `${line};tag=1` : line));
    socket.send(`SIP/2.0 ${status}\r\n${kept.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, from.port, from.address);
  });
  socket.bind(0, local);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
};

const sip = (port: number, about: 'telephony' | 'rival' = 'telephony'): WatchedProbe =>
  createSipProbe({ probe: 'sip', about, ...pace, transport: 'udp', host: local, port }, realClock);

test('tcp: somebody accepts', async () => {
  const { server, port } = await listening();
  const probe = createTcpProbe({ probe: 'tcp', about: 'telephony', ...pace, host: local, port }, realClock);
  const got = collect();
  probe.start(got.report);
  await got.next(isOk);
  await probe.stop();
  server.close();
});

test('tcp: refused is a crash of telephony, and of anything else a failure', async () => {
  const port = await closedPort();
  for (const about of ['telephony', 'rival'] as const) {
    const probe = createTcpProbe({ probe: 'tcp', about, ...pace, host: local, port }, realClock);
    const got = collect();
    probe.start(got.report);
    assert.equal((await got.next(isFailed)).crashed, about === 'telephony');
    await probe.stop();
  }
});

test('tcp: what this node itself could not do is silence', async () => {
  const probe = createTcpProbe(
    { probe: 'tcp', about: 'rival', ...pace, host: local, port: 9, localAddress: '192.0.2.1' },
    realClock,
  );
  const got = collect();
  probe.start(got.report);
  assert.match((await got.next(isSilent)).reason, /EADDRNOTAVAIL|EINVAL/);
  await probe.stop();
});

test('sip: 200 and 404 are life, 503 is not', async () => {
  for (const [status, outcome] of [
    ['200 OK', 'ok'],
    ['404 Not Found', 'ok'],
    ['503 Service Unavailable', 'failed'],
  ] as const) {
    const { socket, port } = await sipServer(status);
    const probe = sip(port);
    const got = collect();
    probe.start(got.report);
    assert.equal((await got.next(isWord)).outcome, outcome, status);
    await probe.stop();
    socket.close();
  }
});

test('sip: deaf is failed after its time, and not crashed', async (context) => {
  const { socket, port } = await sipServer(null);
  const probe = sip(port);
  context.after(async () => {
    await probe.stop();
    socket.close();
  });
  const got = collect();
  const began = performance.now();
  probe.start(got.report);
  const sample = await got.next(isWord);
  assert.deepEqual([sample.outcome, sample.crashed], ['failed', false]);
  // Timers count whole milliseconds.
  assert.ok(performance.now() - began > 59);
  for (let more = 0; more < 4; more += 1) await got.next(isFailed);
  // One question's end does not take the younger ones with it: between failures, silence would never make three bad looks.
  assert.deepEqual(
    got.samples.filter(({ reason }) => reason.includes('called off')),
    [],
  );
});

test('sip: a refused port is crashed, without waiting for the deadline', async () => {
  const { socket, port } = await sipServer(null);
  socket.close();
  await once(socket, 'close');
  const probe = createSipProbe(
    { probe: 'sip', about: 'telephony', periodMs: 20, timeoutMs: 60_000, transport: 'udp', host: local, port },
    realClock,
  );
  const got = collect();
  probe.start(got.report);
  assert.equal((await got.next(isFailed)).crashed, true);
  await probe.stop();
});

test('stopped while a question is open: no report after, and nothing keeps the process alive', async () => {
  const { socket, port } = await sipServer(null);
  const probe = createSipProbe(
    { probe: 'sip', about: 'telephony', periodMs: 20, timeoutMs: 60_000, transport: 'udp', host: local, port },
    realClock,
  );
  const got = collect();
  const heard = once(socket, 'message');
  probe.start(got.report);
  await heard;
  await probe.stop();
  assert.deepEqual(got.samples.filter(isWord), []);
  socket.close();
});
