import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { ok } from '../../core/result.ts';
import { run } from '../../process/run.ts';
import { item, message, never } from '../testing/messages.ts';
import { createEmailChannel, type EmailSettings } from './email.ts';

const directory = mkdtempSync(join(tmpdir(), 'dualtone-email-'));
const keyFile = join(directory, 'key.pem');
const caFile = join(directory, 'cert.pem');
const subject = ['-subj', '/CN=mail.example.test', '-addext', 'subjectAltName=DNS:mail.example.test'];
const made = await run(
  [
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    keyFile,
    '-out',
    caFile,
  ],
  { timeoutMs: 10_000 },
);
assert.ok(made.ok && made.value.exitCode === 0, 'openssl makes a certificate');
after(() => rmSync(directory, { recursive: true }));

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
  readonly user: string;
  readonly encrypted: boolean;
}

/** A mail server of this test, and what it received. */
const serve = async (options: SMTPServerOptions = {}) => {
  const received: Received[] = [];
  const server = new SMTPServer({
    key: readFileSync(keyFile),
    cert: readFileSync(caFile),
    authOptional: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      username === 'duty' && password === 's3cret' ? done(null, { user: username }) : done(new Error('wrong password')),
    onData: (stream, session, done) => {
      let data = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        data += text;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          data,
          user: String(session.user ?? ''),
          encrypted: session.secure,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { port, received, close };
};

const settings = (port: number, change: Partial<EmailSettings> = {}): EmailSettings => ({
  name: 'mail',
  host: '127.0.0.1',
  port,
  tls: 'starttls',
  serverName: 'mail.example.test',
  caFile,
  user: 'duty',
  password: () => ok('s3cret'),
  from: 'dualtone@example.test',
  to: ['a@example.test', 'b@example.test'],
  timeoutMs: 3000,
  hostname: 'pbx2',
  ...change,
});

for (const tls of ['starttls', 'implicit'] as const) {
  test(`a mail is delivered by ${tls}, with login, encrypted, the same Message-ID each time`, async () => {
    const server = await serve({ secure: tls === 'implicit' });
    const channel = createEmailChannel(settings(server.port, { tls }));
    assert.deepEqual(await channel.send(message(), never), { outcome: 'delivered', why: '' });
    assert.deepEqual(await channel.send(message(), never), { outcome: 'delivered', why: '' });
    await server.close();
    const [first, second] = server.received;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(
      [first.from, first.to, first.user, first.encrypted],
      ['dualtone@example.test', ['a@example.test', 'b@example.test'], 'duty', true],
    );
    for (const { data } of [first, second]) assert.match(data, /^Message-ID: <abc-1\.dualtone@example\.test>\r?$/m);
    assert.match(first.data, /^Auto-Submitted: auto-generated\r?$/m);
    assert.match(first.data, /^Subject: =\?UTF-8\?/m);
    assert.match(first.data, /^Date: Sat, 21 Nov 2026 02:00:00 \+0000\r?$/m);
    assert.match(first.data, /asterisk: process is gone/);
  });
}

test('without encryption nothing leaves where STARTTLS is asked for, and the password least of all', async () => {
  const server = await serve({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true });
  const sent = await createEmailChannel(settings(server.port)).send(message(), never);
  await server.close();
  assert.equal(sent.outcome, 'failed');
  assert.deepEqual(server.received, []);
});

test('a certificate of another name, or of nobody known, is not accepted', async () => {
  const server = await serve();
  const other = await createEmailChannel(settings(server.port, { serverName: 'other.example.test' })).send(
    message(),
    never,
  );
  const unknown = await createEmailChannel(settings(server.port, { caFile: null })).send(message(), never);
  await server.close();
  assert.equal(other.outcome, 'failed');
  assert.equal(unknown.outcome, 'failed');
  assert.deepEqual(server.received, []);
});

test('a wrong password is tried again later, and is never in what is said', async () => {
  const server = await serve();
  const sent = await createEmailChannel(settings(server.port, { password: () => ok('wr0ng-pass') })).send(
    message(),
    never,
  );
  await server.close();
  assert.equal(sent.outcome, 'failed');
  assert.doesNotMatch(sent.why, /wr0ng-pass/);
});

test('a message that the server will never take is refused; one that it may take later is not', async () => {
  const permanent = await serve({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 })),
  });
  const busy = await serve({
    onMailFrom: (_address, _session, done) => done(Object.assign(new Error('greylisted'), { responseCode: 451 })),
  });
  const refused = await createEmailChannel(settings(permanent.port)).send(message(), never);
  const failed = await createEmailChannel(settings(busy.port)).send(message(), never);
  await Promise.all([permanent.close(), busy.close()]);
  assert.equal(refused.outcome, 'refused', refused.why);
  assert.equal(failed.outcome, 'failed', failed.why);
});

test('who of several is refused is told, and the others have it', async () => {
  const server = await serve({
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('b@') ? done(Object.assign(new Error('no'), { responseCode: 550 })) : done(),
  });
  const sent = await createEmailChannel(settings(server.port)).send(message(), never);
  await server.close();
  assert.deepEqual(sent, { outcome: 'delivered', why: 'refused for b@example.test' });
  assert.deepEqual(server.received[0]?.to, ['a@example.test']);
});

test('a server that says nothing costs no more than the time limit', async () => {
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    mute.listen(0, '127.0.0.1', resolve);
  });
  const { port } = mute.address() as AddressInfo;
  const begun = performance.now();
  const sent = await createEmailChannel(settings(port, { timeoutMs: 200 })).send(message(), never);
  assert.equal(sent.outcome, 'failed');
  assert.ok(performance.now() - begun < 2000);
  mute.close();
});

test('what a title carries cannot add a header', async () => {
  const server = await serve();
  const evil = message([item({ title: 'x\r\nBcc: all@example.test\r\n\r\nbody' })]);
  await createEmailChannel(settings(server.port)).send(evil, never);
  await server.close();
  assert.doesNotMatch(server.received[0]?.data.split('\r\n\r\n')[0] ?? '', /^Bcc:/m);
  assert.deepEqual(server.received[0]?.to, ['a@example.test', 'b@example.test']);
});
