/** What the other node may ask for over SSH: rsync's server side with the options that our own client uses. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';

export interface ForcedRequest {
  /** `receive`: files come to this node; `send`: they leave it. */
  readonly mode: 'receive' | 'send';
  /** All options of rsync's server side, in order, each checked. */
  readonly options: readonly string[];
  /** Absolute, as they were given. */
  readonly paths: readonly string[];
}

/** The most that one line may hold; our own client stays far below it. */
const MOST_CHARACTERS = 8192;
const MOST_PATHS = 100;

const refuse = (why: string) =>
  fail(
    'files-command-refused',
    `The command over SSH was refused: ${why}.`,
    'Only the replication of Dualtone itself may use this key; run the same version on both nodes.',
  );

/** Short options: recursion, links, modes, times, owner, group, directories, names from a list; then what the client can do. */
const SHORT = /^-[vnlogtprRdz]+(?:e\d{0,3}\.[A-Za-z]{0,20})?$/;

/** Any of them once. A pattern, since some carry a number or names of kinds of messages. */
const LONG: readonly { readonly pattern: RegExp; readonly receiveOnly?: true }[] = [
  { pattern: /^--timeout=\d{1,5}$/ },
  { pattern: /^--bwlimit=\d{1,9}$/ },
  { pattern: /^--numeric-ids$/ },
  { pattern: /^--safe-links$/ },
  { pattern: /^-@-1$/ },
  { pattern: /^--no-r$/ },
  { pattern: /^--log-format=(?:X|%i)$/ },
  { pattern: /^--info=[A-Z0-9,]{1,80}$/ },
  { pattern: /^--stats$/ },
  { pattern: /^--delete-delay$/, receiveOnly: true },
  { pattern: /^--delay-updates$/, receiveOnly: true },
  { pattern: /^--mkpath$/, receiveOnly: true },
];

const checkOption = (option: string, mode: ForcedRequest['mode']): boolean =>
  SHORT.test(option) ||
  LONG.some(({ pattern, receiveOnly }) => pattern.test(option) && (receiveOnly !== true || mode === 'receive'));

/** Nothing that a shell, rsync or a terminal could read as more than a path; no step upwards. */
export const isPlainPath = (path: string): boolean =>
  /^\/[\w./@+,:=-]+$/.test(path) && !path.split('/').some((part) => part === '..' || part === '.');

/**
 * Reads SSH_ORIGINAL_COMMAND without any shell: words between single spaces, nothing quoted. Fault: `files-command-refused`.
 */
export const parseForcedCommand = (original: string): Result<ForcedRequest> => {
  if (original.length > MOST_CHARACTERS) return refuse('it is too long');
  const [program, server, ...rest] = original.split(' ');
  if (program !== 'rsync' || server !== '--server') return refuse('it is not `rsync --server`');
  const mode = rest[0] === '--sender' ? 'send' : 'receive';
  const words = mode === 'send' ? rest.slice(1) : rest;
  const dot = words.indexOf('.');
  if (dot < 0) return refuse('it names no paths');
  const options = words.slice(0, dot);
  const paths = words.slice(dot + 1);
  const strange = options.find((option) => !checkOption(option, mode));
  if (strange !== undefined) return refuse(`the option ${JSON.stringify(strange.slice(0, 60))} is not ours`);
  const names = options.map((option) => (SHORT.test(option) ? '-' : option.split('=')[0]));
  if (new Set(names).size !== names.length) return refuse('an option is given twice');
  if (paths.length === 0 || paths.length > MOST_PATHS || (mode === 'receive' && paths.length !== 1))
    return refuse(`it names ${paths.length} paths`);
  const bad = paths.find((path) => !isPlainPath(path));
  if (bad !== undefined) return refuse(`the path ${JSON.stringify(bad.slice(0, 120))} is not plain`);
  return ok({ mode, options, paths });
};
