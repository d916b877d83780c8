import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConninfoOptions, conninfo, removeConninfoFiles, writeConninfoFiles } from './conninfo.ts';

const options: ConninfoOptions = {
  host: '192.0.2.1',
  port: 5432,
  database: `o'brien \\ "x"`,
  user: 'dualtone',
  password: 'pa:ss\\word!',
  trusted: 'CERTIFICATE',
  verifyName: false,
  directory: '/nonexistent/way',
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
};

test('the string holds no password, and no name breaks out of its quotes', () => {
  const text = conninfo(options);
  assert.ok(!text.includes('pa:ss'));
  assert.match(text, /^host='192\.0\.2\.1' port='5432' dbname='o\\'brien \\\\ "x"' user='dualtone' /);
  assert.match(text, /sslmode='verify-ca' sslrootcert='\/nonexistent\/way\/peer\.crt'/);
  assert.match(conninfo({ ...options, verifyName: true }), /sslmode='verify-full'/);
  assert.match(conninfo({ ...options, trusted: null }), /sslmode='disable' connect_timeout/);
  for (const host of ['', 'a b', "x' host='y", '/tmp', 'a,b']) assert.throws(() => conninfo({ ...options, host }));
});

test('the files are for one user only, escaped as libpq reads them, and go again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-way-'));
  t.after(() => rm(folder, { recursive: true }));
  const here = { ...options, directory: join(folder, 'way') };
  for (let time = 0; time < 2; time += 1) assert.equal((await writeConninfoFiles(here)).ok, true);
  assert.equal(
    await readFile(join(here.directory, 'peer.pgpass'), 'utf8'),
    `192.0.2.1:5432:o'brien \\\\ "x":dualtone:pa\\:ss\\\\word!\n`,
  );
  assert.equal((await stat(join(here.directory, 'peer.pgpass'))).mode & 0o777, 0o600);
  await removeConninfoFiles(here.directory);
  assert.deepEqual(await readdir(here.directory), []);
  const refused = await writeConninfoFiles({ ...here, directory: '/dev/null/way' });
  assert.equal(refused.ok ? 'written' : refused.error.code, 'database-passfile');
  assert.ok(!JSON.stringify(refused).includes('pa:ss'));
});
