/** What has to be done to the main's spool so that it knows what the standby collected. Pure: three states in, a plan out. */

import type { Manifest, RememberedMailbox } from './manifest.ts';
import { type MergeRule, type Place, type Serving, settleContent, settlePlace } from './merge-rules.ts';
import { factsOf } from './message-file.ts';
import { type Folder, keyOf, type Mailbox, type MailboxName, type Message, nameOf, type Spool } from './spool.ts';

/** Where the standby's files of a message stand in its spool (or the copy of it). */
export interface Source {
  readonly folder: Folder;
  readonly number: number;
  readonly id: string;
  readonly digest: string;
  readonly formats: readonly string[];
  readonly origtime: number;
}

export type MergeAction = MailboxName &
  (
    | { readonly kind: 'add'; readonly id: string; readonly folder: Folder; readonly source: Source }
    | { readonly kind: 'move'; readonly id: string; readonly from: Folder; readonly to: Folder }
    | { readonly kind: 'delete'; readonly id: string; readonly folder: Folder }
    /** The standby's version takes the place of the main's, which is kept for undo. */
    | { readonly kind: 'replace'; readonly id: string; readonly folder: Folder; readonly source: Source }
    /** The standby's version is kept aside: the folder is full, or the main's is in force. */
    | { readonly kind: 'keep'; readonly id: string; readonly source: Source; readonly why: 'full' | 'conflict' }
    /** A greeting as the standby has it; `digest` null: it has none any more. */
    | { readonly kind: 'greeting'; readonly name: string; readonly digest: string | null }
    | { readonly kind: 'keep-greeting'; readonly name: string; readonly digest: string }
  );

/** Something that both sides changed, and what was done about it. */
export interface MergeConflict extends MailboxName {
  /** The message's identity, or the greeting's name. */
  readonly what: string;
  readonly rule: MergeRule;
  readonly main: string;
  readonly standby: string;
  /** What is in force now. */
  readonly result: string;
}

/** What could not be settled now and stays for the next merge. */
export interface Unsettled extends MailboxName {
  readonly what: string;
  readonly why: 'full' | 'incomplete' | 'uncertain' | 'changed' | 'in-use' | 'failed';
}

export interface MergePlan {
  readonly actions: readonly MergeAction[];
  readonly conflicts: readonly MergeConflict[];
  readonly unsettled: readonly Unsettled[];
}

export interface PlanOptions {
  /** Which node serves now; see `Serving`. */
  readonly serving: Serving;
  /** Messages that a folder takes (`maxmsg`); default 100, as Asterisk's. */
  readonly maxMessages?: (mailbox: MailboxName) => number;
  /** What former merges kept aside already: `keptName` of each. */
  readonly kept?: ReadonlySet<string>;
  /** `context/mailbox/name` of greetings that a merge was replacing when it was cut off: the main's is half one, half the other. */
  readonly halfDone?: ReadonlySet<string>;
}

/** How something kept aside is known. */
export const keptName = ({ context, mailbox }: MailboxName, what: string, digest: string): string =>
  `${context}/${mailbox}/${what}/${digest}`;

const noMailbox = (name: MailboxName): Mailbox => ({
  ...name,
  messageById: new Map(),
  greetingByName: new Map(),
  folders: new Set(),
  uncertain: false,
});

const noneRemembered: RememberedMailbox = { messageById: new Map(), greetingByName: new Map() };

/**
 * Nothing is lost, nothing comes twice, and once a plan is carried out the next one is empty. What is missing counts as deleted
 * only where the ancestor knew it and its folder is still there: a main with a new disk gets everything back.
 */
export const planVoicemailMerge = (
  ancestor: Manifest,
  main: Spool,
  standby: Spool,
  options: PlanOptions,
): MergePlan => {
  const draft: Draft = { actions: [], conflicts: [], unsettled: [], options };
  for (const key of [...standby.mailboxByKey.keys()].toSorted()) {
    const name = nameOf(key);
    const theirs = standby.mailboxByKey.get(key) ?? noMailbox(name);
    planMailbox(draft, {
      name,
      ancestor: ancestor.mailboxByKey.get(key) ?? noneRemembered,
      main: main.mailboxByKey.get(key) ?? noMailbox(name),
      standby: theirs,
    });
  }
  return { actions: draft.actions, conflicts: draft.conflicts, unsettled: draft.unsettled };
};

interface Draft {
  readonly actions: MergeAction[];
  readonly conflicts: MergeConflict[];
  readonly unsettled: Unsettled[];
  readonly options: PlanOptions;
}

interface Three {
  readonly name: MailboxName;
  readonly ancestor: RememberedMailbox;
  readonly main: Mailbox;
  readonly standby: Mailbox;
}

/** One message on all sides, under whatever identity each of them has for it. */
interface Sides {
  readonly id: string;
  readonly ancestor: { readonly folder: Folder; readonly digest: string } | null;
  readonly main: Message | null;
  readonly standby: Message | null;
}

