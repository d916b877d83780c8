/** Room where a PostgreSQL writes: its data, its log of changes, and tablespaces may each lie on a disk of their own. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Admin } from './setup/admin.ts';

/** The fullest of the disks. */
export interface DatabaseSpace {
  readonly freeBytes: number;
  /** What lies on it. */
  readonly directory: string;
}

const PLACES = `select current_setting('data_directory') as data,
  (select coalesce(json_agg(t.at), '[]') from (select pg_tablespace_location(oid) as at from pg_tablespace) t where t.at <> '') as tablespaces`;

interface Places {
  readonly data: string;
  readonly tablespaces: readonly string[];
}

const roomIn = async (directory: string): Promise<DatabaseSpace> => {
  const { bavail, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, directory };
};

/** Of this node's own server, seen by root. Faults: those of `Admin.rows`, `database-space-unknown`. */
export const databaseSpace = async (admin: Admin): Promise<Result<DatabaseSpace>> => {
  const rows = await admin.rows<Places>(PLACES);
  if (!rows.ok) return rows;
  const [{ data, tablespaces } = { data: '', tablespaces: [] }] = rows.value;
  try {
    const rooms = await Promise.all([data, join(data, 'pg_wal'), ...tablespaces].map(roomIn));
    return ok(rooms.reduce((least, room) => (room.freeBytes < least.freeBytes ? room : least)));
  } catch (error) {
    const why = messageOf(error);
    return fail(
      'database-space-unknown',
      `How much space PostgreSQL has cannot be seen: ${why}.`,
      'See to its data directory.',
    );
  }
};

/** What the other node said of its own; null: it is not understood. */
export const readSpace = (input: unknown): DatabaseSpace | null => {
  if (typeof input !== 'object' || input === null) return null;
  const { freeBytes, directory } = input as Partial<DatabaseSpace>;
  return typeof freeBytes === 'number' && typeof directory === 'string' ? { freeBytes, directory } : null;
};

const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

/** Twice what is to be written must be free: it comes into a temporary table first. Null space: not known, and nothing is said. */
export const spaceFault = (target: string, neededBytes: number, space: DatabaseSpace | null): Fault | null =>
  space === null || space.freeBytes >= neededBytes * 2
    ? null
    : fail(
        'database-space-short',
        `The disk of ${target} has ${mib(space.freeBytes)} free in ${space.directory}, and the run may write ${mib(neededBytes)} twice.`,
        'Make space on that disk.',
      ).error;
