import { isMap, isPair, isScalar, LineCounter, type Node, parseAllDocuments, visit } from 'yaml';

export interface Problem {
  /** From 1; 1 where the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, such as `timing.lease` or `arbiter.checkpoints[0].address`; empty for the file. */
  readonly path: string;
  readonly message: string;
  /** The next step for the person who reads it. */
  readonly remedy: string;
}

export type Path = readonly PropertyKey[];

/** `['a', 0, 'b']` as `a[0].b`. */
export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );

/** A file that was read: its value, and where each key stands. */
export interface Source {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The YAML itself cannot be trusted: what its keys say would be noise. */
  readonly broken: boolean;
  /** Place of the value at `path`, or of the nearest enclosing one; of the key itself with `key`. */
  place(path: Path, key?: string): { readonly line: number; readonly column: number };
}

const MAX_CHARS = 1024 * 1024;

const leadingZero = (node: Node): string | null => {
  if (!isScalar(node) || typeof node.value !== 'number') return null;
  return /^[-+]?0\d/.test(node.source ?? '') ? (node.source ?? '') : null;
};

type Document = ReturnType<typeof parseAllDocuments>[number];

/** What YAML lets pass and a careful reader would not. */
const oddities = (document: Document, at: (offset: number) => { line: number; column: number }): readonly Problem[] => {
  const problems: Problem[] = [];
  visit(document, {
    Scalar: (key, node) => {
      const zero = leadingZero(node);
      if (zero === null || key === 'key') return;
      problems.push({
        ...at(node.range?.[0] ?? 0),
        path: '',
        message: `${zero} begins with a zero: readers differ on whether it is octal`,
        remedy: `write it without the zero, or in quotes: "${zero}"`,
      });
    },
    Pair: (_, pair) => {
      const key = isScalar(pair.key) ? pair.key.value : null;
      if (typeof key === 'string' && key !== '__proto__') return;
      const range = isScalar(pair.key) ? pair.key.range : null;
      problems.push({
        ...at(range?.[0] ?? 0),
        path: '',
        message: 'a key must be a plain word',
        remedy: 'see docs/configuration.md for the keys that exist',
      });
    },
  });
  return problems;
};

const firstLine = (text: string): string => text.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? text;

const empty = (problem: Problem): Source => ({
  value: undefined,
  broken: true,
  problems: [problem],
  place: () => ({ line: 1, column: 1 }),
});

/** Reads YAML 1.2: one document, unique keys, few aliases, no unknown tags. Never throws. */
export const readSource = (text: string): Source => {
  if (text.length > MAX_CHARS) {
    return empty({
      line: 1,
      column: 1,
      path: '',
      message: 'the file is over 1 MiB',
      remedy: 'give the configuration file',
    });
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    strict: true,
    uniqueKeys: true,
    prettyErrors: true,
    logLevel: 'error',
  });
  const list = Array.isArray(documents) ? documents : [];
  const document = list[0];
  if (document === undefined) {
    return empty({ line: 1, column: 1, path: '', message: 'the file is empty', remedy: 'begin with one of examples/' });
  }
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems: Problem[] = list
    .flatMap((each) => [...each.errors, ...each.warnings])
    .map((error) => ({
      ...at(error.pos[0]),
      path: '',
      message: firstLine(error.message),
      remedy: 'mend the YAML here: indentation, quotes, a key given twice',
    }));
  if (list.length > 1) {
    problems.push({ ...at(list[1]?.range[0] ?? 0), path: '', message: 'a second document begins', remedy: 'keep one' });
  }
  problems.push(...oddities(document, at));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    const message = error instanceof Error ? firstLine(error.message) : 'an alias cannot be resolved';
    problems.push({ line: 1, column: 1, path: '', message, remedy: 'write the values out instead of aliases' });
  }
  const broken = list.some((each) => each.errors.some((error) => error.code !== 'DUPLICATE_KEY'));
  return { value, problems, broken, place: (path, key) => at(offsetOf(document, path, key)) };
};

/** Where the key `key` of the map at `path` stands, else the value at `path`, else what encloses it. */
const offsetOf = (document: Document, path: Path, key?: string): number => {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (key !== undefined && isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
  }
  const range = (node as Node | null | undefined)?.range;
  if (range !== null && range !== undefined) return range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1), String(path.at(-1)));
};
