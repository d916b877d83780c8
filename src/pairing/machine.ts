/** What this machine is and has, before anything changes. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { askSnapshot } from '../api/client.ts';
import { readRaw } from '../config/edit.ts';
import { type Machine, thisMachine } from '../config/machine.ts';
import { contains } from '../config/relations/relations.ts';
import { isRecord } from '../core/words.ts';
import { type Places, pathsOf } from './plan.ts';

export const readText = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Differs from machine to machine, and tells nothing of it: a digest of its machine id. */
export const machineDigest = ({ etcDir }: Places): string => {
  const id = readText(join(dirname(etcDir), 'machine-id'))?.trim() ?? '';
  return id === '' ? '' : createHash('sha256').update(`dualtone machine 1\0${id}`).digest('base64url');
};

interface OwnAddress {
  readonly interface: string;
  readonly address: string;
  /** With its prefix. */
  readonly network: string;
}

/** All addresses of this machine that others may reach it by; loopback last. */
export const ownAddresses = (): readonly OwnAddress[] =>
  Object.entries(networkInterfaces())
    .flatMap(([name, list]) =>
      (list ?? []).flatMap(({ address, cidr, internal, scopeid }) =>
        cidr === null || (scopeid ?? 0) !== 0 ? [] : [{ interface: name, address, network: cidr, internal }],
      ),
    )
    .toSorted((one, other) => Number(one.internal) - Number(other.internal))
    .map(({ interface: name, address, network }) => ({ interface: name, address, network }));

/** On loopback every address of 127.0.0.0/8 is the machine’s own: for training and tests. */
const LOOPBACK = '127.0.0.0/8';

export const networksFor = (address: string): readonly string[] => [
  ...(contains(LOOPBACK, address) ? [`${address}/8`] : []),
  ...ownAddresses().map(({ network }) => network),
];

/** The interface on which the address lives. */
export const interfaceOf = (address: string): string | null =>
  ownAddresses().find((each) => each.address === address)?.interface ?? (contains(LOOPBACK, address) ? 'lo' : null);

/** The first address that is not loopback; the one in the network of `near` where there is one. */
export const likelyAddress = (near: string | null): string | null => {
  const all = ownAddresses();
  const inNetwork =
    near === null ? undefined : all.find(({ network, address }) => contains(network, near) && address !== near);
  const usual = all.find(({ address, interface: name }) => isIPv4(address) && name !== 'lo');
  return (inNetwork ?? usual)?.address ?? null;
};

/** The first part of the host’s name, as far as it can be a name of ours. */
export const likelyName = (fallback: string): string => {
  const name = (hostname().split('.')[0] ?? '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '-')
    .replaceAll(/^[-_]+|[-_]+$/g, '')
    .slice(0, 32);
  return name === '' || name === 'localhost' || name === 'main' || name === 'standby' ? fallback : name;
};

/** The router of the default route where it is in the network of `address`: it stays when a node dies. Null where there is none. */
export const gatewayNear = (address: string): string | null => {
  const line = readText('/proc/net/route')
    ?.split('\n')
    .find((each) => each.split('\t')[1] === '00000000');
  const hex = line?.split('\t')[2] ?? '';
  if (!/^[0-9A-F]{8}$/.test(hex)) return null;
  const gateway = [...Buffer.from(hex, 'hex')].toReversed().join('.');
  return ownAddresses().some((each) => each.address === address && contains(each.network, gateway)) ? gateway : null;
};

export interface Standing {
  /** The text of the node’s file, null where there is none. */
  readonly config: string | null;
  readonly checkpointConfig: string | null;
  /** Pin of the other node. */
  readonly pairedWith: string | null;
  /** It is active now. */
  readonly serving: boolean;
  /** An agent answers. */
  readonly isRunning: boolean;
  readonly calls: number | null;
}

/** What there is already: its files, and what its agent says. */
export const standingOf = async (places: Places): Promise<Standing> => {
  const paths = pathsOf(places);
  const config = readText(paths.config);
  const peer = readRaw(config ?? '')['peer'];
  const pin = isRecord(peer) ? peer['pin'] : null;
  const asked = existsSync(paths.socket) ? await askSnapshot(paths.socket) : null;
  const snapshot = asked?.ok === true && asked.value.kind === 'node' ? asked.value : null;
  return {
    config,
    checkpointConfig: readText(paths.checkpointConfig),
    pairedWith: typeof pin === 'string' ? pin : null,
    serving: snapshot !== null && (snapshot.server === 'this' || snapshot.server === 'both'),
    isRunning: asked?.ok === true,
    calls: null,
  };
};

/** This machine, with files that are about to be written: a plan is checked as if it were done. */
export const machineWith = (planned: readonly string[], address: string): Machine => ({
  ...thisMachine,
  file: (path) =>
    planned.includes(path) ? { mode: 0o600, uid: thisMachine.uid, regular: true } : thisMachine.file(path),
  addresses: () => [...thisMachine.addresses(), ...(contains(LOOPBACK, address) ? [address] : [])],
});