const planMailbox = (draft: Draft, three: Three): void => {
  const adds: (MergeAction & { kind: 'add' })[] = [];
  const countByFolder = new Map<Folder, number>();
  for (const { folder } of three.main.messageById.values())
    countByFolder.set(folder, (countByFolder.get(folder) ?? 0) + 1);
  for (const sides of align(three)) planMessage(draft, three, sides, adds, countByFolder);
  planAdds(draft, three.name, adds, countByFolder);
  planGreetings(draft, three);
};

/**
 * Asterisk gives an old message (without `msg_id`) one when it is first played: then the sides know it by two identities, but
 * what never changes is the same. Such pairs are brought together where they are the only ones.
 */
const align = ({ ancestor, main, standby }: Three): readonly Sides[] => {
  const trees = [ancestor.messageById, main.messageById, standby.messageById];
  const newIdsByFacts = new Map<string, Set<string>>();
  const oldIdsByFacts = new Map<string, Set<string>>();
  for (const tree of trees) {
    for (const id of tree.keys()) {
      const { facts, old } = factsOf(id);
      const into = old ? oldIdsByFacts : newIdsByFacts;
      into.set(facts, (into.get(facts) ?? new Set()).add(id));
    }
  }
  const common = (id: string): string => {
    const { facts, old } = factsOf(id);
    const [target, ...others] = newIdsByFacts.get(facts) ?? [];
    const alone = old && oldIdsByFacts.get(facts)?.size === 1 && others.length === 0;
    return alone && target !== undefined && !trees.some((tree) => tree.has(id) && tree.has(target)) ? target : id;
  };
  const byCommon = <T>(tree: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...tree].map(([id, value]) => [common(id), value]));
  const [before, ours, theirs] = [
    byCommon(ancestor.messageById),
    byCommon(main.messageById),
    byCommon(standby.messageById),
  ];
  const ids = new Set([...before.keys(), ...ours.keys(), ...theirs.keys()]);
  return [...ids].toSorted().map((id) => ({
    id,
    ancestor: before.get(id) ?? null,
    main: ours.get(id) ?? null,
    standby: theirs.get(id) ?? null,
  }));
};

const sourceOf = ({ folder, number, id, digest, formats, origtime }: Message): Source => ({
  folder,
  number,
  id,
  digest,
  formats,
  origtime,
});

const planMessage = (
  draft: Draft,
  three: Three,
  sides: Sides,
  adds: (MergeAction & { kind: 'add' })[],
  countByFolder: Map<Folder, number>,
): void => {
  const { name } = three;
  const { id, main, standby } = sides;
  const leave = (why: Unsettled['why']): void => {
    draft.unsettled.push({ ...name, what: id, why });
  };
  if (standby !== null && standby.formats.length === 0) {
    if (main === null) leave('incomplete');
    return;
  }
  const before = sides.ancestor;
  if (standby === null) {
    if (main === null || before === null) return;
    const known = three.standby.folders.has(before.folder) && !three.standby.uncertain;
    if (!known) return leave('uncertain');
  }
  // What the main's new disk does not hold, nobody deleted.
  const ancestor = main === null && before !== null && !three.main.folders.has(before.folder) ? null : before;
  const place = placeNow(main, ancestor);
  const survivor = main === null ? standby : standby === null ? main : null;
  const isChanged = ancestor !== null && survivor !== null && survivor.digest !== ancestor.digest;
  const settled =
    isChanged && survivor.formats.length > 0
      ? { value: place ?? survivor.folder, rule: 'changed-over-deleted' as const }
      : settlePlace(ancestor?.folder ?? null, place, standby?.folder ?? null, draft.options.serving);
  if (settled.rule !== null) {
    const [ours, theirs] = [place ?? 'deleted', standby?.folder ?? 'deleted'];
    draft.conflicts.push({
      ...name,
      what: id,
      rule: settled.rule,
      main: ours,
      standby: theirs,
      result: settled.value ?? 'deleted',
    });
  }
  let result = settled.value;
  if (main !== null) result = planPlaces(draft, name, main, settled.value, countByFolder, leave);
  else if (settled.value !== null && standby !== null)
    adds.push({ ...name, kind: 'add', id: standby.id, folder: settled.value, source: sourceOf(standby) });
  if (main !== null && standby !== null && result !== null)
    planContent(draft, name, { ...sides, main, standby, ancestor }, result);
};

/** A move that was cut off left the message in two folders: it counts as not yet moved. */
const placeNow = (main: Message | null, ancestor: { readonly folder: Folder } | null): Place => {
  if (main === null) return null;
  return ancestor !== null && main.alsoIn.includes(ancestor.folder) ? ancestor.folder : main.folder;
};

