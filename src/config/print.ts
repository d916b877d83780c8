import { stringify } from 'yaml';
import type { CheckpointConfig, Config } from './config.ts';
import { unflatten } from './shape.ts';

/** Arguments and addresses that may carry a secret: `--password=x`, `token=x`, `user:pass@host`. */
const hideSecrets = (text: string): string =>
  text
    .replace(/((?:password|passwd|secret|token|key|psk)\s*[=:]\s*)\S+/gi, '$1(hidden)')
    .replace(/(:\/\/[^/\s:@]+:)[^/\s@]+@/g, '$1(hidden)@');

const hidden = (value: unknown): unknown => {
  if (typeof value === 'string') return hideSecrets(value);
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list.map((item, index) => {
      const before = list[index - 1];
      const named = typeof before === 'string' && /^--?(password|passwd|secret|token|key|psk)$/i.test(before);
      return named && typeof item === 'string' ? '(hidden)' : hidden(item);
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hidden(item)]));
};

/** The effective configuration as YAML, everything filled in; secrets live in files, and what looks like one in a command is hidden. */
export const printConfig = (config: Config | CheckpointConfig): string =>
  stringify(hidden(unflatten(config)), { lineWidth: 120, version: '1.2' });
