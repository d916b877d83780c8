import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { noOrders } from '../core/in-force.ts';
import type { BootMemory, DiskMemory } from '../core/memory.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { writeWholeSync } from '../files/whole.ts';
import type { StateStore } from '../ports.ts';
import { checkBoot, checkDisk } from './memory-schema.ts';
import { readSlot, type Slot, writeSlot } from './slot-file.ts';

export interface StateStoreOptions {
  /** On tmpfs: what must not outlive a boot. */
  readonly runDir: string;
  /** On disk. */
  readonly stateDir: string;
  /** Of the running system; `readBootId()`. */
  readonly bootId: string;
}

/** The kernel's number of this boot. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

/** How far the epochs of a newer, unreadable copy may have gone beyond the ceiling of the older one. */
const CEILING_MARGIN = 1000;
/** With both copies gone nobody knows the epochs: begin where none was. The others' answers bring the pair together. */
const CEILING_UNKNOWN = 1_000_000;

interface Loaded<T> {
  readonly value: T | null;
  readonly notes: readonly string[];
}

const loadBoot = (path: string, bootId: string): Loaded<BootMemory> => {
  if (!existsSync(path)) return { value: null, notes: ['no memory of this boot: the voter is silent for one promise'] };
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { bootId?: unknown; memory?: unknown } | null;
    if (content?.bootId !== bootId) return { value: null, notes: [`${path} is of another boot, and is ignored`] };
    const checked = checkBoot(content.memory);
    if (checked.good) return { value: checked.value, notes: [] };
    return { value: null, notes: [`${path} is odd (${checked.why}), and is ignored`] };
  } catch (error) {
    return { value: null, notes: [`${path} cannot be read (${messageOf(error)}), and is ignored`] };
  }
};

/** What the disk should hold, as tmpfs has it; null when there is none of this boot that can be believed. */
const loadShadow = (path: string, bootId: string): Shadow | null => {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { bootId?: unknown; number?: unknown; memory?: unknown };
    const checked = checkDisk(content.memory);
    if (content.bootId !== bootId || !checked.good || !Number.isSafeInteger(content.number)) return null;
    return { number: Number(content.number), memory: checked.value };
  } catch {
    return null;
  }
};

interface Shadow {
  /** That the copy on disk has, or should have. */
  readonly number: number;
  readonly memory: DiskMemory;
}

interface Copy {
  readonly path: string;
  readonly generation: number;
  readonly memory: DiskMemory | null;
  /** Null while good or missing. */
  readonly damage: string | null;
}

const readCopy = (path: string): Copy => {
  const slot: Slot = readSlot(path);
  if (slot.state === 'missing') return { path, generation: 0, memory: null, damage: null };
  if (slot.state === 'damaged') return { path, generation: 0, memory: null, damage: slot.why };
  const checked = checkDisk(JSON.parse(slot.text));
  if (checked.good) return { path, generation: slot.generation, memory: checked.value, damage: null };
  return { path, generation: slot.generation, memory: null, damage: checked.why };
};

const UNKNOWN_DISK: DiskMemory = {
  epochCeiling: CEILING_UNKNOWN,
  orders: noOrders,
  maintenanceUntilWall: 0,
  loose: false,
  serving: false,
  switches: [],
  standbyMayServeFrom: 0,
  needsAcknowledgement: false,
  pinned: false,
  heldOpenBy: null,
};

const damages = (copies: readonly Copy[]): readonly string[] =>
  copies.flatMap(({ path, damage }) =>
    damage === null ? [] : [`${path} is damaged: ${damage}; it is kept as ${path}.damaged`],
  );

/** The newest good copy. Where one is damaged it says so, and puts the ceiling above whatever the lost one may have held. */
const chooseDisk = (copies: readonly Copy[]): Loaded<DiskMemory> => {
  const notes = damages(copies);
  const best = copies.filter((copy) => copy.memory !== null).toSorted((a, b) => b.generation - a.generation)[0];
  const lostOne = copies.some((copy) => copy.memory === null && (copy.damage !== null || best !== undefined));
  if (best?.memory === undefined || best.memory === null) {
    if (notes.length === 0) return { value: null, notes: [] };
    const said =
      'both copies of the state are lost: epochs begin far above, orders come from the other node, or are automatic';
    return { value: UNKNOWN_DISK, notes: [...notes, said] };
  }
  if (!lostOne) return { value: best.memory, notes };
  const epochCeiling = best.memory.epochCeiling + CEILING_MARGIN;
  const said = `the state of the other copy (number ${best.generation}) is used; epochs go on from ${epochCeiling}`;
  return { value: { ...best.memory, epochCeiling }, notes: [...notes, said] };
};

