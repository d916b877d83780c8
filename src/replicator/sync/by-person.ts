/** `dualtone sync init` where the agents do not talk yet: by a person's own access over SSH, who is asked once at most. */
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { run } from '../../process/run.ts';
import { sshTarget } from '../../replication/access.ts';
import { sshEnded, sshFault } from '../../ssh/faults.ts';
import { pinHost, pinnedKeys, scanHostKeys } from '../../ssh/known-hosts.ts';
import { askAsPerson } from '../../ssh/person.ts';
import { fingerprint, type PublicKey, publicKeyLine } from '../../ssh/public-key.ts';
import { type SshTarget, sessionOptions, sshArgv } from '../../ssh/target.ts';
import { hostKeysOf, ownKey } from './init.ts';

export interface SyncDone {
  readonly key: string;
  readonly made: boolean;
  readonly pinned: readonly string[];
  readonly text: string;
}

export interface PersonsPart {
  /** Shows the fingerprints of a host that is not known yet; true when the person knows them. Asked at most once. */
  readonly knows: (address: string, fingerprints: readonly string[]) => Promise<boolean>;
  /** What to do now, for a person: a line. */
  readonly say: (line: string) => void;
}

const SCAN_MS = 10_000;
/** A busy server takes long to log anybody in. */
const CHECK_MS = 60_000;
/** A person types a password meanwhile. */
const PERSON_MS = 180_000;
/** A person is waiting who sees what happens: later than a stream gives up. */
const CONNECT_MS = 30_000;
const SSH_FAILED = 255;

const unconfirmed = (address: string, fingerprints: readonly string[]) =>
  fail(
    'ssh-host-key-unconfirmed',
    `The host key of ${address} (${fingerprints.join(', ')}) was not confirmed.`,
    'Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there, and repeat with --host-key FINGERPRINT.',
  );

/** The other node, with more patience than a stream has. */
export const personsTarget = (config: Config): SshTarget => ({ ...sshTarget(config), connectTimeoutMs: CONNECT_MS });

/** The other node's host key is pinned before anything is asked of it, by a person who knows it. */
const meetHost = async (target: SshTarget, person: PersonsPart): Promise<Result<void>> => {
  const pinned = pinnedKeys(target.knownHostsFile, target.hostAlias);
  if (!pinned.ok) return pinned;
  if (pinned.value.length > 0) return ok(undefined);
  const found = await scanHostKeys(target, SCAN_MS);
  if (!found.ok) return found;
  const fingerprints = found.value.map(fingerprint);
  if (!(await person.knows(target.address, fingerprints))) return unconfirmed(target.address, fingerprints);
  const kept = pinHost(target.knownHostsFile, target.hostAlias, found.value);
  return kept.ok ? ok(undefined) : kept;
};

const otherLimits = () =>
  fail(
    'ssh-key-limits',
    "The other node lets Dualtone's key in for something else than this configuration needs, or runs another version.",
    'Give both nodes the same `streams`, and run `dualtone sync init` again.',
  );

/**
 * Whether the key is let in, and, where the key is given, for just what the other node's configuration needs. Faults: those of ssh,
 * `ssh-key-limits`.
 */
export const checkKey = async (target: SshTarget, key: PublicKey | null = null): Promise<Result<void>> => {
  // The forced command refuses `check`, which is answer enough.
  const command = key === null ? ['check'] : ['dualtone', 'limits', fingerprint(key)];
  const ended = await run([...sshArgv(target), ...sessionOptions(target), target.hostAlias, ...command], {
    timeoutMs: CHECK_MS,
  });
  if (!ended.ok) return ended.error.code === 'program-timeout' ? sshEnded('timed out') : ended;
  const { exitCode, stderr } = ended.value;
  if (exitCode === SSH_FAILED) return sshFault(stderr) ?? sshEnded(stderr);
  return key === null || exitCode === 0 ? ok(undefined) : otherLimits();
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Runs `dualtone sync authorize` there, over the person's own session; the host keys that it tells are pinned. */
const askThere = async (
  target: SshTarget,
  key: PublicKey,
  person: PersonsPart,
): Promise<Result<readonly PublicKey[]>> => {
  person.say(`Logging in at ${target.address} as ${target.user}, with your own keys or its password:`);
  const command = ['dualtone', 'sync', 'authorize', '--json'];
  const answer = await askAsPerson(target, command, `${publicKeyLine(key)}\n`, PERSON_MS);
  if (!answer.ok) return answer;
  const hostKeys = hostKeysOf(parsed(answer.value));
  if (hostKeys.length > 0) return ok(hostKeys);
  return fail(
    'peer-bad-answer',
    'The other node answered `dualtone sync authorize` with something odd.',
    'Run the same version on both nodes.',
  );
};

/** Asking once more may help. */
const ASKED_FOR = new Set(['ssh-key-refused', 'ssh-key-limits']);

/**
 * Repeatable; where the key is let in already for what is needed, nobody is asked anything. Faults: those of the key, `ssh-host-key-unconfirmed`,
 * `ssh-…` of reaching the other node, `ssh-key-limits`, `peer-bad-answer`.
 */
export const initSyncByPerson = async (config: Config, person: PersonsPart): Promise<Result<SyncDone>> => {
  const target = personsTarget(config);
  const own = await ownKey(config);
  if (!own.ok) return own;
  const { key, isNew } = own.value;
  const met = await meetHost(target, person);
  if (!met.ok) return met;
  const before = await checkKey(target, key);
  if (!before.ok) {
    if (!ASKED_FOR.has(before.error.code)) return before;
    const there = await askThere(target, key, person);
    if (!there.ok) {
      person.say(`The key to be let in by \`dualtone sync authorize\` at ${config.peer.name}:\n${publicKeyLine(key)}`);
      return there;
    }
    const pinned = pinHost(target.knownHostsFile, target.hostAlias, there.value, true);
    if (!pinned.ok) return pinned;
    const works = await checkKey(target, key);
    if (!works.ok) return works;
  }
  const pinned = pinnedKeys(target.knownHostsFile, target.hostAlias);
  if (!pinned.ok) return pinned;
  return ok({
    key: fingerprint(key),
    made: isNew,
    pinned: pinned.value.map(fingerprint),
    text: `${config.peer.name} lets ${config.node.name} in for replication and nothing else; its host key is pinned.`,
  });
};
