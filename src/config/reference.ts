import { readFileSync, writeFileSync } from 'node:fs';
import { isRecord } from '../core/words.ts';
import { checkpointShape, nodeShape } from './parse.ts';
import type { Shape } from './problems.ts';

/** One key of the file, for people. */
export interface KeyLine {
  /** Dotted path; `[]` for each entry of a list. */
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly text: string;
}

const TYPE_BY_FORMAT: Readonly<Record<string, string>> = {
  duration: 'duration',
  size: 'size',
  address: 'IP address',
  cidr: 'IP address/prefix',
  name: 'name',
  interface: 'interface',
  path: 'path',
  unit: 'systemd unit',
  script: 'init script',
  'port-range': 'ports from-to',
  host: 'name or IP address',
  'e-mail': 'e-mail address',
  url: 'web address',
  schedule: 'times as in a crontab',
  'dns-name': 'name of the DNS',
  pin: '`sha256:` and a digest',
  secret: 'path or `credential:NAME`',
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const shapes = (value: unknown): readonly Shape[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const optionsOf = (shape: Shape): readonly Shape[] => [...shapes(shape['oneOf']), ...shapes(shape['anyOf'])];
const propertiesOf = (shape: Shape): readonly (readonly [string, Shape])[] =>
  isRecord(shape['properties'])
    ? Object.entries(shape['properties']).filter((each): each is [string, Shape] => isRecord(each[1]))
    : [];

const typeOf = (shape: Shape): string => {
  const options = optionsOf(shape);
  if (options.length > 0) return [...new Set(options.map(typeOf))].join(' or ');
  if (shape['const'] !== undefined) return `\`${text(shape['const'])}\``;
  if (Array.isArray(shape['enum'])) return shape['enum'].map((each) => `\`${String(each)}\``).join(', ');
  const format = TYPE_BY_FORMAT[String(shape['format'])];
  if (format !== undefined) return format;
  if (shape['type'] === 'array') return isRecord(shape['items']) ? `list of ${typeOf(shape['items'])}` : 'list';
  if (shape['type'] === 'object') return 'section';
  if (shape['type'] === 'integer') return 'whole number';
  return shape['type'] === 'string' ? 'text' : String(shape['type']);
};

const fallbackOf = (shape: Shape, required: boolean): string => {
  const fallback = shape['default'];
  if (fallback === undefined) return required ? 'required' : '';
  if (isRecord(fallback))
    return Object.entries(fallback)
      .map(([key, value]) => `\`${key}: ${String(value)}\``)
      .join(', ');
  return `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
};

const below = (path: string, shape: Shape): readonly KeyLine[] => {
  const items = shape['items'];
  return [
    ...linesOf(shape, path),
    ...optionsOf(shape).flatMap((option) => below(path, option)),
    ...(isRecord(items) ? below(`${path}[]`, items) : []),
  ];
};

const linesOf = (shape: Shape, prefix: string): readonly KeyLine[] => {
  const required = Array.isArray(shape['required']) ? shape['required'] : [];
  return propertiesOf(shape).flatMap(([key, inner]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const line = {
      path,
      type: typeOf(inner),
      fallback: fallbackOf(inner, required.includes(key)),
      text: text(inner['description']),
    };
    return [line, ...below(path, inner)];
  });
};

/** A key that several kinds or forms share is told once; one whose meaning differs (`kind`), in one line for all. */
const once = (lines: readonly KeyLine[]): readonly KeyLine[] => {
  const lineByPath = new Map<string, KeyLine>();
  for (const line of lines) {
    const known = lineByPath.get(line.path);
    if (known === undefined) lineByPath.set(line.path, line);
    else if (known.type !== line.type) {
      const both = { type: `${known.type}, ${line.type}`, text: `${known.text} ${line.text}` };
      lineByPath.set(line.path, { ...known, ...both });
    }
  }
  return [...lineByPath.values()];
};

/** Every key of a node's file. */
export const nodeKeys = (): readonly KeyLine[] => once(linesOf(nodeShape(), ''));

/** Every key of a checkpoint's file. */
export const checkpointKeys = (): readonly KeyLine[] => once(linesOf(checkpointShape(), ''));

const table = (lines: readonly KeyLine[]): string =>
  [
    '| key | type | default | meaning |',
    '|---|---|---|---|',
    ...lines.map((line) => `| \`${line.path}\` | ${line.type} | ${line.fallback} | ${line.text} |`),
  ].join('\n');

export const BEGIN = '<!-- from here on written by `node src/config/reference.ts` -->';

/** The part of docs/configuration.md that follows from the schema. */
export const reference = (): string =>
  `${BEGIN}\n\n## Keys of a node's file\n\n${table(nodeKeys())}\n\n## Keys of a checkpoint's file\n\n${table(checkpointKeys())}\n`;

if (import.meta.main) {
  const path = new URL('../../docs/configuration.md', import.meta.url);
  const head = readFileSync(path, 'utf8').split(BEGIN)[0] ?? '';
  writeFileSync(path, `${head}${reference()}`);
}
