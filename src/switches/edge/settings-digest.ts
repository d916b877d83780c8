/** Whether both nodes and both contact centres have Edge's settings alike, TURN secret included, without any of them telling its own. Pure. */
import { createHmac } from 'node:crypto';
import { ok, type Result } from '../../core/result.ts';
import { parseEnv } from './env-file.ts';

/** Of one machine: each key's digest under the nonce of this comparison. */
export type SettingDigests = Readonly<Record<string, string>>;

/**
 * Of all keys that begin with one of `beginnings`; the last of several lines counts. `nonce`: fresh for each comparison, so that a
 * digest is worth nothing later. Fault: `env-file-odd`.
 */
export const digestSettings = (text: string, beginnings: readonly string[], nonce: string): Result<SettingDigests> => {
  const entries = parseEnv(text);
  if (!entries.ok) return entries;
  const chosen = entries.value.filter(({ key }) => beginnings.some((each) => key.startsWith(each)));
  const digestOf = (key: string, value: string): string =>
    createHmac('sha256', nonce).update(`${key}=${value}`).digest('hex');
  return ok(Object.fromEntries(chosen.map(({ key, value }) => [key, digestOf(key, value)])));
};

/** What a far host answers to `digests`: lines of key and digest; null where it is anything else. */
export const readDigests = (text: string): SettingDigests | null => {
  const lines = text.split('\n').filter((line) => line !== '');
  const read = lines.map((line) => /^([A-Za-z_][A-Za-z0-9_.]*) ([0-9a-f]{64})$/.exec(line));
  if (read.some((each) => each === null)) return null;
  return Object.fromEntries(read.map((each) => [each?.[1] ?? '', each?.[2] ?? '']));
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
    const having = machines.filter(([, digests]) => key in digests);
    const missing = machines.filter(([, digests]) => !(key in digests)).map(([name]) => name);
    const groups = [...Map.groupBy(having, ([, digests]) => digests[key]).values()].map((group) =>
      group.map(([name]) => name),
    );
    return groups.length <= 1 && missing.length === 0 ? [] : [{ key, groups, missing }];
  });
};
