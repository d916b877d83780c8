/** Changes keys of a configuration file and leaves the rest as a person wrote it, comments included. */
import { isDeepStrictEqual } from 'node:util';
import { isCollection, isMap, isScalar, parseDocument } from 'yaml';

export interface KeyChange {
  readonly path: readonly (string | number)[];
  /** Undefined: the key goes. */
  readonly value: unknown;
}

/** The file as plain values; an empty map where it is empty or broken. */
export const readRaw = (text: string): Readonly<Record<string, unknown>> => {
  const document = parseDocument(text, { version: '1.2' });
  if (document.errors.length > 0 || !isMap(document.contents)) return {};
  return document.toJS({ maxAliasCount: 20 }) as Readonly<Record<string, unknown>>;
};

/** What stands at a path that is nothing yet, or is no map, becomes one. */
const makeWay = (document: ReturnType<typeof parseDocument>, path: readonly (string | number)[]): void => {
  for (let depth = 1; depth < path.length; depth += 1) {
    const at = path.slice(0, depth);
    if (!isCollection(document.getIn(at, true))) document.setIn(at, document.createNode({}));
  }
};

/**
 * `text` with these keys changed, in order; keys that have their value already are not touched. `text` must be valid YAML: check it before
 * (`parseConfig`).
 */
export const editConfig = (text: string, changes: readonly KeyChange[]): string => {
  const document = parseDocument(text.trim() === '' ? '{}' : text, { version: '1.2' });
  if (isMap(document.contents) && text.trim() === '') document.contents.flow = false;
  let isChanged = false;
  for (const { path, value } of changes) {
    const now = document.getIn(path, true);
    const plain = now === undefined ? undefined : document.getIn(path, false);
    const before = isCollection(plain) ? plain.toJSON() : plain;
    if (isDeepStrictEqual(before ?? undefined, value ?? undefined) && (value !== null || now !== undefined)) continue;
    isChanged = true;
    if (value === undefined) {
      document.deleteIn(path);
      continue;
    }
    makeWay(document, path);
    // A scalar keeps its place, its comment and what stands before it.
    if (isScalar(now) && (typeof value === 'string' || typeof value === 'number')) now.value = value;
    else document.setIn(path, document.createNode(value));
  }
  return isChanged ? document.toString({ lineWidth: 0 }) : text;
};
