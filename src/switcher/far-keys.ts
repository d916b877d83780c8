/** What lets this node in at Edge and the contact centres: its key, their host keys, and the lines that a person puts there. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createKey, readPublicKey } from '../ssh/key.ts';
import { pinHost, pinnedKeys, scanHostKeys } from '../ssh/known-hosts.ts';
import { fingerprint, type PublicKey, publicKeyLine } from '../ssh/public-key.ts';

/** A host of `switches` that is reached by SSH. */
export interface FarPlace {
  readonly name: string;
  /** The forced command that it installs. */
  readonly program: 'dualtone-edge' | 'dualtone-cc';
  readonly user: string;
  readonly address: string;
  readonly port: number;
}

/** Of both sides: each node may have to stop what the other began. */
export const farPlacesOf = ({ switches: { edge, contactCentre } }: Config): readonly FarPlace[] => {
  const centres = (['main', 'standby'] as const).flatMap((role): readonly FarPlace[] => {
    const place = contactCentre?.[role] ?? null;
    if (contactCentre === null || place === null) return [];
    const { address, port } = place;
    return [
      { name: `the contact centre of the ${role}`, program: 'dualtone-cc', user: contactCentre.user, address, port },
    ];
  });
  if (edge === null) return centres;
  const { user, address, port } = edge;
  return [{ name: 'Edge', program: 'dualtone-edge', user, address, port }, ...centres];
};

/** The key of this node, made where there is none. Faults: those of `createKey`. */
export const ownKey = async (
  keyFile: string,
  node: string,
): Promise<Result<{ readonly key: PublicKey; readonly made: boolean }>> => {
  const there = readPublicKey(keyFile);
  if (there.ok) return ok({ key: there.value, made: false });
  if (there.error.code !== 'ssh-key-missing') return there;
  const created = await createKey(keyFile, node);
  return created.ok ? ok({ key: created.value, made: true }) : created;
};

/** What this key may do there: one program with a few verbs. */
export const forcedLine = ({ program }: Pick<FarPlace, 'program'>, key: PublicKey): string =>
  `restrict,command="/usr/local/sbin/${program}" ${publicKeyLine(key)}`;

export interface HostFound {
  readonly place: FarPlace;
  /** `new`: not known yet. `known`: one of them is pinned. `other`: others are pinned. */
  readonly state: 'new' | 'known' | 'other';
  readonly keys: readonly PublicKey[];
  readonly fingerprints: readonly string[];
}

const SCAN_MS = 5000;

/** Asks a host for its keys and compares them with those that are known. Faults: `ssh-unreachable`, those of `pinnedKeys`. */
export const findHost = async (
  place: FarPlace,
  knownHostsFile: string,
  scan: typeof scanHostKeys = scanHostKeys,
): Promise<Result<HostFound>> => {
  const pinned = pinnedKeys(knownHostsFile, place.address);
  if (!pinned.ok) return pinned;
  const scanned = await scan(place, SCAN_MS);
  if (!scanned.ok) return scanned;
  const keys = scanned.value;
  const isKnown = pinned.value.some((old) => keys.some(({ blob }) => blob === old.blob));
  const state = pinned.value.length === 0 ? 'new' : isKnown ? 'known' : 'other';
  return ok({ place, state, keys, fingerprints: keys.map((key) => `${key.type} ${fingerprint(key)}`) });
};

/** A person has compared the fingerprints. Faults: those of `pinHost`. */
export const keepHost = ({ place, keys }: HostFound, knownHostsFile: string): Result<boolean> =>
  pinHost(knownHostsFile, place.address, keys);
