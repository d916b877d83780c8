/** How Dualtone calls ssh: nothing of the user's configuration, no questions, one key, one pinned host, all waits bounded. */
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';

/** The other node as SSH reaches it. */
export interface SshTarget {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  /** Under which name its host key is pinned, whatever its address. */
  readonly hostAlias: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly connectTimeoutMs: Millis;
  /** A socket over which a connection that is up carries further sessions; null: each session connects by itself. */
  readonly controlPath: string | null;
}

/** What a path may consist of: it goes through two parsers that split at spaces and expand `%`. */
const PLAIN_PATH = /^\/[\w./@+,:=-]*$/;
/** `sun_path` holds 108 bytes, and ssh adds 17 for a name that it renames. */
const MAX_CONTROL_PATH = 90;

/** A control path in a directory; null where its name is none that ssh can take. */
export const controlPathIn = (directory: string, name: string): string | null => {
  const path = `${directory}/${name}`;
  return PLAIN_PATH.test(path) && path.length <= MAX_CONTROL_PATH ? path : null;
};

const bad = (what: string, value: string) =>
  fail(
    'ssh-target-unusable',
    `The ${what} ${JSON.stringify(value)} cannot be given to ssh.`,
    'Use letters, digits and plain signs only.',
  );

/** Fault: `ssh-target-unusable`. */
export const checkTarget = (target: SshTarget): Result<void> => {
  if (!/^[a-z_][a-z0-9_.-]{0,31}$/i.test(target.user)) return bad('user', target.user);
  if (!/^[a-z0-9:][a-z0-9.:_%-]{0,254}$/i.test(target.address)) return bad('address', target.address);
  if (!/^[a-z0-9][a-z0-9.-]{0,99}$/i.test(target.hostAlias)) return bad('name', target.hostAlias);
  const paths = [target.keyFile, target.knownHostsFile, ...(target.controlPath === null ? [] : [target.controlPath])];
  const path = paths.find((candidate) => !PLAIN_PATH.test(candidate));
  if (path !== undefined) return bad('path', path);
  if ((target.controlPath ?? '').length > MAX_CONTROL_PATH) return bad('path', target.controlPath ?? '');
  return ok(undefined);
};

const option = (name: string, value: string | number): readonly string[] => ['-o', `${name}=${value}`];

const commonOptions = (target: SshTarget): readonly string[] => [
  '-F',
  'none',
  '-p',
  String(target.port),
  '-l',
  target.user,
  ...option('HostName', target.address.replaceAll('%', '%%')),
  ...option('HostKeyAlias', target.hostAlias),
  ...option('StrictHostKeyChecking', 'yes'),
  ...option('UserKnownHostsFile', target.knownHostsFile),
  ...option('GlobalKnownHostsFile', '/dev/null'),
  ...option('UpdateHostKeys', 'no'),
  ...option('CheckHostIP', 'no'),
  ...option('ConnectTimeout', Math.max(1, Math.ceil(target.connectTimeoutMs / 1000))),
  ...option('ConnectionAttempts', 1),
  // A black hole is noticed after three seconds.
  ...option('ServerAliveInterval', 1),
  ...option('ServerAliveCountMax', 3),
  ...option('ForwardAgent', 'no'),
  ...option('ForwardX11', 'no'),
  ...option('PermitLocalCommand', 'no'),
  ...option('Tunnel', 'no'),
  ...option('EscapeChar', 'none'),
];

/** `ssh` and its options, without host and command; the host is then `target.hostAlias`. Check the target first. */
export const sshArgv = (target: SshTarget): readonly string[] => [
  'ssh',
  ...commonOptions(target),
  '-T',
  ...option('BatchMode', 'yes'),
  // By -i and not by an option: only so ssh says that the file is missing.
  '-i',
  target.keyFile,
  ...option('IdentitiesOnly', 'yes'),
  ...option('IdentityAgent', 'none'),
  ...option('PreferredAuthentications', 'publickey'),
  ...option('PasswordAuthentication', 'no'),
  ...option('KbdInteractiveAuthentication', 'no'),
];

/** Options of a session that uses the open connection while there is one, and connects by itself else. */
export const sessionOptions = (target: SshTarget): readonly string[] => [
  ...option('ControlMaster', 'no'),
  ...option('ControlPath', target.controlPath ?? 'none'),
  ...option('LogLevel', 'ERROR'),
];

/**
 * The one call in which a person may be asked for a password, by ssh itself on the terminal: the person's own keys and
 * agent are tried first. `command` runs through the other node's login shell and must be plain words.
 */
export const personArgv = (target: SshTarget, command: readonly string[]): readonly string[] => {
  if (!command.every((word) => /^[\w./@:=+-]+$/.test(word))) throw new Error(`not plain: ${command.join(' ')}`);
  return ['ssh', ...commonOptions(target), '-T', ...option('NumberOfPasswordPrompts', 3), target.hostAlias, ...command];
};
