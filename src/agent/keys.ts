/** The keys of this machine: one of the pair, one with each checkpoint that has its own, and who this machine is to the other node. */
import type { CheckpointConfig, Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import type { Role, VoterName } from '../core/words.ts';
import { type Identity, loadIdentity } from '../peer/identity.ts';
import { loadKey, type PairKey } from '../peer/key.ts';

export interface OwnKeys {
  readonly pair: PairKey;
  /** Keys with one other alone. */
  readonly keyByPeer: ReadonlyMap<VoterName, PairKey>;
  /** Null where the other node is not pinned. */
  readonly identity: Identity | null;
}

const keysOf = (fileByPeer: Readonly<Record<string, string | undefined>>): Result<Map<VoterName, PairKey>> => {
  const keyByPeer = new Map<VoterName, PairKey>();
  for (const [name, file] of Object.entries(fileByPeer)) {
    if (file === undefined) continue;
    const key = loadKey(file);
    if (!key.ok) return key;
    keyByPeer.set(name, key.value);
  }
  return ok(keyByPeer);
};

/** Fails with a `key-…` or `identity-…` code. */
export const nodeKeys = ({ keyFile, peer, identityFile, arbiter }: Config): Result<OwnKeys> => {
  const pair = loadKey(keyFile);
  if (!pair.ok) return pair;
  const voters = arbiter.kind === 'checkpoints' ? arbiter.checkpoints : [];
  const keys = keysOf(Object.fromEntries(voters.map((voter) => [voter.name, voter.keyFile])));
  if (!keys.ok) return keys;
  const identity = peer.pin === null ? ok(null) : loadIdentity(identityFile);
  return identity.ok ? ok({ pair: pair.value, keyByPeer: keys.value, identity: identity.value }) : identity;
};

/** Its key with each node. Fails with a `key-…` code. */
export const checkpointKeys = ({ keyFile, nodes }: CheckpointConfig): Result<Readonly<Record<Role, PairKey>>> => {
  const main = loadKey(nodes.main.keyFile ?? keyFile);
  if (!main.ok) return main;
  const standby = loadKey(nodes.standby.keyFile ?? keyFile);
  return standby.ok ? ok({ main: main.value, standby: standby.value }) : standby;
};
