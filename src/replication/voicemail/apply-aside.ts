/** The part of a merge beside the folders: greetings, and what is kept for people to look at. */

import { ensureFolder } from './apply-folders.ts';
import { nameOnly, type Work } from './apply-work.ts';
import type { Directory } from './directory.ts';
import { openBelow } from './directory.ts';
import { greetingFiles } from './folder-reader.ts';
import type { MergeAction } from './merge.ts';
import { keptName } from './merge.ts';
import { keyOf, type MailboxName } from './spool.ts';

/** Puts the standby's greetings in the place of the main's, which go to `saved`. */
export const applyGreetings = (state: Work, mailbox: MailboxName, actions: readonly MergeAction[]): void => {
  for (const action of actions) {
    if (action.kind !== 'greeting') continue;
    const files = state.filesByAction.get(action);
    if (files === undefined) continue;
    const target = ensureFolder(state, mailbox);
    try {
      const { name, digest } = action;
      const before = greetingFiles(target).get(name) ?? [];
      const [saved] = state.log.write([{ ...mailbox, do: 'greeting', name, files: before, digest }]);
      for (const file of before) state.hand.rename(target.at(file), state.log.saved.at(`${saved}.${file}`));
      for (const [file, path] of files) state.hand.rename(path, target.at(file));
    } finally {
      target.close();
    }
    state.done.push(action);
    state.changedByKey.set(keyOf(mailbox), mailbox);
  }
};

/** `kept/context/mailbox/` in the merge directory. */
const openKept = (state: Work, { context, mailbox }: MailboxName): Directory => {
  let current = state.hand.folder(state.work, 'kept', 0o700);
  for (const part of [context, mailbox]) {
    const above = current;
    try {
      current = state.hand.folder(above, part, 0o700);
    } finally {
      above.close();
    }
  }
  return current;
};

/** Keeps the standby's version of what is not in force, or has no room. The description last: only then it is kept. */
export const keepAside = (state: Work, mailbox: MailboxName, actions: readonly MergeAction[]): void => {
  for (const action of actions) {
    if (action.kind !== 'keep' && action.kind !== 'keep-greeting') continue;
    const files = state.filesByAction.get(action);
    if (files === undefined) continue;
    const [what, digest] = action.kind === 'keep' ? [action.id, action.source.digest] : [action.name, action.digest];
    const target = openKept(state, nameOnly(mailbox));
    try {
      const last = action.kind === 'keep' ? 'txt' : [...files.keys()].at(-1);
      const ordered = [...files].toSorted(([one], [other]) => Number(one === last) - Number(other === last));
      for (const [file, path] of ordered) {
        const extension = file.includes('.') ? file.slice(file.lastIndexOf('.') + 1) : file;
        state.hand.rename(path, target.at(`${what}~${digest}.${extension}`));
      }
    } finally {
      target.close();
    }
    state.done.push(action);
  }
};

const pattern = /^(.+)~([0-9a-f]{15})\.\w+$/;

/** What former merges kept aside, as `keptName` gives it. */
export const listKept = (work: Directory): ReadonlySet<string> => {
  const found = new Set<string>();
  const kept = openBelow(work, 'kept');
  if (kept === null) return found;
  const visit = (directory: Directory, names: readonly string[]): void => {
    try {
      for (const entry of directory.entries()) {
        const parts = pattern.exec(entry.name);
        const [context, mailbox] = names;
        if (context !== undefined && mailbox !== undefined) {
          // A message is kept when its description is; a greeting has none.
          if (parts !== null && (entry.name.endsWith('.txt') || !(parts[1] ?? '').includes('.')))
            found.add(keptName({ context, mailbox }, parts[1] ?? '', parts[2] ?? ''));
        } else if (entry.isDirectory()) {
          const below = openBelow(directory, entry.name);
          if (below !== null) visit(below, [...names, entry.name]);
        }
      }
    } finally {
      directory.close();
    }
  };
  visit(kept, []);
  return found;
};
