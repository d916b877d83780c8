import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createAri } from './ari.ts';

const key = 'registrar/contact/1001;@90f0';
const value = '{"uri":"sip:1001@h","qualify_frequency":"0","qualify_2xx_only":"false","expiration_time":"1795248563"}';

/** An Asterisk that answers with these statuses, one after another. */
const start = async (statuses: number[], body = '[]') => {
  const asked: { readonly what: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      asked.push({ what: `${request.method} ${request.url} ${request.headers.authorization}`, body: text });
      response.writeHead(statuses.shift() ?? 500).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ari = createAri({ host: '127.0.0.1', port, prefix: '/pbx', user: 'u', secret: 's' });
  const stop = async (): Promise<void> => {
    ari.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { ari, asked, stop };
};

const place = '/pbx/ari/asterisk/config/dynamic/res_pjsip/contact/1001%3B%4090f0 Basic dTpz';

test('makes a contact of a row, and takes it away', async () => {
  const { ari, asked, stop } = await start([200, 204, 404]);
  assert.deepEqual(await ari.put(key, value), { ok: true, value: undefined });
  assert.deepEqual(await ari.remove(key), { ok: true, value: true });
  assert.deepEqual(await ari.remove(key), { ok: true, value: false });
  assert.deepEqual(
    asked.map(({ what }) => what),
    [`PUT ${place}`, `DELETE ${place}`, `DELETE ${place}`],
  );
  assert.deepEqual(JSON.parse(asked[0]?.body ?? '').fields[0], { attribute: 'uri', value: 'sip:1001@h' });
  await stop();
});

test('an older Asterisk gets a contact without what it does not know', async () => {
  const { ari, asked, stop } = await start([400, 200]);
  assert.equal((await ari.put(key, value)).ok, true);
  assert.match(asked[0]?.body ?? '', /qualify_2xx_only/);
  assert.doesNotMatch(asked[1]?.body ?? '', /qualify_2xx_only/);
  await stop();
});

test('lists who is offline', async () => {
  const list = '[{"resource":"1","state":"online"},{"resource":"2","state":"offline"},{"state":"offline"},7]';
  const { ari, stop } = await start([200], list);
  assert.deepEqual(await ari.offline(), { ok: true, value: new Set(['2']) });
  await stop();
});

test('what goes wrong is told apart', async () => {
  const { ari, stop } = await start([403, 200], 'no list');
  const code = (result: { readonly ok: boolean; readonly error?: { readonly code: string } }) => result.error?.code;
  assert.equal(code(await ari.put(key, value)), 'ari-refused');
  assert.equal(code(await ari.offline()), 'ari-refused');
  assert.equal(code(await ari.put(key, 'not JSON')), 'ari-refused');
  await stop();
  assert.equal(code(await ari.put(key, value)), 'ari-unreachable');
});
