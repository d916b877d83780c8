/** What a node's MySQL is steered by. */
import type { Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { StreamReporter } from '../stream.ts';
import type { Talk } from '../talk.ts';
import type { MysqlAccess } from './connection.ts';
import type { Filters, ServerId, Source } from './dialect.ts';

export interface MysqlNodeOptions {
  readonly serverId: ServerId;
  readonly access: () => Result<MysqlAccess>;
  /** How this node's server reaches the other's; asked for at each beginning. */
  readonly source: () => Promise<Result<Source>>;
  /** Where that is by the configuration of now; a link from elsewhere is set up anew. */
  readonly place: () => Pick<Source, 'host' | 'port'>;
  readonly filters: Filters;
  /** Null: a commit never waits for the other. */
  readonly semiSyncWaitMs: Millis | null;
  readonly catchUpMs: Millis;
  /** Up to where a person has let through what is on this side only, as the server writes positions; empty: nothing. */
  readonly accepted: () => string;
  readonly talk: Talk;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}
