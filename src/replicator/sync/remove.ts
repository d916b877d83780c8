/** `dualtone sync remove`: what `sync init` made goes again; shown before, proved after, and made anew by `sync init`. */
import { existsSync, rmSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord } from '../../core/words.ts';
import { sshTarget, tunnelForwards } from '../../replication/access.ts';
import type { StreamReporter } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import { authorizedLines, removeAuthorized } from '../../ssh/authorized.ts';
import { readPublicKey } from '../../ssh/key.ts';
import { pinnedKeys, unpinHost } from '../../ssh/known-hosts.ts';
import { askAsPerson } from '../../ssh/person.ts';
import { fingerprint, type PublicKey, parsePublicKey, publicKeyLine } from '../../ssh/public-key.ts';
import { checkKey, personsTarget } from './by-person.ts';
import { AUTHORIZED_KEYS } from './init.ts';

export interface RemoveOptions {
  /** Changes nothing. */
  readonly preview: boolean;
  /** Also this node's own key, and the pinned host key. */
  readonly withKey: boolean;
  /** Also while something that is configured needs the way. */
  readonly force: boolean;
}

/** What the standby says. */
export interface Deauthorized {
  /** Lines of authorized_keys that go, or went. */
  readonly lines: readonly string[];
  /** How many lines that Dualtone did not write let the same key in. */
  readonly others: number;
}

export interface SyncRemoved extends Deauthorized {
  readonly key: string;
  /** Files and entries of this node that go, or went. */
  readonly here: readonly string[];
  /** What is configured to go this way. */
  readonly uses: readonly string[];
  readonly preview: boolean;
}

const ASK_MS = 15_000;
const PERSON_MS = 180_000;

/**
 * On the standby: takes out the lines that Dualtone wrote for the main's key. `publicKey` is the line of its `.pub` file. Faults:
 * `ssh-key-malformed`, `sync-not-here`, those of the files.
 */
export const deauthorizeKey = (
  config: Config,
  publicKey: string,
  preview: boolean,
  file = AUTHORIZED_KEYS,
): Result<Deauthorized> => {
  if (config.node.role !== 'standby')
    return fail(
      'sync-not-here',
      'It is the main that connects: its key is let in at the standby.',
      'Give the command on the standby, with the public key of the main.',
    );
  const key = parsePublicKey(publicKey);
  if (!key.ok) return key;
  const found = authorizedLines(file, key.value);
  if (!found.ok) return found;
  const removed = preview ? ok(false) : removeAuthorized(file, key.value);
  return removed.ok ? ok({ lines: found.value.own, others: found.value.others }) : removed;
};

/** Takes the main's key out when it asks over the pair's own stream, which is proved by the pair's key. */
export const answerRemoval = (config: Config, talk: Talk, reporter: StreamReporter): void => {
  talk.answer('deauthorize', async (parameters) => {
    const { publicKey, preview } = isRecord(parameters) ? parameters : {};
    const text = typeof publicKey === 'string' && publicKey.length < 4000 ? publicKey : '';
    const done = deauthorizeKey(config, text, preview !== false);
    if (preview === false) reporter.note('sync-deauthorize', done.ok ? done.value : done.error);
    return done;
  });
};

const oddAnswer = () =>
  fail('peer-bad-answer', 'The other node said something odd of the key.', 'Run the same version on both nodes.');

const deauthorizedOf = (answer: unknown): Result<Deauthorized> => {
  const { lines, others } = isRecord(answer) ? answer : {};
  const areLines = Array.isArray(lines) && lines.length < 100 && lines.every((line) => typeof line === 'string');
  return areLines && typeof others === 'number' ? ok({ lines, others }) : oddAnswer();
};

/** How the standby is asked: by the agents, or by a person. */
export type AskRemoval = (publicKey: string, preview: boolean) => Promise<Result<unknown>>;

export const askByAgents =
  (talk: Talk): AskRemoval =>
  (publicKey, preview) =>
    talk.ask('deauthorize', { publicKey, preview }, ASK_MS);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** By a person's own access over SSH to the host whose key is pinned. */
