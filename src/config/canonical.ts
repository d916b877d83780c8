import { isIPv4, SocketAddress } from 'node:net';

/** One spelling for each address. */
export const canonical = (address: string): string => {
  const parsed = SocketAddress.parse(isIPv4(address) ? `${address}:1` : `[${address}]:1`);
  return parsed?.address ?? address;
};
