/** The transaction at the target, under its guard: `dualtone.begin_apply` and `dualtone.may_receive`, which set-up installs. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Epoch } from '../../../core/words.ts';
import type { Database } from '../connection.ts';
import { sqlStateOf } from '../database-fault.ts';

/** Raised by our own statement when the guard says no. */
const REFUSED = 'DT001';

/** Memory for comparing tables of ordinary size without files; taken only where it is needed, and given back at the end. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL work_mem = '32MB'; SET temp_buffers = '32MB'`;

const guarded = (name: string, why: string) =>
  fail(
    'database-guarded',
    `${name} takes nothing in now: ${why}.`,
    'See `dualtone status`: a node that serves, or whose collected data are not merged yet, is not overwritten.',
  );

/**
 * Begins; from here on triggers and foreign keys of the target rest, and who takes service there ends this session.
 * Each statement sees what is committed, so that the guard at the end is the guard of that moment.
 */
export const beginTarget = async (target: Database): Promise<Result<null>> => {
  const begun = await target.run(BEGIN);
  if (!begun.ok) return begun;
  const applying = await target.run('SELECT dualtone.begin_apply()');
  if (applying.ok) return ok(null);
  const state = sqlStateOf(applying.error);
  if (state === '3F000' || state === '42883')
    return fail(
      'database-not-set-up',
      `${target.name} is not prepared for replication.`,
      'Run `dualtone database setup` on that node.',
    );
  if (state === '55000') return guarded(target.name, 'it serves, or has data that are not merged');
  return applying;
};

/**
 * The guard and the commit travel in one packet: a sender that stops between them cannot exist.
 * A fault of the connection here leaves open which of both happened; either way it is whole.
 */
export const commitTarget = async (target: Database, epoch: Epoch): Promise<Result<null>> => {
  if (!Number.isSafeInteger(epoch)) throw new Error('an epoch is an integer');
  const committed = await target.run(
    `DO $guard$ BEGIN IF dualtone.may_receive(${epoch}) IS NOT TRUE THEN ` +
      `RAISE EXCEPTION 'refused' USING ERRCODE = '${REFUSED}'; END IF; END $guard$; COMMIT`,
  );
  if (committed.ok) return ok(null);
  const state = sqlStateOf(committed.error);
  return state === REFUSED || state === '55000'
    ? guarded(target.name, 'it serves, has data that are not merged, or knows a newer term')
    : committed;
};
