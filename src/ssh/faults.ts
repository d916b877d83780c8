import { type Fault, fail } from '../core/result.ts';

type Failure = { readonly ok: false; readonly error: Fault };

const changedHost = (): Failure =>
  fail(
    'ssh-host-key-changed',
    'The other node shows another host key than the pinned one.',
    'If it was installed anew, pin its new key with `dualtone sync init`; if not, someone is in between.',
  );

const unknownHost = (): Failure =>
  fail(
    'ssh-host-key-unknown',
    "The other node's host key is not pinned.",
    'Pin it with `dualtone sync init` on the main.',
  );

const refused = (): Failure =>
  fail(
    'ssh-key-refused',
    "The other node does not accept Dualtone's key.",
    'Authorise it with `dualtone sync init`; the log of sshd there says more.',
  );

const forwardRefused = (): Failure =>
  fail(
    'ssh-forward-refused',
    'A port could not be forwarded: it is taken, or the other node does not permit it.',
    'Run `dualtone sync init` again; then see the line of Dualtone in authorized_keys, AllowTcpForwarding in sshd_config, and who holds the port.',
  );

const unreachable = (why: string): Failure =>
  fail(
    'ssh-unreachable',
    `The other node is not reached by SSH: ${why}.`,
    'See whether sshd runs there and its port is open from here.',
  );

const keyUnusable = (): Failure =>
  fail(
    'ssh-key-unusable',
    "Dualtone's key cannot be used: its file is missing, readable by others, or damaged.",
    'Give it mode 0600 and its owner back, or make a new one with `dualtone sync init`.',
  );

const patterns: readonly (readonly [RegExp, (match: RegExpExecArray) => Failure])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed/, changedHost],
  [/No \S+ host key is known for|Host key verification failed/, unknownHost],
  [/UNPROTECTED PRIVATE KEY|Load key .*: |no such identity|Identity file .* not accessible/i, keyUnusable],
  [/Permission denied|Too many authentication failures/, refused],
  [
    /open failed: administratively prohibited|port forwarding failed|cannot listen to port|Could not request local forwarding|forwarding request failed/i,
    forwardRefused,
  ],
  [
    /Connection refused|No route to host|Network is unreachable|Could not resolve hostname/,
    ([why]) => unreachable(why),
  ],
  [/timed out|not responding/i, () => unreachable('no answer in time')],
  [
    /Connection closed|Connection reset|kex_exchange_identification|Broken pipe/,
    () => unreachable('it ended the connection'),
  ],
];

/** What ssh said on standard error as a fault, null when nothing in it is known. */
export const sshFault = (said: string): Failure | null => {
  for (const [pattern, make] of patterns) {
    const match = pattern.exec(said);
    if (match !== null) return make(match);
  }
  return null;
};

/** The same, where ssh ended and something must be said. */
export const sshEnded = (said: string): Failure => {
  const last = said.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  return sshFault(said) ?? unreachable(last === '' ? 'ssh ended' : last);
};