/** Gives where the message will stand. */
const planPlaces = (
  draft: Draft,
  name: MailboxName,
  main: Message,
  target: Place,
  countByFolder: Map<Folder, number>,
  leave: (why: Unsettled['why']) => void,
): Place => {
  const places = [main.folder, ...main.alsoIn];
  if (target === null) {
    for (const folder of places) draft.actions.push({ ...name, kind: 'delete', id: main.id, folder });
    countByFolder.set(main.folder, (countByFolder.get(main.folder) ?? 1) - 1);
    return null;
  }
  if (!places.includes(target)) {
    const count = countByFolder.get(target) ?? 0;
    if (count >= room(draft, name, target)) {
      leave('full');
      return main.folder;
    }
    countByFolder.set(target, count + 1);
    countByFolder.set(main.folder, (countByFolder.get(main.folder) ?? 1) - 1);
  }
  for (const from of places) {
    if (from !== target) draft.actions.push({ ...name, kind: 'move', id: main.id, from, to: target });
  }
  return target;
};

/** Asterisk counts with four digits. What it keeps of the deleted is its own business. */
const room = (draft: Draft, name: MailboxName, folder: Folder): number =>
  folder === 'Deleted' ? 9_999 : Math.min(9_999, draft.options.maxMessages?.(name) ?? 100);

const planContent = (
  draft: Draft,
  name: MailboxName,
  sides: Sides & { readonly main: Message; readonly standby: Message },
  folder: Folder,
): void => {
  const { id, ancestor, main, standby } = sides;
  // The main's copy is torn: no sound. Whatever was before, the standby's whole one is better.
  const torn = main.formats.length === 0 && main.digest !== standby.digest;
  const settled = torn
    ? { value: 'standby' as const, rule: null }
    : settleContent(ancestor?.digest ?? null, main.digest, standby.digest, draft.options.serving);
  const source = sourceOf(standby);
  if (settled.rule !== null) {
    const result = settled.value;
    draft.conflicts.push({ ...name, what: id, rule: settled.rule, main: main.digest, standby: standby.digest, result });
    if (result === 'main' && draft.options.kept?.has(keptName(name, standby.id, standby.digest)) !== true)
      draft.actions.push({ ...name, kind: 'keep', id: standby.id, source, why: 'conflict' });
  }
  if (settled.value === 'standby' && main.digest !== standby.digest)
    draft.actions.push({ ...name, kind: 'replace', id: main.id, folder, source });
};

const planAdds = (
  draft: Draft,
  name: MailboxName,
  adds: readonly (MergeAction & { kind: 'add' })[],
  countByFolder: Map<Folder, number>,
): void => {
  // The oldest first: Asterisk plays by number.
  const byTime = adds.toSorted(
    (one, other) => one.source.origtime - other.source.origtime || (one.id < other.id ? -1 : 1),
  );
  for (const add of byTime) {
    const count = countByFolder.get(add.folder) ?? 0;
    if (count < room(draft, name, add.folder)) {
      countByFolder.set(add.folder, count + 1);
      draft.actions.push(add);
      continue;
    }
    draft.unsettled.push({ ...name, what: add.id, why: 'full' });
    if (draft.options.kept?.has(keptName(name, add.id, add.source.digest)) !== true)
      draft.actions.push({ ...name, kind: 'keep', id: add.id, source: add.source, why: 'full' });
  }
};

const planGreetings = (draft: Draft, { name, ancestor, main, standby }: Three): void => {
  const sides = [ancestor.greetingByName, main.greetingByName, standby.greetingByName];
  for (const greeting of [...new Set(sides.flatMap((side) => [...side.keys()]))].toSorted()) {
    const ours = main.greetingByName.get(greeting) ?? null;
    const theirs = standby.greetingByName.get(greeting) ?? null;
    // A mailbox that is not there, or not all to be read, says nothing about what is missing from it.
    const fresh = ours === null && main.folders.size === 0;
    const before = fresh ? null : (ancestor.greetingByName.get(greeting) ?? null);
    if (theirs === null && before !== null && (standby.uncertain || standby.folders.size === 0)) continue;
    const halfDone = ours !== theirs && draft.options.halfDone?.has(`${keyOf(name)}/${greeting}`) === true;
    const settled = halfDone
      ? { value: 'standby' as const, rule: null }
      : settleContent(before, ours, theirs, draft.options.serving);
    if (settled.rule !== null) {
      const [here, there] = [ours ?? 'deleted', theirs ?? 'deleted'];
      const result = settled.value;
      draft.conflicts.push({ ...name, what: greeting, rule: settled.rule, main: here, standby: there, result });
    }
    if (settled.value === 'standby' && ours !== theirs)
      draft.actions.push({ ...name, kind: 'greeting', name: greeting, digest: theirs });
    const known = theirs !== null && draft.options.kept?.has(keptName(name, greeting, theirs)) === true;
    if (settled.value === 'main' && settled.rule === 'serving-node' && theirs !== null && !known)
      draft.actions.push({ ...name, kind: 'keep-greeting', name: greeting, digest: theirs });
  }
};
