import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, test } from 'node:test';
import { freePort } from '../../test/free-port.ts';
import { startSshd, type TestSshd } from '../../test/ssh/sshd.ts';
import type { Fault } from '../core/result.ts';
import { run } from '../process/run.ts';
import { addAuthorized, authorizedLine } from './authorized.ts';
import { createKey, readPublicKey } from './key.ts';
import { pinHost, scanHostKeys } from './known-hosts.ts';
import { fingerprint } from './public-key.ts';
import { type SshTarget, sessionOptions, sshArgv } from './target.ts';
import { createTunnel, type Forward, type Tunnel } from './tunnel.ts';

const clock = {
  now: () => performance.now(),
  at: (at: number, fire: () => void) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** A tunnel with a way to wait for what it becomes. */
const watched = (target: SshTarget, forwards: readonly Forward[]) => {
  const waiting: { holds: () => boolean; resolve: () => void }[] = [];
  const tunnel: Tunnel = createTunnel({
    target,
    forwards,
    clock,
    backOffMs: { first: 50, last: 400 },
    onChange: () => {
      for (const entry of waiting) if (entry.holds()) entry.resolve();
    },
  });
  const until = (holds: () => boolean): Promise<void> =>
    holds() ? Promise.resolve() : new Promise((resolve) => waiting.push({ holds, resolve }));
  const trouble = async (): Promise<Fault> => {
    await until(() => tunnel.trouble() !== null);
    return tunnel.trouble() ?? assert.fail('no trouble');
  };
  return { tunnel, until, trouble };
};

let sshd: TestSshd;
let echo: Server;
let echoPort = 0;
const running: Tunnel[] = [];

beforeEach(async () => {
  sshd = await startSshd();
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  echoPort = address !== null && typeof address === 'object' ? address.port : 0;
});

afterEach(async () => {
  for (const tunnel of running.splice(0)) await tunnel.stop();
  echo.close();
  await sshd.stop();
});

const authorise = async (openPorts: readonly number[], listenPorts: readonly number[]): Promise<void> => {
  const made = await createKey(sshd.target.keyFile, 'main');
  const key = made.ok ? made : readPublicKey(sshd.target.keyFile);
  assert.ok(key.ok);
  const line = authorizedLine(key.value, { command: ['/bin/true'], openPorts, listenPorts });
  assert.ok(line.ok);
  assert.ok(addAuthorized(sshd.authorizedKeys, line.value).ok);
  const scanned = await scanHostKeys(sshd.target, 3000);
  assert.ok(scanned.ok);
  assert.deepEqual(scanned.value.map(fingerprint), [fingerprint(sshd.hostKey)]);
  assert.ok(pinHost(sshd.target.knownHostsFile, 'dualtone-peer', scanned.value).ok);
};

const open = (target: SshTarget, forwards: readonly Forward[]) => {
  const made = watched(target, forwards);
  running.push(made.tunnel);
  assert.ok(made.tunnel.start().ok);
  return made;
};

const says = async (port: number): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.end('hello');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
};

