/**
 * Enabling and disabling on a XiVO server: every change of other software is shown before, recorded before it is made, looked at after, and taken
 * back to what was there, by `src/changes`. What follows from registrars (lines of devices) is derived from them each time and not recorded.
 */
import type { Change } from '../../changes/change.ts';
import { type Changes, type Line, openChanges } from '../../changes/changes.ts';
import type { World } from '../../changes/world.ts';
import { type Fault, ok, type Result } from '../../core/result.ts';
import type { Role } from '../../core/words.ts';
import type { Run } from '../../process/run.ts';
import type { Original } from '../../profiles/xivo/original.ts';
import type { Admin } from '../../replication/postgres/setup/admin.ts';
import { flagStore, hereChanges, trustStore } from './here.ts';
import type { Provd, ProvdConfig } from './provd.ts';
import {
  followsOf,
  type LinesMoved,
  moveLines,
  registrarChanges,
  registrarStore,
  withoutBackups,
} from './registrars.ts';
import { aorStore, expiryChanges, sipStore } from './sip-expiry.ts';
import { type Stores, withStores } from './store.ts';

export interface EnableOptions {
  readonly original: Original;
  readonly role: Role;
  /** The standby's address on the voice network. */
  readonly standby: string;
  /** Of this machine's database; null: there is none to change. */
  readonly admin: Admin | null;
  /** Null on the standby, where it does not run. */
  readonly provd: Provd | null;
  readonly world: World;
  readonly recordFile: string;
  readonly run: Run;
  readonly root: string;
}

export interface Told {
  readonly lines: readonly Line[];
  readonly moved: LinesMoved;
  /** What was to be told to others and was not; nothing of it is lost. */
  readonly warnings: readonly Fault[];
}

export interface XivoEnabling {
  /** One sentence for each change, with both values. Faults: those of the database, of provd and of files. */
  preview(): Promise<Result<readonly string[]>>;
  /** Everything or nothing; repeatable. Faults also those of `Changes`. */
  enable(): Promise<Result<Told>>;
  previewDisable(): Promise<Result<readonly Line[]>>;
  /** What somebody has changed since stays and is told, unless `force`. */
  disable(force: boolean): Promise<Result<Told>>;
}

const RELOAD_MS = 20_000;
const NOTHING: LinesMoved = { changed: [], drift: [] };

const storesOf = ({ admin, provd, original }: EnableOptions): Stores => ({
  flag: flagStore,
  trust: trustStore(original.trustLine),
  ...(admin === null ? {} : { staticsip: sipStore(admin), aor: aorStore(admin) }),
  ...(provd === null ? {} : { registrar: registrarStore(provd) }),
});

const configsOf = async (provd: Provd | null): Promise<Result<readonly ProvdConfig[]>> =>
  provd === null ? ok([]) : provd.configs();

const wantedChanges = async (options: EnableOptions): Promise<Result<readonly Change[]>> => {
  const { original, role, root, admin, provd, standby } = options;
  const here = hereChanges(original, role, root);
  if (!here.ok) return here;
  const expiry = admin === null ? ok([]) : await expiryChanges(admin);
  if (!expiry.ok) return expiry;
  const configs = await configsOf(provd);
  if (!configs.ok) return configs;
  return ok([...here.value, ...expiry.value, ...registrarChanges(configs.value, standby)]);
};

/** Others see it: nothing here ends a call, and what fails is told. */
const tellOthers = async (
  { original, run, admin }: EnableOptions,
  lines: readonly Line[],
): Promise<readonly Fault[]> => {
  const touched = (store: string): boolean =>
    lines.some(({ id, what }) => id.startsWith(`file:${store}:`) && what !== 'same' && what !== 'drift');
  const programs = [
    ...(admin !== null && (touched('staticsip') || touched('aor')) ? original.sipReload : []),
    ...(touched('trust') ? [['systemctl', 'reload', 'postgresql']] : []),
  ];
  const faults: Fault[] = [];
  for (const argv of programs) {
    const ended = await run(argv, { timeoutMs: RELOAD_MS });
    if (!ended.ok) faults.push(ended.error);
  }
  return faults;
};

/** Lines follow whatever the registrars did. A fault here leaves registrars right, and the next run finishes. */
const followRegistrars = async (provd: Provd | null, before: readonly ProvdConfig[]): Promise<Result<LinesMoved>> => {
  if (provd === null) return ok(NOTHING);
  const now = await provd.configs();
  if (!now.ok) return now;
  return moveLines(provd, now.value, followsOf(before, now.value));
};

const linesAfter = async (
  options: EnableOptions,
  before: readonly ProvdConfig[],
  lines: readonly Line[],
): Promise<Result<Told>> => {
  const warnings = [...(await tellOthers(options, lines))];
  const moved = await followRegistrars(options.provd, before);
  if (!moved.ok) warnings.push(moved.error);
  return ok({ lines, moved: moved.ok ? moved.value : NOTHING, warnings });
};

const sentence = async (world: World, change: Change): Promise<Result<string>> => {
  if (change.kind !== 'file') return ok('');
  const found = await world.look(change);
  if (!found.ok) return found;
  const now = found.value?.kind === 'file' ? found.value.text : 'nothing';
  const isFile = change.path.startsWith('/');
  if (now === change.text) return ok(`= ${change.path} is so already`);
  return ok(
    isFile ? `~ ${change.path}: the original sleeps from now on` : `~ ${change.path}: ${now} becomes ${change.text}`,
  );
};

const opened = async (options: EnableOptions, world: World): Promise<Result<Changes>> => {
  const changes = openChanges(options.recordFile, world);
  if (!changes.ok) return changes;
  const recovered = await changes.value.recover();
  return recovered.ok ? changes : recovered;
};

export const createXivoEnabling = (options: EnableOptions): XivoEnabling => {
  const world = withStores(options.world, storesOf(options));
  return {
    preview: async () => {
      const wanted = await wantedChanges(options);
      if (!wanted.ok) return wanted;
      const lines: string[] = [];
      for (const change of wanted.value) {
        const line = await sentence(world, change);
        if (!line.ok) return line;
        lines.push(line.value);
      }
      return ok(lines);
    },
    enable: async () => {
      const changes = await opened(options, world);
      if (!changes.ok) return changes;
      const before = await configsOf(options.provd);
      if (!before.ok) return before;
      const wanted = await wantedChanges(options);
      if (!wanted.ok) return wanted;
      const lines = await changes.value.preview(wanted.value);
      if (!lines.ok) return lines;
      const applied = await changes.value.apply(wanted.value, 'dualtone xivo enable');
      if (!applied.ok) return applied;
      const committed = await changes.value.commit();
      if (!committed.ok) return committed;
      const isRepeated = lines.value.every(({ what }) => what === 'same');
      // An interrupted run leaves registrars that are right already, with lines that are not yet.
      return linesAfter(options, isRepeated ? withoutBackups(before.value) : before.value, lines.value);
    },
    previewDisable: async () => {
      const changes = await opened(options, world);
      return changes.ok ? changes.value.previewUndo() : changes;
    },
    disable: async (force) => {
      const changes = await opened(options, world);
      if (!changes.ok) return changes;
      const before = await configsOf(options.provd);
      if (!before.ok) return before;
      const lines = await changes.value.undo(force);
      return lines.ok ? linesAfter(options, before.value, lines.value) : lines;
    },
  };
};
