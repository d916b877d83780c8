import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configWith, find, type Planted, temporary, told } from '../testing/around.ts';
import { alarmChecks, troubledIn } from './alarms.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(alarmChecks, id, planted));

const withChannels = (...channels: readonly string[]): Planted => ({
  config: configWith(`run-dir: ${folder}\nalarms: { channels: [${channels.join(', ')}] }\n`),
});

const mail = (port: number, tls = 'none') =>
  `{ kind: email, name: duty, host: 127.0.0.1, port: ${port}, tls: ${tls}, from: a@b.example, to: [c@d.example] }`;
const LOCAL = '{ kind: syslog, name: here }';

test('alarms-reach-somebody: a channel that leaves this machine', async () => {
  assert.equal(await say('alarms-reach-somebody', withChannels(LOCAL, mail(25))), 'pass: duty (email)');
  assert.equal(await say('alarms-reach-somebody', withChannels(LOCAL)), 'fail: all channels end on this machine');
  assert.equal(await say('alarms-reach-somebody'), 'fail: no channel is configured');
});

test('mail-server-answers: a real port that greets as one, that greets otherwise, and a closed one', async () => {
  let greeting = '220 mail.example ESMTP\r\n';
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.write(greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  assert.equal(await say('mail-server-answers', withChannels(mail(port))), `pass: 127.0.0.1 port ${port}`);
  greeting = '554 no service here\r\n';
  assert.equal(
    await say('mail-server-answers', withChannels(mail(port))),
    `fail: 127.0.0.1 port ${port} says: 554 no service here`,
  );
  assert.match(await say('mail-server-answers', withChannels(mail(port, 'implicit'))), /^pass/);
  const closed = once(server, 'close');
  server.close();
  await closed;
  assert.match(await say('mail-server-answers', withChannels(mail(port))), /^fail: .* nobody listens there\.$/);
  assert.match(await say('mail-server-answers', withChannels(LOCAL)), /^not-applicable/);
});

test('alarms-delivered: what the list of alarms says', async () => {
  assert.match(await say('alarms-delivered'), /^not-applicable/);
  mkdirSync(join(folder, 'x'), { recursive: true });
  assert.match(await say('alarms-delivered', withChannels(LOCAL)), /^unknown: .*no agent is running there/);
  const channel = { name: 'duty', kind: 'email', trouble: null };
  assert.deepEqual(troubledIn({ channels: [channel] }), []);
  assert.deepEqual(troubledIn({ channels: [{ ...channel, trouble: 'refused' }] }), [
    { name: 'duty', trouble: 'refused' },
  ]);
  for (const odd of [null, {}, { channels: 'x' }]) assert.equal(troubledIn(odd), null);
});
