import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { watchSnapshots } from '../../src/api/client.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { createUsers } from '../../src/web/keeper/users.ts';
import { createHosts, type Hosts, serves } from '../../test/system/three-hosts.ts';
import { startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';

/** What the agent that serves had to do while so many looked at its page; `what` is `0` or `200`. */
export interface ViewerLine extends RunLine {
  /** Percent of one processor, of the agent alone. */
  readonly processor_percent: number;
  /** What was left of its lease, at the least, whenever it showed itself: each 50 ms. */
  readonly lease_left_ms: number;
  /** What came to all of them together, for that they looked. */
  readonly bytes: number;
  readonly events: number;
}

export const viewerCounts = [0, 200] as const;
const lookSeconds = 20;
/** Compiled code and memory of the agents have come to rest. */
const settleMs = 8000;
const tickMs = 10;

/** User, system, and both of the children that ended; and the parent. */
const timesOf = (pid: string): { readonly parent: string; readonly own: number; readonly all: number } | null => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const [user = 0, system = 0, ...ended] = fields.slice(11, 15).map(Number);
    const own = user + system;
    return { parent: fields[1] ?? '', own: own * tickMs, all: (own + (ended[0] ?? 0) + (ended[1] ?? 0)) * tickMs };
  } catch {
    return null;
  }
};

/** Processor time of this program and of all that it has started. */
const treeMs = async (): Promise<number> => {
  const timesByPid = new Map(
    readdirSync('/proc').flatMap((pid) => {
      const times = /^\d+$/.test(pid) ? timesOf(pid) : null;
      return times === null ? [] : [[pid, times] as const];
    }),
  );
  const isOurs = (pid: string): boolean =>
    pid === String(process.pid) || (timesByPid.has(pid) && isOurs(timesByPid.get(pid)?.parent ?? ''));
  return [...timesByPid].reduce((sum, [pid, { all }]) => sum + (isOurs(pid) ? all : 0), 0);
};

interface Bench {
  readonly hosts: Hosts;
  readonly pid: number;
  readonly token: string;
}

/** A pair and a checkpoint in namespaces, the main's web server listening. */
const open = async (hosts: Hosts): Promise<Bench> => {
  for (const name of ['cp1', 'main'] as const) hosts.start(name);
  const main = await hosts.until('main', 'the main serving', serves('this'), 60_000);
  hosts.start('standby');
  await hosts.until('standby', 'the standby', serves('other'), 60_000);
  await sleep(settleMs);
  const users = createUsers(join(hosts.folder, 'main', 'state', 'web', 'users.json'));
  const token = users.addToken(`bench-${process.pid}`, 'view', Date.now(), null);
  if (!token.ok) throw new Error(token.error.message);
  return { hosts, pid: main.agent.pid, token: token.value };
};

/** They look for `lookSeconds` once all have been let in. */
const look = async ({ hosts, token }: Bench, count: number) => {
  const program = join(import.meta.dirname, '..', '..', 'test', 'system', 'web-client.ts');
  const certificate = join(hosts.folder, 'main', 'state', 'web', 'tls.crt');
  const argv = ['netns', 'exec', `dtb${process.pid}main`, process.execPath, program, certificate, '10.98.7.1'];
  const { stdout } = await promisify(execFile)('ip', [...argv, token, 'view', String(count), String(lookSeconds)]);
  const { text } = JSON.parse(stdout) as { readonly text: string };
  return JSON.parse(text) as { readonly open: number; readonly bytes: number; readonly events: number };
};

const measureOne = async (bench: Bench, count: number, run: number): Promise<Result<ViewerLine>> => {
  const ended = new AbortController();
  let leastMs = Number.POSITIVE_INFINITY;
  const watching = watchSnapshots(bench.hosts.socketOf('main'), 50, ended.signal, (snapshot) => {
    if (snapshot.kind === 'node') leastMs = Math.min(leastMs, snapshot.lease.leftMs ?? 0);
  });
  const others = await startLoadMeter(treeMs);
  const agentMs = (): number => timesOf(String(bench.pid))?.own ?? Number.NaN;
  const [began, before] = [performance.now(), agentMs()];
  const seen = await look(bench, count);
  const percent = (100 * (agentMs() - before)) / (performance.now() - began);
  const othersPercent = await others();
  ended.abort();
  await watching;
  // Nothing is shown by viewers who were never there.
  if (seen.open !== count)
    return fail('bench-failed', `${seen.open} of ${count} viewers were let in`, 'see whether the machine is busy');
  const { bytes, events } = seen;
  return ok({
    what: String(count),
    run,
    processor_percent: Math.round(percent * 100) / 100,
    lease_left_ms: Math.round(leastMs),
    bytes,
    events,
    others_percent: othersPercent,
  });
};

/** What viewers of the page cost the agent: a real pair in namespaces; as root. Fault: `bench-failed`. */
export const benchViewers = async (
  results: ResultsFile<ViewerLine>,
  { runs, signal, onLine }: BenchOptions,
): Promise<Result<void>> => {
  const hosts = createHosts('dtb', (_, name) => (name === 'main' ? 'web: { listen: [{ address: 10.98.7.1 }] }\n' : ''));
  try {
    const bench = await open(hosts);
    for (let round = 1; round <= runs; round += 1) {
      for (const count of viewerCounts) {
        const next = nextRun(results, String(count), round);
        if (next === undefined || signal.aborted) continue;
        const line = await measureOne(bench, count, next);
        if (!line.ok) return line;
        await results.add(line.value);
        onLine(line.value);
      }
    }
    return ok(undefined);
  } finally {
    await hosts.remove();
  }
};
