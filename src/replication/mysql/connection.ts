/** One connection to one MySQL or MariaDB: fixed session settings, every wait bounded, ended by an AbortSignal. */
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import { ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Dialect, MysqlRow } from './dialect.ts';
import { abortedFault, mysqlFault, silentFault } from './mysql-fault.ts';
import { dialectOf } from './server-version.ts';

/** How a server is reached: always this node's own, over its socket; what the nodes tell each other the servers carry themselves. */
export interface MysqlAccess {
  /** What people call it in messages: `this node's MySQL`. */
  readonly name: string;
  /** Absolute path of its socket. */
  readonly socket: string;
  readonly user: string;
  /** Already read; never logged. Empty: the server knows the user of this machine. */
  readonly password: string;
  readonly connectMs: Millis;
  readonly statementMs: Millis;
}

/** An open connection; numbers beyond 2^53, decimals and times come as texts. Broken or aborted it is closed for good. */
export interface Mysql {
  readonly name: string;
  readonly dialect: Dialect;
  /** Rows of one statement; with values it is a prepared one. Faults: those of `mysqlFault`, `mysql-silent`, `mysql-aborted`. */
  query<R extends MysqlRow>(text: string, values?: readonly (string | number | null)[]): Promise<Result<readonly R[]>>;
  /** One after the other; ends at the first fault. */
  runAll(statements: readonly string[]): Promise<Result<void>>;
  isClosed(): boolean;
  destroy(): void;
}

const SESSION = `SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', lock_wait_timeout = 5,
  innodb_lock_wait_timeout = 5, wait_timeout = 600`;

const optionsOf = ({ socket, user, password, connectMs }: MysqlAccess): ConnectionOptions => ({
  socketPath: socket,
  user,
  password,
  connectTimeout: connectMs,
  charset: 'utf8mb4',
  supportBigNumbers: true,
  bigNumberStrings: true,
  dateStrings: true,
  multipleStatements: false,
  // No code is made of what a server says.
  disableEval: true,
});

type Settled = (result: Result<readonly MysqlRow[]>) => void;

const rowsOf = (answer: unknown): readonly MysqlRow[] => (Array.isArray(answer) ? (answer as readonly MysqlRow[]) : []);

interface Life {
  readonly isClosed: () => boolean;
  readonly lost: () => void;
}

const isFatal = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;

/** One statement at a time, in the order asked. */
const createSender = (line: Connection, access: MysqlAccess, signal: AbortSignal, { isClosed, lost }: Life) => {
  let last: Promise<unknown> = Promise.resolve();
  const sendNow = (text: string, values: readonly (string | number | null)[]): Promise<Result<readonly MysqlRow[]>> =>
    new Promise((resolve) => {
      if (isClosed()) return resolve(signal.aborted ? abortedFault(access.name) : mysqlFault(access.name, 'closed'));
      const settle: Settled = (result) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const onAbort = (): void => settle(abortedFault(access.name));
      const timer = setTimeout(() => {
        line.destroy();
        settle(silentFault(access.name, 'answer'));
      }, access.statementMs);
      signal.addEventListener('abort', onAbort);
      const onAnswer = (error: unknown, answer: unknown): void => {
        // The driver tells the statement alone that the line is dead, and emits nothing.
        if (isFatal(error)) lost();
        settle(error === null ? ok(rowsOf(answer)) : mysqlFault(access.name, error));
      };
      if (values.length === 0) line.query(text, onAnswer);
      else line.execute(text, [...values], onAnswer);
    });
  return (text: string, values: readonly (string | number | null)[]): Promise<Result<readonly MysqlRow[]>> => {
    const sent = last.then(() => sendNow(text, values));
    last = sent;
    return sent;
  };
};

type Raw = Omit<Mysql, 'dialect'>;

const createRaw = (line: Connection, access: MysqlAccess, signal: AbortSignal): Raw => {
  let closed = false;
  const destroy = (): void => {
    closed = true;
    signal.removeEventListener('abort', destroy);
    line.destroy();
  };
  line.on('error', destroy);
  line.on('end', destroy);
  signal.addEventListener('abort', destroy);
  const send = createSender(line, access, signal, { isClosed: () => closed, lost: destroy });
  return {
    name: access.name,
    query: async <R extends MysqlRow>(text: string, values: readonly (string | number | null)[] = []) =>
      (await send(text, values)) as Result<readonly R[]>,
    runAll: async (statements) => {
      for (const statement of statements) {
        const done = await send(statement, []);
        if (!done.ok) return done;
      }
      return ok(undefined);
    },
    isClosed: () => closed,
    destroy,
  };
};

const greet = async (raw: Raw): Promise<Result<Dialect>> => {
  const told = await raw.query<{ readonly version: string }>('SELECT VERSION() AS version');
  if (!told.ok) return told;
  const dialect = dialectOf(told.value[0]?.version ?? '');
  if (!dialect.ok) return dialect;
  const set = await raw.query(SESSION);
  return set.ok ? dialect : set;
};

const login = (line: Connection, access: MysqlAccess, signal: AbortSignal): Promise<Result<void>> =>
  new Promise((resolve) => {
    const settle = (result: Result<void>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (!result.ok) line.destroy();
      resolve(result);
    };
    const onAbort = (): void => settle(abortedFault(access.name));
    // The driver's own limit ends with the greeting, not with the login.
    const timer = setTimeout(() => settle(silentFault(access.name, 'let Dualtone in')), access.connectMs);
    signal.addEventListener('abort', onAbort);
    line.on('error', () => undefined);
    line.connect((error) => settle(error === null ? ok(undefined) : mysqlFault(access.name, error)));
  });

/**
 * Opens a connection; when `signal` aborts, it ends at once. Faults: `mysql-unreachable`, `mysql-silent`, `mysql-login-refused`,
 * `mysql-not-serving`, `mysql-aborted`, `mysql-version`.
 */
export const connectMysql = async (access: MysqlAccess, signal: AbortSignal): Promise<Result<Mysql>> => {
  if (signal.aborted) return abortedFault(access.name);
  const line = createConnection(optionsOf(access));
  const entered = await login(line, access, signal);
  if (!entered.ok) return entered;
  const raw = createRaw(line, access, signal);
  const dialect = await greet(raw);
  if (dialect.ok) return ok({ ...raw, dialect: dialect.value });
  raw.destroy();
  return dialect;
};
