/** A pair and a checkpoint as real processes, each in a network namespace of its own, on one bridge. Telephony is nothing: it is about the agents. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askSnapshot } from '../../src/api/client.ts';
import type { Snapshot } from '../../src/api/snapshot.ts';
import { generateKey } from '../../src/peer/key.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dualtone', import.meta.url));
export const NAMES = ['main', 'standby', 'cp1'] as const;
export type HostName = (typeof NAMES)[number];

const isRoot = process.getuid?.() === 0;
/** For `skip` of a test. */
export const withoutRoot = isRoot ? false : 'needs root';

export interface Hosts {
  readonly folder: string;
  socketOf(name: HostName): string;
  start(name: HostName): void;
  end(name: HostName, signal: NodeJS.Signals): Promise<void>;
  childOf(name: HostName): ChildProcess | undefined;
  /** What it said on standard error. */
  saidBy(name: HostName): string;
  /** Asks until the answer is as wanted; fails with what was said. */
  until(name: HostName, what: string, wanted: (snapshot: Snapshot) => boolean, withinMs?: number): Promise<Snapshot>;
  remove(): Promise<void>;
}

export const serves =
  (server: string) =>
  (snapshot: Snapshot): boolean =>
    snapshot.kind === 'node' && snapshot.server === server;

export const dualtone = (...argv: string[]): { readonly code: number; readonly out: string } => {
  try {
    return { code: 0, out: execFileSync(PROGRAM, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, out: `${stdout}${stderr}` };
  }
};

const addressOf = (name: HostName): string => `10.98.7.${NAMES.indexOf(name) + 1}`;

const placesOf = (folder: string, name: HostName): string =>
  `key-file: ${folder}/pair.key\nstate-dir: ${folder}/${name}/state\nrun-dir: ${folder}/${name}/run\n`;

const nodeFile = (folder: string, name: 'main' | 'standby'): string => {
  const other = name === 'main' ? 'standby' : 'main';
  return `${placesOf(folder, name)}
node: { role: ${name}, name: pbx-${name}, address: ${addressOf(name)} }
peer: { name: pbx-${other}, address: ${addressOf(other)} }
arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: ${addressOf('cp1')} }] }
gate: { enforce: false }
telephony: cold
services: []
streams: { astdb: { enabled: false } }
failback: { policy: manual }
probes: { ami: null, tcp: [] }
`;
};

const checkpointFile = (folder: string): string => `${placesOf(folder, 'cp1')}
name: cp1
listen: { address: ${addressOf('cp1')} }
nodes: { main: { address: ${addressOf('main')} }, standby: { address: ${addressOf('standby')} } }
`;

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

const lay = (netns: (name: string) => string): void => {
  ip('netns', 'add', netns('bridge'));
  ip('-n', netns('bridge'), 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', netns('bridge'), 'link', 'set', 'br0', 'up');
  for (const [index, name] of NAMES.entries()) {
    const [own, bridge, port] = [netns(name), netns('bridge'), `port${index}`];
    ip('netns', 'add', own);
    ip('-n', own, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', bridge);
    ip('-n', bridge, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', own, 'link', 'set', 'lo', 'up');
    ip('-n', own, 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0');
    ip('-n', own, 'link', 'set', 'eth0', 'up');
  }
};

const removeAll = (netns: (name: string) => string, folder: string): void => {
  for (const name of [...NAMES, 'bridge']) {
    try {
      ip('netns', 'del', netns(name));
    } catch {
      // It was not made: the failure of its making is told already.
    }
  }
  rmSync(folder, { recursive: true, force: true });
};

type More = (folder: string, name: HostName) => string;

const make = (netns: (name: string) => string, folder: string, more: More): void => {
  try {
    lay(netns);
  } catch (error) {
    removeAll(netns, folder);
    throw error;
  }
  for (const name of NAMES) {
    mkdirSync(join(folder, name));
    const file = name === 'cp1' ? checkpointFile(folder) : nodeFile(folder, name);
    writeFileSync(join(folder, `${name}.yaml`), `${file}${more(folder, name)}`);
  }
  writeFileSync(join(folder, 'pair.key'), generateKey(), { mode: 0o600 });
};

/** Without root nothing is made. `more`: what the file of each has besides; `folder` is on tmpfs. */
export const createHosts = (prefix: string, more: More = () => ''): Hosts => {
  // On tmpfs: each heartbeat is written.
  const folder = isRoot ? mkdtempSync('/dev/shm/dualtone-agents-') : '';
  const netns = (name: string): string => `${prefix}${process.pid}${name}`;
  const childByName = new Map<HostName, ChildProcess>();
  const saidByName = new Map<HostName, string>();
  const socketOf = (name: HostName): string => join(folder, name, 'run', 'control.sock');
  const saidBy = (name: HostName): string => saidByName.get(name) ?? '';
  const end = async (name: HostName, signal: NodeJS.Signals): Promise<void> => {
    const child = childByName.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  if (isRoot) make(netns, folder, more);
  return {
    folder,
    socketOf,
    saidBy,
    end,
    childOf: (name) => childByName.get(name),
    start: (name) => {
      const kind = name === 'cp1' ? 'checkpoint' : 'agent';
      const argv = ['netns', 'exec', netns(name), PROGRAM, kind, '--config', join(folder, `${name}.yaml`)];
      const child = spawn('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        saidByName.set(name, `${saidBy(name)}${text}`);
      });
      childByName.set(name, child);
    },
    until: async (name, what, wanted, withinMs = 15_000) => {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const asked = await askSnapshot(socketOf(name), 2000);
        if (asked.ok && wanted(asked.value)) return asked.value;
        if (performance.now() > deadline) {
          const seen = asked.ok ? JSON.stringify(asked.value.headline) : asked.error.message;
          assert.fail(`${name}: ${what} was to be seen, and there was ${seen}\n${saidBy(name)}`);
        }
        await sleep(20);
      }
    },
    remove: async () => {
      if (!isRoot) return;
      await Promise.all(NAMES.map((name) => end(name, 'SIGKILL')));
      removeAll(netns, folder);
    },
  };
};
