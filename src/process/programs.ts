import { type Fault, fail } from '../core/result.ts';

/** Debian package of each program that Dualtone starts; `apt-get install` of it is the remedy where one is missing. */
const packageByProgram: Readonly<Record<string, string>> = {
  nft: 'nftables',
  perl: 'perl-base',
  ip: 'iproute2',
  arping: 'iputils-arping',
  ndptool: 'libndp-tools',
  fping: 'fping',
  chrt: 'util-linux',
  systemctl: 'systemd',
  'systemd-run': 'systemd',
  docker: 'docker.io',
  xargs: 'findutils',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'ssh-keyscan': 'openssh-client',
  sshd: 'openssh-server',
  rsync: 'rsync',
  setpriv: 'util-linux',
};

const nameOf = (program: string): string => program.slice(program.lastIndexOf('/') + 1);

/** `program-missing`: it cannot be found; the remedy names the Debian package where it is known. */
export const missingProgram = (program: string): { readonly ok: false; readonly error: Fault } => {
  const debian = packageByProgram[nameOf(program)];
  return fail(
    'program-missing',
    `The program ${program} is not installed or not on the path.`,
    debian === undefined
      ? `Install ${program}, or correct its path in the configuration.`
      : `Install it: apt-get install ${debian}.`,
  );
};

/** A spawn error as a fault: `program-missing`, `program-not-allowed` or `program-not-started`. */
export const spawnFault = (
  program: string,
  error: NodeJS.ErrnoException,
): { readonly ok: false; readonly error: Fault } => {
  if (error.code === 'ENOENT') return missingProgram(program);
  if (error.code === 'EACCES') {
    return fail(
      'program-not-allowed',
      `The program ${program} may not be executed by this user.`,
      'Make it executable, or run Dualtone as root.',
    );
  }
  return fail(
    'program-not-started',
    `The program ${program} could not be started: ${error.message}.`,
    'See whether the machine is out of memory or processes.',
  );
};

const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of every child: nothing of ours but the path, so that no secret of the agent leaks into it. */
export const childEnv = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? SAFE_PATH,
  LC_ALL: 'C',
  // No program of ours keeps a history or a configuration in a home directory.
  HOME: '/nonexistent',
  ...extra,
});

/** Sends a signal to a whole process group; a group that is gone already is what was wanted. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
