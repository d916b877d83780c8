import { isRecord } from '../core/words.ts';
import { type Duration, printDuration, printSize, type Size } from './schema/scalars.ts';

type Camel<K extends string> = K extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : K;

type Name<K, V> = K extends string
  ? NonNullable<V> extends Duration
    ? `${Camel<K>}Ms`
    : NonNullable<V> extends Size
      ? `${Camel<K>}Bytes`
      : Camel<K>
  : never;

/** A section as programs read it: keys in camelCase, `hold: 60s` as `holdMs: 60000`, `max-size: 1MiB` as `maxSizeBytes`. */
export type Flat<T> = T extends Duration | Size
  ? number
  : T extends readonly (infer Item)[]
    ? readonly Flat<Item>[]
    : T extends object
      ? { readonly [K in keyof T as Name<K, T[K]>]: Flat<T[K]> }
      : T;

const camel = (key: string): string => key.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const flattenAny = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(flattenAny);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (isRecord(item) && typeof item['ms'] === 'number') return [`${camel(key)}Ms`, item['ms']];
      if (isRecord(item) && typeof item['bytes'] === 'number') return [`${camel(key)}Bytes`, item['bytes']];
      return [camel(key), flattenAny(item)];
    }),
  );
};

/** From the schema's output to what programs read. */
export const flatten = <T>(value: T): Flat<T> => flattenAny(value) as Flat<T>;

/** Back to the form of the file: kebab-case keys, units written out. */
export const unflatten = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unflatten);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (typeof item === 'number' && key.endsWith('Ms')) return [kebab(key.slice(0, -2)), printDuration(item)];
      if (typeof item === 'number' && key.endsWith('Bytes')) return [kebab(key.slice(0, -5)), printSize(item)];
      return [kebab(key), unflatten(item)];
    }),
  );
};
