/** How a telephone finds its server: an address, or a name of the DNS, asked for anew when what it was told has expired. */
import { Resolver } from 'node:dns/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Target } from '../../src/sip/transactions.ts';

/** A name, and the servers that tell it. */
export interface FollowedName {
  readonly name: string;
  readonly nameServers: readonly string[];
  readonly port: number;
}

export type Server = Target | FollowedName;

/** A question may take so long before the next server, or the next time. */
const askMs = 500;
/** After nothing was told. */
const againMs = 500;

/** The host part of addresses: the name, or the address. */
export const domainOf = (server: Server): string => ('name' in server ? server.name : server.address);

/**
 * A target that moves with the name; the address that was told last stays while nobody answers. Ends with the signal.
 * Fault: `lab-name-unknown` where nobody tells the name at first.
 */
export const followServer = async (server: Server, signal: AbortSignal): Promise<Result<Target>> => {
  if (!('name' in server)) return ok(server);
  const resolver = new Resolver({ timeout: askMs, tries: 1 });
  resolver.setServers([...server.nameServers]);
  let address = '';
  const ask = async (): Promise<void> => {
    const told = await resolver.resolve4(server.name, { ttl: true }).catch(() => []);
    const [first] = told;
    if (first !== undefined) address = first.address;
    if (signal.aborted) return;
    // A telephone keeps what it was told for as long as it may.
    setTimeout(() => void ask(), first === undefined ? againMs : first.ttl * 1000).unref();
  };
  await ask();
  if (address === '')
    return fail('lab-name-unknown', `Nobody tells ${server.name}.`, `Ask ${server.nameServers.join(', ')} with dig.`);
  return ok({
    get address() {
      return address;
    },
    port: server.port,
  });
};
