import { createHash, randomInt } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** One lab's addresses: a /24 of 10.0.0.0/8 and a /64 of fd00::/8, both made from the run id. */
export interface Subnet {
  /** First three octets, as in `10.77.3`. */
  readonly v4: string;
  /** First four groups, as in `fd4c:1a2b:3c4d:0`. */
  readonly v6: string;
}

export interface Address {
  readonly v4: string;
  readonly v6: string;
}

/** Who has which last octet, in every lab. */
export const octetByRole = {
  gateway: 1,
  virtual: 10,
  main: 11,
  standby: 12,
  checkpoint1: 21,
  checkpoint2: 22,
  checkpoint3: 23,
  phones: 31,
  provider: 41,
  'eye-main': 51,
  'eye-standby': 52,
  edge: 61,
  'cc-main': 62,
  'cc-standby': 63,
  berofos: 64,
  reporting: 65,
  provisioning: 66,
  mds1: 67,
  mds2: 68,
  'desk-phone': 69,
  dns1: 71,
  dns2: 72,
  mail: 73,
  wan: 74,
  'bmc-main': 81,
  'bmc-standby': 82,
  hypervisor: 83,
  etcd1: 91,
  etcd2: 92,
  etcd3: 93,
  /** The standby's address as all others know it, where it is behind NAT. */
  'standby-outside': 112,
} as const;

const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A new run id: four letters that cannot be misread. */
export const newRunId = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');

/** Run ids name folders, cgroups and namespaces. */
export const isRunId = (text: string): boolean => /^[a-z0-9]{1,8}$/.test(text);

/** Host names become interface names, of which the kernel takes 15 characters: `p-` and twelve more. */
export const isHostName = (text: string): boolean => /^[a-z][a-z0-9-]{0,11}$/.test(text);

export const netnsName = (runId: string, host: string): string => `dt-${runId}-${host}`;

/** The subnet for a run id at a given attempt; attempts differ, so a taken one is stepped over. */
export const subnetFor = (runId: string, attempt: number): Subnet => {
  const digest = createHash('sha256').update(`${runId}/${attempt}`).digest();
  const group = (at: number): string => digest.readUInt16BE(at).toString(16);
  return {
    v4: `10.${64 + (digest.readUInt8(0) % 128)}.${digest.readUInt8(1)}`,
    v6: `fd${digest.toString('hex', 2, 3)}:${group(3)}:${group(5)}:0`,
  };
};

export const addressOf = (subnet: Subnet, octet: number): Address => ({
  v4: `${subnet.v4}.${octet}`,
  v6: `${subnet.v6}::${octet.toString(16)}`,
});

/** A stable link address, as real hardware has: it stays over a reboot. */
export const linkAddressOf = (subnet: Subnet, octet: number): string => {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const [, second = 0, third = 0] = subnet.v4.split('.').map(Number);
  return `02:dc:${hex(second)}:${hex(third)}:00:${hex(octet)}`;
};

const bits = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** Whether a route destination (`10.1.2.0/24`, `10.1.2.3`, `default`) shares addresses with the /24. The default route does not count. */
export const overlaps = (subnet: Subnet, destination: string): boolean => {
  const [address = '', lengthText = '32'] = destination.split('/');
  const length = Number(lengthText);
  if (!isIPv4(address) || length === 0) return false;
  const size = 2 ** (32 - Math.min(24, length));
  return Math.floor(bits(address) / size) === Math.floor(bits(`${subnet.v4}.0`) / size);
};

/** The first subnet for a run id that meets no route of this machine and no other lab. */
export const pickSubnet = (runId: string, routes: readonly string[], taken: readonly Subnet[]): Subnet | undefined => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const subnet = subnetFor(runId, attempt);
    const isFree =
      !routes.some((route) => overlaps(subnet, route)) &&
      !taken.some(({ v4, v6 }) => v4 === subnet.v4 || v6 === subnet.v6);
    if (isFree) return subnet;
  }
  return undefined;
};
