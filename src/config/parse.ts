import { z } from 'zod';
import { isRecord } from '../core/words.ts';
import { canonical } from './canonical.ts';
import type { CheckpointConfig, Config } from './config.ts';
import { type Problem, pathText, readSource, type Source } from './document.ts';
import { withCheckpointDefaults, withNodeDefaults } from './layers.ts';
import { problemsOf, type Shape } from './problems.ts';
import { alarmClashes } from './relations/alarms.ts';
import type { Clash } from './relations/clash.ts';
import { clashesOf, notesOf } from './relations/relations.ts';
import { checkpointSchema, checkpointSections } from './schema/checkpoint.ts';
import { nodeSchema, nodeSections } from './schema/node.ts';
import { flatten } from './shape.ts';

export type { Problem };

/** A configuration, or every problem of the file with its place. `notes`: allowed, and worth a word. */
export type Parsed<C> =
  | { readonly ok: true; readonly config: C; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly notes: readonly string[] };

type Raw = Readonly<Record<string, unknown>>;
type Sections = Readonly<Record<string, z.ZodType>>;

/** Old words on input; the glossary's inside. */
const ROLE_BY_OLD_WORD: Readonly<Record<string, string>> = { master: 'main', slave: 'standby' };

const oldWords = (raw: Raw): { readonly raw: Raw; readonly notes: readonly string[] } => {
  const node = raw['node'];
  if (!isRecord(node) || typeof node['role'] !== 'string' || !Object.hasOwn(ROLE_BY_OLD_WORD, node['role'])) {
    return { raw, notes: [] };
  }
  const role = ROLE_BY_OLD_WORD[node['role']];
  return { raw: { ...raw, node: { ...node, role } }, notes: [`node.role ${node['role']} is understood as ${role}`] };
};

const SHAPE_OPTIONS = { io: 'input', unrepresentable: 'any' } as const;

let nodeShapeMemo: Shape | null = null;

/** JSON Schema of a node's file, for editors, the reference and "did you mean". */
export const nodeShape = (): Shape => {
  nodeShapeMemo ??= z.toJSONSchema(nodeSchema, SHAPE_OPTIONS);
  return nodeShapeMemo;
};

/** JSON Schema of a checkpoint's file. */
export const checkpointShape = (): Shape => z.toJSONSchema(checkpointSchema, SHAPE_OPTIONS);

interface Checked {
  readonly sections: Raw;
  readonly problems: readonly Problem[];
}

/** Each section by itself, so that one wrong section hides no contradiction among the others. */
const checkSections = (raw: Raw, sections: Sections, shape: () => Shape, source: Source): Checked => {
  const good: Record<string, unknown> = {};
  const unknownKeys = Object.keys(raw).filter((key) => !Object.hasOwn(sections, key));
  const issues: z.core.$ZodIssue[] =
    unknownKeys.length === 0
      ? []
      : [{ code: 'unrecognized_keys', keys: unknownKeys, path: [], message: '', input: raw }];
  for (const [key, schema] of Object.entries(sections)) {
    const result = schema.safeParse(raw[key]);
    if (result.success) good[key] = result.data;
    else issues.push(...result.error.issues.map((issue) => ({ ...issue, path: [key, ...issue.path] })));
  }
  if (issues.length === 0) return { sections: good, problems: [] };
  const known = shape();
  return { sections: good, problems: issues.flatMap((issue) => problemsOf(issue, raw, known, source)) };
};

const placed = (source: Source, clash: Clash): Problem => ({
  ...source.place(clash.path),
  path: pathText(clash.path),
  message: clash.message,
  remedy: clash.remedy,
});

const inOrder = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);

const notAMap = (source: Source): Problem => ({
  ...source.place([]),
  path: '',
  message: 'the file must consist of keys and values',
  remedy: 'begin with one of examples/',
});

const isReadable = (source: Source): source is Source & { readonly value: Raw } => isRecord(source.value);

/** Parses a node's file. Pure: files and addresses of the machine are checked by `inspectMachine`. */
export const parseConfig = (text: string): Parsed<Config> & { readonly source: Source } => {
  const source = readSource(text);
  if (!isReadable(source)) {
    return { ok: false, problems: source.problems.length > 0 ? source.problems : [notAMap(source)], notes: [], source };
  }
  const { raw, notes } = oldWords(source.value);
  const checked = checkSections(withNodeDefaults(raw), nodeSections, nodeShape, source);
  const config = flatten(checked.sections) as Config;
  const problems = [
    ...source.problems,
    ...checked.problems,
    ...clashesOf(config).map((clash) => placed(source, clash)),
  ];
  if (problems.length > 0) return { ok: false, problems: inOrder(problems), notes, source };
  return { ok: true, config, notes: [...notes, ...notesOf(config)], source };
};

const checkpointClashes = (config: Partial<CheckpointConfig>): readonly Clash[] => {
  const clashes: Clash[] = [];
  const { nodes, listen, name, alarms } = config;
  if (alarms !== undefined) clashes.push(...alarmClashes(alarms));
  if (name === 'main' || name === 'standby') {
    clashes.push({
      path: ['name'],
      message: `${name} is the name of a node`,
      remedy: 'give the checkpoint a name of its own',
    });
  }
  if (nodes === undefined) return clashes;
  if (canonical(nodes.main.address) === canonical(nodes.standby.address)) {
    clashes.push({
      path: ['nodes', 'standby', 'address'],
      message: `main and standby have the same address ${nodes.main.address}`,
      remedy: 'give the addresses of the two servers',
    });
  }
  for (const role of ['main', 'standby'] as const) {
    if (listen !== undefined && canonical(listen.address) === canonical(nodes[role].address)) {
      clashes.push({
        path: ['listen', 'address'],
        message: `the checkpoint has the address of the ${role}: two votes would die together`,
        remedy: 'put the checkpoint on a machine of its own',
      });
    }
  }
  return clashes;
};

/** Parses a checkpoint's file. */
export const parseCheckpointConfig = (text: string): Parsed<CheckpointConfig> & { readonly source: Source } => {
  const source = readSource(text);
  if (!isReadable(source)) {
    return { ok: false, problems: source.problems.length > 0 ? source.problems : [notAMap(source)], notes: [], source };
  }
  const checked = checkSections(withCheckpointDefaults(source.value), checkpointSections, checkpointShape, source);
  const config = flatten(checked.sections) as CheckpointConfig;
  const problems = [
    ...source.problems,
    ...checked.problems,
    ...checkpointClashes(config).map((clash) => placed(source, clash)),
  ];
  if (problems.length > 0) return { ok: false, problems: inOrder(problems), notes: [], source };
  return { ok: true, config, notes: [], source };
};

/** `pair.yaml:6:12: message`, and the remedy on a line of its own. */
export const printProblem = (fileName: string, problem: Problem): string =>
  `${fileName}:${problem.line}:${problem.column}: ${problem.message}\n    ${problem.remedy}`;
