import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { buildResponse } from './build.ts';
import { type ReceivedRequest, serialize } from './message.ts';
import { sendOptions } from './options.ts';
import { parseMessage } from './parse.ts';

const never = new AbortController().signal;

const answerTo = (request: ReceivedRequest, status = 200): Buffer =>
  serialize(
    buildResponse(request, { status, reason: 'OK', toTag: 'x', headers: [{ name: 'Server', value: 'node-a' }] }),
  );

/** A UDP server on loopback that gives to each request what `reply` gives, undefined being silence. */
async function udpServer(t: TestContext, reply: (request: ReceivedRequest) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.on('message', (bytes, from) => {
    const request = parseMessage(bytes);
    if (!request.ok || request.value.kind !== 'request') return;
    const answer = reply(request.value);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

describe('sendOptions', () => {
  it('gives status, time and server of whoever answers over UDP', async (t) => {
    const port = await udpServer(t, (request) => answerTo(request));
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 1000, signal: never });
    assert.ok(answer.ok);
    assert.equal(answer.value.status, 200);
    assert.equal(answer.value.server, 'node-a');
    assert.ok(answer.value.tookMs > 0 && answer.value.tookMs < 1000);
  });

  it('takes any final status as an answer', async (t) => {
    const port = await udpServer(t, (request) => answerTo(request, 401));
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 1000, signal: never });
    assert.ok(answer.ok && answer.value.status === 401);
  });

  it('hears at once that nobody listens', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    const beganMs = performance.now();
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 3000, signal: never });
    assert.equal(answer.ok ? '' : answer.error.code, 'sip-refused');
    assert.ok(performance.now() - beganMs < 1000);
  });

  it('repeats a lost question by RFC 3261 and stops at its deadline', async (t) => {
    const branches: string[] = [];
    const port = await udpServer(t, (request) => {
      branches.push(request.vias[0].paramByName.get('branch') ?? '');
      return undefined;
    });
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 700, signal: never });
    assert.equal(answer.ok ? '' : answer.error.code, 'sip-timeout');
    assert.equal(branches.length, 2);
    assert.equal(new Set(branches).size, 1);
  });

  it('says when the answer is not SIP', async (t) => {
    const port = await udpServer(t, () => Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 100, signal: never });
    assert.equal(answer.ok ? '' : answer.error.code, 'sip-garbled');
  });

  it('does not take the answer to another question', async (t) => {
    const port = await udpServer(t, (request) =>
      Buffer.from(
        answerTo(request)
          .toString()
          .replace(/branch=z9hG4bK\w+/, 'branch=z9hG4bKother'),
      ),
    );
    const answer = await sendOptions({ transport: 'udp', host: '127.0.0.1', port, timeoutMs: 100, signal: never });
    assert.equal(answer.ok ? '' : answer.error.code, 'sip-timeout');
  });

  it('stops when called off', async (t) => {
    const abort = new AbortController();
    const port = await udpServer(t, () => {
      abort.abort();
      return undefined;
    });
    const question = { transport: 'udp', host: '127.0.0.1', port, timeoutMs: 5000, signal: abort.signal } as const;
    const answer = await sendOptions(question);
    assert.equal(answer.ok ? '' : answer.error.code, 'sip-aborted');
    const again = await sendOptions(question);
    assert.equal(again.ok ? '' : again.error.code, 'sip-aborted');
  });

  it('asks over TCP, the answer coming in pieces', async (t) => {
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        const request = parseMessage(chunk);
        if (!request.ok || request.value.kind !== 'request') return;
        const bytes = answerTo(request.value);
        socket.write(bytes.subarray(0, 50), () => setImmediate(() => socket.write(bytes.subarray(50))));
      });
    });
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await sendOptions({ transport: 'tcp', host: '127.0.0.1', port, timeoutMs: 1000, signal: never });
    assert.ok(answer.ok && answer.value.status === 200);
  });

  it('asks over TLS, and tells a certificate that it does not trust', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'dualtone-tls-'));
    t.after(() => rm(folder, { recursive: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const wish = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const made = await promisify(execFile)('openssl', [
      ...wish,
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=pbx.test',
    ]).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : assert.fail(error.message)),
    );
    if (!made) {
      t.skip('no openssl here to make a certificate');
      return;
    }
    const ca = await readFile(cert, 'utf8');
    const server = createTlsServer({ key: await readFile(key), cert: ca }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const request = parseMessage(chunk);
        if (request.ok && request.value.kind === 'request') socket.write(answerTo(request.value));
      });
    });
    t.after(() => server.close());
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const question = { transport: 'tls', host: '127.0.0.1', port, timeoutMs: 2000, signal: never } as const;
    for (const tls of [{ ca, serverName: 'pbx.test' }, { verify: false }]) {
      const answer = await sendOptions({ ...question, tls });
      assert.ok(answer.ok && answer.value.status === 200, JSON.stringify(answer));
    }
    const strange = await sendOptions(question);
    assert.equal(strange.ok ? '' : strange.error.code, 'sip-tls');
    const misnamed = await sendOptions({ ...question, tls: { ca, serverName: 'other.test' } });
    assert.equal(misnamed.ok ? '' : misnamed.error.code, 'sip-tls');
  });

  it('tells a TCP server that hangs from one that refuses', async (t) => {
    const server = createServer(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const question = { transport: 'tcp', host: '127.0.0.1', port, timeoutMs: 150, signal: never } as const;
    const silent = await sendOptions(question);
    assert.equal(silent.ok ? '' : silent.error.code, 'sip-timeout');
    server.close();
    const refused = await sendOptions(question);
    assert.equal(refused.ok ? '' : refused.error.code, 'sip-refused');
    t.diagnostic('both seen');
  });

  it('refuses a target that is none', async () => {
    for (const wrong of [
      { host: 'a b' },
      { host: 'x\r\ny' },
      { port: 0 },
      { localAddress: 'eth0' },
      { user: 'a>b' },
      { timeoutMs: -1 },
    ]) {
      const question = { transport: 'udp', host: '127.0.0.1', port: 5060, timeoutMs: 100, signal: never } as const;
      const answer = await sendOptions({ ...question, ...wrong });
      assert.equal(answer.ok ? '' : answer.error.code, 'sip-bad-target', JSON.stringify(wrong));
    }
  });
});
