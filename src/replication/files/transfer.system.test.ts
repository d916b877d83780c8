import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, test } from 'node:test';
import { freePort } from '../../../test/free-port.ts';
import { type FilesPeer, startFilesPeer } from '../../../test/ssh/files-peer.ts';
import type { Result } from '../../core/result.ts';
import { run } from '../../process/run.ts';
import { type SshTarget, sessionOptions, sshArgv } from '../../ssh/target.ts';
import { bytesOf, rawOf } from './raw-path.ts';
import { endReceivers } from './receivers.ts';
import type { RsyncCall } from './rsync.ts';
import { type Transfer, transfer } from './transfer.ts';

let peer: FilesPeer;
beforeEach(async () => {
  peer = await startFilesPeer();
});
afterEach(() => peer.stop());

const call = (over: Partial<RsyncCall> = {}): RsyncCall => ({
  target: peer.target,
  way: 'push',
  here: `${peer.here}/`,
  there: [`${peer.there}/`],
  deletions: true,
  exclude: [],
  bandwidthKbps: 0,
  silenceMs: 30_000,
  only: null,
  compareWith: null,
  ...over,
});

const go = (over: Partial<RsyncCall> = {}, timeLimitMs = 60_000, signal = new AbortController().signal) =>
  transfer(call(over), { timeLimitMs, signal, onProgress: () => undefined });

const done = (result: Result<Transfer>): Transfer => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = (result: Result<unknown>): string => (result.ok ? 'no fault' : result.error.code);

/** All names below a directory as bytes, with what they hold. */
const tree = (root: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  const walk = (path: Buffer, relative: string): void => {
    for (const name of readdirSync(path, { encoding: 'buffer' })) {
      const inner = Buffer.concat([path, Buffer.from('/'), name]);
      const raw = `${relative}${rawOf(name)}`;
      const facts = lstatSync(inner);
      if (facts.isDirectory()) walk(inner, `${raw}/`);
      else found[raw] = facts.isSymbolicLink() ? 'link' : readFileSync(inner, 'latin1');
    }
  };
  walk(Buffer.from(root), '');
  return found;
};

test('files, modes and deletions follow; nothing is done twice; a change of the same size and second is seen', async () => {
  mkdirSync(join(peer.here, 'sub'));
  writeFileSync(join(peer.here, 'sub', 'a'), 'one', { mode: 0o640 });
  writeFileSync(join(peer.there, 'old'), 'goes');
  const first = done(await go());
  assert.deepEqual(tree(peer.there), { 'sub/a': 'one' });
  assert.equal(first.changed, 2);
  assert.equal(statSync(join(peer.there, 'sub', 'a')).mode & 0o777, 0o640);
  assert.equal(done(await go()).changed, 0);
  const { mtimeMs } = statSync(join(peer.here, 'sub', 'a'));
  writeFileSync(join(peer.here, 'sub', 'a'), 'two');
  utimesSync(join(peer.here, 'sub', 'a'), mtimeMs / 1000, mtimeMs / 1000 + 0.003);
  done(await go());
  assert.deepEqual(tree(peer.there), { 'sub/a': 'two' });
  rmSync(peer.there, { recursive: true });
  done(await go());
  assert.deepEqual(tree(peer.there), { 'sub/a': 'two' });
});

const HOSTILE = [
  'a\nb',
  "it's",
  '"quoted"',
  '-rf',
  '--delete',
  '$(touch x)',
  '; id',
  '# no comment',
  ' leading',
  'trailing ',
  '*',
  '?[a]',
  '\\',
  'x:y',
  'ignoring unsafe symlink "a" -> "b"',
  'é',
  '\xff\xfe',
];