test('forwards in both directions stand, carry, come back after a loss, and end with us', {
  timeout: 30_000,
}, async () => {
  const [here, there] = [await freePort(), await freePort()];
  await authorise([echoPort], [there]);
  const target = { ...sshd.target, controlPath: join(sshd.folder, 'control') };
  const { tunnel, until } = open(target, [
    { listens: 'here', from: { port: here }, to: { port: echoPort } },
    { listens: 'there', from: { port: there }, to: { port: echoPort } },
  ]);
  await until(() => tunnel.up());
  assert.equal(tunnel.trouble(), null);
  assert.equal(await says(here), 'hello');
  assert.equal(await says(there), 'hello');

  // A second session goes over the same connection.
  const accepted = sshd.log().split('Accepted publickey').length;
  const argv = [...sshArgv(target), ...sessionOptions(target), target.hostAlias, 'anything'];
  const session = await run(argv, { timeoutMs: 5000 });
  assert.ok(session.ok && session.value.exitCode === 0, JSON.stringify(session));
  assert.equal(sshd.log().split('Accepted publickey').length, accepted);

  const sessions = execFileSync('ps', ['-o', 'pid=', '--ppid', String(sshd.pid())], { encoding: 'utf8' });
  for (const pid of sessions.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL');
  await until(() => !tunnel.up());
  await until(() => tunnel.up());
  assert.equal(await says(here), 'hello');
  await tunnel.stop();
  assert.equal(existsSync(target.controlPath), false);
  await assert.rejects(says(here), /ECONNREFUSED/);
});

test('a port that is not permitted is refused in plain words', { timeout: 20_000 }, async () => {
  await authorise([echoPort], []);
  const there = await freePort();
  const { trouble, tunnel } = open(sshd.target, [{ listens: 'there', from: { port: there }, to: { port: echoPort } }]);
  assert.equal((await trouble()).code, 'ssh-forward-refused');
  assert.equal(tunnel.up(), false);
});

test('a key let in for other ports: the tunnel begins anew by itself, and stands once it is let in for these', {
  timeout: 30_000,
}, async () => {
  const here = await freePort();
  await authorise([1], []);
  const { tunnel, until, trouble } = open(sshd.target, [
    { listens: 'here', from: { port: here }, to: { port: echoPort } },
  ]);
  assert.ok((await tunnel.whenUp(10_000)).ok);
  assert.equal(await says(here).catch(() => ''), '');
  assert.equal((await trouble()).code, 'ssh-forward-refused');
  await until(() => tunnel.up());
  await authorise([echoPort], []);
  // What stands was let in before.
  tunnel.renew();
  assert.equal(tunnel.up(), false);
  assert.ok((await tunnel.whenUp(10_000)).ok);
  assert.equal(await says(here), 'hello');
});

test('who waits for a tunnel is told why it does not stand, in time, and also when it is stopped', {
  timeout: 20_000,
}, async () => {
  await authorise([echoPort], []);
  const none = { ...sshd.target, knownHostsFile: join(sshd.folder, 'none') };
  const { tunnel, trouble } = open(none, []);
  await trouble();
  const waited = await tunnel.whenUp(100);
  assert.equal(waited.ok ? '' : waited.error.code, 'ssh-host-key-unknown');
  const waiting = tunnel.whenUp(60_000);
  await tunnel.stop();
  assert.equal((await waiting).ok, false);
});

test('changed host key, unknown host key, wrong key, nobody there: each its own fault', {
  timeout: 30_000,
}, async () => {
  await authorise([echoPort], []);
  const forwards: readonly Forward[] = [{ listens: 'here', from: { port: await freePort() }, to: { port: echoPort } }];
  const faultOf = async (target: SshTarget): Promise<string> => (await open(target, forwards).trouble()).code;

  const otherKey = join(sshd.folder, 'other');
  assert.ok((await createKey(otherKey, 'main')).ok);
  assert.equal(await faultOf({ ...sshd.target, keyFile: otherKey }), 'ssh-key-refused');
  const other = readFileSync(`${otherKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  const changed = join(sshd.folder, 'changed');
  writeFileSync(changed, `dualtone-peer ${other}\n`);
  assert.equal(await faultOf({ ...sshd.target, knownHostsFile: changed }), 'ssh-host-key-changed');
  assert.equal(await faultOf({ ...sshd.target, knownHostsFile: join(sshd.folder, 'none') }), 'ssh-host-key-unknown');
  assert.equal(await faultOf({ ...sshd.target, port: await freePort() }), 'ssh-unreachable');
  rmSync(otherKey);
  assert.equal(await faultOf({ ...sshd.target, keyFile: otherKey }), 'ssh-key-unusable');
});

test('a peer that accepts and says nothing is noticed within the connect time', { timeout: 20_000 }, async () => {
  await authorise([echoPort], []);
  const mute = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const address = mute.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const startedAt = performance.now();
  const { trouble } = open({ ...sshd.target, port, connectTimeoutMs: 1000 }, []);
  const fault = await trouble();
  assert.ok(['ssh-unreachable', 'ssh-tunnel-slow'].includes(fault.code), fault.code);
  assert.ok(performance.now() - startedAt < 15_000);
  mute.close();
});

test('a tunnel that goes silent is noticed within seconds', { timeout: 30_000 }, async () => {
  await authorise([echoPort], []);
  const { tunnel, until, trouble } = open(sshd.target, []);
  await until(() => tunnel.up());
  const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(sshd.pid())], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const startedAt = performance.now();
  // What a black hole looks like: the connection stands and nothing comes.
  for (const pid of pids) process.kill(Number(pid), 'SIGSTOP');
  try {
    await until(() => !tunnel.up());
    assert.ok(performance.now() - startedAt < 6000, `${performance.now() - startedAt}`);
    assert.equal((await trouble()).code, 'ssh-unreachable');
  } finally {
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  }
});
