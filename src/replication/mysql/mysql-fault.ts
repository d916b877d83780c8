/** What MySQL or MariaDB and the way to it answer, in plain words. */
import { type Fault, fail } from '../../core/result.ts';

/** A fault of the server; `errno` null when the server did not say it. */
export interface MysqlFault extends Fault {
  readonly errno: number | null;
}

type Failed = { readonly ok: false; readonly error: MysqlFault };

interface ServerError {
  readonly code: string;
  readonly errno: number | null;
  readonly message: string;
}

const readError = (error: unknown): ServerError => {
  if (typeof error !== 'object' || error === null) return { code: '', errno: null, message: String(error) };
  const fields = error as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  // A system's error has a number too, which is negative.
  const errno = typeof fields['errno'] === 'number' && fields['errno'] > 0 ? fields['errno'] : null;
  return { code: text('code'), errno, message: text('sqlMessage') || text('message') || 'no message' };
};

const sentence = (text: string): string => text.trim().replace(/[.\s]+$/u, '');

const withErrno = (result: { readonly ok: false; readonly error: Fault }, errno: number | null): Failed => ({
  ok: false,
  error: { ...result.error, errno },
});

const loginRefused = (name: string, message: string) =>
  fail(
    'mysql-login-refused',
    `${name} refused the login of Dualtone: ${sentence(message)}.`,
    'Compare the password file on both nodes; `dualtone mysql setup` makes the accounts again.',
  );

const notAllowed = (name: string, message: string) =>
  fail(
    'mysql-not-allowed',
    `On ${name} the account of Dualtone lacks a right: ${sentence(message)}.`,
    'Run `dualtone mysql setup` there again: it grants what is missing.',
  );

const byNumber = (name: string, { errno, message }: ServerError) => {
  switch (errno) {
    case 1045:
    case 1130:
    case 1698:
      return loginRefused(name, message);
    case 1044:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
      return notAllowed(name, message);
    case 1290:
    case 1836:
      return fail(
        'mysql-read-only',
        `${name} does not take changes: ${sentence(message)}.`,
        'It is the passive node; give the change to the active one.',
      );
    case 1205:
    case 3024:
    case 1969:
      return fail(
        'mysql-too-slow',
        `A statement on ${name} took too long and was ended: ${sentence(message)}.`,
        'See SHOW PROCESSLIST there for what holds the lock.',
      );
    case 1040:
    case 1053:
    case 1203:
      return fail(
        'mysql-not-serving',
        `${name} does not serve now: ${sentence(message)}.`,
        'See its log; Dualtone tries again by itself.',
      );
    case null:
      return null;
    default:
      return fail(
        'mysql-refused',
        `${name} refused a statement: ${sentence(message)} (${errno}).`,
        'See the log of the server there.',
      );
  }
};

const TLS_WORDS = /certificate|self.signed|SSL|TLS|altname|issuer/i;

const byWay = (name: string, { code, message }: ServerError) => {
  if (TLS_WORDS.test(`${code} ${message}`))
    return fail(
      'mysql-tls',
      `The encrypted connection to ${name} failed: ${sentence(message)}.`,
      'Compare the clocks and the certificates; `dualtone mysql setup` makes a certificate where there is none.',
    );
  if (code === 'ETIMEDOUT') return silent(name, 'let Dualtone in');
  if (/^E[A-Z]+$/.test(code) && code !== 'ECONNRESET' && code !== 'EPIPE')
    return fail(
      'mysql-unreachable',
      `${name} is not reached: ${sentence(message)}.`,
      'Check that the server runs there and that `streams.mysql.socket` is its socket.',
    );
  return fail(
    'mysql-lost',
    `The connection to ${name} broke: ${sentence(message)}.`,
    'See the log of the server; Dualtone tries again by itself.',
  );
};

const silent = (name: string, what: string) =>
  fail('mysql-silent', `${name} did not ${what} in time.`, 'See its load and SHOW PROCESSLIST there.');

/** Whatever the driver threw, as a fault; `name` is what people call that server. */
export const mysqlFault = (name: string, error: unknown): Failed => {
  const read = readError(error);
  return withErrno(byNumber(name, read) ?? byWay(name, read), read.errno);
};

/** Nothing came back in time; the connection is gone with it. */
export const silentFault = (name: string, what: string): Failed => withErrno(silent(name, what), null);

/** The work was called off. */
export const abortedFault = (name: string): Failed =>
  withErrno(fail('mysql-aborted', `The work on ${name} was called off.`, 'Nothing to do.'), null);
