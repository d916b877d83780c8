/** The way for files between the nodes: a key of the main's own, let in at the standby for nothing but replication. */
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { ownProgram } from '../../process/own-program.ts';
import { sshTarget, tunnelForwards } from '../../replication/access.ts';
import type { StreamReporter } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import { type Allowances, addAuthorized, authorizedLine } from '../../ssh/authorized.ts';
import { createKey, readPublicKey } from '../../ssh/key.ts';
import { pinHost, readHostKeys } from '../../ssh/known-hosts.ts';
import { fingerprint, type PublicKey, parsePublicKey, publicKeyLine } from '../../ssh/public-key.ts';
import type { TunnelEnd } from '../../ssh/tunnel.ts';
import type { PeerWay } from '../peer-way.ts';

const ASK_MS = 15_000;

/** This program as the other node's key may run it here. */
const forcedCommand = (): readonly string[] => [ownProgram(), 'sync', 'serve'];

const textOf = (input: unknown, key: string): string => {
  const value = typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>)[key] : null;
  return typeof value === 'string' && value.length < 4000 ? value : '';
};

/** Ports of this node's loopback at which the other node's tunnel may arrive, and on which it may listen. */
export const allowedPorts = (config: Config): Pick<Allowances, 'openPorts' | 'listenPorts'> => {
  // What the main's tunnel carries: nothing is let in that it does not ask for.
  const forwards = tunnelForwards(config);
  const portsOf = (ends: readonly TunnelEnd[]): readonly number[] =>
    ends.flatMap((end) => ('port' in end ? [end.port] : []));
  return {
    openPorts: portsOf(forwards.filter(({ listens }) => listens === 'here').map(({ to }) => to)),
    listenPorts: portsOf(forwards.filter(({ listens }) => listens === 'there').map(({ from }) => from)),
  };
};

/** What the other node's key may do here: be served files, and reach what the configuration sends through SSH. */
export const lineFor = (config: Config, key: PublicKey): Result<string> =>
  authorizedLine(key, { command: forcedCommand(), ...allowedPorts(config) });

/** Where sshd looks for the keys of root. */
export const AUTHORIZED_KEYS = '/root/.ssh/authorized_keys';

/** What the other node must know of this one, once its key is let in. */
export interface Authorized {
  /** False: it was let in already, with the same limits. */
  readonly added: boolean;
  readonly key: string;
  /** Lines as in a `.pub` file. */
  readonly hostKeys: readonly string[];
}

/**
 * Lets the main's key in here, for replication and nothing else; repeatable. `publicKey` is the line of its `.pub` file.
 * Faults: `ssh-key-malformed`, `sync-not-here`, `ssh-command-unsafe`, those of the files.
 */
export const authorizeKey = (config: Config, publicKey: string, file = AUTHORIZED_KEYS): Result<Authorized> => {
  if (config.node.role !== 'standby') {
    return fail(
      'sync-not-here',
      'It is the main that connects: its key is let in at the standby.',
      'Give the command on the standby, with the public key of the main.',
    );
  }
  const key = parsePublicKey(publicKey);
  if (!key.ok) return key;
  const line = lineFor(config, key.value);
  if (!line.ok) return line;
  const added = addAuthorized(file, line.value);
  if (!added.ok) return added;
  const host = readHostKeys();
  if (!host.ok) return host;
  return ok({ added: added.value, key: fingerprint(key.value), hostKeys: host.value.map(publicKeyLine) });
};

/** Lets the other node's key in when it asks over the pair's own stream, which is proved by the pair's key. */
export const answerSync = (config: Config, talk: Talk, reporter: StreamReporter): void => {
  talk.answer('authorize', async (parameters) => {
    const done = authorizeKey(config, textOf(parameters, 'publicKey'));
    reporter.note('sync-authorize', done.ok ? done.value : done.error);
    return done;
  });
};

/** The host keys in an answer of `authorize`; none where it is odd. */
export const hostKeysOf = (answer: unknown): readonly PublicKey[] => {
  const list = typeof answer === 'object' && answer !== null ? (answer as { hostKeys?: unknown }).hostKeys : null;
  if (!Array.isArray(list)) return [];
  return list
    .slice(0, 20)
    .map((line) => parsePublicKey(typeof line === 'string' ? line : ''))
    .flatMap((key) => (key.ok ? [key.value] : []));
};

/** This node's key, made where there is none. */
export const ownKey = async (config: Config): Promise<Result<{ readonly key: PublicKey; readonly isNew: boolean }>> => {
  const { keyFile } = sshTarget(config);
  const made = await createKey(keyFile, config.node.role);
  const key = made.ok || made.error.code !== 'ssh-key-exists' ? made : readPublicKey(keyFile);
  return key.ok ? ok({ key: key.value, isNew: made.ok }) : key;
};

/**
 * Makes the key where there is none, has the other node let it in, and pins that node's host keys; repeatable. Faults: those of the
 * key and of the talk.
 */
export const initSync = async (
  config: Config,
  talk: Talk,
  way: Pick<PeerWay, 'renew'>,
  reporter: StreamReporter,
): Promise<Result<unknown>> => {
  const target = sshTarget(config);
  const key = await ownKey(config);
  if (!key.ok) return key;
  const asked = await talk.ask('authorize', { publicKey: publicKeyLine(key.value.key) }, ASK_MS);
  if (!asked.ok) return asked;
  const hostKeys = hostKeysOf(asked.value);
  const pinned = pinHost(target.knownHostsFile, target.hostAlias, hostKeys, true);
  if (!pinned.ok) return pinned;
  way.renew();
  const done = {
    key: fingerprint(key.value.key),
    made: key.value.isNew,
    pinned: hostKeys.map(fingerprint),
    text: `${config.peer.name} lets ${config.node.name} in for replication and nothing else; its host key is pinned.`,
  };
  reporter.note('sync-init', done);
  return ok(done);
};
