/**
 * Which directories below some roots have changed: one watch a directory, new ones looked through. Events are hints that mark a
 * directory; what changed in it rsync finds out.
 */
import { type FSWatcher, watch as fsWatch, readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { codeOf } from '../../core/result.ts';
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
  /** Roots below which not all is watched. */
  unseen(): readonly string[];
  /** Since when a change waits to be told; null when none does. */
  waitingSince(): Instant | null;
  /** How many directories are watched. */
  watched(): number;
  stop(): void;
}

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

interface Place {
  readonly root: string;
  readonly directory: RawPath;
}

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
  const settle = (): void => {
    since ??= clock.now();
    cancel();
    cancel = clock.at(Math.min(clock.now() + settleMs, since + longestMs), tell);
  };
  return {
    mark: ({ root, directory }: Place): void => {
      const found = dirtyByRoot.get(root) ?? new Set();
      dirtyByRoot.set(root, found === 'all' || found.size >= most ? 'all' : found.add(directory));
      settle();
    },
    markAll: (root: string): void => {
      dirtyByRoot.set(root, 'all');
      settle();
    },
    since: () => since,
    stop: () => cancel(),
  };
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

/** Which roots are not wholly seen, and what people are told about it. */
const createTroubles = (onTrouble: WatchOptions['onTrouble']) => {
  const textByRoot = new Map<string, string>();
  let told: string | null = null;
  return {
    has: (root: string) => textByRoot.has(root),
    roots: () => [...textByRoot.keys()],
    set: (root: string, code: string): void => {
      const why = code === 'ENOSPC' || code === 'EMFILE' ? 'raise fs.inotify.max_user_watches' : code;
      textByRoot.set(root, `changes below ${root} are not all seen (${why}); it is compared as a whole at times`);
    },
    clear: () => textByRoot.clear(),
    tell: (): void => {
      const text = [...textByRoot.values()][0] ?? null;
      if (text === told) return;
      told = text;
      onTrouble(text);
    },
  };
};

/** The watches themselves, by place. */
const createTable = (watch: NonNullable<WatchOptions['watch']>) => {
  const watchedByKey = new Map<string, Watched>();
  const forget = (place: Place): void => {
    const prefix = keyOf(place);
    for (const [key, { watcher }] of watchedByKey) {
      if (key !== prefix && !key.startsWith(place.directory === '' ? prefix : `${prefix}/`)) continue;
      watcher.close();
      watchedByKey.delete(key);
    }
  };
  return {
    forget,
    get: (place: Place) => watchedByKey.get(keyOf(place)),
    size: () => watchedByKey.size,
    /** Throws as `fs.watch` does. */
    begin: (place: Place, listener: (name: Buffer | null) => void): Watched => {
      const watcher = watch(pathOf(place), listener);
      watcher.on('error', () => forget(place));
      const watched: Watched = { watcher, identity: null };
      watchedByKey.set(keyOf(place), watched);
      return watched;
    },
  };
};

const subdirectories = async (place: Place): Promise<readonly Place[]> => {
  const entries = await readdir(pathOf(place), { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !IGNORED.has(rawOf(entry.name)))
    .map((entry) => inner(place, rawOf(entry.name)));
};

/** Sets the watches, follows what comes and goes, and marks what changed. */
const createFollower = (options: WatchOptions) => {
  const table = createTable(options.watch ?? realWatch);
  const troubles = createTroubles(options.onTrouble);
  const collector = createCollector(options);
  let stopped = false;
  const countEvent = createBurstCounter(options.burst ?? Math.floor(queueLength() * 0.9), () => {
    for (const root of options.roots) collector.markAll(root);
  });

  const lose = (root: string, code: string): void => {
    troubles.set(root, code);
    collector.markAll(root);
    if (!stopped) troubles.tell();
  };

  /** Something happened to a name in a watched directory, or to a root itself, which the kernel tells under its name. */
  const onName = async (place: Place, name: RawPath): Promise<void> => {
    const isRoot = place.directory === '' && name === rawOfText(basename(place.root));
    if (isRoot && (await identityOf(pathOf(place))) !== table.get(place)?.identity && !stopped) {
      table.forget(place);
      lose(place.root, 'it was replaced');
      return;
    }
    const at = inner(place, name);
    const identity = await identityOf(pathOf(at));
    if (stopped) return;
    if (table.get(at)?.identity !== identity) table.forget(at);
    if (identity !== null) await add(at, true);
  };

  const listener = (place: Place) => (name: Buffer | null) => {
    const raw = name === null ? null : rawOf(name);
    if (stopped || (raw !== null && IGNORED.has(raw))) return;
    countEvent();
    collector.mark(place);
    if (raw !== null) void onName(place, raw);
  };

  const begin = (place: Place): Watched | null => {
    try {
      return table.begin(place, listener(place));
    } catch (error) {
      // A directory that is gone again needs no watch; a root does.
      if (codeOf(error) !== 'ENOENT' || place.directory === '') lose(place.root, codeOf(error));
      return null;
    }
  };

  /** Watches a directory and, after that, all below it; a new one is marked, for it may have been filled before. */
  const add = async (place: Place, isNew: boolean): Promise<void> => {
    if (stopped || troubles.has(place.root) || table.get(place) !== undefined) return;
    const watched = begin(place);
    if (watched === null) return;
    watched.identity = await identityOf(pathOf(place));
    if (isNew) collector.mark(place);
    for (const below of await subdirectories(place)) await add(below, isNew);
  };

  const stop = (): void => {
    stopped = true;
    collector.stop();
    for (const root of options.roots) table.forget({ root, directory: '' });
  };
  return { add, stop, table, troubles, collector, isStopped: () => stopped };
};

export const createWatch = (options: WatchOptions): Watch => {
  const { add, stop, table, troubles, collector, isStopped } = createFollower(options);
  const addRoots = async (roots: readonly string[]): Promise<void> => {
    for (const root of roots) await add({ root, directory: '' }, false);
    if (!isStopped()) troubles.tell();
  };
  return {
    start: () => addRoots(options.roots),
    retry: async () => {
      const roots = troubles.roots();
      for (const root of roots) table.forget({ root, directory: '' });
      troubles.clear();
      await addRoots(roots);
    },
    unseen: troubles.roots,
    waitingSince: collector.since,
    watched: table.size,
    stop,
  };
};
