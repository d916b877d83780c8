import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createFakePair, type FakePair } from '../agent/testing/pair.ts';
import { createTime } from '../agent/testing/time.ts';
import { type ApiServer, openApiServer } from '../api/server.ts';
import { main } from './main.ts';
import { createSaid } from './testing/said.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-cli-'));
const socket = join(folder, 'control.sock');

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line; what it said, with spans that depend on the machine's speed replaced. */
const say = async (...argv: string[]): Promise<Said> => {
  const said = createSaid();
  const code = await main(argv, said.output);
  return { code, ...said.now() };
};

const settled = (text: string): string =>
  text
    .replace(/^ {2}agent .*$/m, '  agent       …')
    .replace(/^ {2}! the agent was late.*\n/m, '')
    .replace(/\d+ ms (left|ago)/g, 'N ms $1')
    .replace(/\d{2}:\d{2}:\d{2}/g, 'HH:MM:SS')
    .replace(/\d{4}-\d{2}-\d{2} HH/g, 'HH');

let time = createTime();
let pair: FakePair = createFakePair(time);
let server: ApiServer | null = null;

/** The agent of this role answers at the socket. */
const serveAt = async (role: 'main' | 'standby'): Promise<void> => {
  await server?.close();
  const node = pair.nodeByRole[role];
  assert.ok(node !== undefined);
  const opened = await openApiServer({ path: socket, group: null }, node.agent);
  assert.ok(opened.ok);
  server = opened.value;
};

