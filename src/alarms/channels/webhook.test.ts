import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fail, ok } from '../../core/result.ts';
import { WALL } from '../testing/facts.ts';
import { item, message, never } from '../testing/messages.ts';
import { isSigned } from '../testing/signed.ts';
import { createWebhookChannel, signatureOf, type WebhookSettings } from './webhook.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const serve = async (status: number, headers: Readonly<Record<string, string>> = {}) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      if (status === 0) return;
      response.writeHead(status, headers);
      response.end(`said ${'x'.repeat(1000)}`);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/in?token=t0ken`, received, close };
};

const settings = (url: string, change: Partial<WebhookSettings> = {}): WebhookSettings => ({
  name: 'hook',
  url: () => ok(url),
  key: () => ok('k3y'),
  caFile: null,
  timeoutMs: 2000,
  ...change,
});

test('a receiver can check that it is from us, whole, and of now', async () => {
  const server = await serve(204);
  const sent = await createWebhookChannel(settings(server.url), () => WALL).send(message(), never);
  server.close();
  assert.deepEqual(sent, { outcome: 'delivered', why: '' });
  const [{ headers, body } = { headers: {}, body: '' }] = server.received;
  const timestamp = String(headers['dualtone-timestamp']);
  const signature = String(headers['dualtone-signature']);
  // As a receiver in any language does it.
  assert.equal(signature, `v1=${createHmac('sha256', 'k3y').update(`${timestamp}.${body}`).digest('hex')}`);
  const given = { timestamp, signature, body };
  const now = WALL / 1000;
  assert.ok(isSigned('k3y', given, now));
  assert.ok(!isSigned('k3y', { ...given, body: `${body} ` }, now), 'another body');
  assert.ok(!isSigned('k3y', { ...given, timestamp: String(Number(timestamp) + 1) }, now), 'another time');
  assert.ok(!isSigned('other', given, now), 'another key');
  assert.ok(!isSigned('k3y', given, now + 301), 'an old one');
  assert.ok(!isSigned('k3y', { ...given, signature: 'v1=' }, now));
  const document = JSON.parse(body) as { readonly id: string; readonly alarms: readonly { readonly code: string }[] };
  assert.equal(document.id, 'abc-1');
  assert.equal(headers['dualtone-id'], 'abc-1');
  assert.equal(document.alarms[0]?.code, 'telephony-down');
});

test('the signature is what the documentation says', () => {
  assert.equal(
    signatureOf('key', '1700000000', '{}'),
    'v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae',
  );
});

const outcomes = [
  [200, 'delivered'],
  [302, 'refused'],
  [400, 'refused'],
  [404, 'refused'],
  [429, 'failed'],
  [503, 'failed'],
] as const;
for (const [status, outcome] of outcomes) {
  test(`status ${status} is ${outcome}, and what is said holds no secret`, async () => {
    const server = await serve(status, status === 302 ? { location: 'http://127.0.0.1:9/' } : {});
    const sent = await createWebhookChannel(settings(server.url), () => WALL).send(message([item()]), never);
    server.close();
    assert.equal(sent.outcome, outcome);
    assert.doesNotMatch(sent.why, /t0ken|k3y/);
    assert.ok(sent.why.length < 500);
    assert.equal(server.received.length, 1);
  });
}

test('a receiver that never answers costs no more than the time limit', async () => {
  const server = await serve(0);
  const sent = await createWebhookChannel(settings(server.url, { timeoutMs: 150 }), () => WALL).send(message(), never);
  server.close();
  assert.deepEqual([sent.outcome, /no answer within 150 ms/.test(sent.why)], ['failed', true], sent.why);
});

test('without its key nothing leaves', async () => {
  const server = await serve(200);
  const key = () => fail('alarm-secret-unreadable', 'It cannot be read.', 'Write it.');
  const sent = await createWebhookChannel(settings(server.url, { key }), () => WALL).send(message(), never);
  server.close();
  assert.equal(sent.outcome, 'failed');
  assert.deepEqual(server.received, []);
});
