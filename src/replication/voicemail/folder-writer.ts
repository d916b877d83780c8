/**
 * Changes in one folder of a mailbox, all under Asterisk's lock. At every instant a message is whole: its sounds are there
 * before its description appears, and leave after it. Asterisk counts descriptions, and numbers without gaps.
 */
import type { Directory } from './directory.ts';
import { messageFile, parseMessageFile } from './folder-reader.ts';
import type { Hand } from './hand.ts';

/** A message's files somewhere: each extension's path, `txt` among them. */
export type Files = ReadonlyMap<string, string>;

/** Extensions by number. */
type Listing = Map<number, Set<string>>;

const listNumbers = (folder: Directory): Listing => {
  const listing: Listing = new Map();
  for (const { name } of folder.entries()) {
    const parts = parseMessageFile(name);
    if (parts === null) continue;
    const extensions = listing.get(parts.number) ?? new Set();
    listing.set(parts.number, extensions.add(parts.extension));
  }
  return listing;
};

const described = (listing: Listing): readonly number[] =>
  [...listing]
    .filter(([, extensions]) => extensions.has('txt'))
    .map(([number]) => number)
    .toSorted((one, other) => one - other);

export const countMessages = (folder: Directory): number => described(listNumbers(folder)).length;

/** The files of a message in a folder. */
export const filesOf = (folder: Directory, number: number, formats: readonly string[]): Files =>
  new Map([...formats, 'txt'].map((extension) => [extension, folder.at(messageFile(number, extension))]));

/** Where what nobody can hear any more goes: sounds without a description. Nothing is ever deleted for good. */
export interface Aside {
  /** A free path for a file of this extension. */
  next(extension: string): string;
}

/** Frees a number that holds sounds without a description: what a move or a recording that was cut off left behind. */
const free = (hand: Hand, folder: Directory, listing: Listing, number: number, aside: Aside): void => {
  for (const extension of listing.get(number) ?? [])
    hand.rename(folder.at(messageFile(number, extension)), aside.next(extension));
  listing.delete(number);
};

/** Puts messages behind the last one, in the order given; their files are renamed. Gives the first number. */
export const placeBehind = (hand: Hand, folder: Directory, messages: readonly Files[], aside: Aside): number => {
  const listing = listNumbers(folder);
  const first = (described(listing).at(-1) ?? -1) + 1;
  let number = first;
  for (const files of messages) {
    free(hand, folder, listing, number, aside);
    // The description last: only then the message is there.
    for (const [extension, path] of [...files].filter(([each]) => each !== 'txt'))
      hand.rename(path, folder.at(messageFile(number, extension)));
    const description = files.get('txt');
    if (description !== undefined) hand.rename(description, folder.at(messageFile(number, 'txt')));
    number += 1;
  }
  return first;
};

/** Takes a message out of a folder; `to` gives each file another place before, null: it has one. */
export const takeOut = (
  hand: Hand,
  folder: Directory,
  number: number,
  formats: readonly string[],
  to: ((extension: string) => string) | null,
): void => {
  const files = filesOf(folder, number, formats);
  if (to !== null) for (const [extension, path] of files) hand.link(path, to(extension));
  // The description first: without it there is no message.
  for (const extension of ['txt', ...formats]) hand.unlink(files.get(extension) ?? '');
};

/**
 * Closes the gaps, as Asterisk does itself when a mailbox is opened (it plays no message behind a gap), and moves sounds
 * without a description aside: under the lock nobody is about to write one.
 */
export const closeGaps = (hand: Hand, folder: Directory, aside: Aside): void => {
  const listing = listNumbers(folder);
  const numbers = described(listing);
  for (const [number, extensions] of listing) if (!extensions.has('txt')) free(hand, folder, listing, number, aside);
  numbers.forEach((number, wanted) => {
    if (number === wanted) return;
    const extensions = [...(listing.get(number) ?? [])].filter((each) => each !== 'txt');
    for (const extension of extensions)
      hand.link(folder.at(messageFile(number, extension)), folder.at(messageFile(wanted, extension)));
    hand.rename(folder.at(messageFile(number, 'txt')), folder.at(messageFile(wanted, 'txt')));
    for (const extension of extensions) hand.unlink(folder.at(messageFile(number, extension)));
  });
};
