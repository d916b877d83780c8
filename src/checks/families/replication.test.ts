import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { pinnedCertificatePath } from '../../replication/access.ts';
import type { StreamStatus } from '../../replication/stream.ts';
import { daysLeft } from '../certificate.ts';
import { configWith, find, goodSnapshot, type Planted, temporary, told } from '../testing/around.ts';
import { compareDatabases, judgeSetUp, replicationChecks } from './replication.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const say = async (id: string, planted: Planted = {}): Promise<string> =>
  told(await find(replicationChecks, id, planted));

const STREAMS = `state-dir: ${folder}\nstreams: { astdb: { enabled: false }, files: { enabled: true, directories: [/srv/a] }, database: { mode: snapshot } }\n`;
const config = configWith(STREAMS);

const status = (more: Partial<StreamStatus>): StreamStatus => ({
  name: 'files',
  direction: 'out',
  condition: 'in-step',
  text: 'all is there',
  lagMs: 4000,
  lastSuccess: 1,
  lastError: null,
  nextRun: null,
  rows: null,
  bytes: null,
  tookMs: 10,
  progress: null,
  ...more,
});

const streams = (more: Partial<NodeSnapshot['streams']>): Planted => ({
  config,
  snapshot: { streams: { ...goodSnapshot.streams, ...more } },
});

const lastError = { code: 'x', message: 'The disk of the standby is full.', remedy: 'Make space there.', at: 2 };

test('a stream: in step, failed, blocked, never run, told by nobody, not configured', async () => {
  assert.equal(await say('stream-files', streams({ copied: [status({})] })), 'pass: 4 s behind');
  const failed = await find(
    replicationChecks,
    'stream-files',
    streams({ copied: [status({ condition: 'failed', lastError })] }),
  );
  assert.deepEqual(failed, { outcome: 'fail', evidence: lastError.message, remedy: lastError.remedy });
  const blocked = streams({ copied: [status({ condition: 'blocked', lastError })] });
  assert.match(await say('stream-files', blocked), /^fail: nothing may be overwritten now: The disk/);
  const never = streams({ copied: [status({ condition: 'waiting', lastSuccess: null, lagMs: null })] });
  assert.equal(await say('stream-files', never), 'fail: it has never run to its end');
  assert.match(await say('stream-files', streams({ copied: [] })), /^unknown/);
  assert.equal(await say('stream-files', streams({ trouble: 'exit code 1' })), 'fail: exit code 1');
  assert.match(await say('stream-voicemail', streams({})), /^not-applicable/);
  const contacts = { config: configWith('streams: { astdb: { enabled: true } }\nprobes: { ami: {} }\n') };
  const astdb = status({ name: 'astdb', lastSuccess: null, lagMs: null });
  assert.match(await say('stream-astdb', { ...streams({ astdb }), ...contacts }), /^pass/);
});

test('loss-within-limit and replicator-runs: as the agent says', async () => {
  const loss = { move: 'takeover', exceedsLimit: true, text: 'An hour is not on the standby.', items: [] } as const;
  assert.equal(await say('loss-within-limit', streams({ loss })), 'fail: An hour is not on the standby.');
  assert.match(await say('loss-within-limit', streams({ loss: { ...loss, exceedsLimit: false } })), /^pass/);
  assert.match(await say('loss-within-limit'), /^not-applicable/);
  assert.match(await say('replicator-runs', streams({})), /^pass/);
  assert.equal(await say('replicator-runs', streams({ trouble: 'exit code 1' })), 'fail: exit code 1');
  assert.match(await say('replicator-runs'), /^not-applicable/);
});

/** A real port that says what it is told to say. */
const portThat = async (greet: (socket: Socket) => void) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    greet(socket);
  }).listen(0, '127.0.0.2');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, stop: () => server.close() };
};

