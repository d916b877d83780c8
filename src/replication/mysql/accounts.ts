/** The two accounts of Dualtone in a server: one that steers, over the socket only, and one by which the other node's server fetches. */
import { createHmac } from 'node:crypto';
import type { Dialect } from './dialect.ts';
import { quoteName, quoteValue } from './sql-text.ts';

export interface AccountOptions {
  readonly user: string;
  readonly password: string;
  /** Whence the other node's server comes. */
  readonly fetchedFrom: readonly string[];
  /** False where it comes through SSH. */
  readonly encrypted: boolean;
  readonly databases: readonly string[];
}

/** The name of the account by which the other server fetches. */
export const fetchUser = (user: string): string => `${user}_fetch`;

/** MySQL takes no longer one for its replication (tried with 9.7). */
const LONGEST_PASSWORD = 32;

/** Another one, since the other server keeps it in its data directory: with it nothing can be had but the log of changes. */
export const fetchPassword = (password: string): string =>
  createHmac('sha256', password).update('dualtone mysql fetch').digest('base64url').slice(0, LONGEST_PASSWORD);

const account = (user: string, host: string): string => `${quoteValue(user)}@${quoteValue(host)}`;

/** All accounts that set-up makes: user and host. */
export const accountsOf = ({ user, fetchedFrom }: AccountOptions): readonly (readonly [string, string])[] => [
  [user, 'localhost'],
  ...fetchedFrom.map((host) => [fetchUser(user), host] as const),
];

/** Repeatable. It leaves no trace in the log of changes, so that the other node does not get what is this one's. */
export const accountStatements = (dialect: Dialect, options: AccountOptions): readonly string[] => {
  const { user, password, encrypted, databases } = options;
  const steer = account(user, 'localhost');
  const made = (name: string, secret: string, more: string): readonly string[] => [
    `CREATE USER IF NOT EXISTS ${name} IDENTIFIED BY ${quoteValue(secret)}`,
    `ALTER USER ${name} IDENTIFIED BY ${quoteValue(secret)}${more}`,
  ];
  return [
    'SET SESSION sql_log_bin = 0',
    ...made(steer, password, ''),
    `GRANT ${dialect.steerRights} ON *.* TO ${steer}`,
    // To compare rows, and no more.
    ...databases.map((name) => `GRANT SELECT ON ${quoteName(name)}.* TO ${steer}`),
    ...options.fetchedFrom.flatMap((host) => [
      ...made(account(fetchUser(user), host), fetchPassword(password), encrypted ? ' REQUIRE SSL' : ' REQUIRE NONE'),
      `GRANT REPLICATION SLAVE ON *.* TO ${account(fetchUser(user), host)}`,
    ]),
    'SET SESSION sql_log_bin = 1',
  ];
};

export const dropStatements = (options: AccountOptions): readonly string[] => [
  'SET SESSION sql_log_bin = 0',
  ...accountsOf(options).map(([user, host]) => `DROP USER IF EXISTS ${account(user, host)}`),
  'SET SESSION sql_log_bin = 1',
];