test('hostile names follow unchanged, by a full run and by one of named directories', async () => {
  for (const name of HOSTILE) {
    const folder = Buffer.concat([Buffer.from(`${peer.here}/`), bytesOf(name)]);
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from('/'), bytesOf(name)]), name, 'latin1');
  }
  done(await go());
  assert.deepEqual(tree(peer.there), tree(peer.here));
  for (const name of HOSTILE)
    writeFileSync(Buffer.concat([Buffer.from(`${peer.here}/`), bytesOf(name), Buffer.from('/new')]), '2');
  const second = done(await go({ only: HOSTILE }));
  assert.equal(second.unsafeCount, 0);
  assert.deepEqual(tree(peer.there), tree(peer.here));
});

test('only the named directories follow, with their deletions, and without those below', async () => {
  for (const folder of ['a/b', 'c', 'gone/deep']) mkdirSync(join(peer.here, folder), { recursive: true });
  for (const file of ['a/1', 'a/b/2', 'c/3', 'gone/deep/4']) writeFileSync(join(peer.here, file), file);
  done(await go());
  for (const file of ['a/1', 'a/b/2', 'c/3']) writeFileSync(join(peer.here, file), 'changed');
  rmSync(join(peer.here, 'gone'), { recursive: true });
  writeFileSync(join(peer.here, 'a', 'x'), 'new');
  done(await go({ only: ['', 'a', 'gone'] }));
  assert.deepEqual(tree(peer.there), { 'a/1': 'changed', 'a/x': 'new', 'a/b/2': 'a/b/2', 'c/3': 'c/3' });
  done(await go({ only: ['a/b', 'c'] }));
  assert.deepEqual(tree(peer.there), tree(peer.here));
});

