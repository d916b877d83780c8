/** This node's database, as it is told to the other node. */
import type { Config } from '../config/config.ts';
import { localDatabase, readSecret } from '../replication/access.ts';
import { readDatabaseFacts } from './database-facts.ts';

const ANSWER_MS = 4000;

/** Null where none follows, or it does not answer. */
export const readOwnDatabase = async (config: Config): Promise<Readonly<Record<string, string>> | null> => {
  const { database } = config.streams;
  if (database.mode === 'off') return null;
  const password = readSecret(database.passwordFile);
  if (!password.ok) return null;
  // Loaded only where a database follows.
  const { connectDatabase } = await import('../replication/postgres/connection.ts');
  const access = { ...localDatabase(config, password.value), connectMs: ANSWER_MS, statementMs: ANSWER_MS };
  const opened = await connectDatabase(access, AbortSignal.timeout(2 * ANSWER_MS));
  if (!opened.ok) return null;
  const facts = await readDatabaseFacts(opened.value);
  await opened.value.close();
  return facts.ok ? facts.value : null;
};
