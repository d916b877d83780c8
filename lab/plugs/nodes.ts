/** The nodes of a lab get a web server, and somebody who may log in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { nodeConfigPath } from '../pair/configuration.ts';
import { monotonicMs } from '../phones/clock.ts';
import { agentUnit } from '../units.ts';

export const WEB_PORT = 8443;
/** A machine may be busy with other labs. */
const STEP_MS = 90_000;

/** What a node's file says, at its end; it may have been said already. */
const section = (address: string): string => `web:\n  listen:\n    - address: ${address}\n      port: ${WEB_PORT}\n`;

const listens = async (host: Host): Promise<boolean> => {
  const shown = await host.exec(['ss', '-ltnH', `sport = :${WEB_PORT}`]);
  return shown.ok && shown.value.stdout.includes(`:${WEB_PORT}`);
};

/** Faults: those of the host, `page-silent`. */
const openWeb = async (host: Host, withinMs: number): Promise<Result<void>> => {
  if (await listens(host)) return ok(undefined);
  const steps: readonly (readonly [readonly string[], string?])[] = [
    [['sed', '-i', '/^web:/,$d', nodeConfigPath]],
    [['tee', '-a', nodeConfigPath], section(host.address.v4)],
    [['systemctl', 'restart', agentUnit]],
  ];
  for (const [argv, input] of steps) {
    const done = await host.execChecked(argv, { timeoutMs: STEP_MS, ...(input === undefined ? {} : { input }) });
    if (!done.ok) return done;
  }
  const deadlineMs = monotonicMs() + withinMs;
  while (!(await listens(host))) {
    if (monotonicMs() > deadlineMs)
      return fail('page-silent', `the web server of ${host.name} does not listen`, 'see its journal');
    await sleep(100);
  }
  return ok(undefined);
};

/** The same user with the same password on both nodes; the page is served by both. The standby's agent restarts first. */
export const openPages = async (lab: Lab, user: string, password: string): Promise<Result<void>> => {
  for (const role of ['standby', 'main'] as const) {
    const host = lab.host(role);
    const opened = await openWeb(host, 60_000);
    if (!opened.ok) return opened;
    await host.exec(['dualtone', 'user', 'remove', user], { timeoutMs: STEP_MS });
    const added = await host.execChecked(['dualtone', 'user', 'add', user, '--role', 'admin'], {
      timeoutMs: STEP_MS,
      input: `${password}\n`,
    });
    if (!added.ok) return added;
  }
  return ok(undefined);
};
