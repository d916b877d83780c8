/** Every change to a spool goes through a hand, so that a test can cut the power after any of them. */
import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { type Directory, errnoOf, openBelow } from './directory.ts';

export interface Hand {
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** What is gone already is well. */
  unlink(path: string): void;
  /** Opens a folder of a folder, made if it is missing, with its parent's owner and mode unless `mode` is given. */
  folder(parent: Directory, name: string, mode?: number): Directory;
}

/** `before` is called before each change, and may throw. */
export const createHand = (before: (what: string) => void = () => undefined): Hand => ({
  link: (from, to) => {
    before('link');
    linkSync(from, to);
  },
  rename: (from, to) => {
    before('rename');
    renameSync(from, to);
  },
  unlink: (path) => {
    before('unlink');
    try {
      unlinkSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  },
  folder: (parent, name, mode) => {
    const there = openBelow(parent, name);
    if (there !== null) return there;
    before('mkdir');
    mkdirSync(parent.at(name), { mode: 0o700 });
    const made = openBelow(parent, name);
    if (made === null) throw new Error(`${parent.path}/${name} vanished as soon as it was made`);
    const { uid, gid, mode: parents } = parent.stat();
    if (mode === undefined && process.getuid?.() === 0) chownSync(made.at(), uid, gid);
    chmodSync(made.at(), mode ?? parents & 0o7777);
    return made;
  },
});
