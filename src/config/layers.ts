import { type Fields, isRecord } from '../core/words.ts';
import { profileByName } from '../profiles/index.ts';
import { presetByName } from './presets.ts';

/** `upper` wins key by key; lists are replaced whole; another `kind` replaces the whole section. */
export const merge = (lower: unknown, upper: unknown): unknown => {
  if (upper === undefined) return lower;
  if (!isRecord(lower) || !isRecord(upper)) return upper;
  if (lower['kind'] !== undefined && upper['kind'] !== undefined && lower['kind'] !== upper['kind']) return upper;
  const keys = new Set([...Object.keys(lower), ...Object.keys(upper)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(lower[key], upper[key])]));
};

/** An entry that stands for the list of the profile. */
const OF_PROFILE = '+profile';

/**
 * `streams` of the file above those of the profile. A list with the entry `+profile` has the profile's too: one of them in
 * the place of that entry, the others at the end, so that each entry of the file keeps its number, and its line in messages.
 */
const extended = (lower: unknown, upper: unknown): unknown => {
  if (Array.isArray(upper)) {
    const [first, ...others] = Array.isArray(lower) ? lower : [];
    if (!upper.includes(OF_PROFILE)) return upper;
    const own = upper.flatMap((entry) => (entry !== OF_PROFILE ? [entry] : first === undefined ? [] : [first]));
    return [...own, ...others];
  }
  if (upper === undefined) return lower;
  if (!isRecord(upper)) return upper;
  const below = isRecord(lower) ? lower : {};
  const keys = new Set([...Object.keys(below), ...Object.keys(upper)]);
  return Object.fromEntries([...keys].map((key) => [key, extended(below[key], upper[key])]));
};

/** What the profile collects is collected where files follow at all: a profile alone opens no way between the nodes. */
const withStreams = (profile: Fields, raw: Fields): Fields => {
  const upper = raw['streams'];
  if (upper !== undefined && !isRecord(upper)) return raw;
  const merged = extended(profile['streams'], upper ?? {}) as Fields;
  const files = merged['files'];
  const follows = isRecord(files) && files['enabled'] === true;
  const isOwn = isRecord(upper) && upper['collected'] !== undefined;
  return { ...raw, streams: follows || isOwn ? merged : { ...merged, collected: [] } };
};

const QUICK_PROBES = ['ami', 'sip', 'tcp', 'icmp'];

/** Quick probes without a pace of their own have that of `probes`. */
const withPace = (raw: Fields): Fields => {
  const probes = raw['probes'];
  if (!isRecord(probes)) return raw;
  const pace = Object.fromEntries(['period', 'timeout'].flatMap((key) => (key in probes ? [[key, probes[key]]] : [])));
  const paced = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(paced);
    return isRecord(value) ? { ...pace, ...value } : value;
  };
  const filled = Object.entries(probes).map(([key, value]) => [key, QUICK_PROBES.includes(key) ? paced(value) : value]);
  return { ...raw, probes: Object.fromEntries(filled) };
};

const named = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback);

/** A node's file above its preset above its profile. */
export const withNodeDefaults = (raw: Fields): Fields => {
  const preset = named(raw['preset'], 'fast');
  const profile = profileByName[named(raw['profile'], 'asterisk')]?.defaults ?? {};
  const presetRaw = Object.hasOwn(presetByName, preset) ? presetByName[preset] : {};
  return withPace(merge(merge(profile, presetRaw), withStreams(profile, raw)) as Fields);
};

/** A checkpoint's file above the lease times of its preset. */
export const withCheckpointDefaults = (raw: Fields): Fields => {
  const preset = presetByName[named(raw['preset'], 'fast')];
  const timing = isRecord(preset?.['timing']) ? { promise: preset['timing']['promise'] } : {};
  return merge({ timing }, raw) as Fields;
};
