/** The part of a merge that works on the folders of one mailbox. */
import type { Result } from '../../core/result.ts';
import { ok } from '../../core/result.ts';
import { nameOnly, type Work, whatOf } from './apply-work.ts';
import type { Directory } from './directory.ts';
import { type FolderEntry, readFolder } from './folder-reader.ts';
import { type Aside, closeGaps, countMessages, type Files, filesOf, placeBehind, takeOut } from './folder-writer.ts';
import type { MergeAction } from './merge.ts';
import type { Deed, DeedDraft } from './run-log.ts';
import { type Folder, keyOf, type MailboxName } from './spool.ts';

type Of<Kind extends MergeAction['kind']> = Extract<MergeAction, { readonly kind: Kind }>;

const ofKind = <Kind extends MergeAction['kind']>(actions: readonly MergeAction[], kind: Kind): readonly Of<Kind>[] =>
  actions.filter((action): action is Of<Kind> => action.kind === kind);

/** Additions and the arriving half of moves, then the leaving half, deletions and replacements. One folder locked at a time. */
export const workOnFolders = async (
  state: Work,
  mailbox: MailboxName,
  actions: readonly MergeAction[],
): Promise<Result<void>> => {
  const inUse = state.options.inUse?.(mailbox) === true;
  const moves = ofKind(actions, 'move').filter((action) => !deferred(state, action, inUse));
  const deletes = ofKind(actions, 'delete').filter((action) => !deferred(state, action, inUse));
  const replaces = ofKind(actions, 'replace').filter((action) => !deferred(state, action, inUse));
  const adds = ofKind(actions, 'add').filter((action) => state.filesByAction.has(action));
  const inHand = new Map<Of<'move'>, Linked>();
  for (const [folder, group] of Map.groupBy(moves, ({ from }) => from)) {
    const linked = await locked(state, mailbox, folder, group, (source) => linkAll(state, source, group, inHand));
    if (!linked.ok) return linked;
  }
  const arrived = new Set<Of<'move'>>();
  for (const [folder, group] of Map.groupBy(inHand.keys(), ({ to }) => to)) {
    const placed = await locked(state, mailbox, folder, group, (target) =>
      arriveAll(state, target, group, inHand, arrived),
    );
    if (!placed.ok) return placed;
  }
  for (const [folder, group] of Map.groupBy(adds, (add) => add.folder)) {
    const placed = await locked(state, mailbox, folder, group, (target) => addAll(state, target, group));
    if (!placed.ok) return placed;
  }
  const leaving = [...moves.filter((move) => arrived.has(move)), ...deletes];
  for (const [folder, group] of Map.groupBy(leaving, (each) => (each.kind === 'move' ? each.from : each.folder))) {
    const left = await locked(state, mailbox, folder, group, (target) => leaveAll(state, target, group));
    if (!left.ok) return left;
  }
  for (const [folder, group] of Map.groupBy(replaces, (each) => each.folder)) {
    const replaced = await locked(state, mailbox, folder, group, (target) => replaceAll(state, target, group));
    if (!replaced.ok) return replaced;
  }
  return ok(undefined);
};

const deferred = (state: Work, action: MergeAction, inUse: boolean): boolean => {
  if (inUse) leave(state, action, 'in-use');
  return inUse;
};

const leave = (state: Work, action: MergeAction, why: 'in-use' | 'changed' | 'full' | 'failed'): void => {
  state.unsettled.push({ ...nameOnly(action), what: whatOf(action), why });
};

/** Opens (or makes) a folder, locks it and works on it. A folder that stays locked is left for the next merge. */
const locked = async (
  state: Work,
  mailbox: MailboxName,
  folder: Folder,
  actions: readonly MergeAction[],
  act: (folder: Directory) => void,
): Promise<Result<void>> => {
  const target = ensureFolder(state, mailbox, folder);
  try {
    const held = await state.options.lock(target, state.options.signal);
    if (!held.ok) {
      if (held.error.code !== 'voicemail-locked') return held;
      for (const action of actions) leave(state, action, 'failed');
      return ok(undefined);
    }
    try {
      act(target);
      state.changedByKey.set(keyOf(mailbox), mailbox);
    } finally {
      held.value.release();
    }
    return ok(undefined);
  } finally {
    target.close();
  }
};

export const ensureFolder = (
  { hand, spool }: Pick<Work, 'hand' | 'spool'>,
  name: MailboxName,
  folder?: Folder,
): Directory => {
  let current = spool;
  for (const part of [name.context, name.mailbox, ...(folder === undefined ? [] : [folder])]) {
    const above = current;
    try {
      current = hand.folder(above, part);
    } finally {
      if (above !== spool) above.close();
    }
  }
  return current;
};

/** Where sounds without a description go. */
export const asideOf = ({ log }: Pick<Work, 'log'>): Aside => ({
  next: (extension) => log.saved.at(`${log.spare()}.orphan.${extension}`),
});

const isId = (id: string) => {
  const plain = id.replace(/~\d+$/, '');
  return (entry: FolderEntry): boolean => entry.id === plain;
};

/** A message on its way from one folder to another: a second name for each of its files. */
interface Linked {
  readonly files: Files;
  readonly inode: string;
}

/** First part of a move, under the lock of the folder that it leaves: nobody renumbers it meanwhile. */
const linkAll = (
  state: Work,
  source: Directory,
  moves: readonly Of<'move'>[],
  inHand: Map<Of<'move'>, Linked>,
): void => {
  const entries = readFolder(source, () => undefined);
  for (const move of moves) {
    const entry = pick(entries, move.id);
    if (entry === undefined) {
      leave(state, move, 'changed');
      continue;
    }
    const files = new Map<string, string>();
    const number = state.log.spare();
    for (const [extension, path] of filesOf(source, entry.number, entry.formats)) {
      const link = state.log.staged.at(`${number}.move.${extension}`);
      state.hand.link(path, link);
      files.set(extension, link);
    }
    inHand.set(move, { files, inode: entry.inode });
  }
};

