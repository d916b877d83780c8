/** A file of `KEY=value` lines as Docker Compose reads it: values are looked up and changed by key, and nothing else is touched. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';

export interface EnvEntry {
  readonly key: string;
  /** Without its quotes. */
  readonly value: string;
  /** Where the value stands in the text, within its quotes. */
  readonly from: number;
  readonly to: number;
}

const LINE = /^([ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*)(.*?)[ \t]*\r?$/;

/** The end of a value that has no quotes: at a comment, which begins after a blank. */
const bareEnd = (rest: string): number => {
  const comment = /(?:^|[ \t])#/.exec(rest);
  return (comment === null ? rest : rest.slice(0, comment.index)).trimEnd().length;
};

/** Every entry in order. Fault: `env-file-odd` for a quote that does not end on its line. */
export const parseEnv = (text: string): Result<readonly EnvEntry[]> => {
  const entries: EnvEntry[] = [];
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const parts = LINE.exec(line);
    if (parts !== null) {
      const [, head = '', key = '', rest = ''] = parts;
      const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : null;
      const end = quote === null ? bareEnd(rest) : rest.indexOf(quote, 1);
      if (end < 0) {
        return fail(
          'env-file-odd',
          `Line ${index + 1} begins a quoted value and does not end it.`,
          'Correct that line; nothing was changed.',
        );
      }
      const from = at + head.length + (quote === null ? 0 : 1);
      const to = at + head.length + end;
      entries.push({ key, value: text.slice(from, to), from, to });
    }
    at += line.length + 1;
  }
  return ok(entries);
};

/** The one entry of a key. Faults: `env-key-missing`, `env-key-twice`. */
export const entryOf = (entries: readonly EnvEntry[], key: string): Result<EnvEntry> => {
  const [first, second] = entries.filter((entry) => entry.key === key);
  if (first === undefined)
    return fail('env-key-missing', `There is no ${key}.`, 'Write it into the file, with the value of now.');
  if (second === undefined) return ok(first);
  return fail(
    'env-key-twice',
    `${key} stands there twice.`,
    'Leave one of them; which one counts is not the same everywhere.',
  );
};

/** The text with other values at these places. */
export const withValues = (
  text: string,
  changes: readonly { readonly entry: EnvEntry; readonly value: string }[],
): string =>
  changes
    .toSorted((a, b) => b.entry.from - a.entry.from)
    .reduce((now, { entry, value }) => now.slice(0, entry.from) + value + now.slice(entry.to), text);
