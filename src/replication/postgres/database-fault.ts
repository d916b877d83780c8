/** What PostgreSQL and the way to it answer, in plain words. */
import { type Fault, fail } from '../../core/result.ts';

/** A fault of the database; `sqlState` null when the server did not say it. */
export interface DatabaseFault extends Fault {
  readonly sqlState: string | null;
  readonly table: string | null;
  readonly constraint: string | null;
}

type Failed = { readonly ok: false; readonly error: DatabaseFault };

interface ServerError {
  readonly code: string | null;
  readonly message: string;
  readonly table: string | null;
  readonly constraint: string | null;
  /** At what it was when it failed: `while updating tuple (0,7) in relation "queue"`. */
  readonly where: string | null;
}

const textOf = (input: unknown): string | null => (typeof input === 'string' && input !== '' ? input : null);

const readError = (error: unknown): ServerError => {
  if (typeof error !== 'object' || error === null)
    return { code: null, message: String(error), table: null, constraint: null, where: null };
  const fields = error as Readonly<Record<string, unknown>>;
  // Of an AggregateError (several addresses tried) the first tells enough.
  const inner: unknown = Array.isArray(fields['errors']) ? fields['errors'][0] : undefined;
  const message = textOf(fields['message']) ?? (inner instanceof Error ? inner.message : 'no message');
  return {
    code: textOf(fields['code']),
    message,
    table: textOf(fields['table']),
    constraint: textOf(fields['constraint']),
    where: textOf(fields['where']),
  };
};

const sentence = (text: string): string => text.trim().replace(/[.\s]+$/u, '');

const withState = (
  result: { readonly ok: false; readonly error: Fault },
  { code, table, constraint }: ServerError,
): Failed => ({
  ok: false,
  error: { ...result.error, sqlState: code !== null && /^[0-9A-Z]{5}$/.test(code) ? code : null, table, constraint },
});

const constraintFault = (name: string, { message, table, constraint }: ServerError) =>
  fail(
    'database-conflict',
    `On ${name} a row of \`${table ?? '?'}\` does not fit (${constraint ?? '?'}): ${sentence(message)}.`,
    'Compare the rows of both nodes; a row that a node keeps for itself may stand in the way of one that is copied.',
  );

/** Those whose code tells all; the rest is told by its class. */
const byCode = (name: string, { code, message, where }: ServerError) => {
  switch (code ?? '') {
    case '28P01':
    case '28000':
      return fail(
        'database-login-refused',
        `${name} refused the login of Dualtone: ${sentence(message)}.`,
        'Compare the password file on both nodes and pg_hba.conf; `dualtone database setup` sets both.',
      );
    case '3D000':
      return fail(
        'database-missing',
        `${name} has no such database: ${sentence(message)}.`,
        'Correct `streams.database.database`.',
      );
    case '42501':
      return fail(
        'database-not-allowed',
        `On ${name} Dualtone's role lacks a right: ${sentence(message)}.`,
        'Run `dualtone database setup` there again: it grants what is missing.',
      );
    case '25006':
      return fail(
        'database-read-only',
        `${name} does not take changes: ${sentence(message)}.`,
        'End its recovery, or set default_transaction_read_only off.',
      );
    case '55P03':
      return fail(
        'database-locked',
        `On ${name} a lock was not had in time${where === null ? '' : ` (${sentence(where)})`}: ${sentence(message)}.`,
        'See pg_stat_activity there for the session that holds it; the next run tries again.',
      );
    case '57014':
      return fail(
        'database-too-slow',
        `A statement on ${name} took too long and was ended: ${sentence(message)}.`,
        'See its load, or raise `streams.database.time-limit`.',
      );
    case '53100':
      return fail('database-disk-full', `The disk of ${name} is full: ${sentence(message)}.`, 'Make space there.');
    default:
      return null;
  }
};

const byClass = (name: string, error: ServerError) => {
  const { code, message } = error;
  if (code?.startsWith('23') === true) return constraintFault(name, error);
  if (code === '57P03' || code === '53300' || code === '57P01' || code === '57P02' || code === '25P03')
    return fail(
      'database-not-serving',
      `${name} does not serve: ${sentence(message)}.`,
      'See its log; the next run tries again.',
    );
  if (code !== null && /^[0-9A-Z]{5}$/.test(code))
    return fail(
      'database-refused',
      `${name} refused a statement: ${sentence(message)} (${code}).`,
      'See the log of PostgreSQL there.',
    );
  return null;
};

const TLS_WORDS = /certificate|self.signed|SSL|TLS|altname|issuer/i;

const byWay = (name: string, { code, message }: ServerError) => {
  if (TLS_WORDS.test(`${code ?? ''} ${message}`))
    return fail(
      'database-tls',
      `The encrypted connection to ${name} failed: ${sentence(message)}.`,
      'Compare `streams.database.ca-file` with its certificate, or run `dualtone database setup` to pin it again.',
    );
  if (/^E[A-Z]+$/.test(code ?? '') && code !== 'ECONNRESET' && code !== 'EPIPE')
    return fail(
      'database-unreachable',
      `${name} is not reached: ${sentence(message)}.`,
      'Check that PostgreSQL runs there, listens, and that the firewall lets 5432 (or SSH) through.',
    );
  return fail(
    'database-lost',
    `The connection to ${name} broke: ${sentence(message)}.`,
    'See the network and the log of PostgreSQL there; the next run tries again.',
  );
};

/** Whatever `pg` threw, as a fault; `name` is what people call that database. */
export const databaseFault = (name: string, error: unknown): Failed => {
  const read = readError(error);
  return withState(byCode(name, read) ?? byClass(name, read) ?? byWay(name, read), read);
};

const bare: ServerError = { code: null, message: '', table: null, constraint: null, where: null };

/** Nothing came back in time; the connection is gone with it. */
export const silentFault = (name: string, what: string, ms: number): Failed =>
  withState(
    fail(
      'database-silent',
      `${name} did not ${what} within ${ms} ms.`,
      'See its load and the network; a firewall that drops silently looks the same.',
    ),
    bare,
  );

/** The run was called off. */
export const abortedFault = (name: string): Failed =>
  withState(fail('database-aborted', `The work on ${name} was called off.`, 'Nothing to do.'), bare);

/** The SQLSTATE of a fault that PostgreSQL itself answered, otherwise null. */
export const sqlStateOf = (fault: Fault): string | null =>
  'sqlState' in fault && typeof fault.sqlState === 'string' ? fault.sqlState : null;
