/** Users and API tokens: a file that the command line writes and the keeper reads. Of a secret only what proves it is kept. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../../core/result.ts';
import type { WallTime } from '../../core/words.ts';
import type { UsersView, WebRole } from '../contract.ts';
import { createKeptFile, type KeptFile } from './kept-file.ts';
import { checkPassword, hashPassword, type PasswordHash } from './password.ts';

const role = z.enum(['view', 'operate', 'admin']);

const fileSchema = z.strictObject({
  version: z.literal(1),
  users: z
    .array(
      z.strictObject({
        name: z.string(),
        role,
        password: z.strictObject({
          salt: z.string(),
          tag: z.string(),
          memory: z.int().min(8).max(1_048_576),
          passes: z.int().min(1).max(16),
        }),
        createdAt: z.number(),
        /** Logins from before this are over. */
        passwordAt: z.number(),
      }),
    )
    .max(1000),
  tokens: z
    .array(
      z.strictObject({
        name: z.string(),
        role,
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        createdAt: z.number(),
        endsAt: z.number().nullable(),
      }),
    )
    .max(1000),
});

type File = z.output<typeof fileSchema>;
export type User = File['users'][number];
export type Token = File['tokens'][number];

export const NAME = /^[a-z0-9]([a-z0-9._@-]{0,30}[a-z0-9])?$/;
const TOKEN_PREFIX = 'dt_';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** 256 bits of chance, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export interface Users {
  user(name: string): Result<User | null>;
  /** By what it is, not by its name. */
  token(secret: string, now: WallTime): Result<Token | null>;
  list(): Result<UsersView>;
  /** Whether a user may be added by this name. Faults: `user-exists`, `user-name`, and those of the file. */
  isFree(name: string): Result<void>;
  /** Faults: those of `isFree`, `password-…`. */
  addUser(name: string, role: WebRole, password: string, now: WallTime): Promise<Result<void>>;
  /** Ends all logins of that user. Fault: `no-such-user`. */
  setPassword(name: string, password: string, now: WallTime): Promise<Result<void>>;
  setRole(name: string, role: WebRole): Result<void>;
  removeUser(name: string): Result<void>;
  /** The token, told this once. Faults: `token-exists`, `user-name`. */
  addToken(name: string, role: WebRole, now: WallTime, endsAt: WallTime | null): Result<string>;
  removeToken(name: string): Result<void>;
}

/** Fault `no-such-user`. */
export const noUser = (name: string) =>
  fail('no-such-user', `There is no user ${name}.`, '`dualtone user list` shows who there is.');

const nameFault = (name: string): Result<void> =>
  NAME.test(name)
    ? ok(undefined)
    : fail(
        'user-name',
        'This is not a name for a user or token.',
        'Use 1 to 32 lower-case letters, digits, dots, dashes, underscores or @, beginning and ending with a letter or digit.',
      );

const freeIn = ({ users }: File, name: string): Result<void> =>
  users.some((each) => each.name === name)
    ? fail('user-exists', `There is a user ${name} already.`, 'Use `dualtone user role` or `password`.')
    : nameFault(name);

const viewOf = ({ users, tokens }: File): UsersView => ({
  users: users.map(({ name, role: has, createdAt }) => ({ name, role: has, createdAt })),
  tokens: tokens.map(({ name, role: has, createdAt, endsAt }) => ({ name, role: has, createdAt, endsAt })),
});

type Change = (to: (file: File) => Result<File>) => Result<void>;

const tokensOf = (change: Change): Pick<Users, 'addToken' | 'removeToken'> => ({
  addToken: (name, given, now, endsAt) => {
    const named = nameFault(name);
    if (!named.ok) return named;
    const secret = `${TOKEN_PREFIX}${newSecret()}`;
    const done = change((file) => {
      if (file.tokens.some((each) => each.name === name))
        return fail('token-exists', `There is a token ${name} already.`, 'Remove it first, or take another name.');
      const token = { name, role: given, sha256: sha256(secret), createdAt: now, endsAt };
      return ok({ ...file, tokens: [...file.tokens, token] });
    });
    return done.ok ? ok(secret) : done;
  },
  removeToken: (name) =>
    change((file) =>
      file.tokens.some((each) => each.name === name)
        ? ok({ ...file, tokens: file.tokens.filter((each) => each.name !== name) })
        : fail('no-such-token', `There is no token ${name}.`, '`dualtone token list` shows which there are.'),
    ),
});

const looksOf = (kept: Pick<KeptFile<File>, 'read'>): Pick<Users, 'user' | 'token' | 'list' | 'isFree'> => {
  const read = <T>(of: (file: File) => Result<T>): Result<T> => {
    const file = kept.read();
    return file.ok ? of(file.value) : file;
  };
  return {
    user: (name) => read(({ users }) => ok(users.find((each) => each.name === name) ?? null)),
    token: (secret, now) =>
      read(({ tokens }) => {
        const hash = secret.startsWith(TOKEN_PREFIX) ? sha256(secret) : '';
        const token = tokens.find((each) => each.sha256 === hash) ?? null;
        return ok(token === null || (token.endsAt !== null && token.endsAt <= now) ? null : token);
      }),
    list: () => read((file) => ok(viewOf(file))),
    isFree: (name) => read((file) => freeIn(file, name)),
  };
};

/** `path`: users.json of the web server's folder. */
export const createUsers = (path: string): Users => {
  const kept = createKeptFile<File>(path, fileSchema, { version: 1, users: [], tokens: [] });
  const change: Change = (to) => {
    const file = kept.read();
    if (!file.ok) return file;
    const changed = to(file.value);
    return changed.ok ? kept.write(changed.value) : changed;
  };
  const changeUser = (name: string, to: (user: User) => User): Result<void> =>
    change((file) =>
      file.users.some((each) => each.name === name)
        ? ok({ ...file, users: file.users.map((each) => (each.name === name ? to(each) : each)) })
        : noUser(name),
    );
  const withPassword = async (password: string, then: (hash: PasswordHash) => Result<void>): Promise<Result<void>> => {
    const fits = checkPassword(password);
    return fits.ok ? then(await hashPassword(password)) : fits;
  };
  return {
    ...looksOf(kept),
    addUser: async (name, given, password, now) => {
      const named = nameFault(name);
      if (!named.ok) return named;
      return withPassword(password, (hash) =>
        change((file) => {
          const free = freeIn(file, name);
          if (!free.ok) return free;
          const user = { name, role: given, password: hash, createdAt: now, passwordAt: now };
          return ok({ ...file, users: [...file.users, user] });
        }),
      );
    },
    setPassword: (name, password, now) =>
      withPassword(password, (hash) => changeUser(name, (user) => ({ ...user, password: hash, passwordAt: now }))),
    setRole: (name, given) => changeUser(name, (user) => ({ ...user, role: given })),
    removeUser: (name) =>
      change((file) =>
        file.users.some((each) => each.name === name)
          ? ok({ ...file, users: file.users.filter((each) => each.name !== name) })
          : noUser(name),
      ),
    ...tokensOf(change),
  };
};
