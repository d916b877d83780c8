/** Names of the DNS that phones follow, from the configuration: pointed to this node's side under its term. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import type { Role } from '../core/words.ts';
import { readSecretFile } from '../files/secret.ts';
import { createDns, type Dns } from '../switches/dns/dns.ts';
import { parseKey, type TsigKey } from '../switches/dns/tsig.ts';
import type { Switch } from './switch.ts';

type DnsConfig = NonNullable<Config['switches']['dns']>;

const EVERY_MS = 500;

const keyOf = (path: string): Result<TsigKey> => {
  const text = readSecretFile(
    path,
    'Write what `tsig-keygen` prints into it, mode 0600, and give it to the name server.',
  );
  return text.ok ? parseKey(text.value) : text;
};

/** `wall`: milliseconds since 1970. */
export const dnsOf = (config: DnsConfig, wall: () => number = Date.now): Dns => {
  const { server, others, zone, records, epochName, keyFile, timeoutMs, settleMs } = config;
  return createDns({
    server,
    others,
    zone,
    records: records.map(({ ttlMs, ...record }) => ({ ...record, ttl: ttlMs / 1000 })),
    epochName: epochName ?? `_dualtone.${zone}`,
    keyFile,
    key: () => keyOf(keyFile),
    timeoutMs,
    settleMs,
    everyMs: EVERY_MS,
    wall,
  });
};

export const dnsSwitch = (dns: Dns, role: Role, lookMs: number): Switch => ({
  name: 'dns',
  lookMs,
  passivate: null,
  activate: async (_continued, signal, epoch) => {
    const done = await dns.switchTo({ role, epoch }, signal);
    if (!done.ok) return done;
    const { changes, tookMs } = done.value;
    if (changes.length === 0) return ok(`all names point to the ${role} already, under epoch ${epoch} now`);
    return ok(`changed ${changes.join(', ')}; every name server told it within ${Math.ceil(tookMs / 1000)} s`);
  },
  preview: async (signal) => {
    const seen = await dns.preview(role, signal);
    if (!seen.ok) return seen;
    return ok(seen.value.length === 0 ? `points to the ${role}` : `would change ${seen.value.join(', ')}`);
  },
  look: async (signal, epoch) => {
    const done = await dns.switchTo({ role, epoch }, signal);
    if (!done.ok) return done;
    const { changes } = done.value;
    return ok(changes.length === 0 ? null : `names no longer pointed to the ${role}: changed ${changes.join(', ')}`);
  },
});
