/** The real program, as the agent starts it: killed while events go, then its report; Elasticsearch over TLS with a login. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ElasticStandIn, startElastic } from './testing/elastic.ts';
import { type Fixture, startFixture } from './testing/fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dualtone.ts', import.meta.url));
const execute = promisify(execFile);

let fixture: Fixture;
let elastic: ElasticStandIn;
let folder: string;
let child: ChildProcess | null = null;

const place = (name: string): string => join(folder, name);

const configText = (): string => `
node: { role: main, name: pbx-a, address: 127.0.0.1 }
peer: { name: pbx-b, address: 127.0.0.2 }
key-file: ${place('pair.key')}
probes: { ami: null }
state-dir: ${place('state')}
run-dir: ${place('run')}
streams: { astdb: { enabled: false }, database: { socket: ${fixture.cluster.socketDir}, port: ${fixture.cluster.port}, database: main, password-file: ${place('db')} } }
reporting:
  begin: all
  every: 100ms
  batch-rows: 5
  postgres: { connect-time: 60s, time-limit: 60s, host: 127.0.0.1, port: ${fixture.cluster.port}, database: stats, user: reporter, password-file: ${place('reporter')}, tls: none }
  elasticsearch: { timeout: 60s, url: "${elastic.url}", ca-file: ${place('cert.pem')}, user: elastic, password-file: ${place('elastic')} }
`;

before(async () => {
  folder = mkdtempSync('/dev/shm/dualtone-reporting-');
  fixture = await startFixture();
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', place('key.pem'), '-out', place('cert.pem')];
  await execute('openssl', ['req', ...kind, ...names, ...files]);
  const tls = { key: readFileSync(place('key.pem'), 'utf8'), cert: readFileSync(place('cert.pem'), 'utf8') };
  elastic = await startElastic({ tls, authorization: `Basic ${Buffer.from('elastic:s3cret').toString('base64')}` });
  const secrets = { db: 'dualtone', reporter: 'reporter', elastic: 's3cret' };
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(place(name), secret, { mode: 0o600 });
  writeFileSync(place('dualtone.yaml'), configText());
  await execute(process.execPath, [PROGRAM, 'key', 'generate', place('pair.key')]);
});
after(async () => {
  child?.kill('SIGKILL');
  await elastic.stop();
  await fixture.stop();
  rmSync(folder, { recursive: true });
});

const start = (): void => {
  child = spawn(process.execPath, [PROGRAM, 'reporter', '--config', place('dualtone.yaml')], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
};

const until = async (what: string, isTrue: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `not within a minute: ${what}`);
    await pause(20);
  }
};

const write = (from: number, to: number): Promise<unknown> =>
  fixture.on(
    'main',
    `INSERT INTO queue_log ("time", callid, event) SELECT '2026-03-01 10:30:00', 'e' || n, 'ENTERQUEUE' FROM generate_series(${from}, ${to}) n`,
  );

const atPostgres = async (): Promise<readonly string[]> =>
  (await fixture.on('stats', 'SELECT callid FROM queue_log ORDER BY id')).map((row) => String(row['callid']));
const atElastic = (): readonly string[] =>
  elastic.documents('xivo-queue_log').map((document) => String(document['callid']));

const all = (to: number): readonly string[] => Array.from({ length: to }, (_one, index) => `e${index + 1}`);

test('killed while it sends, and started again: once each at both targets; its report finds what is taken away there', async () => {
  await write(1, 40);
  start();
  // In the middle: something came in, and more is under way.
  await until('it sends', async () => (await atPostgres()).length > 7 && atElastic().length > 7);
  child?.kill('SIGKILL');
  await once(child ?? process, 'exit');
  await write(41, 80);
  start();
  await until('all is there', async () => (await atPostgres()).length >= 80 && atElastic().length >= 80);
  child?.stdin?.end();
  await once(child ?? process, 'exit');
  assert.deepEqual(await atPostgres(), all(80));
  assert.deepEqual(atElastic(), all(80));
  elastic.remove('xivo-queue_log', elastic.names('xivo-queue_log')[6] ?? '');
  await fixture.on('stats', 'DELETE FROM queue_log WHERE id = 9');
  const report = execute(process.execPath, [PROGRAM, 'reporting', 'report', '--config', place('dualtone.yaml')]);
  const { code, stdout } = await report.then(
    () => assert.fail('it found nothing'),
    (error: { readonly code: number; readonly stdout: string }) => error,
  );
  assert.equal(code, 5);
  assert.match(
    stdout,
    /Reporting database:\n {2}queue_log: sent up to number 80; last here 80, waiting 0\n {2}! 1 events of numbers 1 to 80 are not there/,
  );
  assert.match(stdout, /Elasticsearch:\n[^!]*! 1 events of number 7 are not there/);
  assert.ok(!stdout.includes('s3cret'));
});
