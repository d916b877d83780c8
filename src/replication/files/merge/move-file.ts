/** Files from place to place, whole at every instant, also between file systems. Everything here throws as `node:fs` does. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { codeOf } from '../../../core/result.ts';

/** A copy with mode, owner and times, on the disk when it returns; `to` must not exist. */
const copyWhole = (from: Buffer, to: Buffer): void => {
  const found = lstatSync(from);
  if (found.isSymbolicLink()) {
    symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to);
    return;
  }
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = openSync(to, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fchownSync(file, found.uid, found.gid);
    fchmodSync(file, found.mode & 0o7777);
    futimesSync(file, found.atimeMs / 1000, found.mtimeMs / 1000);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** A name beside another that no listing counts. */
const beside = (to: Buffer): Buffer => {
  const slash = to.lastIndexOf(0x2f);
  return Buffer.concat([to.subarray(0, slash + 1), Buffer.from(`.dualtone-merge-${randomBytes(6).toString('hex')}`)]);
};

const copyOrLink = (from: Buffer, to: Buffer): void => {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK'].includes(codeOf(error))) throw error;
    copyWhole(from, to);
  }
};

/** `from` appears at `to`, which it replaces at once; `from` stays (a link where that is possible, else a copy). */
export const putOver = (from: Buffer, to: Buffer): void => {
  const temporary = beside(to);
  try {
    copyOrLink(from, temporary);
    renameSync(temporary, to);
  } finally {
    rmSync(temporary, { force: true });
  }
};

/** The same where nothing may be at `to`: throws EEXIST. */
export const putNew = (from: Buffer, to: Buffer): void => {
  const temporary = beside(to);
  try {
    copyOrLink(from, temporary);
    // A link never replaces what is there.
    linkSync(temporary, to);
  } finally {
    rmSync(temporary, { force: true });
  }
};

/** `from` goes to `to`, which must not exist. */
export const moveNew = (from: Buffer, to: Buffer): void => {
  putNew(from, to);
  unlinkSync(from);
};
