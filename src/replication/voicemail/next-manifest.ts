/** The ancestor of the next merge: what main and standby have agreed on by now. */

import { type Manifest, manifestOf, type Remembered, type RememberedMailbox } from './manifest.ts';
import type { Unsettled } from './merge.ts';
import { keyOf, type Spool } from './spool.ts';

/**
 * The standby's spool as it was merged; what stayed unsettled is remembered as before (or not at all), so that the next
 * merge neither takes it for deleted nor forgets it.
 */
export const nextManifest = (ancestor: Manifest, merged: Spool, unsettled: readonly Unsettled[]): Manifest => {
  const current = manifestOf(merged, ancestor.takenAt);
  const openByKey = Map.groupBy(unsettled, keyOf);
  const mailboxByKey = new Map(current.mailboxByKey);
  for (const [key, before] of ancestor.mailboxByKey) if (!mailboxByKey.has(key)) mailboxByKey.set(key, before);
  for (const [key, open] of openByKey) {
    const now = mailboxByKey.get(key);
    if (now !== undefined) mailboxByKey.set(key, keepOpen(now, ancestor.mailboxByKey.get(key), open));
  }
  return { takenAt: ancestor.takenAt, mailboxByKey };
};

const keepOpen = (
  now: RememberedMailbox,
  before: RememberedMailbox | undefined,
  open: readonly Unsettled[],
): RememberedMailbox => {
  const messageById = new Map(now.messageById);
  const greetingByName = new Map(now.greetingByName);
  for (const { what } of open) {
    put<Remembered>(messageById, what, before?.messageById.get(what));
    put(greetingByName, what, before?.greetingByName.get(what));
  }
  return { messageById, greetingByName };
};

const put = <T>(map: Map<string, T>, key: string, value: T | undefined): void => {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
};
