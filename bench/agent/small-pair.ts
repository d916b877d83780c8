/** Two agents and a checkpoint in namespaces of their own, with stand-ins for Asterisk: little else runs, so that a part of an agent can be left out and missed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { plainEnvironment, runEach } from '../../lab/process.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { type Role, rivalOf } from '../../src/core/words.ts';
import { generateKey } from '../../src/peer/key.ts';

/** What an agent does besides its heartbeats. */
export interface Doing {
  readonly gate: boolean;
  /** The manager's probe and the stream of AstDB. */
  readonly manager: boolean;
  readonly sip: boolean;
  readonly ping: boolean;
}

export interface SmallPair {
  readonly pids: Readonly<Record<Role | 'bare', number>>;
  /** Who holds the lease, by the agents' own notes; null: nobody. */
  readonly holder: () => Promise<Role | null>;
  readonly stop: () => Promise<void>;
}

const here = import.meta.dirname;
const program = join(here, '..', '..', 'bin', 'dualtone');
const node = process.execPath;
/** As `bin/dualtone` starts an agent. */
const runtime = ['--max-semi-space-size=4', '--single-threaded-gc', '--v8-pool-size=1'];
const asAgent = ['chrt', '--rr', '11', node, ...runtime, '--no-turbofan', '--min-semi-space-size=4'];

const names = { main: 'dtcost-main', standby: 'dtcost-standby', checkpoint: 'dtcost-checkpoint' } as const;
const addresses = { main: '10.233.77.11', standby: '10.233.77.12', checkpoint: '10.233.77.13' } as const;

const ip = (text: string): readonly string[] => ['ip', ...text.split(' ')];

const joinLines = (role: Role): readonly (readonly string[])[] => [
  ip(`link add ${names[role].slice(0, 12)} netns ${names.checkpoint} type veth peer name eth0 netns ${names[role]}`),
  ip(`-n ${names.checkpoint} link set ${names[role].slice(0, 12)} master br0 up`),
  ip(`-n ${names[role]} addr add ${addresses[role]}/24 dev eth0`),
  ip(`-n ${names[role]} link set eth0 up`),
];

const removeNetwork = async (): Promise<void> => {
  for (const name of Object.values(names)) await runEach([ip(`netns del ${name}`)]);
};

const buildNetwork = async (): Promise<Result<void>> => {
  await removeNetwork();
  return await runEach([
    ...Object.values(names).flatMap((name) => [ip(`netns add ${name}`), ip(`-n ${name} link set lo up`)]),
    ip(`-n ${names.checkpoint} link add br0 type bridge`),
    ip(`-n ${names.checkpoint} addr add ${addresses.checkpoint}/24 dev br0`),
    ip(`-n ${names.checkpoint} link set br0 up`),
    ...joinLines('main'),
    ...joinLines('standby'),
  ]);
};

const nodeConfig = (role: Role, folder: string, doing: Doing): object => ({
  node: { role, name: role, address: addresses[role] },
  peer: { name: rivalOf(role), address: addresses[rivalOf(role)] },
  preset: 'fast',
  'key-file': join(folder, 'pair.key'),
  arbiter: { kind: 'checkpoints', checkpoints: [{ name: 'checkpoint', address: addresses.checkpoint }] },
  'virtual-ip': { addresses: ['10.233.77.100/24'], interface: 'eth0' },
  gate: { enforce: doing.gate },
  network: { interface: 'eth0', ...(doing.ping ? { gateway: addresses.checkpoint } : {}) },
  probes: {
    service: { enabled: false },
    ami: doing.manager ? { user: 'dualtone', 'secret-file': join(folder, 'ami.secret') } : null,
    ...(doing.sip ? { sip: [{ name: 'sip-local', transport: 'udp', host: '127.0.0.1' }] } : {}),
  },
  streams: { astdb: { enabled: doing.manager } },
  services: [],
  checks: { enabled: false },
  failback: { policy: 'manual' },
  'state-dir': join(folder, role, 'state'),
  'run-dir': join(folder, role, 'run'),
});

const checkpointConfig = (folder: string): object => ({
  name: 'checkpoint',
  listen: { address: addresses.checkpoint },
  nodes: { main: { address: addresses.main }, standby: { address: addresses.standby } },
  'key-file': join(folder, 'pair.key'),
  'state-dir': join(folder, 'checkpoint', 'state'),
  'run-dir': join(folder, 'checkpoint', 'run'),
});

const writeFiles = async (folder: string, doing: Doing): Promise<void> => {
  const secret = { mode: 0o600 };
  await writeFile(join(folder, 'pair.key'), generateKey(), secret);
  await writeFile(join(folder, 'ami.secret'), 'secret\n', secret);
  for (const who of ['main', 'standby', 'checkpoint'] as const) {
    await mkdir(join(folder, who));
    const config = who === 'checkpoint' ? checkpointConfig(folder) : nodeConfig(who, folder, doing);
    await writeFile(join(folder, `${who}.yaml`), stringify(config), secret);
  }
};

const startAll = (folder: string) => {
  const children: ChildProcess[] = [];
  const start = (where: keyof typeof names, argv: readonly string[]): number => {
    const child = spawn('ip', ['netns', 'exec', names[where], ...argv], { stdio: 'ignore', env: plainEnvironment });
    children.push(child);
    return child.pid ?? 0;
  };
  const agent = (role: Role) => start(role, [program, 'agent', '--config', join(folder, `${role}.yaml`)]);
  for (const role of ['main', 'standby'] as const) start(role, [node, join(here, 'stand-in.ts')]);
  const bare = start('checkpoint', [...asAgent, join(here, 'bare.ts'), '7001', '7002']);
  start('checkpoint', [node, join(here, 'bare.ts'), '7002', '7001']);
  start('checkpoint', [program, 'checkpoint', '--config', join(folder, 'checkpoint.yaml')]);
  const pids = { main: agent('main'), standby: agent('standby'), bare };
  return { children, pids };
};

const stopAll = async (children: readonly ChildProcess[]): Promise<void> => {
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const ended = Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  for (const child of running) child.kill('SIGTERM');
  const late = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, 6000);
  await ended;
  clearTimeout(late);
};

/** Needs root. Faults: those of `ip`. */
export const startSmallPair = async (doing: Doing): Promise<Result<SmallPair>> => {
  const built = await buildNetwork();
  if (!built.ok) {
    await removeNetwork();
    return built;
  }
  const folder = await mkdtemp('/dev/shm/dualtone-cost-');
  await writeFiles(folder, doing);
  const { children, pids } = startAll(folder);
  return ok({
    pids,
    holder: async () => {
      for (const role of ['main', 'standby'] as const) {
        const note = await readFile(join(folder, role, 'run', 'boot.json'), 'utf8').catch(() => '{}');
        const { memory } = JSON.parse(note) as { readonly memory?: { readonly holding?: number } };
        if ((memory?.holding ?? 0) > 0) return role;
      }
      return null;
    },
    stop: async () => {
      await stopAll(children);
      await removeNetwork();
      await rm(folder, { recursive: true, force: true });
    },
  });
};
