import type { z } from 'zod';
import { isRecord } from '../core/words.ts';
import { type Path, type Problem, pathText, type Source } from './document.ts';

type Issue = z.core.$ZodIssue;

/** JSON Schema of a section, as zod writes it; what `unknown key` and the reference are made of. */
export type Shape = Readonly<Record<string, unknown>>;

const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

/** The known word nearest to a mistyped one, null where none is near. */
export const nearest = (word: string, known: readonly string[]): string | null => {
  const plain = word.toLowerCase().replaceAll('_', '-');
  const ranked = known.map((each) => ({ each, far: distance(plain, each) })).toSorted((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.each : null;
};

const branchesOf = (shape: Shape): readonly Shape[] =>
  [shape['oneOf'], shape['anyOf']]
    .flatMap((list) => (Array.isArray(list) ? list.filter(isRecord).flatMap(branchesOf) : []))
    .concat(shape);

/** Keys that may stand at `path`; of a section with a `kind`, those of the kind given. */
const keysAt = (shape: Shape, path: Path, value: unknown): readonly string[] => {
  const [head, ...rest] = path;
  const branches = branchesOf(shape).filter((branch) => {
    const kind = isRecord(branch['properties']) ? branch['properties']['kind'] : undefined;
    return !isRecord(kind) || kind['const'] === undefined || !isRecord(value) || kind['const'] === value['kind'];
  });
  if (head === undefined) {
    return [
      ...new Set(
        branches.flatMap((branch) => (isRecord(branch['properties']) ? Object.keys(branch['properties']) : [])),
      ),
    ];
  }
  const below = branches.flatMap((branch) => {
    const next =
      typeof head === 'number'
        ? branch['items']
        : isRecord(branch['properties'])
          ? branch['properties'][String(head)]
          : null;
    return isRecord(next) ? [next] : [];
  });
  const inner = Array.isArray(value) ? value[Number(head)] : isRecord(value) ? value[String(head)] : undefined;
  return [...new Set(below.flatMap((next) => keysAt(next, rest, inner)))];
};

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, key) => (Array.isArray(inner) ? inner[Number(key)] : isRecord(inner) ? inner[String(key)] : undefined),
    value,
  );

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section with keys of its own',
  array: 'a list',
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const typeProblem = (
  issue: Issue & { code: 'invalid_type' },
  given: unknown,
  key: string,
): readonly [string, string] => {
  const wanted = EXPECTED[issue.expected] ?? issue.expected;
  if (given === undefined) return [`${key} is missing`, `add it: ${wanted}; see docs/configuration.md`];
  if (!issue.message.startsWith('Invalid input')) return [`${key}: ${shown(given)}: ${issue.message}`, 'add the unit'];
  return [`${key} must be ${wanted}, not ${shown(given)}`, `write ${wanted}`];
};

const valueProblem = (list: readonly string[], given: unknown, key: string): readonly [string, string] => {
  const near = typeof given === 'string' ? nearest(given, list) : null;
  const remedy = near === null ? `write one of: ${list.join(', ')}` : `did you mean ${near}? (${list.join(', ')})`;
  return given === undefined ? [`${key} is missing`, remedy] : [`${key} cannot be ${shown(given)}`, remedy];
};

const words = (issue: Issue, given: unknown, key: string): readonly [string, string] => {
  if (issue.code === 'invalid_type') return typeProblem(issue, given, key);
  if (issue.code === 'invalid_value') return valueProblem(issue.values.map(String), given, key);
  if (issue.code === 'too_small') return [`${key} is too small: ${shown(given)}`, `give at least ${issue.minimum}`];
  if (issue.code === 'too_big') return [`${key} is too large: ${shown(given)}`, `give at most ${issue.maximum}`];
  const remedy = issue.code === 'custom' ? issue.params?.['remedy'] : undefined;
  return [`${key}: ${issue.message}`, typeof remedy === 'string' ? remedy : 'see docs/configuration.md'];
};

/** A union without a `kind`: the branch whose own key was given speaks, else the one with the least to say. */
const unionIssues = (issue: Issue & { code: 'invalid_union' }, given: unknown): readonly Issue[] | null => {
  const missesKey = (branch: readonly Issue[]): number =>
    branch.filter((each) => each.code === 'invalid_type' && valueAt(given, each.path) === undefined).length;
  const ranked = issue.errors.toSorted((a, b) => missesKey(a) - missesKey(b) || a.length - b.length);
  const best = ranked[0];
  if (best === undefined || (ranked.length > 1 && !isRecord(given))) return null;
  return best.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
};

const unknownKeys = (keys: readonly string[], at: Path, known: readonly string[], source: Source): readonly Problem[] =>
  keys.map((key) => {
    const near = known.includes(key) ? null : nearest(key, known);
    const remedy = known.includes(key)
      ? `${key} does not go together with the other keys here`
      : near === null
        ? `keys here: ${known.join(', ')}`
        : `did you mean ${near}?`;
    return { ...source.place(at, key), path: pathText([...at, key]), message: `unknown key ${key}`, remedy };
  });

/** One zod issue as problems with a place, in words of the file. */
export const problemsOf = (issue: Issue, root: unknown, shape: Shape, source: Source): readonly Problem[] => {
  const path = pathText(issue.path);
  const given = valueAt(root, issue.path);
  const said = ([message, remedy]: readonly [string, string]): readonly Problem[] => [
    { ...source.place(issue.path), path, message, remedy },
  ];
  if (issue.code === 'unrecognized_keys') {
    return unknownKeys(issue.keys, issue.path, keysAt(shape, issue.path, root), source);
  }
  if (issue.code !== 'invalid_union') return said(words(issue, given, path));
  const { options } = issue as { readonly options?: readonly string[] };
  if (options !== undefined) return said(valueProblem(options, given, path));
  const inner = unionIssues(issue, given);
  if (inner !== null) return inner.flatMap((each) => problemsOf(each, root, shape, source));
  const allowed = issue.errors.flat().map((each) => ('values' in each ? each.values.join(', ') : 'a whole number'));
  return said(valueProblem(allowed, given, path));
};
