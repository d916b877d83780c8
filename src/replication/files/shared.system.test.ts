/** Runs of rsync over the one connection that is kept open for them: no login each, and none that depends on it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type FilesPeer, realClock, startFilesPeer } from '../../../test/ssh/files-peer.ts';
import type { Result } from '../../core/result.ts';
import { controlPathIn } from '../../ssh/target.ts';
import { createTunnel, type Tunnel } from '../../ssh/tunnel.ts';
import { type Transfer, transfer } from './transfer.ts';

let peer: FilesPeer;
let connection: Tunnel;
let controlPath = '';
beforeEach(async () => {
  peer = await startFilesPeer();
  controlPath = controlPathIn(peer.sshd.folder, 'ssh-files') ?? '';
  connection = createTunnel({
    target: { ...peer.target, controlPath },
    forwards: [],
    clock: realClock,
    onChange: () => undefined,
  });
  assert.ok(connection.start().ok);
  while (!connection.up()) await connection.whenUp(10_000);
});
afterEach(async () => {
  await connection.stop();
  await peer.stop();
});

const go = (bandwidthKbps = 0, path: string | null = controlPath): Promise<Result<Transfer>> =>
  transfer(
    {
      target: { ...peer.target, controlPath: path },
      way: 'push',
      here: `${peer.here}/`,
      there: [`${peer.there}/`],
      deletions: true,
      exclude: [],
      bandwidthKbps,
      silenceMs: 30_000,
      only: null,
      compareWith: null,
    },
    { timeLimitMs: 60_000, signal: new AbortController().signal, onProgress: () => undefined },
  );

/** Who notices first, rsync or ssh, is chance. */
const CUT = new Set(['files-cut-off', 'ssh-unreachable']);
const logins = (): number => peer.sshd.log().split('Accepted publickey').length - 1;
const followed = (name: string): string => readFileSync(join(peer.there, name), 'utf8');
/** Sessions of sshd, ended as a lost connection ends them. */
const cut = (signal: NodeJS.Signals): readonly number[] => {
  const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(peer.sshd.pid())], { encoding: 'utf8' });
  const found = pids.trim().split(/\s+/).map(Number);
  for (const pid of found) process.kill(pid, signal);
  return found;
};

test('runs over the connection log in no more; one without it does', { timeout: 120_000 }, async () => {
  for (const name of ['a', 'b']) {
    writeFileSync(join(peer.here, name), name);
    const done = await go();
    assert.ok(done.ok, JSON.stringify(done));
    assert.equal(followed(name), name);
  }
  // What sshd wrote comes in its order: after this one's all others are there.
  assert.ok((await go(0, null)).ok);
  while (logins() < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(logins(), 2);
});

test('a connection that breaks in the middle of a run ends it, and the next run needs none', {
  timeout: 120_000,
}, async () => {
  writeFileSync(join(peer.here, 'large'), Buffer.alloc(4_000_000, 'x'));
  const running = go(200);
  while (!existsSync(join(peer.settings.runDir, 'receivers'))) await new Promise(setImmediate);
  cut('SIGKILL');
  const broken = await running;
  assert.ok(CUT.has(broken.ok ? 'no fault' : broken.error.code), JSON.stringify(broken));
  await connection.stop();
  assert.equal(existsSync(controlPath), false);
  const done = await go();
  assert.ok(done.ok, JSON.stringify(done));
  assert.equal(followed('large').length, 4_000_000);
});

test('a connection that falls silent is noticed within seconds', { timeout: 120_000 }, async () => {
  writeFileSync(join(peer.here, 'large'), Buffer.alloc(4_000_000, 'x'));
  const running = go(200);
  while (!existsSync(join(peer.settings.runDir, 'receivers'))) await new Promise(setImmediate);
  const startedAt = performance.now();
  const stopped = cut('SIGSTOP');
  try {
    const broken = await running;
    assert.ok(
      ['files-cut-off', 'ssh-unreachable'].includes(broken.ok ? '' : broken.error.code),
      JSON.stringify(broken),
    );
    assert.ok(performance.now() - startedAt < 10_000);
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGKILL');
  }
});

test('a key that is taken out counts once the connection is begun anew', { timeout: 120_000 }, async () => {
  writeFileSync(peer.sshd.authorizedKeys, '');
  writeFileSync(join(peer.here, 'a'), 'still');
  assert.ok((await go()).ok, 'a connection that stands was let in before');
  connection.renew();
  while (connection.trouble()?.code !== 'ssh-key-refused') await connection.whenUp(100);
  writeFileSync(join(peer.here, 'a'), 'no more');
  const refused = await go();
  assert.equal(refused.ok ? 'done' : refused.error.code, 'ssh-key-refused');
  assert.equal(followed('a'), 'still');
});
