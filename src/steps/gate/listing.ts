import type { Run } from '../../process/run.ts';
import { type Blueprint, TABLE } from './rules.ts';

/** What the kernel holds under the gate's name, as `nft` lists it. */
export interface Listing {
  /** `family name` of chains and sets. */
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  /** Number of rules by `family chain`. */
  readonly ruleCountByChain: ReadonlyMap<string, number>;
  readonly tables: readonly string[];
  /** Opened without a timeout. */
  readonly heldOpen: boolean;
}

interface Listed {
  readonly family?: string;
  readonly name?: string;
  readonly chain?: string;
  readonly elem?: readonly unknown[];
}

type Kind = 'table' | 'chain' | 'set' | 'rule';

const itemsOf = (json: string, kind: Kind): readonly Listed[] => {
  const parsed = JSON.parse(json) as { readonly nftables?: readonly Readonly<Partial<Record<Kind, Listed>>>[] };
  return (parsed.nftables ?? []).flatMap((item) => {
    const found = item[kind];
    return found === undefined ? [] : [found];
  });
};

const nameOf = ({ family, name }: Listed): string => `${family} ${name}`;

/** Reads `nft -j list table` of each family; a family that has no such table is not listed. Throws on what is no JSON. */
export const parseListing = (jsons: readonly string[]): Listing => {
  const all = (kind: Kind): readonly Listed[] => jsons.flatMap((json) => itemsOf(json, kind));
  const ruleCountByChain = new Map<string, number>();
  for (const { family, chain } of all('rule')) {
    const key = `${family} ${chain}`;
    ruleCountByChain.set(key, (ruleCountByChain.get(key) ?? 0) + 1);
  }
  return {
    tables: all('table').map(({ family }) => String(family)),
    chains: all('chain').map(nameOf),
    sets: all('set').map(nameOf),
    heldOpen: all('set').some(
      ({ family, name, elem }) => family === 'inet' && name === 'held' && (elem ?? []).length > 0,
    ),
    ruleCountByChain,
  };
};

const EMPTY: Listing = { chains: [], sets: [], ruleCountByChain: new Map(), tables: [], heldOpen: false };

const LIST_TIMEOUT_MS = 2000;

/** Looks at the kernel. What cannot be listed or understood counts as absent: it is then made anew. */
export const lookAtTables = async (run: Run): Promise<Listing> => {
  const listed = await Promise.all(
    ['inet', 'arp'].map((family) =>
      run(['nft', '-j', 'list', 'table', family, TABLE], { timeoutMs: LIST_TIMEOUT_MS, maxOutputBytes: 4 * 1024 ** 2 }),
    ),
  );
  try {
    return parseListing(listed.flatMap((each) => (each.ok && each.value.exitCode === 0 ? [each.value.stdout] : [])));
  } catch {
    return EMPTY;
  }
};

const expectedCounts = (blueprint: Blueprint): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { family, chain } of blueprint.rules) {
    const key = `${family} ${chain}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
};

/** The kernel holds this very rule set: same version, nothing taken away, nothing added. */
export const isIntact = (listing: Listing, blueprint: Blueprint): boolean => {
  const chains = blueprint.chains.map(nameOf);
  const sets = blueprint.sets.map(nameOf);
  const counts = expectedCounts(blueprint);
  return (
    chains.length === listing.chains.length &&
    chains.every((name) => listing.chains.includes(name)) &&
    sets.every((name) => listing.sets.includes(name)) &&
    counts.size === listing.ruleCountByChain.size &&
    [...counts].every(([chain, count]) => listing.ruleCountByChain.get(chain) === count)
  );
};

/** Commands that take away what another version of the rules left and this one does not have; its tickets stay. */
export const staleLines = (listing: Listing, blueprint: Blueprint): readonly string[] => {
  const kept = (names: readonly { readonly family: string; readonly name: string }[]): ReadonlySet<string> =>
    new Set(names.map(nameOf));
  const chains = kept(blueprint.chains);
  const sets = kept(blueprint.sets);
  const present = new Set<string>(blueprint.families);
  const inTable = (name: string): string => name.replace(' ', ` ${TABLE} `);
  const belongs = (name: string): boolean => present.has(name.split(' ')[0] ?? '');
  return [
    ...listing.tables.filter((family) => !present.has(family)).map((family) => `delete table ${family} ${TABLE}`),
    ...listing.tables.filter((family) => present.has(family)).map((family) => `flush table ${family} ${TABLE}`),
    ...listing.chains
      .filter((name) => belongs(name) && !chains.has(name))
      .map((name) => `delete chain ${inTable(name)}`),
    ...listing.sets.filter((name) => belongs(name) && !sets.has(name)).map((name) => `delete set ${inTable(name)}`),
  ];
};
