/** This node's database and the other's, as runs between them reach them. */
import type { Config } from '../../config/config.ts';
import { ok, type Result } from '../../core/result.ts';
import { localDatabase, peerDatabase, readSecret } from '../../replication/access.ts';
import type { DatabaseAccess } from '../../replication/postgres/connection.ts';
import { type DatabaseSpace, databaseSpace, readSpace } from '../../replication/postgres/space.ts';
import type { StreamReporter } from '../../replication/stream.ts';
import type { Talk } from '../../replication/talk.ts';
import { adminOf, followCertificate } from '../peer-certificate.ts';
import type { PeerWay } from '../peer-way.ts';

export interface BothDatabases {
  readonly here: DatabaseAccess;
  readonly there: DatabaseAccess;
}

export interface Databases {
  /** Read anew for each run: passwords and certificates may change. Faults: those of the way, `secret-…`, `database-not-pinned`. */
  both(): Promise<Result<BothDatabases>>;
  /** Room where this node's database writes; null: not known. */
  spaceHere(): Promise<DatabaseSpace | null>;
  spaceThere(): Promise<DatabaseSpace | null>;
}

const ASK_MS = 10_000;

/** Answers the other node for this one's. */
export const createDatabases = (config: Config, talk: Talk, way: PeerWay, reporter: StreamReporter): Databases => {
  const learn = followCertificate(config, talk, reporter);
  const own = () => databaseSpace(adminOf(config));
  talk.answer('database-space', own);
  return {
    both: async () => {
      await learn();
      const password = readSecret(config.streams.database.passwordFile);
      if (!password.ok) return password;
      const there = peerDatabase(config, password.value);
      if (!there.ok) return there;
      const open = await way.toDatabase();
      return open.ok ? ok({ here: localDatabase(config, password.value), there: there.value }) : open;
    },
    spaceHere: async () => {
      const space = await own();
      return space.ok ? space.value : null;
    },
    spaceThere: async () => {
      const answer = await talk.ask('database-space', null, ASK_MS);
      return answer.ok ? readSpace(answer.value) : null;
    },
  };
};
