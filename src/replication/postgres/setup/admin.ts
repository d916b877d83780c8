/** The local administrator's way into a node's PostgreSQL: psql as the system's own user, SQL on standard input. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import { createPsqlSession } from './psql-session.ts';

export interface AdminOptions {
  /** The system user that PostgreSQL takes for its administrator (`peer` in pg_hba.conf). */
  readonly osUser: string;
  /** Directory of the server's socket. */
  readonly socket: string;
  readonly port: number;
  readonly database: string;
  /** How long one statement may wait for a lock before it gives up: what waits here makes others wait. */
  readonly lockTimeMs: Millis;
  /** One call, at most. */
  readonly timeLimitMs: Millis;
}

/** Faults of all: `database-admin-failed`, and those of the process runner. */
export interface Admin {
  /** One query; its rows. Numbers beyond 2^53 must be cast to text. */
  rows<T>(query: string): Promise<Result<readonly T[]>>;
  /** A script. Stops at the first error; in one transaction unless `transaction` is false. */
  execute(script: string, options?: { readonly transaction?: boolean }): Promise<Result<void>>;
  /** Each statement for itself: what fails is told and does not keep the rest. Element n: null, or what PostgreSQL said. */
  each(statements: readonly string[]): Promise<Result<readonly (string | null)[]>>;
  readonly database: string;
  readonly osUser: string;
}

const adminFailed = (database: string, said: string) =>
  fail(
    'database-admin-failed',
    `PostgreSQL did not do what its administrator was asked in database ${database}: ${said.replace(/\.?$/, '.')}`,
    'See that PostgreSQL runs on this node and that `runuser -u postgres -- psql` works there.',
  );

const firstError = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const error = lines.find((line) => /(ERROR|FATAL|error):/.test(line)) ?? lines.at(0) ?? 'it ended without a word';
  return error.replace(/^.*?(?:psql:[^ ]* ?)?(?:ERROR|FATAL|error): */, '').trim();
};

const VERSIONS = '/usr/lib/postgresql';

/** Debian's `psql` is a Perl program that finds the newest one, each time anew, in eight times the time; elsewhere it is psql itself. */
const findPsql = (): string => {
  let versions: readonly string[];
  try {
    versions = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a));
  } catch {
    return 'psql';
  }
  return versions.map((version) => `${VERSIONS}/${version}/bin/psql`).find((path) => existsSync(path)) ?? 'psql';
};

const argvFor = (options: AdminOptions): readonly string[] => {
  const psql = [
    findPsql(),
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-At',
    '-h',
    options.socket,
    '-p',
    String(options.port),
  ];
  const whole = [...psql, '-U', 'postgres', '-d', options.database, '-f', '-'];
  return process.getuid?.() === 0 ? ['runuser', '-u', options.osUser, '--', ...whole] : whole;
};

const preamble = (options: AdminOptions): string =>
  `set client_encoding = 'UTF8'; set standard_conforming_strings = on; set client_min_messages = warning;
set lock_timeout = ${options.lockTimeMs}; set statement_timeout = ${Math.max(1000, options.timeLimitMs - 1000)};
set search_path = pg_catalog;\n`;

/**
 * Nothing that is secret may be in the SQL unless the server may log it (`log_statement`): passwords go as SCRAM verifiers.
 * Identifiers and literals in the SQL are the caller's to quote.
 */
export const createAdmin = (options: AdminOptions): Admin => {
  const session = createPsqlSession({
    argv: argvFor(options),
    env: { PGCONNECT_TIMEOUT: '5', PGAPPNAME: 'dualtone setup' },
    preamble: preamble(options),
    timeLimitMs: options.timeLimitMs,
  });
  const psql = async (script: string): Promise<Result<string>> => {
    const answer = await session.ask(script);
    if (!answer.ok) return answer;
    const { exitCode, stdout, stderr } = answer.value;
    return exitCode === null ? ok(stdout) : adminFailed(options.database, firstError(stderr));
  };
  const rows = async <T>(query: string): Promise<Result<readonly T[]>> => {
    const answer = await psql(`select coalesce(json_agg(r), '[]') from (${query}) r;\n`);
    if (!answer.ok) return answer;
    try {
      return ok(JSON.parse(answer.value) as readonly T[]);
    } catch {
      return adminFailed(options.database, 'its answer was not understood');
    }
  };
  return {
    database: options.database,
    osUser: options.osUser,
    rows,
    execute: async (script, how = {}) => {
      const done = await psql(how.transaction === false ? script : `begin;\n${script}\ncommit;\n`);
      return done.ok ? ok(undefined) : done;
    },
    each: async (statements) => {
      // psql says of each statement, on standard output, whether it failed and why; a name in what it says may hold lines of its own.
      const mark = randomUUID();
      const script = statements
        .map((statement) => `${statement};\n\\echo ${mark} :ERROR :LAST_ERROR_MESSAGE\n`)
        .join('');
      const answer = await psql(`\\set ON_ERROR_STOP 0\n\\set LAST_ERROR_MESSAGE ''\n${script}\\set ON_ERROR_STOP 1\n`);
      if (!answer.ok) return answer;
      const said = answer.value.split(`${mark} `).slice(1);
      if (said.length !== statements.length) return adminFailed(options.database, 'it lost the connection');
      return ok(said.map((text) => (text.startsWith('true ') ? text.slice(5).trimEnd() : null)));
    },
  };
};
