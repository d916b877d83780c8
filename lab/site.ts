import type { Result } from '../src/core/result.ts';
import type { Role } from '../src/core/words.ts';

/** What stands around a pair, installed on its hosts, and what the nodes need to reach it. */
export interface Site {
  /** Of a node's disk, at each installation of the pair. */
  readonly installNode: (role: Role) => Promise<Result<void>>;
}