export const askByPerson =
  (config: Config, say: (line: string) => void): AskRemoval =>
  async (publicKey, preview) => {
    const target = personsTarget(config);
    say(`Logging in at ${target.address} as ${target.user}, with your own keys or its password:`);
    const command = ['dualtone', 'sync', 'deauthorize', '--json', ...(preview ? ['--preview'] : [])];
    const answer = await askAsPerson(target, command, `${publicKey}\n`, PERSON_MS);
    return answer.ok ? ok(parsed(answer.value)) : answer;
  };

/** What is configured to go by the key. */
const usesOf = (config: Config): readonly string[] => {
  const { files, voicemail, collected } = config.streams;
  return [
    ...(files.enabled ? ['files'] : []),
    ...(voicemail.enabled ? ['voicemail'] : []),
    ...(collected.length > 0 ? ['collected'] : []),
    ...(tunnelForwards(config).length > 0 ? ['the tunnel through SSH'] : []),
  ];
};

const inUse = (uses: readonly string[]) =>
  fail(
    'sync-in-use',
    `The key is needed as the configuration is: by ${uses.join(', ')}.`,
    'Switch them off on both nodes first, or repeat with --force: they stop then, with alarms.',
  );

const stillLetIn = (others: number) =>
  fail(
    'sync-still-let-in',
    `The standby still lets the key in; lines of it that Dualtone did not write: ${others}.`,
    "See its authorized_keys and sshd's `AuthorizedKeysFile`; remove there what lets it in.",
  );

const ownThings = (config: Config): readonly string[] => {
  const { keyFile, knownHostsFile, hostAlias } = sshTarget(config);
  const pinned = pinnedKeys(knownHostsFile, hostAlias);
  return [
    ...[keyFile, `${keyFile}.pub`].filter((file) => existsSync(file)),
    ...(pinned.ok && pinned.value.length > 0 ? [`${hostAlias} in ${knownHostsFile}`] : []),
  ];
};

const dropOwn = (config: Config): Result<boolean> => {
  const { keyFile, knownHostsFile, hostAlias } = sshTarget(config);
  // The private half first: without it the rest is of no use to anybody.
  rmSync(keyFile, { force: true });
  rmSync(`${keyFile}.pub`, { force: true });
  return unpinHost(knownHostsFile, hostAlias);
};

/** The proof: the standby must refuse the key by itself. What it is not reached for is told, not taken for a proof. */
const proveRefused = async (config: Config, others: number): Promise<Result<null>> => {
  const works = await checkKey(personsTarget(config));
  if (works.ok) return stillLetIn(others);
  return works.error.code === 'ssh-key-refused' ? ok(null) : { ok: false, error: works.error };
};

const finish = async (config: Config, key: PublicKey, { others }: Deauthorized, withKey: boolean) => {
  const proved = await proveRefused(config, others);
  if (!proved.ok) return proved;
  const dropped = withKey ? dropOwn(config) : ok(false);
  return dropped.ok ? ok(fingerprint(key)) : dropped;
};

/**
 * On the main. Repeatable; `dualtone sync init` makes it anew. Faults: `sync-not-here`, `sync-in-use`, `sync-still-let-in`,
 * `peer-bad-answer`, those of the key, of reaching the other node, and of asking it.
 */
export const removeSync = async (
  config: Config,
  ask: AskRemoval,
  { preview, withKey, force }: RemoveOptions,
): Promise<Result<SyncRemoved>> => {
  if (config.node.role !== 'main')
    return fail('sync-not-here', "The key is the main's.", 'Give `dualtone sync remove` on the main.');
  const uses = usesOf(config);
  if (!preview && !force && uses.length > 0) return inUse(uses);
  const key = readPublicKey(sshTarget(config).keyFile);
  if (!key.ok) return key;
  const answer = await ask(publicKeyLine(key.value), preview);
  if (!answer.ok) return answer;
  const there = deauthorizedOf(answer.value);
  if (!there.ok) return there;
  const here = withKey ? ownThings(config) : [];
  const done = preview ? ok(null) : await finish(config, key.value, there.value, withKey);
  return done.ok ? ok({ ...there.value, key: fingerprint(key.value), here, uses, preview }) : done;
};
