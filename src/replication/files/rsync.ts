/** How Dualtone calls rsync, and what rsync says back. Pure. */
import type { Millis } from '../../core/words.ts';
import { type SshTarget, sessionOptions, sshArgv } from '../../ssh/target.ts';
import type { StreamProgress } from '../stream.ts';
import { bytesOf, type RawPath } from './raw-path.ts';

export interface RsyncCall {
  readonly target: SshTarget;
  /** `push`: `here` goes to `there`; `pull`: the other way. */
  readonly way: 'push' | 'pull';
  /** Absolute plain paths; directories end with a slash and stand for what is in them. */
  readonly here: string;
  readonly there: readonly string[];
  /** What is gone at the source goes at the destination. */
  readonly deletions: boolean;
  readonly exclude: readonly string[];
  readonly bandwidthKbps: number;
  /** Silence of the other side for so long ends the run. */
  readonly silenceMs: Millis;
  /** Only these directories below `here`, each without those below it; null: everything. */
  readonly only: readonly RawPath[] | null;
  /** What is the same in this directory is not fetched. */
  readonly compareWith: string | null;
  /** What is the same in this directory is linked from there: same file system, and nobody writes into its files in place. */
  readonly linkWith?: string;
  readonly rsync?: string;
}

/**
 * The argv. Its arguments reach the other side in the open (no `--secluded-args`), since there a forced command reads and checks them;
 * names of files go through rsync's own protocol. Left out on purpose: devices and sockets; hard links, ACLs and extended attributes, which
 * telephone systems do not use and which cost memory or fail between file systems; holes, of which no recording has any.
 */
export const rsyncArgv = (call: RsyncCall): readonly string[] => {
  const { target } = call;
  const shell = [...sshArgv(target), ...sessionOptions(target)];
  if (!shell.every((word) => /^[^\s'"\\]+$/.test(word))) throw new Error('rsync would split the words of ssh');
  const there = call.there.map((path) => `${target.hostAlias}:${path}`);
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    '--',
    call.rsync ?? 'rsync',
    ...(call.only === null ? ['--recursive'] : ['--dirs', '--files-from=-', '--from0', '--ignore-missing-args']),
    '--links',
    '--perms',
    '--times',
    '--group',
    '--owner',
    '--numeric-ids',
    // Nanoseconds count: a file written twice within a second is seen.
    '--modify-window=-1',
    // A link that leads out of the directory is left out, and told.
    '--safe-links',
    // All that is new is put in its place at the end, each file whole; only then is deleted.
    '--delay-updates',
    ...(call.deletions ? ['--delete-delay'] : []),
    ...(call.way === 'push' ? ['--mkpath'] : []),
    ...(call.compareWith === null ? [] : [`--compare-dest=${call.compareWith}`]),
    ...(call.linkWith === undefined ? [] : [`--link-dest=${call.linkWith}`]),
    // The older name of --no-secluded-args, which 3.2.3 (Debian 11) knows too.
    '--no-protect-args',
    `--timeout=${Math.max(1, Math.ceil(call.silenceMs / 1000))}`,
    ...(call.bandwidthKbps > 0 ? [`--bwlimit=${call.bandwidthKbps}`] : []),
    '--no-human-readable',
    '--info=name1,symsafe,del,progress2,stats2',
    '--out-format=>%n',
    ...call.exclude.map((pattern) => `--exclude=${pattern}`),
    '-e',
    shell.join(' '),
    '--',
    ...(call.way === 'push' ? [call.here, ...there] : [...there, call.here]),
  ];
};

/** For the standard input of a call with `only`. */
export const namesInput = (only: readonly RawPath[]): Buffer =>
  // `./` before a name that begins with a dash or a sign that rsync reads as a comment.
  Buffer.concat(only.map((name) => bytesOf(`./${name === '' ? '' : `${name}/`}\0`)));

export interface RsyncCounts {
  /** Files and links that were written, and what was deleted. */
  readonly changed: number;
  readonly bytes: number;
  /** Links that lead out of the directory, as rsync names them; ten at most. */
  readonly unsafeLinks: readonly string[];
  readonly unsafeCount: number;
}

const MOST_LINKS = 10;

/** Reads rsync's standard output as it comes. */
export const createRsyncReader = (
  what: string,
  onProgress: (progress: StreamProgress) => void,
  onChanged: (name: string) => void = () => undefined,
) => {
  let rest = '';
  const unsafeLinks: string[] = [];
  let unsafeCount = 0;
  const numberByName = new Map<string, number>();

  const line = (text: string): void => {
    // What begins so is a name of a file, whatever else it says.
    const name = text.startsWith('>') ? text.slice(1) : text.startsWith('deleting ') ? text.slice(9) : null;
    if (name !== null) {
      if (!name.endsWith('/')) onChanged(name);
      return;
    }
    const link = /^ignoring unsafe symlink "(.*)" -> /.exec(text);
    if (link !== null) {
      unsafeCount += 1;
      if (unsafeLinks.length < MOST_LINKS) unsafeLinks.push(link[1] ?? '');
      return;
    }
    const left = /\(xfr#\d+, (?:ir|to)-chk=(\d+)\/(\d+)\)/.exec(text);
    if (left !== null) {
      const total = Number(left[2]);
      // While the list is still made its length is not the whole.
      onProgress({ what, done: total - Number(left[1]), total: text.includes('ir-chk') ? null : total });
      return;
    }
    const count = /^(Number of (?:regular files transferred|deleted files)|Total bytes (?:sent|received)): (\d+)/.exec(
      text,
    );
    if (count !== null) numberByName.set(count[1] ?? '', Number(count[2]));
    const made = /^Number of created files: \d+ .*link: (\d+)/.exec(text);
    if (made !== null) numberByName.set('links', Number(made[1]));
  };

  return {
    take: (chunk: string): void => {
      const lines = (rest + chunk).split(/[\r\n]/);
      rest = (lines.pop() ?? '').slice(0, 8192);
      for (const text of lines) line(text);
    },
    counts: (): RsyncCounts => {
      const of = (name: string): number => numberByName.get(name) ?? 0;
      return {
        changed: of('Number of regular files transferred') + of('Number of deleted files') + of('links'),
        bytes: of('Total bytes sent') + of('Total bytes received'),
        unsafeLinks,
        unsafeCount,
      };
    },
  };
};
