/** Checks of a real pair: two agents with their checkers and a checkpoint, each in a network namespace; then one thing after the other goes wrong. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { askSnapshot } from '../../src/api/client.ts';
import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import { readHistory } from '../../src/checks/history.ts';
import type { ChecksView } from '../../src/checks/report.ts';
import { generateKey } from '../../src/peer/key.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dualtone', import.meta.url));
const hosts = ['main', 'standby', 'cp1'] as const;
type HostName = (typeof hosts)[number];

const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : 'needs root';
const run = `dtk${process.pid}`;
const folder = isRoot ? mkdtempSync('/dev/shm/dualtone-checks-') : '';
const addressOf = (name: HostName): string => `10.98.9.${hosts.indexOf(name) + 1}`;
const VIP = '10.98.9.10';
const netns = (name: string): string => `${run}${name}`;
const socketOf = (name: HostName): string => join(folder, name, 'run', 'control.sock');
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

const places = (name: HostName): string =>
  `key-file: ${folder}/pair.key\nstate-dir: ${folder}/${name}/state\nrun-dir: ${folder}/${name}/run\n`;

const nodeFile = (name: 'main' | 'standby'): string => {
  const other = name === 'main' ? 'standby' : 'main';
  return `${places(name)}
node: { role: ${name}, name: pbx-${name}, address: ${addressOf(name)} }
peer: { name: pbx-${other}, address: ${addressOf(other)} }
arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: ${addressOf('cp1')} }] }
virtual-ip: { addresses: [${VIP}/24], interface: eth0 }
telephony: cold
services: []
streams: { astdb: { enabled: false } }
failback: { policy: manual }
probes: { ami: null, tcp: [] }
# What depends on the machine on which the tests run.
checks: { accept: [agent-punctual, disk-space, no-rival-program, priority-granted, time-synchronised, gate-possible] }
`;
};

const checkpointFile = (): string => `${places('cp1')}
name: cp1
listen: { address: ${addressOf('cp1')} }
nodes: { main: { address: ${addressOf('main')} }, standby: { address: ${addressOf('standby')} } }
`;

const childByName = new Map<HostName, ChildProcess>();
const saidByName = new Map<HostName, string>();

const start = (name: HostName): void => {
  const kind = name === 'cp1' ? 'checkpoint' : 'agent';
  const argv = ['netns', 'exec', netns(name), PROGRAM, kind, '--config', join(folder, `${name}.yaml`)];
  const child = spawn('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    saidByName.set(name, `${saidByName.get(name) ?? ''}${text}`);
  });
  childByName.set(name, child);
};

const end = async (name: HostName, signal: NodeJS.Signals): Promise<void> => {
  const child = childByName.get(name);
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
};

const until = async (what: string, wanted: () => boolean | Promise<boolean>, withinMs = 45_000): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!(await wanted())) {
    if (performance.now() > deadline) assert.fail(`${what} was to be seen\n${[...saidByName].join('\n')}`);
    await sleep(50);
  }
};

const snapshotOf = async (name: 'main' | 'standby'): Promise<NodeSnapshot | null> => {
  const asked = await askSnapshot(socketOf(name), 2000);
  return asked.ok && asked.value.kind === 'node' ? asked.value : null;
};

const serves = async (name: 'main' | 'standby', server: string): Promise<boolean> =>
  (await snapshotOf(name))?.server === server;

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const execute = promisify((argv: readonly string[], done: (error: null, said: Said) => void) => {
  const child = spawn(PROGRAM, [...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.once('close', (code) => done(null, { code: code ?? -1, out, err }));
});

const check = async (name: 'main' | 'standby', ...more: string[]): Promise<Said & { readonly view: ChecksView }> => {
  const said = await execute(['check', '--json', '--socket', socketOf(name), ...more]);
  assert.notEqual(said.out, '', said.err);
  return { ...said, view: JSON.parse(said.out) as ChecksView };
};

const findingOf = ({ own, other }: ChecksView, id: string) =>
  [own, other].flatMap((report) =>
    (report?.results ?? [])
      .filter((each) => each.id === id)
      .map(({ finding }) => `${report?.node}: ${finding.outcome}`),
  );

/** Processes of this pair's checkers: by the configuration on their command line. */
const checkersOf = (name: HostName): readonly number[] =>
  execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(' checker ') && line.includes(join(folder, `${name}.yaml`)))
    .map((line) => Number.parseInt(line, 10));

before(() => {
  if (!isRoot) return;
  ip('netns', 'add', netns('bridge'));
  ip('-n', netns('bridge'), 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', netns('bridge'), 'link', 'set', 'br0', 'up');
  for (const [index, name] of hosts.entries()) {
    ip('netns', 'add', netns(name));
    const far = ['peer', 'name', `port${index}`, 'netns', netns('bridge')];
    ip('-n', netns(name), 'link', 'add', 'eth0', 'type', 'veth', ...far);
    ip('-n', netns('bridge'), 'link', 'set', `port${index}`, 'master', 'br0', 'up');
    ip('-n', netns(name), 'link', 'set', 'lo', 'up');
    ip('-n', netns(name), 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0');
    ip('-n', netns(name), 'link', 'set', 'eth0', 'up');
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, `${name}.yaml`), name === 'cp1' ? checkpointFile() : nodeFile(name));
  }
  writeFileSync(join(folder, 'pair.key'), generateKey(), { mode: 0o600 });
});

