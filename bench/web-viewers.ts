/**
 * What viewers of the page cost the agent: a real pair in namespaces, the main's web server with none and with 200 event streams.
 * `node bench/web-viewers.ts [VIEWERS] [SECONDS]`, as root; prints one line of JSON for each.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { watchSnapshots } from '../src/api/client.ts';
import { createUsers } from '../src/web/keeper/users.ts';
import { createHosts, serves } from '../test/system/three-hosts.ts';

const [viewers = '200', seconds = '20'] = process.argv.slice(2);
const hosts = createHosts('dtb', (_, name) => (name === 'main' ? 'web: { listen: [{ address: 10.98.7.1 }] }\n' : ''));

/** In hundredths of a second. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

/** The agent's share of a core, and the least that was left of its lease whenever it showed itself. */
const measure = async (
  pid: number,
  work: () => Promise<unknown>,
): Promise<{ cpuPercent: number; leastLeaseMs: number }> => {
  const ended = new AbortController();
  let leastLeaseMs = Number.POSITIVE_INFINITY;
  const watching = watchSnapshots(hosts.socketOf('main'), 50, ended.signal, (snapshot) => {
    if (snapshot.kind === 'node') leastLeaseMs = Math.min(leastLeaseMs, snapshot.lease.leftMs ?? 0);
  });
  const [began, cpu] = [performance.now(), cpuOf(pid)];
  await work();
  const cpuPercent = Math.round((1000 * (cpuOf(pid) - cpu)) / ((performance.now() - began) / 10)) / 10;
  ended.abort();
  await watching;
  return { cpuPercent, leastLeaseMs };
};

try {
  for (const name of ['cp1', 'main'] as const) hosts.start(name);
  const main = await hosts.until('main', 'the main serving', serves('this'), 60_000);
  hosts.start('standby');
  await hosts.until('standby', 'the standby', serves('other'), 60_000);
  await sleep(8000);
  const users = createUsers(join(hosts.folder, 'main', 'state', 'web', 'users.json'));
  const token = users.addToken('bench', 'view', Date.now(), null);
  if (!token.ok) throw new Error(token.error.message);
  const program = join(import.meta.dirname, '..', 'test', 'system', 'web-client.ts');
  const certificate = join(hosts.folder, 'main', 'state', 'web', 'tls.crt');
  const look = async (count: string): Promise<string> => {
    const argv = ['netns', 'exec', `dtb${process.pid}main`, process.execPath, program, certificate, '10.98.7.1'];
    const { stdout } = await promisify(execFile)('ip', [...argv, token.value, 'view', count, seconds]);
    return stdout;
  };
  for (const count of ['0', viewers, '0']) {
    let told = '';
    const found = await measure(main.agent.pid, async () => {
      told = await look(count);
    });
    const { text } = JSON.parse(told) as { readonly text: string };
    const seen = JSON.parse(text) as { readonly open: number };
    process.stdout.write(`${JSON.stringify({ viewers: Number(count), ...found, ...seen })}\n`);
    // Nothing is shown by viewers who were never there.
    if (seen.open !== Number(count)) throw new Error(`${seen.open} of ${count} viewers were let in`);
  }
} finally {
  await hosts.remove();
}
