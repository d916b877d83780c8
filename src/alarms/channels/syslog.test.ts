import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { startLineChild } from '../../process/line-child.ts';
import { run } from '../../process/run.ts';
import { WALL } from '../testing/facts.ts';
import { item, message, never } from '../testing/messages.ts';
import { createSyslogChannel, recordOf, type SyslogSettings } from './syslog.ts';

const settings = (change: Partial<SyslogSettings> = {}): SyslogSettings => ({
  name: 'log',
  transport: 'udp',
  socket: '/dev/log',
  address: '127.0.0.1',
  port: 514,
  serverName: null,
  caFile: null,
  facility: 'local0',
  format: 'rfc5424',
  hostname: 'pbx2',
  timeoutMs: 2000,
  ...change,
});

/** The header and structured data of RFC 5424, as its grammar has them. */
const RECORD =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (\[[!-~]{1,32}(?: [!-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\]) \uFEFF(.*)$/s;

test('a record is as RFC 5424 has it', () => {
  const odd = item({ object: 'a "b" ] \\ c', title: 'line\nbreak' });
  const record = recordOf(odd, message([odd]), settings(), 42);
  const parts = RECORD.exec(record);
  assert.ok(parts !== null, record);
  assert.deepEqual(parts.slice(1, 7), ['129', '2026-11-21T02:00:00.000Z', 'pbx2', 'dualtone', '42', 'telephony-down']);
  assert.ok(parts[7]?.includes(String.raw`object="a \"b\" \] \\ c"`), parts[7]);
  assert.ok(!record.includes('\n'));
});

test('what is over, and what is less grave, has another level', () => {
  const level = (change: Parameters<typeof item>[0]): number =>
    Number(/^<(\d+)>/.exec(recordOf(item(change), message(), settings(), 1))?.[1]) % 8;
  assert.deepEqual([level({}), level({ severity: 'warning' }), level({ severity: 'info' })], [1, 4, 6]);
  assert.equal(level({ what: 'over', endedWall: WALL }), 5);
});

test('a long record is cut between characters', () => {
  const record = recordOf(item({ detail: 'é'.repeat(3000) }), message(), settings(), 1);
  assert.ok(Buffer.byteLength(record) <= 2000);
  assert.ok(!record.includes('\uFFFD'));
});

test('by UDP each alarm is a datagram', { timeout: 10_000 }, async () => {
  const receiver = createSocket('udp4');
  const got: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  receiver.on('message', (datagram) => {
    got.push(datagram.toString());
    if (got.length === 2) resolve();
  });
  await new Promise<void>((bound) => {
    receiver.bind(0, '127.0.0.1', bound);
  });
  const channel = createSyslogChannel(settings({ port: receiver.address().port }), run);
  const sent = await channel.send(message([item(), item({ alarm: 8, code: 'alone' })]), never);
  await promise;
  receiver.close();
  assert.equal(sent.outcome, 'delivered');
  assert.deepEqual(
    got.map((record) => RECORD.exec(record)?.[6]),
    ['telephony-down', 'alone'],
  );
});

test('by TCP records are counted', { timeout: 10_000 }, async () => {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  const channel = createSyslogChannel(settings({ transport: 'tcp', port }), run);
  const sent = await channel.send(message([item(), item({ alarm: 8, code: 'alone' })]), never);
  let rest = await promise;
  server.close();
  const codes: (string | undefined)[] = [];
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const end = space + 1 + Number(rest.subarray(0, space).toString());
    codes.push(RECORD.exec(rest.subarray(space + 1, end).toString())?.[6]);
    rest = rest.subarray(end);
  }
  assert.equal(sent.outcome, 'delivered');
  assert.deepEqual(codes, ['telephony-down', 'alone']);
});

test('by TLS records reach the receiver whose certificate is known, and nobody else', { timeout: 20_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-syslog-'));
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=log.example.test', '-addext', 'subjectAltName=DNS:log.example.test'];
  const made = await run(['openssl', 'req', ...kind, ...subject, '-keyout', keyFile, '-out', caFile], {
    timeoutMs: 10_000,
  });
  assert.ok(made.ok && made.value.exitCode === 0);
  let got = '';
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(caFile) }, (socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      got += text;
    });
    socket.on('end', resolve);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  const send = (change: Partial<SyslogSettings>) =>
    createSyslogChannel(settings({ transport: 'tls', port, ...change }), run).send(message([item()]), never);
  const name = 'log.example.test';
  const sent = [
    await send({ serverName: name }),
    await send({ caFile }),
    await send({ caFile: join(folder, 'none.pem'), serverName: name }),
    await send({ caFile, serverName: name }),
  ];
  await promise;
  server.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(
    sent.map(({ outcome }) => outcome),
    ['failed', 'failed', 'failed', 'delivered'],
  );
  assert.match(got, /^\d+ <\d+>1 /);
  assert.equal(got.match(/telephony-down/g)?.length, 1);
});

test('nobody who listens is a failure', async () => {
  const taken = createServer();
  await new Promise<void>((listening) => {
    taken.listen(0, '127.0.0.1', listening);
  });
  const { port } = taken.address() as AddressInfo;
  await new Promise((closed) => {
    taken.close(closed);
  });
  const sent = await createSyslogChannel(settings({ transport: 'tcp', port }), run).send(message(), never);
  assert.equal(sent.outcome, 'failed');
});

/** Hears a local datagram socket, which Node cannot; says a line when it listens, and each record with its line ends shown. */
const HEAR = `use strict; $| = 1;
socket(my $s, 1, 2, 0) or die; bind($s, pack('S a*', 1, $ARGV[0])) or die "$!"; print STDERR "ready\\n";
while (defined recv($s, my $m, 65536, 0)) { $m =~ s/\\n/<LF>/g; print STDERR "$m\\n" }`;

test('the local socket has the record in one datagram', { timeout: 10_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-log-'));
  const socket = join(directory, 'log');
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  let rest = '';
  const child = startLineChild(
    ['perl', '-e', HEAR, socket],
    {},
    {
      said: (text) => {
        rest += text;
        const parts = rest.split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
        for (const wake of waiting.splice(0)) wake();
      },
      gone: () => undefined,
    },
  );
  const until = async (count: number): Promise<void> => {
    while (lines.length < count)
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
  };
  try {
    await until(1);
    const channel = createSyslogChannel(settings({ transport: 'local', socket }), run);
    const sent = await channel.send(message([item(), item({ alarm: 8, code: 'alone' })]), never);
    assert.deepEqual(sent, { outcome: 'delivered', why: '' });
    await until(3);
    assert.deepEqual(
      lines.slice(1).map((record) => RECORD.exec(record)?.[6]),
      ['telephony-down', 'alone'],
    );
    const absent = createSyslogChannel(settings({ transport: 'local', socket: join(directory, 'none') }), run);
    assert.equal((await absent.send(message(), never)).outcome, 'failed');
  } finally {
    child.kill();
    await child.ended;
    rmSync(directory, { recursive: true });
  }
});
