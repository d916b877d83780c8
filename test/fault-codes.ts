/**
 * Collects the codes of all expected failures from the sources, for docs/faults.md and its test. Run as a program it
 * brings the page up to date: codes that are gone leave, new ones come with the words of the source.
 */
import { glob, readFile, writeFile } from 'node:fs/promises';

export interface FaultCode {
  readonly code: string;
  readonly file: string;
  /** The words of the source, `…` for what is filled in; null where they are made elsewhere. */
  readonly says: string | null;
  readonly next: string | null;
}

/** A string, a template, or something else up to a comma. */
const argument = String.raw`\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|${'`'}((?:[^${'`'}\\]|\\.)*)${'`'}|[^,]*?)\s*`;
const call = new RegExp(String.raw`\bfail\(\s*'([a-z0-9-]+)'(?:,${argument}(?:,${argument},?\s*\))?)?`, 'g');

const words = (...texts: readonly (string | undefined)[]): string | null =>
  texts
    .find((text) => text !== undefined)
    ?.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll('|', '\\|') ?? null;

/** Every code given to `fail('code', …)` or to a fault literal in `src/`, once, sorted. */
export const collectFaultCodes = async (): Promise<readonly FaultCode[]> => {
  const found = new Map<string, FaultCode>();
  for await (const file of glob('src/**/*.ts')) {
    if (/\.(test|test-support)\.ts$/.test(file) || file.includes('/testing/')) continue;
    const source = await readFile(file, 'utf8');
    for (const [, code = '', a, b, c, d, e, f] of source.matchAll(call))
      if (!found.has(code)) found.set(code, { code, file, says: words(a, b, c), next: words(d, e, f) });
  }
  return [...found.values()].toSorted((one, other) => (one.code < other.code ? -1 : 1));
};

const elsewhere = 'as the message says';

/** The page with the rows of these codes; rows that are there keep their words. */
export const updatePage = (page: string, codes: readonly FaultCode[]): string => {
  const isRow = (line: string): boolean => /^\| `[a-z0-9-]+` \|/.test(line);
  const lines = page.split('\n');
  const rowByCode = new Map(lines.filter(isRow).map((line) => [line.split('`')[1], line]));
  const first = lines.findIndex(isRow);
  const rows = codes.map(
    ({ code, file, says, next }) =>
      rowByCode.get(code) ?? `| \`${code}\` | ${says ?? elsewhere} | ${next ?? elsewhere} | \`${file}\` |`,
  );
  return [...lines.slice(0, first), ...rows, ...lines.slice(first).filter((line) => !isRow(line))].join('\n');
};

if (import.meta.main) {
  const path = 'docs/faults.md';
  await writeFile(path, updatePage(await readFile(path, 'utf8'), await collectFaultCodes()));
}
