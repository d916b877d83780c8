/** Whether both nodes and both contact centres have Edge's settings alike, TURN secret included, without any of them telling its own. Pure. */
import { createHmac } from 'node:crypto';
import { ok, type Result } from '../../core/result.ts';
import { parseEnv } from './env-file.ts';

/** Of one machine: each key's digest under the nonce of this comparison; null: it does not have the key. */
export type SettingDigests = Readonly<Record<string, string | null>>;

/** `nonce`: fresh for each comparison, so that a digest is worth nothing later. Fault: `env-file-odd`. */
export const digestSettings = (text: string, keys: readonly string[], nonce: string): Result<SettingDigests> => {
  const entries = parseEnv(text);
  if (!entries.ok) return entries;
  const digestOf = (key: string): string | null => {
    const entry = entries.value.findLast((each) => each.key === key);
    return entry === undefined ? null : createHmac('sha256', nonce).update(`${key}=${entry.value}`).digest('hex');
  };
  return ok(Object.fromEntries(keys.map((key) => [key, digestOf(key)])));
};

/** Keys that are not the same everywhere, with who has which: names that share a digest stand together. */
export const differingSettings = (
  digestsByMachine: ReadonlyMap<string, SettingDigests>,
): readonly {
  readonly key: string;
  readonly groups: readonly (readonly string[])[];
  readonly missing: readonly string[];
}[] => {
  const machines = [...digestsByMachine];
  const keys = [...new Set(machines.flatMap(([, digests]) => Object.keys(digests)))];
  return keys.flatMap((key) => {
    const having = machines.filter(([, digests]) => (digests[key] ?? null) !== null);
    const missing = machines.filter(([, digests]) => (digests[key] ?? null) === null).map(([name]) => name);
    const groups = [...Map.groupBy(having, ([, digests]) => digests[key]).values()].map((group) =>
      group.map(([name]) => name),
    );
    return groups.length <= 1 && missing.length === 0 ? [] : [{ key, groups, missing }];
  });
};
