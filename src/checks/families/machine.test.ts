import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createJournal } from '../../journal/journal.ts';
import { judgeCertificate } from '../certificate.ts';
import { configWith, fakeRun, find, goodSnapshot, type Planted, temporary, told } from '../testing/around.ts';
import { machineChecks, spaceTroubles } from './machine.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(machineChecks, id, planted));

const placed = (state: string, run = '/dev/shm'): Planted => ({
  config: configWith(`state-dir: ${state}\nrun-dir: ${run}\n`),
});

test('state-writable: a place that takes a file, and one that does not', async () => {
  const state = join(folder, 'state');
  mkdirSync(state);
  assert.match(await say('state-writable', placed(state)), /^pass/);
  assert.deepEqual(readdirSync(state), []);
  assert.match(await say('state-writable', placed(join(folder, 'none'))), /^fail: cannot be written: .*none: ENOENT$/);
  assert.match(await say('state-writable', placed('/proc')), /^fail: cannot be written: \/proc: /);
});

test('run-dir-on-tmpfs', async () => {
  assert.match(await say('run-dir-on-tmpfs', placed(folder)), /^pass/);
  assert.match(await say('run-dir-on-tmpfs', placed(folder, '/proc')), /^fail: \/proc is on a disk$/);
});

test('disk-space: there is some; where there is none, it is told with the place', async () => {
  assert.match(await say('disk-space', placed(folder)), /^pass: \d places have space$/);
  // A file system that has no blocks to give: of /proc nothing is ever free, and nothing is low.
  assert.deepEqual(
    spaceTroubles([
      ['/proc', 'x'],
      ['/nowhere/at/all', 'y'],
    ]),
    [],
  );
});

test('journal-verifies: a whole chain, one with a changed entry, and none', async () => {
  const state = join(folder, 'journal-state');
  mkdirSync(state);
  assert.match(await say('journal-verifies', placed(state)), /^not-applicable: there is no journal yet/);
  const path = join(state, 'journal');
  const journal = createJournal({ path, maxAgeMs: 1e12, maxSizeBytes: 1e8, memoryEntries: 100 });
  for (let at = 1; at <= 5; at += 1)
    journal.append({ wall: Date.now(), at, epoch: 2, kind: 'note', reasons: [], data: { text: `entry ${at}` } });
  journal.close();
  assert.equal(await say('journal-verifies', placed(state)), 'pass: 5 entries');
  const segment = readdirSync(path).find((name) => readFileSync(join(path, name), 'utf8').includes('entry 3')) ?? '';
  writeFileSync(join(path, segment), readFileSync(join(path, segment), 'utf8').replace('entry 3', 'entry X'));
  assert.match(await say('journal-verifies', placed(state)), /^fail: entry 3 was changed/);
  rmSync(path, { recursive: true });
  appendFileSync(path, 'no journal');
  assert.match(await say('journal-verifies', placed(state)), /^unknown/);
});

test('journal-written: as the agent says', async () => {
  assert.match(await say('journal-written'), /^pass/);
  const journal = { path: '/x', trouble: 'no space left on device' };
  assert.equal(await say('journal-written', { snapshot: { journal } }), 'fail: no space left on device');
  const agent = { ...goodSnapshot.agent, memoryTrouble: 'read-only file system' };
  assert.equal(await say('journal-written', { snapshot: { agent } }), 'fail: read-only file system');
});

test('time-synchronised: chrony first, else what the kernel says; without either it is not known', async () => {
  const line = (leap: string) =>
    `A29FC87B,10.0.0.1,3,1700000000.1,0.000412,0.1,0.2,-1.3,0.0,0.03,0.01,0.001,64.4,${leap}\n`;
  const chrony = (leap: string) => fakeRun(([program]) => (program === 'chronyc' ? { out: line(leap) } : null));
  assert.equal(await say('time-synchronised', { run: chrony('Normal') }), 'pass: chrony, 0.4 ms off');
  assert.equal(
    await say('time-synchronised', { run: chrony('Not synchronised') }),
    'fail: chrony runs and is not synchronised',
  );
  const timedate = (out: string, exit = 0) =>
    fakeRun(([program]) => (program === 'timedatectl' ? { out, exit, err: 'Failed to connect to bus' } : null));
  assert.match(await say('time-synchronised', { run: timedate('NTP=yes\nNTPSynchronized=yes\n') }), /^pass/);
  assert.match(
    await say('time-synchronised', { run: timedate('NTP=yes\nNTPSynchronized=no\n') }),
    /^fail: a time service runs/,
  );
  assert.match(
    await say('time-synchronised', { run: timedate('NTP=no\nNTPSynchronized=no\n') }),
    /^fail: no time service/,
  );
  assert.match(await say('time-synchronised', { run: timedate('', 1) }), /^unknown: timedatectl: Failed to connect/);
  mkdirSync(join(folder, 'run/systemd/timesync'), { recursive: true });
  writeFileSync(join(folder, 'run/systemd/timesync/synchronized'), '');
  assert.match(await say('time-synchronised', { run: timedate('', 1), root: folder }), /^pass: systemd-timesyncd/);
  assert.match(await say('time-synchronised', { run: fakeRun(() => null) }), /^unknown/);
});

test('a certificate of the page that is the site’s own has its end told in time', () => {
  const [key, certificate] = [join(folder, 'web.key'), join(folder, 'web.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=pbx1'];
  execFileSync('openssl', ['req', ...kind, '-days', '30', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const after = (days: number) => judgeCertificate(certificate, Date.now() + days * 86_400_000);
  assert.deepEqual(after(0), { outcome: 'pass', evidence: 'valid for 29 days' });
  assert.match(JSON.stringify(after(25)), /"fail".*expires in 4 days/);
  assert.match(JSON.stringify(after(31)), /"fail".*has expired/);
  assert.match(JSON.stringify(judgeCertificate(key, 0)), /holds no certificate/);
});

test('web-certificate-valid: one of its own needs nobody', async () => {
  const config = configWith('web: { listen: [{ address: 127.0.0.1 }] }');
  assert.match(await say('web-certificate-valid', { config }), /^not-applicable: it makes its own/);
  assert.match(await say('web-certificate-valid'), /^not-applicable: no page/);
  const named = { ...config, web: { ...config.web, certificate: join(folder, 'none.pem') } };
  assert.match(await say('web-certificate-valid', { config: named }), /^fail: .*none.pem holds no certificate/);
});
