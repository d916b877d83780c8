import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { askHttp, type HttpQuestion, keepConnections } from './ask.ts';

const serve = async (t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const sockets = new Set<number>();
  const server = createServer((request, response) => {
    sockets.add(request.socket.remotePort ?? 0);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/here`, sockets };
};

const question = (url: string): HttpQuestion => ({ url, method: 'GET', timeoutMs: 5000, mostBytes: 10 });

test('any status is an answer, with its body; nothing is followed', async (t) => {
  const { url } = await serve(t, (request, response) => {
    const { method, headers } = request;
    response.writeHead(302, { location: '/elsewhere' });
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (text: string) => (body += text));
    request.on('end', () => response.end(`${method} ${headers['content-length']} ${body} ${headers.authorization}`));
  });
  const answer = await askHttp({ ...question(url), method: 'PUT', body: 'né', login: 'u:p', mostBytes: 1000 });
  assert.deepEqual(answer, { ok: true, value: { status: 302, location: '/elsewhere', body: 'PUT 3 né Basic dTpw' } });
});

test('a longer answer fails, or is cut where no character is torn', async (t) => {
  const { url } = await serve(t, (_request, response) => {
    // It never ends.
    response.write('123456789é more');
  });
  const whole = await askHttp(question(url));
  assert.equal(whole.ok ? 'an answer' : whole.error.kind, 'too-long');
  const cut = await askHttp({ ...question(url), longer: 'is-cut' });
  assert.equal(cut.ok ? cut.value.body : cut.error.message, '123456789');
});

const kindOf = async (asked: HttpQuestion): Promise<string> => {
  const answer = await askHttp(asked);
  return answer.ok ? 'an answer' : answer.error.kind;
};

test('whatever the other side does, it is over, and says how', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('a');
      response.socket?.end();
    }
  });
  assert.equal(await kindOf({ ...question(url), timeoutMs: 50 }), 'late');
  assert.equal(await kindOf(question(url.replace('/here', '/cut'))), 'broken');
  assert.equal(await kindOf({ ...question(url), signal: AbortSignal.abort() }), 'stopped');
  const stopping = new AbortController();
  const asked = kindOf({ ...question(url), signal: stopping.signal });
  stopping.abort();
  assert.equal(await asked, 'stopped');
  assert.equal(await kindOf(question('http://127.0.0.1:1/')), 'unreached');
  assert.equal(await kindOf(question('no address')), 'unreached');
  assert.equal(await kindOf({ ...question(url.replace('http:', 'https:')) }), 'tls');
});

test('a connection is kept where that is asked, and only there', async (t) => {
  const { url, sockets } = await serve(t, (_request, response) => response.end('ok'));
  const connections = keepConnections(url, 1);
  t.after(() => connections.close());
  for (const _ of [1, 2]) assert.equal(await kindOf({ ...question(url), connections }), 'an answer');
  assert.equal(sockets.size, 1);
  await askHttp(question(url));
  assert.equal(sockets.size, 2);
});
