/** `ha.conf`, in which XiVO keeps a node's role, and the two cron files that it leads to. Pure. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { fail, ok, type Result } from '../core/result.ts';
import type { Role } from '../core/words.ts';

export interface HaConf {
  readonly role: Role | 'disabled';
  /** Of the other node on the voice network; null where the node is disabled. */
  readonly address: string | null;
}

const schema = z.object({ node_type: z.string(), remote_address: z.string().nullish() });

const roleByWord: Readonly<Record<string, HaConf['role']>> = {
  disabled: 'disabled',
  master: 'main',
  slave: 'standby',
  main: 'main',
  standby: 'standby',
};

const odd = (why: string) =>
  fail('xivo-ha-conf-odd', `ha.conf cannot be used: ${why}.`, 'Correct it, or set the role again on the page of XiVO.');

/** What the file says; null text: there is none, which is `disabled`. Fault: `xivo-ha-conf-odd`. */
export const parseHaConf = (text: string | null): Result<HaConf> => {
  if (text === null) return ok({ role: 'disabled', address: null });
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return odd('it is no JSON');
  }
  const read = schema.safeParse(raw);
  if (!read.success) return odd('it has no node_type');
  const role = roleByWord[read.data.node_type.toLowerCase()];
  if (role === undefined) return odd(`node_type is ${JSON.stringify(read.data.node_type)}`);
  if (role === 'disabled') return ok({ role, address: null });
  const address = read.data.remote_address ?? '';
  if (!isIPv4(address) || address === '0.0.0.0') return odd(`remote_address ${JSON.stringify(address)} is no address`);
  return ok({ role, address });
};

/** A line of the original's cron files that runs one of the four programs, comments and all else aside. */
export const originalCronLines = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) =>
      /^\s*[^#\s].*\b(xivo-master-slave-db-replication|xivo-check-master-status|xivo-sync|wazo-sync)\b/.test(line),
    );
