/** The stream of AstDB between the two nodes. */
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { lookAtSecret } from '../files/secret.ts';
import type { Clock } from '../ports.ts';
import type { AriOptions } from '../replication/astdb/ari.ts';
import { createAstDbBase } from '../replication/astdb/base.ts';
import type { ManagerOptions } from '../replication/astdb/manager.ts';
import { type AstDbStatus, createAstDbStream } from '../replication/astdb/stream.ts';
import type { PairStream } from './pair-stream.ts';
import type { StreamInAgent } from './parts.ts';

/** How often Asterisk is asked whether it wrote anything; the question costs it and us a fifth of a millisecond. */
const POLL_MS = 200;

/** Both ends of AstDB's stream on this node: it sends while the node serves, else it receives. */
export interface AstDbInAgent extends StreamInAgent {
  status(): AstDbStatus & { readonly connected: boolean; readonly connection: string | null };
}

/** This node's REST interface, on loopback; null where it is not configured. Fault: `ari-secret-unreadable`. */
export const ariOf = ({ streams: { astdb } }: Config): Result<AriOptions | null> => {
  if (!astdb.enabled || astdb.ari === null) return ok(null);
  const { port, prefix, user, secretFile } = astdb.ari;
  const secret = lookAtSecret(secretFile);
  if (secret.ok) return ok({ host: '127.0.0.1', port, prefix, user, secret: secret.text.trim() });
  return fail(
    'ari-secret-unreadable',
    `The password of the REST interface, ${secretFile}, cannot be read: ${secret.why}.`,
    'Write the password of ari.conf into it, mode 0600, or set streams.astdb.ari to null.',
  );
};

/** Null where the stream is off, or there is no manager to read and write by. `ari` makes states of endpoints follow at once. */
export const createAstDbInAgent = (
  config: Config,
  stream: PairStream,
  manager: ManagerOptions | null,
  ari: AriOptions | null,
  clock: Clock,
): AstDbInAgent | null => {
  const { astdb } = config.streams;
  if (!astdb.enabled || manager === null) return null;
  const base = createAstDbBase({ manager, ari, rules: { include: astdb.include, exclude: astdb.exclude } }, clock);
  const options = { pollMs: POLL_MS, compareMs: astdb.resyncMs };
  const ends = createAstDbStream(options, base, stream.channel('astdb'), clock);
  return {
    start: () => ends.start(),
    setRight: (right) => ends.setRight(right),
    status: () => {
      const connected = stream.connected();
      const status = ends.status();
      if (connected) return { ...status, connected, connection: null };
      const lostAt = stream.lostAt();
      const silentMs = lostAt === null ? 0 : clock.now() - lostAt;
      const lagMs = status.lastSuccess === null ? null : POLL_MS + silentMs;
      return { ...status, lagMs, connected, connection: stream.trouble() };
    },
    stop: () => ends.stop(),
  };
};
