import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { access, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { writeWhole } from '../../src/files/whole.ts';
import { plainEnvironment, run, runChecked } from '../process.ts';
import { killCgroup, makeCgroup, removeCgroup } from './cgroup.ts';
import {
  execGroupOf,
  type HostContext,
  powerFileOf,
  powerOf,
  shareOf,
  startTicksOf,
  stateOf,
  systemGroupOf,
  upperOf,
} from './context.ts';
import { writeToDisk } from './paths.ts';

/** The script that joins cgroups and pivots; see its head. */
export const hostScript = join(import.meta.dirname, 'host.sh');

export interface BootOptions {
  /** Until systemd has reached the lab's target; default 60 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface BootReport {
  readonly elapsedMs: number;
  /** The machine's number of the host's PID 1; 0 for a plain host. */
  readonly pid: number;
}

const writeRecord = async (context: HostContext, pid: number): Promise<void> => {
  const startTicks = pid === 0 ? '' : ((await startTicksOf(pid)) ?? '');
  const place = powerFileOf(context);
  await writeWhole(place, JSON.stringify({ pid, startTicks }), { isDurable: false });
};

const removeNetns = async (context: HostContext): Promise<Result<void>> => {
  const gone = await run(['ip', 'netns', 'del', context.netns]);
  return gone.ok ? ok(undefined) : gone;
};

/** A network namespace as a kernel just booted has it: no address, no table, no setting of before. */
const freshNetns = async (context: HostContext): Promise<Result<void>> => {
  const cleared = await removeNetns(context);
  if (!cleared.ok) return cleared;
  const added = await runChecked(['ip', 'netns', 'add', context.netns]);
  if (!added.ok) return added;
  return await context.network.plug({ name: context.plan.name, netns: context.netns, octet: context.plan.octet });
};

/** Gives a new disk its identity. Without a machine id, systemd would take each boot for the first and enable every unit. */
const nameDisk = async (context: HostContext): Promise<Result<void>> => {
  const upper = upperOf(context);
  const isNamed = await access(join(upper, 'etc/machine-id')).then(
    () => true,
    () => false,
  );
  if (isNamed) return ok(undefined);
  const machineId = createHash('sha256').update(context.netns).digest('hex').slice(0, 32);
  const named = await writeToDisk(context.treeRoot, upper, '/etc/hostname', `${context.plan.name}\n`);
  return named.ok ? await writeToDisk(context.treeRoot, upper, '/etc/machine-id', `${machineId}\n`) : named;
};

/** Makes a host's disk, with a name on it, and its state disk. May be repeated. Fault: `program-failed`. */
export const prepareDisk = async (context: HostContext): Promise<Result<void>> => {
  for (const folder of [
    upperOf(context),
    shareOf(context),
    stateOf(context),
    join(context.folder, 'work'),
    join(context.folder, 'root'),
  ]) {
    await mkdir(folder, { recursive: true });
  }
  if (context.plan.kind === 'system') {
    const named = await nameDisk(context);
    if (!named.ok) return named;
  }
  const size = context.plan.stateDiskMib;
  if (size === undefined) return ok(undefined);
  const mounted = await run(['mountpoint', '-q', stateOf(context)]);
  if (!mounted.ok || mounted.value.code === 0) return mounted.ok ? ok(undefined) : mounted;
  const made = await runChecked([
    'mount',
    '-t',
    'tmpfs',
    '-o',
    `size=${size}m,mode=700`,
    'dualtone-lab',
    stateOf(context),
  ]);
  return made.ok ? ok(undefined) : made;
};

type Outlook = 'ready' | 'exit' | 'timeout' | 'aborted';

/** Waits for the file that the host's last unit touches; the kernel tells of it, and of the end of a host that does not get there. */
const waitReady = async (
  context: HostContext,
  child: ChildProcess,
  watcher: FSWatcher,
  options: BootOptions,
): Promise<Outlook> =>
  await new Promise<Outlook>((resolve) => {
    const timer = setTimeout(() => resolve('timeout'), options.timeoutMs ?? 60_000);
    const settle = (outlook: Outlook): void => {
      clearTimeout(timer);
      resolve(outlook);
    };
    watcher.on('change', (_kind, name) => name === 'ready' && settle('ready'));
    child.once('exit', () => settle('exit'));
    child.once('error', () => settle('exit'));
    options.signal?.addEventListener('abort', () => settle('aborted'), { once: true });
    if (options.signal?.aborted === true) settle('aborted');
    void access(join(shareOf(context), 'ready')).then(
      () => settle('ready'),
      () => undefined,
    );
  });

const launch = async (context: HostContext): Promise<ChildProcess> => {
  const log = await open(join(context.folder, 'console.log'), 'a', 0o600);
  const argv = [
    'boot',
    systemGroupOf(context),
    context.netns,
    context.folder,
    context.treeRoot,
    context.plan.name,
    context.repository ?? '-',
    context.plan.stateDiskMib === undefined ? '-' : stateOf(context),
  ];
  // In a session of its own, and not waited for: a lab may outlive the process that built it.
  const child = spawn(hostScript, argv, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...plainEnvironment },
  });
  child.unref();
  await log.close();
  return child;
};

