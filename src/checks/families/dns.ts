/** Checks of names by which phones find whoever serves: what is kept long is called long after it has moved. */
import { Resolver } from 'node:dns/promises';
import { type Definition, failed, notApplicable, PACE, passed, unknown } from '../check.ts';

export interface NameRecord {
  readonly address: string;
  /** Seconds for which who asked now may keep it. */
  readonly ttl: number;
}

/** Throws with `code` as the resolver of Node does. */
export type ResolveName = (name: string, signal: AbortSignal) => Promise<readonly NameRecord[]>;

/** Phones find the node that serves within this, and no later. */
export const LONGEST_TTL = 30;

const ABSENT: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** By the system's name servers, or by these (`address:port`). */
export const resolveBy =
  (servers: readonly string[] = []): ResolveName =>
  async (name, signal) => {
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    if (servers.length > 0) resolver.setServers(servers);
    const onAbort = (): void => resolver.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const asked = await Promise.allSettled([
        resolver.resolve4(name, { ttl: true }),
        resolver.resolve6(name, { ttl: true }),
      ]);
      const found = asked.flatMap((each): readonly NameRecord[] => (each.status === 'fulfilled' ? each.value : []));
      const errors = asked.flatMap((each): readonly unknown[] => (each.status === 'rejected' ? [each.reason] : []));
      // A name with addresses of one kind has none of the other.
      if (found.length > 0) return found;
      throw errors.find((error) => !ABSENT.has(codeOf(error))) ?? errors[0];
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };

const ttlIsShort = (resolve: ResolveName): Definition => ({
  id: 'dns-ttl-short',
  about: 'Names by which phones find the active node (`checks.names`) exist, and are kept for 30 s at most.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Give these records a TTL of 30 s or less at their authoritative server, a day before service may move.',
  try: async ({ config }, signal) => {
    const { names } = config.checks;
    if (names.length === 0) return notApplicable('`checks.names` has none: phones find the pair by an address');
    const longest = [];
    for (const name of names) {
      try {
        const ttl = Math.max(...(await resolve(name, signal)).map((each) => each.ttl));
        if (ttl > LONGEST_TTL)
          return failed(`${name} may be kept for ${ttl} s: so long a phone calls who served before`);
        longest.push(`${name} ${ttl} s`);
      } catch (error) {
        const code = codeOf(error);
        if (ABSENT.has(code)) return failed(`${name} has no address`);
        return unknown(`the name servers do not tell of ${name}: ${typeof code === 'string' ? code : String(error)}`);
      }
    }
    // A name server in between tells what is left of it: never more than it is, often less.
    return passed(`kept at most, by the name servers of this node: ${longest.join(', ')}`);
  },
});

export const createDnsChecks = (resolve: ResolveName = resolveBy()): readonly Definition[] => [ttlIsShort(resolve)];
