/** Holds the layers (`layers.ts`) against the sources: who imports whom, and what the core may not do at all. */
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { type Layer, layers } from './layers.ts';

/** What nothing inside `src` may do, wherever it stands. */
const FORBIDDEN_IN_CORE = [
  { pattern: /\bDate\.now\b|\bnew Date\b/, what: 'reads the wall clock' },
  { pattern: /\bMath\.random\b/, what: 'rolls dice' },
  { pattern: /\b(process|console|performance|setTimeout|setInterval)\b[.(]/, what: 'touches the system' },
  { pattern: /\bawait\b|\basync\b/, what: 'waits' },
];

export interface Offence {
  readonly file: string;
  readonly text: string;
}

const isIn = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);

const layerOf = (file: string): Layer | undefined =>
  layers.filter((layer) => isIn(file, layer.place)).toSorted((a, b) => b.place.length - a.place.length)[0];

const isTest = (file: string): boolean => /\.(test|test-support)\.ts$/.test(file) || file.includes('/testing/');

const importsOf = (source: string): readonly string[] => {
  const found = source.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()\s*'([^']+)'/g);
  return [...found].map((match) => match[1] ?? '');
};

/** The files of this repository that a file imports, types included. */
const filesOf = (file: string, source: string): readonly string[] =>
  importsOf(source)
    .filter((target) => target.startsWith('.'))
    .map((target) => normalize(join(dirname(file), target)));

/** The way from a file back to itself along imports, the shortest; undefined where there is none. */
const wayBack = (
  start: string,
  importsByFile: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined => {
  const seen = new Set<string>();
  const ways = [[start]];
  // It grows while it is walked: nearer files first.
  for (const way of ways) {
    for (const target of importsByFile.get(way.at(-1) ?? start) ?? []) {
      if (target === start) return [...way, start];
      if (seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
};

/** Imports that come back to where they began, each circle once, as `a -> b -> a`. `sourceByFile`: every file's text. */
export const circles = (sourceByFile: ReadonlyMap<string, string>): readonly string[] => {
  const importsByFile = new Map([...sourceByFile].map(([file, source]) => [file, filesOf(file, source)]));
  const told = new Set<string>();
  const found: string[] = [];
  for (const file of importsByFile.keys()) {
    if (told.has(file)) continue;
    const way = wayBack(file, importsByFile);
    if (way === undefined) continue;
    for (const each of way) told.add(each);
    found.push(way.join(' -> '));
  }
  return found;
};

const checkImport = (file: string, layer: Layer, target: string): string | null => {
  if (!target.startsWith('.')) {
    if (layer.outside.includes('*') || layer.outside.includes(target) || isTest(file)) return null;
    return `${layer.place} must stand alone, and imports ${target}`;
  }
  const path = normalize(join(dirname(file), target));
  if (isIn(path, layer.place) || layer.mayImport.includes('*')) return null;
  if (layer.mayImport.some((place) => isIn(path, place))) return null;
  if (isTest(file) && (isIn(path, 'test') || path.includes('/testing/') || isIn(path, 'src/process'))) return null;
  return `${layer.place} must not import ${path}`;
};

/** All offences of one file against the layers; `source` is its text. */
export const checkSource = (file: string, source: string): readonly Offence[] => {
  const layer = layerOf(file);
  if (layer === undefined) return [{ file, text: 'stands in no layer of test/layers.ts' }];
  const offences = importsOf(source)
    .map((target) => checkImport(file, layer, target))
    .filter((text) => text !== null);
  if (isIn(file, 'src/core') && !isTest(file)) {
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replaceAll(/'(?:[^'\\\n]|\\.)*'|`[^`]*`/g, "''");
    for (const { pattern, what } of FORBIDDEN_IN_CORE) if (pattern.test(code)) offences.push(`the core ${what}`);
  }
  return offences.map((text) => ({ file, text }));
};

export const checkFile = async (file: string): Promise<readonly Offence[]> =>
  checkSource(file, await readFile(file, 'utf8'));