const lastWords = async (context: HostContext): Promise<string> => {
  const text = await readFile(join(context.folder, 'console.log'), 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' | ');
};

const pidOneOf = async (child: ChildProcess): Promise<number | undefined> => {
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '');
  const [first] = children.split(' ').filter(Boolean).map(Number);
  return first;
};

const bootSystem = async (context: HostContext, options: BootOptions): Promise<Result<number>> => {
  await rm(join(shareOf(context), 'ready'), { force: true });
  const watcher = watch(shareOf(context));
  try {
    const child = await launch(context);
    const outlook = await waitReady(context, child, watcher, options);
    const pid = outlook === 'ready' ? await pidOneOf(child) : undefined;
    if (pid !== undefined) return ok(pid);
    const words = await lastWords(context);
    if (outlook === 'timeout')
      return fail(
        'boot-timeout',
        `host ${context.plan.name} did not come up: ${words}`,
        `read ${context.folder}/console.log`,
      );
    return fail(
      'boot-interrupted',
      `host ${context.plan.name} went off while booting: ${words}`,
      // Seen with a third lab on a machine with 128 of them: systemd ends without a word.
      `read ${context.folder}/console.log; where it is empty, other labs have taken the machine's inotify instances: sysctl -w fs.inotify.max_user_instances=1024`,
    );
  } finally {
    watcher.close();
  }
};

/**
 * Switches a host on and waits until it is up. What was on its disk is there again; its network, /run, /tmp and boot id are new.
 * Faults: `host-on`, `boot-timeout`, `boot-interrupted` (power lost or stopped meanwhile), `program-failed`.
 */
export const bootHost = async (context: HostContext, options: BootOptions = {}): Promise<Result<BootReport>> => {
  const startedMs = performance.now();
  if ((await powerOf(context)) !== undefined)
    return fail('host-on', `host ${context.plan.name} is on already`, 'switch it off first');
  await makeCgroup(systemGroupOf(context));
  await makeCgroup(execGroupOf(context));
  const folders = await prepareDisk(context);
  if (!folders.ok) return folders;
  const network = await freshNetns(context);
  if (!network.ok) return network;
  const pid = context.plan.kind === 'plain' ? ok(0) : await bootSystem(context, options);
  if (!pid.ok) {
    // Its kernel would go on answering pings otherwise.
    await powerOffHost(context);
    return pid;
  }
  await writeRecord(context, pid.value);
  return ok({ elapsedMs: performance.now() - startedMs, pid: pid.value });
};

/**
 * Loss of power: the cable is dead and every process gone, in this order, within some milliseconds; nothing is told, nothing is
 * flushed. The disk stays. Returns when the last process has left; idle on a host that is off. Faults: `processes-remain`.
 */
export const powerOffHost = async (context: HostContext): Promise<Result<void>> => {
  const unplugged = await context.network.unplug(context.plan.name);
  const killed = await killCgroup(context.cgroup);
  await rm(powerFileOf(context), { force: true });
  const removed = await removeNetns(context);
  if (killed.ok) await removeCgroup(context.cgroup);
  return [unplugged, killed, removed].find((result) => !result.ok) ?? ok(undefined);
};
