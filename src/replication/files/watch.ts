/**
 * Which directories below some roots have changed: one watch a directory, new ones looked through. Events are hints that mark a
 * directory; what changed in it rsync finds out.
 */
import { type FSWatcher, watch as fsWatch, readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import type { Instant, Millis } from '../../core/words.ts';
import { bytesOf, type RawPath, rawOf, rawOfText } from './raw-path.ts';

/** For one root: the changed directories below it (empty for the root itself), or everything. */
export interface Dirty {
  readonly root: string;
  readonly directories: readonly RawPath[] | 'all';
}

export interface WatchOptions {
  readonly roots: readonly string[];
  /** After a change, how long it waits for more; never longer than `longestMs` after the first. */
  readonly settleMs: Millis;
  readonly longestMs: Millis;
  readonly clock: { now(): Instant; at(at: Instant, fire: () => void): () => void };
  readonly onDirty: (dirty: readonly Dirty[]) => void;
  /** Null: all is watched again. */
  readonly onTrouble: (text: string | null) => void;
  /** More than so many directories of a root are everything. Default 500. */
  readonly mostDirectories?: number;
  /** For tests. */
  readonly watch?: (path: Buffer, listener: (name: Buffer | null) => void) => FSWatcher;
  readonly burst?: number;
}

export interface Watch {
  /** Settles when all is watched that can be; changes before it may be missed. */
  start(): Promise<void>;
  /** Tries again what could not be watched (a root that was missing, a limit that was raised). */
  retry(): Promise<void>;
  /** Since when a change waits to be told; null when none does. */
  waitingSince(): Instant | null;
  /** How many directories are watched. */
  watched(): number;
  stop(): void;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const realWatch = (path: Buffer, listener: (name: Buffer | null) => void): FSWatcher =>
  fsWatch(path, { encoding: 'buffer', persistent: false }, (_, name) => listener(name));

/**
 * Node does not tell when the kernel's queue of events overflowed. But then the queue was full, and all of it arrives within
 * one turn: so many events at once are read as an overflow.
 */
const queueLength = (): number => {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || 16_384;
  } catch {
    return 16_384;
  }
};

/** Collects what changed, and tells it when it has settled. */
const createCollector = (options: WatchOptions) => {
  const { clock, settleMs, longestMs, onDirty } = options;
  const most = options.mostDirectories ?? 500;
  const dirtyByRoot = new Map<string, Set<RawPath> | 'all'>();
  let since: Instant | null = null;
  let cancel: () => void = () => undefined;

  const tell = (): void => {
    const dirty = [...dirtyByRoot].map(
      ([root, found]): Dirty => ({ root, directories: found === 'all' ? 'all' : [...found] }),
    );
    dirtyByRoot.clear();
    since = null;
    onDirty(dirty);
  };
  const mark = (root: string, directory: RawPath | 'all'): void => {
    const found = dirtyByRoot.get(root) ?? new Set();
    if (directory === 'all' || found === 'all' || found.size >= most) dirtyByRoot.set(root, 'all');
    else dirtyByRoot.set(root, found.add(directory));
    since ??= clock.now();
    cancel();
    cancel = clock.at(Math.min(clock.now() + settleMs, since + longestMs), tell);
  };
  return { mark, since: () => since, stop: () => cancel() };
};

/** Counts the events of one turn of the loop. */
const createBurstCounter = (limit: number, onBurst: () => void): (() => void) => {
  let count = 0;
  return () => {
    if (count === 0)
      setImmediate(() => {
        if (count >= limit) onBurst();
        count = 0;
      });
    count += 1;
  };
};

interface Place {
  readonly root: string;
  readonly directory: RawPath;
}

const pathOf = ({ root, directory }: Place): Buffer =>
  bytesOf(directory === '' ? rawOfText(root) : `${rawOfText(root)}/${directory}`);
const keyOf = ({ root, directory }: Place): string => `${root}\0${directory}`;
const inner = (place: Place, name: RawPath): Place => ({
  root: place.root,
  directory: place.directory === '' ? name : `${place.directory}/${name}`,
});

/** One directory and no later one of the same name: numbers of inodes are used again. */
const identityOf = async (path: Buffer): Promise<string | null> => {
  const found = await lstat(path, { bigint: true }).catch(() => null);
  return found?.isDirectory() === true ? `${found.dev}:${found.ino}:${found.birthtimeNs}` : null;
};

interface Watched {
  readonly watcher: FSWatcher;
  /** Null: not known yet. */
  identity: string | null;
}

/** Own staging of rsync in a tree that is a source and was a destination is no change. */
const IGNORED = new Set(['.~tmp~']);

export const createWatch = (options: WatchOptions): Watch => {
  const watch = options.watch ?? realWatch;
  const watchedByKey = new Map<string, Watched>();
  const troubleByRoot = new Map<string, string>();
  const collector = createCollector(options);
  let stopped = false;
  let told: string | null = null;

  const markAll = (): void => {
    for (const root of options.roots) collector.mark(root, 'all');
  };
  const countEvent = createBurstCounter(options.burst ?? Math.floor(queueLength() * 0.9), markAll);

  const tellTrouble = (): void => {
    const text = [...troubleByRoot.values()][0] ?? null;
    if (text === told || stopped) return;
    told = text;
    options.onTrouble(text);
  };
  const trouble = (root: string, error: unknown): void => {
    const code = codeOf(error);
    const limit = code === 'ENOSPC' || code === 'EMFILE';
    const remedy = limit ? 'raise fs.inotify.max_user_watches' : `${code}`;
    troubleByRoot.set(root, `changes below ${root} are not all seen (${remedy}); it is compared as a whole at times`);
  };

  const forget = (place: Place): void => {
    const prefix = keyOf(place);
    for (const [key, { watcher }] of watchedByKey) {
      if (key !== prefix && !key.startsWith(place.directory === '' ? prefix : `${prefix}/`)) continue;
      watcher.close();
      watchedByKey.delete(key);
    }
  };

  /** Something happened to a name in a watched directory. */
  const onEvent = async (place: Place, name: RawPath): Promise<void> => {
    const at = inner(place, name);
    const identity = await identityOf(pathOf(at));
    if (stopped) return;
    const known = watchedByKey.get(keyOf(at));
    if (known !== undefined && known.identity !== identity) forget(at);
    if (identity !== null) await add(at, true);
  };

  const listen = (place: Place) => (name: Buffer | null) => {
    if (stopped) return;
    const raw = name === null ? null : rawOf(name);
    if (raw !== null && IGNORED.has(raw)) return;
    countEvent();
    collector.mark(place.root, place.directory);
    if (raw !== null) void onEvent(place, raw);
  };

  const begin = (place: Place): Watched | null => {
    try {
      const watcher = watch(pathOf(place), listen(place));
      watcher.on('error', () => forget(place));
      const watched: Watched = { watcher, identity: null };
      watchedByKey.set(keyOf(place), watched);
      return watched;
    } catch (error) {
      // A directory that is gone again needs no watch; a root does.
      if (codeOf(error) === 'ENOENT' && place.directory !== '') return null;
      trouble(place.root, error);
      collector.mark(place.root, 'all');
      tellTrouble();
      return null;
    }
  };

  /** Watches a directory and, after that, all below it; a new one is marked, for it may have been filled before. */
  const add = async (place: Place, isNew: boolean): Promise<void> => {
    if (stopped || troubleByRoot.has(place.root)) return;
    if (watchedByKey.has(keyOf(place))) return;
    const watched = begin(place);
    if (watched === null) return;
    watched.identity = await identityOf(pathOf(place));
    if (isNew) collector.mark(place.root, place.directory);
    const entries = await readdir(pathOf(place), { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
    for (const entry of entries) {
      const name = rawOf(entry.name);
      if (entry.isDirectory() && !IGNORED.has(name)) await add(inner(place, name), isNew);
    }
  };

  const addRoots = async (roots: readonly string[]): Promise<void> => {
    for (const root of roots) await add({ root, directory: '' }, false);
    tellTrouble();
  };

  return {
    start: () => addRoots(options.roots),
    retry: async () => {
      const roots = [...troubleByRoot.keys()];
      for (const root of roots) forget({ root, directory: '' });
      troubleByRoot.clear();
      await addRoots(roots);
    },
    waitingSince: collector.since,
    watched: () => watchedByKey.size,
    stop: () => {
      stopped = true;
      collector.stop();
      for (const { watcher } of watchedByKey.values()) watcher.close();
      watchedByKey.clear();
    },
  };
};