after(async () => {
  if (!isRoot) return;
  await Promise.all(hosts.map((name) => end(name, 'SIGKILL')));
  for (const name of [...hosts, 'bridge']) {
    try {
      ip('netns', 'del', netns(name));
    } catch {
      // It was not made: the failure of its making is told already.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

test('a pair is checked from both sides, and each thing that goes wrong is found', {
  skip,
  timeout: 180_000,
}, async (t) => {
  // In order, so that it is the main that serves.
  start('cp1');
  start('main');
  await until('a main that serves', () => serves('main', 'this'));
  start('standby');
  await until('a standby that knows', () => serves('standby', 'other'));
  // The main tries again and again until the standby listens.
  await until('checkers that talk', async () => (await check('standby', '--only', 'pair-connected')).code === 0);

  await t.test('both nodes try everything, and know of each other', async () => {
    let said = await check('standby');
    // What is found in the first moments, or while the machine is busy with something else, may be otherwise.
    await until('a pair that is ready', async () => {
      const began = performance.now();
      said = await check('standby');
      const tookMs = Math.round(performance.now() - began);
      t.diagnostic(`measured: ${tookMs} ms for all checks of both nodes: ${said.view.readiness.text}`);
      return said.view.readiness.state === 'ready';
    });
    const { view, code } = said;
    assert.ok((view.own?.results.length ?? 0) > 50 && (view.other?.results.length ?? 0) > 50);
    const both = (id: string, outcome: string) =>
      assert.deepEqual(findingOf(view, id), [`pbx-standby: ${outcome}`, `pbx-main: ${outcome}`], id);
    for (const id of ['agent-runs', 'peer-heard', 'configuration-agrees', 'versions-agree', 'configuration-in-force'])
      both(id, 'pass');
    for (const id of ['wire-agrees', 'checkpoints-heard', 'pair-connected', 'clocks-agree', 'virtual-ip-free'])
      both(id, 'pass');
    for (const id of ['gate-there', 'address-here', 'virtual-ip-interface', 'same-network', 'state-writable'])
      both(id, 'pass');
    assert.deepEqual(findingOf(view, 'stream-port-open'), ['pbx-standby: not-applicable', 'pbx-main: pass']);
    assert.deepEqual(view.readiness.reasons, []);
    assert.deepEqual([view.readiness.state, code], ['ready', 0]);
  });

  await t.test('status has it in one line', async () => {
    const ready = /\n {2}checks {6}ready: pbx-standby could take over now/;
    await until('a line of readiness', async () =>
      ready.test((await execute(['status', '--socket', socketOf('main')])).out),
    );
  });

  await t.test('a third host takes the virtual IP', async () => {
    ip('-n', netns('cp1'), 'addr', 'add', `${VIP}/24`, 'dev', 'eth0');
    const { view, code } = await check('main', '--only', 'virtual-ip-free');
    assert.equal(code, 6);
    assert.ok(findingOf(view, 'virtual-ip-free').includes('pbx-main: fail'));
    ip('-n', netns('cp1'), 'addr', 'del', `${VIP}/24`, 'dev', 'eth0');
    await until('a free address', async () => (await check('main', '--only', 'virtual-ip-free')).code === 0);
  });

  await t.test('a firewall cuts one direction between the nodes', async () => {
    const nft = (...commands: string[]) => ip('netns', 'exec', netns('main'), 'nft', ...commands);
    nft('add table inet cut; add chain inet cut i { type filter hook input priority 0; };');
    nft(`add rule inet cut i ip saddr ${addressOf('standby')} udp dport 4577 drop`);
    await until('the cut', async () => (await check('main', '--only', 'peer-heard')).code === 6);
    const { view } = await check('main', '--only', 'peer-heard');
    const finding = view.own?.results[0]?.finding;
    assert.ok(finding?.outcome === 'fail' && /a checkpoint hears it/.test(finding.evidence), JSON.stringify(finding));
    // The other direction is open.
    assert.deepEqual(findingOf(view, 'peer-heard'), ['pbx-main: fail', 'pbx-standby: pass']);
    nft('delete table inet cut');
    await until('the mended way', async () => (await check('main', '--only', 'peer-heard')).code === 0);
  });

  await t.test('the other file is changed: it is told before a restart brings it', async () => {
    const file = join(folder, 'standby.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('policy: manual', 'policy: auto'));
    const { code, view } = await check('main', '--only', 'configuration-in-force');
    assert.deepEqual([code, findingOf(view, 'configuration-in-force')], [5, ['pbx-main: pass', 'pbx-standby: fail']]);
    writeFileSync(file, text);
  });

  await t.test('a checker that is killed is started again, and what it knew is there', async () => {
    const [pid = 0] = checkersOf('standby');
    process.kill(pid, 'SIGKILL');
    await until('a new checker', () => checkersOf('standby').some((each) => each !== pid));
    await until('ready again', async () => (await check('standby')).view.readiness.state === 'ready');
    assert.ok(
      readHistory(join(folder, 'main', 'state', 'checks.jsonl')).some(({ what }) => what === 'virtual-ip-free'),
    );
  });

  await t.test('with the agent its checker ends; the command then tries what it can, and says so', async () => {
    await end('standby', 'SIGTERM');
    assert.equal(childByName.get('standby')?.exitCode, 0);
    await until('no checker', () => checkersOf('standby').length === 0, 5000);
    const argv = ['check', '--json', '--config', join(folder, 'standby.yaml'), '--socket', socketOf('standby')];
    const inside = execFileSync(
      'ip',
      ['netns', 'exec', netns('standby'), 'sh', '-c', `"$@"; true`, '-', PROGRAM, ...argv],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const view = JSON.parse(inside) as ChecksView;
    assert.deepEqual([view.readiness.state, view.trouble], ['not-ready', 'no agent runs here']);
    assert.deepEqual(findingOf(view, 'address-here'), ['pbx-standby: pass']);
    assert.deepEqual(findingOf(view, 'agent-runs'), ['pbx-standby: fail']);
    const { view: there } = await check('main');
    assert.equal(there.readiness.state, 'not-ready');
  });
});