/** Says a command while the pair's time passes. */
const order = async (...argv: string[]): Promise<Said> => {
  const progress = { over: false };
  const said = say(...argv, '--socket', socket).finally(() => {
    progress.over = true;
  });
  while (!progress.over) {
    await pair.pass(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return said;
};

before(async () => {
  time = createTime();
  pair = createFakePair(time);
  await pair.start('main');
  await pair.start('standby');
  await pair.pass(2500);
  await serveAt('main');
});

after(async () => {
  await server?.close();
  for (const role of ['main', 'standby'] as const) await pair.nodeByRole[role]?.agent.stop('test');
  rmSync(folder, { recursive: true, force: true });
});

test('status of a healthy pair', async () => {
  const { code, out } = await say('status', '--socket', socket);
  assert.equal(
    settled(out),
    `pbx1 (main, this node) serves since HH:MM:SS (1.5 s); pbx2 (standby) can take over.

  this node   pbx1 (main, 10.0.0.1): active, lease N ms left, gate open, telephony up, 0 calls
  other node  pbx2 (standby, 10.0.0.2): passive, telephony well, 0 calls, heard N ms ago
  checkpoints cp1 answered N ms ago
  failover    If this node died now, the standby would take over after about 600 ms.
  protection  Protected against two active nodes: always (a node serves only with a majority of votes or the other’s word, and the kernel enforces it).
  plan        activate: 2 steps done
  agent       …
`,
  );
  assert.equal(code, 0);
});

test('who asks for them is shown the old words of roles', async () => {
  const { code, out } = await say('status', '--old-words', '--socket', socket);
  assert.equal(code, 0);
  assert.match(out, /^pbx1 \(master, this node\) serves/);
  assert.match(out, /pbx2 \(slave, 10\.0\.0\.2\): passive/);
  assert.doesNotMatch(out, /\b(main|standby)\b/);
});

test('status as JSON is the snapshot', async () => {
  const { code, out } = await say('status', '--json', '--socket', socket);
  const {
    kind,
    server: who,
    headline,
  } = JSON.parse(out) as { kind: string; server: string; headline: { who: string } };
  assert.deepEqual([code, kind, who, headline.who], [0, 'node', 'this', 'pbx1 (main, this node) serves']);
});

test('explain of the passive node', async () => {
  await serveAt('standby');
  const { code, out } = await say('explain', '--socket', socket);
  await serveAt('main');
  assert.equal(code, 0);
  assert.match(out, /^This node does not serve: the other node claims the right to serve\.\n/);
  assert.match(out, /\nIf the main fell silent now, this node would take over after about 600 ms\.\n/);
  assert.match(
    out,
    /\nWhat keeps pbx2 from serving now:\n {2}- the other node claims the right to serve \(for \d+ ms more\) \[rival-serves\]\n/,
  );
  assert.match(out, /\n {2}yes cp1: /);
});

test('manual mode: orders, their answers, and what status says then', async () => {
  assert.deepEqual(await order('mode', 'manual'), { code: 0, out: 'The pair is in manual mode.\n', err: '' });
  const { code, out } = await say('status', '--socket', socket);
  assert.equal(code, 5);
  assert.match(
    out,
    /^pbx1 .* serves .*; pbx2 \(standby\) could NOT take over now: manual mode: only a person starts service\.\n {2}! manual mode/,
  );
  const stopped = await order('stop');
  assert.deepEqual([stopped.code, stopped.out], [0, 'This node has stopped.\n']);
  const nobody = await say('status', '--socket', socket);
  assert.equal(nobody.code, 6);
  assert.match(nobody.out, /^NOBODY is known to serve; /);
});

test('start with the other node unreachable asks for its name', async () => {
  pair.cut.add('standby');
  await pair.pass(1000);
  const unasked = await order('start');
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /nothing proves that it is not serving.*\n.*\n.*repeat with --confirm pbx2\.\n$/);
  const wrong = await order('start', '--confirm', 'pbx9');
  assert.deepEqual(
    [wrong.code, wrong.err],
    [1, 'dualtone: "pbx9" is not the name of the other node.\n    its name is pbx2; nothing was started\n'],
  );
  const started = await order('start', '--confirm', 'pbx2');
  assert.deepEqual([started.code, started.out], [0, 'This node serves now.\n']);
  pair.cut.delete('standby');
  await pair.pass(500);
  await order('mode', 'automatic');
  await pair.pass(1500);
  assert.match((await say('status', '--socket', socket)).out, /^pbx1 \(main, this node\) serves/);
});

test('maintenance, and what is refused', async () => {
  const on = await order('maintenance', 'on', '--for', '30m', '--reason', 'new switch');
  assert.equal(on.code, 0, on.err);
  assert.match((await say('status', '--socket', socket)).out, /! maintenance for 30 min more: new switch/);
  assert.equal((await order('maintenance', 'off')).code, 0);
  const stop = await order('stop');
  assert.equal(stop.code, 1);
  assert.match(stop.err, /^dualtone: In automatic mode .*\n {4}Use `switchover`/);
});

test('a halted node and a dead agent', async () => {
  const lease = pair.nodeByRole.main?.agent.state().lease;
  assert.ok(lease?.name === 'held');
  Object.assign(lease, { epoch: lease.epoch + 1 });
  await pair.pass(200);
  const halted = await say('status', '--socket', socket);
  assert.equal(halted.code, 6);
  assert.match(halted.out, /^pbx1 \(main, this node\) has HALTED itself; epoch \d+ is not this node's\.\n/);
  await server?.close();
  server = null;
  const dead = await say('status', '--socket', socket);
  assert.deepEqual(
    [dead.code, dead.err],
    [
      3,
      `dualtone: the agent at ${socket} does not answer: no agent is running there.\n    start it: \`systemctl start dualtone\`; if its run-dir is not the usual one, give --config or --socket\n`,
    ],
  );
  const json = await say('status', '--json', '--socket', socket);
  assert.equal((JSON.parse(json.out) as { code: string }).code, 'agent-unreachable');
});

test('wrong usage is exit 2, and help is none', async () => {
  for (const argv of [
    ['nonsense'],
    ['mode'],
    ['mode', 'sometimes'],
    ['maintenance', 'on'],
    ['switchover', '--max-wait', '3m'],
    ['explain', '--seq', 'x'],
    [],
  ]) {
    const { code } = await say(...argv);
    assert.equal(code, 2, argv.join(' '));
  }
  assert.equal((await say('--help')).code, 0);
  assert.equal((await say('help', 'switchover')).code, 0);
  assert.equal((await say('maintenance', 'on', '--for', 'long', '--reason', 'x')).code, 2);
});

test('wrong usage of the programs beside the command line is exit 2 too', () => {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'dualtone.ts');
  for (const argv of [
    ['simulate', '--seeds', '-4'],
    ['simulate', '--loss', 'much'],
    ['lab', 'nonsense'],
    ['lab', 'up', '--phones', 'x'],
  ])
    assert.equal(spawnSync(process.execPath, [program, ...argv]).status, 2, argv.join(' '));
  assert.equal(spawnSync(process.execPath, [program, 'simulate', '--help']).status, 0);
});

test('config check names every mistake with its place and remedy', async () => {
  const file = join(folder, 'pair.yaml');
  writeFileSync(
    file,
    'node: { role: mian, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\nfailbak: {}\n',
  );
  const { code, err } = await say('config', 'check', file, '--file-only');
  assert.equal(code, 4);
  const places = err
    .split('\n')
    .filter((line) => line.startsWith(file))
    .map((line) => line.slice(file.length).split(' ', 1)[0]);
  assert.deepEqual(places, [':1:15:', ':3:1:']);
  const json = await say('config', 'check', file, '--file-only', '--json');
  assert.equal((JSON.parse(json.out) as { problems: unknown[] }).problems.length, 2);
  writeFileSync(file, 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n');
  assert.equal((await say('config', 'check', file, '--file-only')).code, 0);
  assert.match((await say('config', 'show', file)).out, /^node:\n {2}role: main\n/);
  assert.equal((await say('config', 'check', join(folder, 'none.yaml'))).code, 4);
});

test('key generate makes one, and never over an old one', async () => {
  const file = join(folder, 'pair.key');
  assert.equal((await say('key', 'generate', file)).code, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(file, 'utf8');
  const again = await say('key', 'generate', file);
  assert.equal(again.code, 1);
  assert.match(again.err, /exists already/);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('completion knows every command; version says both', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await say('completion', shell);
    assert.equal(code, 0);
    for (const word of ['switchover', 'maintenance', 'when-idle', 'verify', 'automatic'])
      assert.ok(out.includes(word), `${shell} ${word}`);
  }
  assert.match((await say('version')).out, /^dualtone \d+\.\d+\.\d+ \(Node\.js v\d+/);
});