test('ssh-port-open: a real port that speaks SSH, one that does not, and a closed one', async () => {
  const at = (port: number): Planted => ({
    config: { ...config, runDir: folder, streams: { ...config.streams, ssh: { ...config.streams.ssh, port } } },
  });
  const ssh = await portThat((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian\r\n'));
  assert.equal(await say('ssh-port-open', at(ssh.port)), 'pass: SSH-2.0-OpenSSH_9.2p1 Debian');
  const web = await portThat((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'));
  assert.match(await say('ssh-port-open', at(web.port)), /^fail: .* is not SSH: it says HTTP\/1\.1 400/);
  const rude = await portThat((socket) => socket.end());
  assert.match(await say('ssh-port-open', at(rude.port)), /^fail: .* accepts and hangs up\.$/);
  for (const each of [ssh, web, rude]) each.stop();
  assert.match(await say('ssh-port-open', at(ssh.port)), /^fail: .* nobody listens there\.$/);
  // A connection that stands is answer enough: nobody is asked.
  const shared = join(folder, 'ssh-files');
  const hearing = createServer((socket) => socket.destroy()).listen(shared);
  await once(hearing, 'listening');
  assert.equal(await say('ssh-port-open', at(ssh.port)), 'pass: a connection stands');
  hearing.close();
  await once(hearing, 'close');
  assert.match(await say('ssh-port-open', at(ssh.port)), /^fail: /);
  assert.match(await say('ssh-port-open', { config: configWith(STREAMS, 'standby') }), /^not-applicable/);
  assert.match(await say('ssh-port-open'), /^not-applicable: nothing goes by SSH/);
});

test('ssh-lets-in: without a pinned host key nothing is tried', async () => {
  const { ssh } = config.streams;
  const bare = { ...config, streams: { ...config.streams, ssh: { ...ssh, knownHostsFile: join(folder, 'none') } } };
  assert.equal(await say('ssh-lets-in', { config: bare }), "fail: the standby's host key is not pinned");
});

test('database-port-open: a real port that offers TLS as PostgreSQL does, one that does not, and an unknown certificate', async () => {
  const yes = await portThat((socket) => void socket.once('data', () => socket.write('S')));
  const no = await portThat((socket) => void socket.once('data', () => socket.write('N')));
  const at = (port: number): Planted => ({
    config: { ...config, streams: { ...config.streams, database: { ...config.streams.database, port } } },
  });
  assert.equal(await say('database-port-open', at(yes.port)), 'fail: its certificate is not known yet');
  mkdirSync(folder, { recursive: true });
  writeFileSync(pinnedCertificatePath(config), 'x');
  assert.match(await say('database-port-open', at(yes.port)), /^pass: .* offers TLS$/);
  assert.match(await say('database-port-open', at(no.port)), /^fail: .* does not offer TLS$/);
  for (const each of [yes, no]) each.stop();
  assert.match(await say('database-port-open', at(yes.port)), /^fail: .* nobody listens there\.$/);
});

test('certificates-valid: a real certificate that lives long, one that ends soon, one that has ended, and none', async () => {
  const path = pinnedCertificatePath(config);
  const make = (days: number): void => {
    const files = ['-keyout', join(folder, 'key.pem'), '-out', path];
    const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=pbx2'];
    execFileSync('openssl', ['req', '-x509', ...how, '-days', String(days), ...files], { stdio: 'ignore' });
  };
  make(400);
  assert.match(await say('certificates-valid', { config }), /^pass: valid for 399 days$/);
  make(5);
  assert.match(await say('certificates-valid', { config }), /^fail: .* expires in 4 days$/);
  assert.ok((daysLeft(readFileSync(path, 'utf8'), Date.now() + 10 * 86_400_000) ?? 1) < 0);
  writeFileSync(path, 'x');
  assert.match(await say('certificates-valid', { config }), /^fail: .* holds no certificate$/);
  rmSync(path);
  assert.match(await say('certificates-valid', { config }), /^not-applicable/);
  assert.match(await say('certificates-valid'), /^not-applicable/);
});

test('database-ready: without its password, and without a server, the step that mends it is told', async () => {
  const secret = join(folder, 'database.secret');
  const { database } = config.streams;
  const at = {
    ...config,
    streams: { ...config.streams, database: { ...database, passwordFile: secret, socket: folder } },
  };
  assert.match(await say('database-ready', { config: at }), /^fail: The secret in \S+ cannot be read/);
  writeFileSync(secret, 'password', { mode: 0o600 });
  assert.match(await say('database-ready', { config: at }), /^fail: /);
  assert.match(await say('database-ready'), /^not-applicable/);
  assert.match(await say('databases-agree', { config: at }), /^unknown: the other node does not tell/);
});

test('database-ready: what an older version has set up, or nobody, is told', () => {
  assert.equal(judgeSetUp('right'), null);
  assert.match(told(judgeSetUp('other-version') as never), /^fail: the schema `dualtone` is of another version/);
  assert.match(told(judgeSetUp('missing') as never), /^fail: the schema `dualtone` .* is not there/);
});

test('databases-agree: encoding, locale and the first number of the version', () => {
  const here = { version: '15.18', encoding: 'UTF8', collate: 'de_DE.UTF-8', ctype: 'de_DE.UTF-8' };
  assert.match(told(compareDatabases(here, { ...here, version: '15.3' }) as never), /^pass/);
  const there = { ...here, version: '13.9', encoding: 'SQL_ASCII', collate: 'C' };
  assert.equal(
    told(compareDatabases(here, there) as never),
    'fail: encoding is UTF8 here and SQL_ASCII there; collate is de_DE.UTF-8 here and C there; PostgreSQL 15.18 here and 13.9 there',
  );
});
