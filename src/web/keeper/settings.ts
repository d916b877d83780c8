/** What of the configuration the page shows key by key, and what of it an administrator may change there. */
import { parse, stringify } from 'yaml';
import type { Config } from '../../config/config.ts';
import { readRaw } from '../../config/edit.ts';
import { withNodeDefaults } from '../../config/layers.ts';
import { presetByName } from '../../config/presets.ts';
import { printConfig } from '../../config/print.ts';
import { isRecord } from '../../core/words.ts';
import type { EditableSetting, SettingSource, SettingValue, SettingView } from '../contract.ts';

type Path = readonly (string | number)[];
type Kind = Pick<EditableSetting, 'kind' | 'options' | 'pair'>;

const ofPair = { pair: true } as const;
const ofNode = { pair: false } as const;
const span = { kind: 'span', options: [] } as const;
const count = { kind: 'number', options: [] } as const;
const flag = { kind: 'flag', options: ['true', 'false'] } as const;
const names = { kind: 'names', options: [] } as const;
const oneOf = (...options: readonly string[]) => ({ kind: 'choice', options }) as const;

/**
 * Safe to change from afar: when, how soon and who is told. Nothing of it names a program, a path, an address or a secret, and
 * nothing of it says who may serve; `preset` does in part, and nodes with different times do not talk to each other, so never two.
 */
const EDITABLE: Readonly<Record<string, Kind>> = {
  preset: { ...oneOf('fast', 'quick', 'etcd', 'classic', 'blog2012', 'remsys'), ...ofPair },
  'failback.policy': { ...oneOf('auto', 'when-idle', 'manual'), ...ofPair },
  'failback.hold': { ...span, ...ofPair },
  'failback.max-wait': { ...span, ...ofPair },
  'unfit.policy': { ...oneOf('takeover', 'restart-first'), ...ofPair },
  'unfit.restart-wait': { ...span, ...ofPair },
  'health.bad-looks': { ...count, ...ofPair },
  'health.good-looks': { ...count, ...ofPair },
  'flapping.max-switches': { ...count, ...ofPair },
  'flapping.window': { ...span, ...ofPair },
  'streams.loss-limit': { ...span, ...ofPair },
  'checks.enabled': { ...flag, ...ofNode },
  'checks.accept': { ...names, ...ofNode },
  'alarms.group': { ...span, ...ofNode },
  'alarms.repeat': { ...span, ...ofNode },
  'alarms.settle': { ...span, ...ofNode },
  'alarms.silent': { ...span, ...ofNode },
  'web.session': { ...span, ...ofNode },
  'web.public': { ...flag, ...ofNode },
  'journal.max-age': { ...span, ...ofNode },
};

const RULE_KEYS: Readonly<Record<string, Kind>> = {
  severity: { ...oneOf('info', 'warning', 'alarm'), ...ofNode },
  codes: { ...names, ...ofNode },
  recovery: { ...flag, ...ofNode },
};

/** `alarms.rules[0].severity` as `['alarms', 'rules', 0, 'severity']`. */
export const pathOf = (text: string): Path =>
  text
    .replaceAll(/\[(\d{1,3})\]/g, '.$1')
    .split('.')
    .map((key) => (/^\d{1,3}$/.test(key) ? Number(key) : key));

const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => {
    if (Array.isArray(value) && typeof key === 'number') return value[key];
    return isRecord(value) && typeof key === 'string' && Object.hasOwn(value, key) ? value[key] : undefined;
  }, root);

const kindByPath = (effective: unknown): ReadonlyMap<string, Kind> => {
  const rules = valueAt(effective, ['alarms', 'rules']);
  const dynamic = (Array.isArray(rules) ? rules : []).flatMap((_rule, index) =>
    Object.entries(RULE_KEYS).map(([key, kind]) => [`alarms.rules[${index}].${key}`, kind] as const),
  );
  return new Map([...Object.entries(EDITABLE), ...dynamic]);
};

interface Layers {
  readonly file: unknown;
  readonly preset: unknown;
  /** Profile and preset together, without the file. */
  readonly below: unknown;
}

const layersOf = (text: string): Layers => {
  const file = readRaw(text);
  const preset = typeof file['preset'] === 'string' ? file['preset'] : 'fast';
  const profile = typeof file['profile'] === 'string' ? file['profile'] : 'asterisk';
  const of = Object.hasOwn(presetByName, preset) ? presetByName[preset] : {};
  return { file, preset: of, below: withNodeDefaults({ preset, profile }) };
};

const sourceOf = ({ file, preset, below }: Layers, path: Path): SettingSource => {
  if (valueAt(file, path) !== undefined) return 'file';
  if (path.length > 1 && valueAt(preset, path) !== undefined) return 'preset';
  return path.length > 1 && valueAt(below, path) !== undefined ? 'profile' : 'default';
};

const oneLine = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, version: '1.2' }).trim();

/** Scalars and lists of them are leaves; of a list of maps each entry is. */
const leavesOf = (value: unknown, path: Path): readonly (readonly [Path, unknown])[] => {
  if (isRecord(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
  if (Array.isArray(value) && value.some(isRecord))
    return value.map((item, index) => [[...path, index], item] as const);
  return [[path, value]];
};

const textOf = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );

/** Everything in force, key by key, in the order of `config show`; what looks like a secret is hidden. */
export const settingsOf = (config: Config, text: string): readonly SettingView[] => {
  const layers = layersOf(text);
  return leavesOf(parse(printConfig(config)), []).map(([path, value]) => ({
    path: textOf(path),
    value: oneLine(value),
    source: sourceOf(layers, path),
  }));
};

const isSettingValue = (value: unknown): value is SettingValue =>
  ['string', 'number', 'boolean'].includes(typeof value) ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string'));

/** What may be changed, with its value by this file. */
export const editableOf = (config: Config, text: string): readonly EditableSetting[] => {
  const layers = layersOf(text);
  const effective: unknown = parse(printConfig(config));
  return [...kindByPath(effective)].flatMap(([path, kind]) => {
    const value = valueAt(effective, pathOf(path));
    return isSettingValue(value) ? [{ path, ...kind, value, source: sourceOf(layers, pathOf(path)) }] : [];
  });
};

/** True where this file lets this key be changed from the page. */
export const mayEdit = (config: Config, path: string): boolean => kindByPath(parse(printConfig(config))).has(path);
