import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import type { SipAsker } from './sip-asker.ts';
import { createQuickSipAsker } from './sip-quick-asker.ts';

/** An answer to a request, its Via, From and so on sent back. */
const answerTo = (request: Buffer, status: string): string => {
  const headers = request.toString('latin1').split('\r\n').slice(1);
  const kept = headers.filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return [`SIP/2.0 ${status}`, ...kept, 'Content-Length: 0', '', ''].join('\r\n');
};

let server: Socket;
let asker: SipAsker;
let onRequest: (request: Buffer, back: (text: string) => void) => void;
const off = (): AbortController => new AbortController();
const ask = async (signal = off().signal): Promise<number | string> => {
  const answer = await asker.ask({ timeoutMs: 1000, signal });
  return answer.ok ? answer.value : answer.error.code;
};

beforeEach(async () => {
  server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('message', (request, { port, address }) => onRequest(request, (text) => server.send(text, port, address)));
  asker = createQuickSipAsker({ transport: 'udp', host: '127.0.0.1', port: server.address().port });
});
afterEach(async () => {
  await asker.close();
  server.close();
});

test('a final status is the answer, a provisional one is not', async () => {
  onRequest = (request, back) => {
    back(answerTo(request, '100 Trying'));
    back(answerTo(request, '404 Not Found'));
  };
  assert.deepEqual([await ask(), await ask()], [404, 404]);
});

test('each answer finds its question, in any order', async () => {
  const waiting: (() => void)[] = [];
  onRequest = (request, back) => {
    waiting.push(() => back(answerTo(request, `2${waiting.length}0 Fine`)));
    if (waiting.length === 3) for (const each of waiting.toReversed()) each();
  };
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [230, 230, 230]);
});

test('what is not SIP is told as such; what is empty, somebody else’s or not asked for is passed over', async () => {
  onRequest = (_request, back) => back('HTTP/1.1 200 OK\r\n\r\n');
  assert.equal(await ask(), 'sip-garbled');
  onRequest = (request, back) => {
    back('\r\n\r\n');
    back(answerTo(request, '200 OK').replaceAll(/z9hG4bK\w+q\d+/g, 'z9hG4bKother'));
    back(answerTo(request, '200 OK').replace(/(branch=z9hG4bK\w+q)\d+/, '$1999'));
    back(answerTo(request, '486 Busy'));
  };
  assert.equal(await ask(), 486);
});

test('called off, given up and closed', async () => {
  const stop = off();
  onRequest = () => stop.abort();
  assert.equal(await ask(stop.signal), 'sip-aborted');
  // The former socket keeps its question while the next one is asked from another.
  const ports = new Set<string>();
  onRequest = (request, back) => {
    ports.add(/^Via: \S+ (\S+);/m.exec(request.toString('latin1'))?.[1] ?? '');
    if (ports.size === 2) back(answerTo(request, '200 OK'));
    else asker.renew();
  };
  const first = ask();
  await new Promise((resolve) => server.once('message', resolve));
  assert.equal(await ask(), 200);
  await asker.close();
  assert.equal(await first, 'sip-aborted');
  assert.equal(await ask(), 'sip-aborted');
});

test('a port where nobody listens is refused at once', async () => {
  const port = server.address().port;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  assert.equal(await ask(), 'sip-refused');
  server = createSocket('udp4').bind(port, '127.0.0.1');
  await once(server, 'listening');
  server.on('message', (request, { port: to, address }) => server.send(answerTo(request, '200 OK'), to, address));
  assert.equal(await ask(), 200);
});