const keepAside = (copies: readonly Copy[]): void => {
  for (const { path, damage } of copies) {
    try {
      if (damage !== null) renameSync(path, `${path}.damaged`);
    } catch {
      // It will be overwritten then; the note has told.
    }
  }
};

const privateDirectory = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
};

/** Within a page of tmpfs the kernel copies all of a write at once, whatever becomes of the writer. */
const PAGE_BYTES = 4096;

/**
 * A small file that is written twenty times a second. Replaced the first time, and whenever it is not the file of that name any more; then
 * written in place, by one call within one page, at a third of the cost; blanks take the place of a longer former text.
 */
const createPageFile = (path: string) => {
  let file: number | null = null;
  let inode = 0;
  const page = Buffer.alloc(PAGE_BYTES);
  const forget = (): void => {
    if (file !== null) closeSync(file);
    file = null;
  };
  const isStill = (): boolean => statSync(path, { throwIfNoEntry: false })?.ino === inode;
  return {
    write: (text: string): void => {
      if (file !== null && Buffer.byteLength(text) <= PAGE_BYTES && isStill()) {
        page.fill(0x20, page.write(text));
        if (writeSync(file, page, 0, PAGE_BYTES, 0) === PAGE_BYTES) return;
      }
      forget();
      writeWholeSync(path, text, { isDurable: false });
      const opened = openSync(path, 'r+');
      inode = fstatSync(opened).ino;
      file = opened;
    },
  };
};

/** The copy on tmpfs: written before the disk, and gone where it cannot be, so that an old one is never believed. */
const createShadow = (path: string, bootId: string) => {
  const file = createPageFile(path);
  return (number: number, memory: DiskMemory): void => {
    try {
      file.write(JSON.stringify({ bootId, number, memory }));
    } catch {
      rmSync(path, { force: true });
    }
  };
};

/**
 * What the core must remember: `boot.json` on tmpfs with the boot id, and two copies on disk, written in turn; what goes to disk stands in
 * `disk.json` on tmpfs too, so that a full disk and a restarted agent together forget nothing before the next boot. Synchronous, because
 * no effect may leave before. `saveBoot` fails with `state-boot-not-written`, `saveDisk` with `state-disk-not-written`.
 */
export const createStateStore = ({ runDir, stateDir, bootId }: StateStoreOptions): StateStore => {
  const bootPath = join(runDir, 'boot.json');
  const shadowPath = join(runDir, 'disk.json');
  const paths = [join(stateDir, 'state-a'), join(stateDir, 'state-b')] as const;
  const bootFile = createPageFile(bootPath);
  const keepShadow = createShadow(shadowPath, bootId);
  let generation: number | null = null;
  let ready = false;
  const directories = (): void => {
    if (ready) return;
    privateDirectory(runDir);
    privateDirectory(stateDir);
    ready = true;
  };
  const load: StateStore['load'] = () => {
    const boot = loadBoot(bootPath, bootId);
    const copies = paths.map(readCopy);
    keepAside(copies);
    generation = Math.max(...copies.map((copy) => copy.generation));
    const shadow = loadShadow(shadowPath, bootId);
    if (shadow !== null && shadow.number >= generation) {
      const behind = shadow.number > generation ? ['the disk lacks what was last decided: it is taken from tmpfs'] : [];
      return { boot: boot.value, disk: shadow.memory, notes: [...boot.notes, ...damages(copies), ...behind] };
    }
    const kept = chooseDisk(copies);
    const first = kept.value === null ? ['no state on disk: the first start on this machine'] : [];
    return { boot: boot.value, disk: kept.value, notes: [...boot.notes, ...kept.notes, ...first] };
  };
  const save = (code: string, directory: string, write: () => void): Result<void> => {
    try {
      directories();
      write();
      return ok(undefined);
    } catch (error) {
      ready = false;
      return fail(
        code,
        `the state cannot be written to ${directory}: ${messageOf(error)}`,
        'see its space, its mode, and whether it is mounted read-only',
      );
    }
  };
  return {
    load,
    saveBoot: (memory) =>
      save('state-boot-not-written', runDir, () => bootFile.write(JSON.stringify({ bootId, memory }))),
    saveDisk: (memory) =>
      save('state-disk-not-written', stateDir, () => {
        const last = generation ?? Math.max(...paths.map((path) => readCopy(path).generation));
        keepShadow(last + 1, memory);
        const text = JSON.stringify(memory);
        // The newest good copy is never the one that is written. From the first write on there are two, so that a missing one is a loss.
        if (last === 0) writeSlot(paths[0], 0, text);
        writeSlot(paths[(last + 1) % 2 === 0 ? 0 : 1], last + 1, text);
        generation = last + 1;
      }),
  };
};