test('a link out of the directory is left out and told; none is followed at either side', async () => {
  const secret = join(peer.sshd.folder, 'secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'f'), 'secret');
  symlinkSync(secret, join(peer.here, 'out'));
  symlinkSync('../secret/f', join(peer.here, 'up'));
  writeFileSync(join(peer.here, 'real'), 'real');
  symlinkSync('real', join(peer.here, 'in'));
  const first = done(await go());
  assert.equal(first.unsafeCount, 2);
  assert.deepEqual([...first.unsafeLinks].toSorted(), ['out', 'up']);
  assert.deepEqual(tree(peer.there), { real: 'real', in: 'link' });
  // A link waits at the other side where a directory comes.
  rmSync(join(peer.here, 'out'));
  mkdirSync(join(peer.here, 'dir'));
  writeFileSync(join(peer.here, 'dir', 'f'), 'overwritten');
  symlinkSync(secret, join(peer.there, 'dir'));
  done(await go({ only: ['dir'] }));
  assert.equal(readFileSync(join(secret, 'f'), 'utf8'), 'secret');
  assert.equal(lstatSync(join(peer.there, 'dir')).isDirectory(), true);
});

test('what may not be reached is refused by the other side, whatever is asked', async () => {
  const outside = join(peer.sshd.folder, 'outside');
  mkdirSync(outside);
  assert.equal(codeOf(await go({ there: [`${outside}/`] })), 'files-path-refused');
  assert.equal(codeOf(await go({ there: [`${peer.there}/sub/`] })), 'files-path-refused');
  assert.equal(codeOf(await go({ way: 'pull', there: [`${peer.sshd.folder}/serve.json`] })), 'files-path-refused');
  symlinkSync(outside, join(peer.there, 'link'));
  assert.equal(codeOf(await go({ way: 'pull', there: [`${peer.there}/link/`] })), 'files-path-refused');
  assert.equal(codeOf(await go({ there: ['/tmp/a b/'] })), 'files-directory-unusable');
  assert.deepEqual(readdirSync(outside), []);
  const commands = [
    'id',
    'rsync --server -e.L . /',
    `rsync --server --sender -logtpre.iLsfxCIvu --log-file=${outside}/x . ${peer.there}/`,
    '',
  ];
  for (const command of commands) {
    const argv = [...sshArgv(peer.target), ...sessionOptions(peer.target), peer.target.hostAlias, command];
    const ended = await run(argv, { timeoutMs: 10_000 });
    assert.ok(ended.ok);
    assert.equal(ended.value.exitCode, 77, `${command}: ${ended.value.stderr}`);
    assert.match(ended.value.stderr, /^dualtone: files-(command|path)-refused: .*\.\n$/);
  }
  assert.deepEqual(readdirSync(outside), []);
});

test('a node that serves takes nothing in, and a run under way is ended there', async () => {
  writeFileSync(join(peer.there, 'mine'), 'collected');
  writeFileSync(peer.settings.blocked, '');
  writeFileSync(join(peer.here, 'a'), 'x');
  assert.equal(codeOf(await go()), 'test-blocked');
  assert.deepEqual(tree(peer.there), { mine: 'collected' });
  rmSync(peer.settings.blocked);
  writeFileSync(join(peer.here, 'big'), Buffer.alloc(8_000_000, 1));
  const running = go({ bandwidthKbps: 500 });
  await receiverRuns();
  writeFileSync(peer.settings.blocked, '');
  assert.equal(codeOf(await running), 'test-blocked');
  assert.equal(readFileSync(join(peer.there, 'mine'), 'utf8'), 'collected');
  assert.equal(existsSync(join(peer.there, 'big')), false);
});

/** Until a receiver of the other side has begun to write. */
const receiverRuns = async (): Promise<void> => {
  const staging = join(peer.there, '.~tmp~');
  const isThere = (): boolean =>
    existsSync(staging) || readdirSync(peer.there).some((name) => name.startsWith('.big.'));
  for (let tries = 0; !isThere(); tries += 1) {
    assert.ok(tries < 1000, 'no receiver began');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('a takeover ends the receivers within a blink; files are whole, old or new; the next run clears up', async () => {
  writeFileSync(join(peer.here, 'big'), Buffer.alloc(2_000_000, 1));
  writeFileSync(join(peer.here, 'small'), 'old');
  done(await go());
  writeFileSync(join(peer.here, 'big'), Buffer.alloc(2_000_000, 2));
  writeFileSync(join(peer.here, 'small'), 'new!');
  const running = go({ bandwidthKbps: 200 });
  await receiverRuns();
  const startedAt = performance.now();
  assert.equal(await endReceivers(peer.settings.runDir), 1);
  assert.ok(performance.now() - startedAt < 400, `${performance.now() - startedAt}`);
  assert.equal((await running).ok, false);
  assert.deepEqual(new Set(readFileSync(join(peer.there, 'big'))), new Set([1]));
  assert.ok(['old', 'new!'].includes(readFileSync(join(peer.there, 'small'), 'utf8')));
  assert.equal(execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).includes(`. ${peer.there}`), false);
  assert.equal(await endReceivers(peer.settings.runDir), 0);
  done(await go());
  assert.deepEqual(readdirSync(peer.there).toSorted(), ['big', 'small']);
});

test('an entry of a process that is long gone ends nobody', async () => {
  const other = spawn('sleep', ['60'], { detached: true });
  const folder = join(peer.settings.runDir, 'receivers');
  mkdirSync(folder, { recursive: true });
  const entry = { pid: other.pid, start: '1', group: other.pid, directory: peer.there };
  writeFileSync(join(folder, String(other.pid)), JSON.stringify(entry));
  writeFileSync(join(folder, '99'), 'garbage');
  assert.equal(await endReceivers(peer.settings.runDir), 0);
  assert.equal(other.exitCode ?? other.signalCode, null);
  other.kill('SIGKILL');
  assert.deepEqual(readdirSync(folder), []);
});

test('fetching brings directories and files, and leaves out what is the same here', async () => {
  mkdirSync(join(peer.there, 'rec'));
  writeFileSync(join(peer.there, 'rec', 'new.wav'), 'new');
  writeFileSync(join(peer.there, 'rec', 'same.wav'), 'same');
  writeFileSync(join(peer.here, 'same.wav'), 'same');
  const { mtime, atime } = statSync(join(peer.there, 'rec', 'same.wav'));
  utimesSync(join(peer.here, 'same.wav'), atime, mtime);
  const staging = join(peer.sshd.folder, 'staging');
  mkdirSync(staging);
  execFileSync('touch', ['-r', join(peer.there, 'rec', 'same.wav'), join(peer.here, 'same.wav')]);
  done(
    await go({
      way: 'pull',
      here: `${staging}/`,
      there: [`${peer.there}/rec/`],
      deletions: false,
      compareWith: peer.here,
    }),
  );
  assert.deepEqual(tree(staging), { 'new.wav': 'new' });
  done(await go({ way: 'pull', here: `${staging}/`, there: [`${peer.there}/rec/same.wav`], deletions: false }));
  assert.deepEqual(Object.keys(tree(staging)).toSorted(), ['new.wav', 'same.wav']);
});

test('a full disk at the other side is said, its files are as before, and the next run goes on', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', peer.there]);
  try {
    writeFileSync(join(peer.here, 'a'), 'old');
    done(await go());
    writeFileSync(join(peer.here, 'a'), 'new');
    writeFileSync(join(peer.here, 'big'), Buffer.alloc(3_000_000, 1));
    assert.equal(codeOf(await go()), 'files-disk-full');
    assert.ok(['old', 'new'].includes(readFileSync(join(peer.there, 'a'), 'utf8')));
    assert.equal(existsSync(join(peer.there, 'big')), false);
    rmSync(join(peer.here, 'big'));
    done(await go());
    assert.deepEqual(tree(peer.there), { a: 'new' });
  } finally {
    execFileSync('umount', ['-l', peer.there]);
  }
});

test('the time limit and the abort end a run at once', async () => {
  writeFileSync(join(peer.here, 'big'), Buffer.alloc(8_000_000, 1));
  const startedAt = performance.now();
  assert.equal(codeOf(await go({ bandwidthKbps: 100 }, 1500)), 'files-time-limit');
  assert.ok(performance.now() - startedAt < 20_000, 'at this pace it would take 80 s');
  const stop = new AbortController();
  const running = go({ bandwidthKbps: 100 }, 20_000, stop.signal);
  await receiverRuns();
  stop.abort();
  assert.equal(codeOf(await running), 'files-aborted');
  assert.equal(codeOf(await go({}, 20_000, stop.signal)), 'files-aborted');
});

test('changed host key, wrong key, nobody there, one that says nothing: each its own fault, in seconds', async () => {
  const faultOf = async (over: Partial<SshTarget>): Promise<string> =>
    codeOf(await go({ target: { ...peer.target, ...over } }));
  const otherKnown = join(peer.sshd.folder, 'other_known');
  writeFileSync(otherKnown, readFileSync(`${peer.target.keyFile}.pub`, 'utf8').replace(/^/, 'dualtone-peer '));
  assert.equal(await faultOf({ knownHostsFile: otherKnown }), 'ssh-host-key-changed');
  writeFileSync(peer.sshd.authorizedKeys, '');
  assert.equal(await faultOf({}), 'ssh-key-refused');
  assert.equal(await faultOf({ port: await freePort() }), 'ssh-unreachable');
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const address = mute.address();
  const startedAt = performance.now();
  assert.equal(
    await faultOf({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, connectTimeoutMs: 1000 }),
    'ssh-unreachable',
  );
  assert.ok(performance.now() - startedAt < 15_000);
  mute.close();
});

test('a black hole in the middle of a run is noticed within seconds', async () => {
  writeFileSync(join(peer.here, 'big'), Buffer.alloc(8_000_000, 1));
  const running = go({ bandwidthKbps: 100 });
  await receiverRuns();
  const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(peer.sshd.pid())], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const startedAt = performance.now();
  for (const pid of pids) process.kill(Number(pid), 'SIGSTOP');
  try {
    const result = await running;
    assert.ok(performance.now() - startedAt < 6000, `${performance.now() - startedAt}`);
    assert.ok(['ssh-unreachable', 'files-silent', 'files-cut-off'].includes(codeOf(result)), codeOf(result));
  } finally {
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  }
});
