/**
 * Machines as they come from their installer, to be paired: each with a network, files of its own below /etc, /var/lib and /run, and a stand-in
 * for systemd that starts agents. One cable from each to a switch that the first host has.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../bin/dualtone', import.meta.url));
const isRoot = process.getuid?.() === 0;
/** For `skip` of a test. */
export const withoutRoot = isRoot ? false : 'needs root';

/** A program at a terminal of its own, as a person has it. */
export interface Terminal {
  /** All that was shown so far, without what moves the cursor. */
  shown(): string;
  /** Waits until it is shown after what was waited for last. */
  until(text: string | RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Types; `\r` is the return key, `\u0003` Ctrl-C. */
  type(text: string): void;
  /** Its exit code. */
  ended(withinMs?: number): Promise<number>;
}

export interface FreshHost {
  readonly address: string;
  /** Of its agent, as this process reaches it. */
  readonly socket: string;
  write(path: string, text: string): void;
  /** Runs a program; what it said, and its exit code. */
  run(...argv: string[]): { readonly code: number; readonly out: string };
  start(...argv: string[]): ChildProcess;
  terminal(...argv: string[]): Terminal;
  /** Everything of it is gone at once, as when its power is lost. */
  remove(): void;
}

const SYSTEMCTL = `#!/bin/sh
for unit; do :; done
units=/run/units
mkdir -p $units
# Nobody buries the dead here.
alive() { [ -e $units/$unit.pid ] && grep -qs ') [^ZX] ' "/proc/$(cat $units/$unit.pid)/stat"; }
end() { if alive; then kill "$(cat $units/$unit.pid)"; while alive; do sleep 0.05; done; fi; }
case "$1" in
  is-enabled) [ -e $units/$unit.enabled ] ;;
  is-active) alive ;;
  show)
    [ -e $units/$unit.pid ] && load=loaded || load=not-found
    alive && state=active || state=inactive
    printf 'LoadState=%s\\nActiveState=%s\\nSubState=-\\nResult=success\\nConditionResult=yes\\n' $load $state
    ;;
  enable) touch $units/$unit.enabled ;;
  disable) rm -f $units/$unit.enabled ;;
  stop) end ;;
  start | restart)
    case "$unit" in
      dualtone.service) set -- agent --config /etc/dualtone/dualtone.yaml ;;
      dualtone-checkpoint.service) set -- checkpoint --config /etc/dualtone/checkpoint.yaml ;;
      *) exit 0 ;;
    esac
    if [ "$1" = start ] && alive; then exit 0; fi
    end
    rm -f /run/dualtone/control.sock
    setsid ${PROGRAM} "$@" >> /run/$unit.log 2>&1 &
    echo $! > $units/$unit.pid
    for i in $(seq 200); do [ -S /run/dualtone/control.sock ] && exit 0; alive || break; sleep 0.05; done
    cat /run/$unit.log >&2
    exit 1
    ;;
esac
`;

const prepare = (folder: string, address: string, id: string): string => `set -e
ip link set lo up
for each in etc var/lib; do
  mkdir -p ${folder}/$each/up ${folder}/$each/work
  mount -t overlay overlay -o lowerdir=/$each,upperdir=${folder}/$each/up,workdir=${folder}/$each/work /$each
done
mount -t tmpfs tmpfs /run
rm -rf /etc/dualtone /var/lib/dualtone /etc/systemd/system/dualtone* /etc/asterisk
echo ${id} > /etc/machine-id
hostname ${id}
echo ready ${address}
exec sleep 900
`;

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

/** Without what moves the cursor or clears a line. */
const plain = (text: string): string => stripVTControlCharacters(text).replaceAll('\r', '');

const terminalOf = (child: ChildProcess): Terminal => {
  let text = '';
  let seen = 0;
  const ended = once(child, 'exit').then(([code]) => code as number);
  const waits = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    for (const wait of waits) wait();
  });
  const bounded = async <T>(work: Promise<T>, withinMs: number, what: () => string): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what()}; there was:\n${plain(text)}`)), withinMs);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    shown: () => plain(text),
    until: (wanted, withinMs = 15_000) => {
      const found = Promise.withResolvers<RegExpExecArray>();
      const pattern =
        typeof wanted === 'string' ? new RegExp(wanted.replaceAll(/[.?*+^$(){}|[\]\\]/g, String.raw`\$&`)) : wanted;
      const look = (): void => {
        const shown = plain(text).slice(seen);
        const match = pattern.exec(shown);
        if (match === null) return;
        seen += match.index + match[0].length;
        waits.delete(look);
        found.resolve(match);
      };
      waits.add(look);
      look();
      return bounded(found.promise, withinMs, () => `${String(wanted)} was to be shown`);
    },
    type: (keys) => void child.stdin?.write(keys),
    ended: (withinMs = 15_000) => bounded(ended, withinMs, () => 'it was to end'),
  };
};

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

const KINDS = [
  '--net',
  '--mount',
  '--uts',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
];

/** The process that holds its namespaces, once they are prepared. */
const raise = async (own: string, address: string, name: string) => {
  mkdirSync(own, { recursive: true });
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const holder = spawn('unshare', [...KINDS, 'sh', '-c', prepare(own, address, name)], { stdio: [...stdio] });
  const { stdout } = holder;
  assert.ok(stdout !== null);
  await Promise.race([
    once(stdout, 'data'),
    once(holder, 'exit').then(() => assert.fail(`the host ${name} did not come up`)),
  ]);
  return holder;
};

/** A cable to the host with the switch. */
const cable = (pid: number, at: number, hub: number): void => {
  ip('link', 'add', `dtf${pid}`, 'type', 'veth', 'peer', 'name', `p${at}`, 'netns', String(hub));
  ip('link', 'set', `dtf${pid}`, 'netns', String(pid), 'name', 'eth0');
  execFileSync('nsenter', ['-t', String(hub), '-n', '--', 'ip', 'link', 'set', `p${at}`, 'master', 'eth0', 'up']);
};

/** Makes one; `hub` is the first of them, which has the switch. */
const createHost = async (folder: string, at: number, name: string, hub: number | null) => {
  const address = `10.98.11.${at + 1}`;
  const holder = await raise(join(folder, name), address, name);
  const pid = childOf(holder.pid ?? 0);
  const inside = ['-t', String(pid), '-n', '-m', '-u', '-p', '--'];
  const env = { ...process.env, PATH: `${folder}/bin:${process.env['PATH'] ?? ''}` };
  const within = (...argv: string[]) => execFileSync('nsenter', [...inside, ...argv], { env, encoding: 'utf8' });
  if (hub === null) within('ip', 'link', 'add', 'eth0', 'type', 'bridge');
  else cable(pid, at, hub);
  within('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  within('ip', 'link', 'set', 'eth0', 'up');
  const host: FreshHost = {
    address,
    socket: `/proc/${pid}/root/run/dualtone/control.sock`,
    write: (path, text) => writeFileSync(`/proc/${pid}/root${path}`, text),
    run: (...argv) => {
      try {
        return {
          code: 0,
          out: execFileSync('nsenter', [...inside, ...argv], {
            env,
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'pipe'],
            timeout: 20_000,
          }),
        };
      } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { code: status, out: `${stdout}${stderr}` };
      }
    },
    start: (...argv) => spawn('nsenter', [...inside, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    terminal: (...argv) =>
      terminalOf(
        // `exec`: a shell that stayed between them would itself end of Ctrl-C, and which shell it is depends on the environment.
        spawn('nsenter', [...inside, 'script', '-q', '-e', '-f', '-c', `exec ${argv.join(' ')}`, '/dev/null'], {
          env,
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      ),
    remove: () => void process.kill(pid, 'SIGKILL'),
  };
  return { host, pid, gone: once(holder, 'exit') };
};

export interface FreshHosts {
  readonly hosts: readonly FreshHost[];
  remove(): Promise<void>;
}

/** As many as there are names; the first has the switch and goes last. */
export const createFreshHosts = async (...names: string[]): Promise<FreshHosts> => {
  const folder = mkdtempSync('/dev/shm/dualtone-fresh-');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'systemctl'), SYSTEMCTL, { mode: 0o755 });
  const made: Awaited<ReturnType<typeof createHost>>[] = [];
  const remove = async (): Promise<void> => {
    for (const { host } of made.toReversed()) {
      try {
        host.remove();
      } catch {
        // It was removed in the test.
      }
    }
    await Promise.all(made.map(({ gone }) => gone));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const [at, name] of names.entries()) made.push(await createHost(folder, at, name, made[0]?.pid ?? null));
  } catch (error) {
    await remove();
    throw error;
  }
  return { hosts: made.map(({ host }) => host), remove };
};

/** `bin/dualtone` of this repository. */
export const PROGRAM_PATH = PROGRAM;
