/** Collects the codes of all expected failures from the sources, for docs/faults.md and its test. */
import { glob, readFile } from 'node:fs/promises';

export interface FaultCode {
  readonly code: string;
  readonly file: string;
}

/** Every code given to `fail('code', …)` or to a fault literal in `src/`, once, sorted. */
export const collectFaultCodes = async (): Promise<readonly FaultCode[]> => {
  const found = new Map<string, string>();
  for await (const file of glob('src/**/*.ts')) {
    if (/\.(test|test-support)\.ts$/.test(file) || file.includes('/testing/')) continue;
    const source = await readFile(file, 'utf8');
    for (const [, code = ''] of source.matchAll(/\bfail\(\s*'([a-z0-9-]+)'/g))
      if (!found.has(code)) found.set(code, file);
  }
  return [...found].map(([code, file]) => ({ code, file })).toSorted((a, b) => (a.code < b.code ? -1 : 1));
};
