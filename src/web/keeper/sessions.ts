/** Logins: of each cookie only its SHA-256, on disk, so that a restarted server knows them. */
import { z } from 'zod';
import type { Result } from '../../core/result.ts';
import type { Millis, WallTime } from '../../core/words.ts';
import { createKeptFile } from './kept-file.ts';
import { newSecret, sha256 } from './users.ts';

const sessionSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  user: z.string(),
  createdAt: z.number(),
  endsAt: z.number(),
});

const fileSchema = z.strictObject({ version: z.literal(1), sessions: z.array(sessionSchema).max(2000) });

export type KeptSession = z.output<typeof sessionSchema>;

/** Of one user; a further login ends the oldest. */
const MOST_EACH = 20;
const MOST = 1000;

export interface Sessions {
  /** The cookie's secret, told this once. */
  begin(
    user: string,
    now: WallTime,
  ): { readonly secret: string; readonly session: KeptSession; readonly kept: Result<void> };
  find(secret: string, now: WallTime): KeptSession | null;
  end(secret: string, now: WallTime): KeptSession | null;
}

export const createSessions = (path: string, lifeMs: Millis): Sessions => {
  const kept = createKeptFile(path, fileSchema, { version: 1, sessions: [] });
  const read = kept.read();
  // A damaged file costs logins, which people can repeat.
  const bySha = new Map((read.ok ? read.value.sessions : []).map((each) => [each.sha256, each]));
  const sweep = (now: WallTime): void => {
    // A clock that was set back must not make a login last longer.
    for (const each of bySha.values())
      if (each.endsAt <= now || each.createdAt > now + 60_000) bySha.delete(each.sha256);
  };
  const save = (): Result<void> => kept.write({ version: 1, sessions: [...bySha.values()] });
  const dropOldest = (fits: (session: KeptSession) => boolean, most: number): void => {
    const found = [...bySha.values()].filter(fits);
    for (const each of found.slice(0, Math.max(0, found.length - most + 1))) bySha.delete(each.sha256);
  };
  return {
    begin: (user, now) => {
      sweep(now);
      dropOldest((each) => each.user === user, MOST_EACH);
      dropOldest(() => true, MOST);
      const secret = newSecret();
      const session = { sha256: sha256(secret), user, createdAt: now, endsAt: now + lifeMs };
      bySha.set(session.sha256, session);
      return { secret, session, kept: save() };
    },
    find: (secret, now) => {
      const session = bySha.get(sha256(secret));
      return session !== undefined && session.endsAt > now && session.createdAt <= now + 60_000 ? session : null;
    },
    end: (secret, now) => {
      const session = bySha.get(sha256(secret)) ?? null;
      if (session === null) return null;
      bySha.delete(session.sha256);
      sweep(now);
      save();
      return session;
    },
  };
};