/** The entry with this identity; of repeated ones that with the ordinal, as far as the folder tells. */
const pick = (entries: readonly FolderEntry[], id: string): FolderEntry | undefined => {
  const same = entries.filter(isId(id));
  return same.at(Math.min(same.length, Number(/~(\d+)$/.exec(id)?.[1] ?? '1')) - 1);
};

/** Second part of a move, under the lock of the folder that it goes to. */
const arriveAll = (
  state: Work,
  target: Directory,
  moves: readonly Of<'move'>[],
  inHand: ReadonlyMap<Of<'move'>, Linked>,
  arrived: Set<Of<'move'>>,
): void => {
  // A move that was cut off may have arrived before.
  const there = new Set(readFolder(target, () => undefined).map((entry) => entry.inode));
  let places = placesIn(state, target, moves[0]);
  const coming: Files[] = [];
  const fitting: Of<'move'>[] = [];
  for (const move of moves) {
    const linked = inHand.get(move);
    if (linked === undefined) continue;
    if (!there.has(linked.inode)) {
      if (places <= 0) {
        leave(state, move, 'full');
        continue;
      }
      places -= 1;
      coming.push(linked.files);
    }
    fitting.push(move);
  }
  state.log.write(fitting.map(deedOf));
  placeBehind(state.hand, target, coming, asideOf(state));
  for (const move of fitting) arrived.add(move);
};

/** How many messages the folder still takes. */
const placesIn = (state: Work, target: Directory, action: Of<'move'> | Of<'add'> | undefined): number => {
  if (action === undefined) return 0;
  const folder = action.kind === 'move' ? action.to : action.folder;
  const most = folder === 'Deleted' ? 9_999 : (state.options.maxMessages?.(nameOnly(action)) ?? 100);
  return most - countMessages(target);
};

const deedOf = (action: Of<'move'>): DeedDraft => {
  const { context, mailbox, id, from, to } = action;
  return { context, mailbox, do: 'move', id, from, to };
};

const addAll = (state: Work, target: Directory, adds: readonly Of<'add'>[]): void => {
  const places = placesIn(state, target, adds[0]);
  const fitting = adds.slice(0, Math.max(0, places));
  // Somebody left messages since the plan was made: the next one keeps aside what does not fit.
  for (const add of adds.slice(fitting.length)) leave(state, add, 'full');
  state.log.write(
    fitting.map(({ context, mailbox, id, folder, source }) => ({
      context,
      mailbox,
      do: 'add',
      id,
      folder,
      digest: source.digest,
    })),
  );
  const files = fitting.map((add) => state.filesByAction.get(add)).filter((each): each is Files => each !== undefined);
  placeBehind(state.hand, target, files, asideOf(state));
  state.done.push(...fitting);
};

const leaveAll = (state: Work, target: Directory, leaving: readonly (Of<'move'> | Of<'delete'>)[]): void => {
  const entries = readFolder(target, () => undefined);
  for (const action of leaving) {
    const entry = pick(entries, action.id);
    if (entry === undefined) {
      // Removed by a person meanwhile; a move's other half stands.
      if (action.kind === 'move') state.done.push(action);
      else leave(state, action, 'changed');
      continue;
    }
    if (action.kind === 'move') takeOut(state.hand, target, entry.number, entry.formats, null);
    else {
      const { context, mailbox, id, folder } = action;
      const { formats } = entry;
      const [saved] = state.log.write([{ context, mailbox, do: 'delete', id, folder, formats }]);
      takeOut(state.hand, target, entry.number, formats, (extension) => state.log.saved.at(`${saved}.${extension}`));
    }
    state.done.push(action);
  }
  closeGaps(state.hand, target, asideOf(state));
};

const replaceAll = (state: Work, target: Directory, replaces: readonly Of<'replace'>[]): void => {
  const entries = readFolder(target, () => undefined);
  const coming: Files[] = [];
  for (const action of replaces) {
    const files = state.filesByAction.get(action);
    if (files === undefined) continue;
    const entry = pick(entries, action.id);
    if (entry === undefined) {
      leave(state, action, 'changed');
      continue;
    }
    const { context, mailbox, id, folder, source } = action;
    const { formats } = entry;
    const deed = {
      context,
      mailbox,
      do: 'replace',
      id,
      folder,
      formats,
      newId: source.id,
      digest: source.digest,
    } as const;
    const [saved] = state.log.write([deed]);
    takeOut(state.hand, target, entry.number, formats, (extension) => state.log.saved.at(`${saved}.${extension}`));
    coming.push(files);
    state.done.push(action);
  }
  placeBehind(state.hand, target, coming, asideOf(state));
  closeGaps(state.hand, target, asideOf(state));
};

/** Closes the gaps that a run left when it was cut off. */
export const tidy = async (state: Work, unfinished: readonly Deed[]): Promise<Result<void>> => {
  const touched = new Map<string, readonly [MailboxName, Folder]>();
  for (const deed of unfinished) {
    if (deed.do === 'greeting') continue;
    const folder = deed.do === 'move' ? deed.from : deed.folder;
    touched.set(`${keyOf(deed)}/${folder}`, [nameOnly(deed), folder]);
  }
  for (const [mailbox, folder] of touched.values()) {
    if (state.options.inUse?.(mailbox) === true) continue;
    const closed = await locked(state, mailbox, folder, [], (target) => closeGaps(state.hand, target, asideOf(state)));
    if (!closed.ok) return closed;
  }
  return ok(undefined);
};
