/**
 * Settings that are no files of their own (rows, lines, entries of a service), so that the record of changes keeps and restores them like files:
 * each has a name `STORE:NAME` in the place of a path, and a text for its value.
 */
import type { Change, Found } from '../../changes/change.ts';
import type { World } from '../../changes/world.ts';
import { fail, ok, type Result } from '../../core/result.ts';

export interface Store {
  /** The value as text, always the same for the same value; null: there is none. */
  look(name: string): Promise<Result<string | null>>;
  put(name: string, text: string | null): Promise<Result<void>>;
}

export type Stores = Readonly<Record<string, Store>>;

const foundOf = (text: string | null): Found =>
  text === null ? null : { kind: 'file', text, mode: 0o600, uid: 0, gid: 0 };

/** What was recorded and cannot be reached by this call must not be taken for a file. */
const absentStore = (name: string): Store => {
  const fault = fail(
    'xivo-store-absent',
    `The setting ${name} is left alone by this call, and was changed by Dualtone.`,
    'Repeat it without --no-provd and --no-database, on the node that changed it.',
  );
  return { look: async () => fault, put: async () => fault };
};

const placeOf = (stores: Stores, change: Change): { readonly store: Store; readonly name: string } | null => {
  if (change.kind !== 'file' || change.path.startsWith('/')) return null;
  const at = change.path.indexOf(':');
  return { store: stores[change.path.slice(0, at)] ?? absentStore(change.path), name: change.path.slice(at + 1) };
};

/** This machine with the stores beside it. */
export const withStores = (base: World, stores: Stores): World => ({
  look: async (change) => {
    const place = placeOf(stores, change);
    if (place === null) return base.look(change);
    const text = await place.store.look(place.name);
    return text.ok ? ok(foundOf(text.value)) : text;
  },
  make: (change) => {
    const place = placeOf(stores, change);
    return place === null || change.kind !== 'file' ? base.make(change) : place.store.put(place.name, change.text);
  },
  restore: (change, found) => {
    const place = placeOf(stores, change);
    if (place === null) return base.restore(change, found);
    return place.store.put(place.name, found?.kind === 'file' ? found.text : null);
  },
});

/** A change of one setting. */
export const setting = (store: string, name: string, text: string): Change => ({
  kind: 'file',
  path: `${store}:${name}`,
  text,
  mode: 0o600,
  secret: false,
  after: null,
  like: null,
});
