/** Who is it, and may they: logins, tokens, and how often somebody may try. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Session, WebRole } from '../contract.ts';
import { mayDo } from '../roles.ts';
import type { Credential, LoggedIn } from '../wire.ts';
import { createLimiter, networkOf } from './limiter.ts';
import { isPassword } from './password.ts';
import type { Sessions } from './sessions.ts';
import type { User, Users } from './users.ts';

export interface Answer<T> {
  readonly result: Result<T>;
  /** With `login-too-often`. */
  readonly retryAfterMs: Millis;
}

export interface Guard {
  /** Faults: `login-refused`, `login-too-often`, `web-busy`, `web-file-…`. */
  login(name: string, password: string, address: string): Promise<Answer<LoggedIn>>;
  logout(credential: Credential | null, address: string): void;
  /** Faults: `login-needed`, `role-too-low`, `web-file-damaged`. */
  admit(credential: Credential | null, needed: WebRole): Result<Session>;
}

/** Told to the journal. */
export type Audit = (by: string, what: string, detail: string) => void;

const MINUTE_MS = 60_000;
const FROM_ONE_ADDRESS = 10;
const FOR_ONE_USER = 40;
const WINDOW_MS = 5 * MINUTE_MS;
/** Each takes 19 MiB and 50 ms of a core. */
const MOST_AT_ONCE = 2;
const MOST_WAITING = 20;

/** For the journal: who it was and from where. */
export const byOf = ({ user, by }: Pick<Session, 'user' | 'by'>, address: string): string =>
  by === 'token' ? `token ${user} (API, ${address})` : `${user} (web, ${address})`;

const createTurns = () => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T | null> => {
    if (running >= MOST_AT_ONCE) {
      if (waiting.length >= MOST_WAITING) return null;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
};

const needed = (): Result<never> =>
  fail('login-needed', 'Nobody is logged in, or the login is over.', 'Log in, or send a token that is in force.');

const refused = (): Result<never> =>
  fail('login-refused', 'Name and password do not fit.', 'Try again; an administrator can set a new password.');

const tooOften = (): Result<never> =>
  fail('login-too-often', 'There were too many attempts to log in.', 'Wait some minutes, then try again.');

const tooLow = (role: WebRole, wanted: WebRole): Result<never> =>
  fail('role-too-low', `This needs the role ${wanted}; yours is ${role}.`, 'Ask an administrator of the pair.');

const createDoor = (users: Users, clock: Clock) => {
  const byAddress = createLimiter(FROM_ONE_ADDRESS, WINDOW_MS);
  const byUser = createLimiter(FOR_ONE_USER, 3 * WINDOW_MS);
  const turn = createTurns();
  return {
    /** Null: refused. */
    knock: async (name: string, password: string, address: string): Promise<Answer<User | null>> => {
      const now = clock.now();
      const network = networkOf(address);
      const wait = byAddress.take(network, now) || byUser.take(name, now);
      if (wait > 0) return { result: tooOften(), retryAfterMs: wait };
      const found = users.user(name);
      if (!found.ok) return { result: found, retryAfterMs: 0 };
      const fits = await turn(() => isPassword(password, found.value?.password ?? null));
      if (fits === null)
        return { result: fail('web-busy', 'The server is busy.', 'Try again in a moment.'), retryAfterMs: 1000 };
      if (!fits || found.value === null) return { result: ok(null), retryAfterMs: 0 };
      byAddress.giveBack(network);
      byUser.giveBack(name);
      return { result: ok(found.value), retryAfterMs: 0 };
    },
  };
};

const sessionOf = (users: Users, sessions: Sessions, { kind, secret }: Credential, now: number): Result<Session> => {
  if (kind === 'token') {
    const token = users.token(secret, now);
    if (!token.ok) return token;
    if (token.value === null) return needed();
    const { name, role, endsAt } = token.value;
    return ok({ user: name, role, by: 'token', endsAt });
  }
  const session = sessions.find(secret, now);
  if (session === null) return needed();
  const user = users.user(session.user);
  if (!user.ok) return user;
  // Removed, or with a new password since.
  if (user.value === null || user.value.passwordAt > session.createdAt) return needed();
  return ok({ user: session.user, role: user.value.role, by: 'session', endsAt: session.endsAt });
};

export const createGuard = (users: Users, sessions: Sessions, clock: Clock, audit: Audit): Guard => {
  const door = createDoor(users, clock);
  return {
    login: async (name, password, address) => {
      const { result, retryAfterMs } = await door.knock(name, password, address);
      if (!result.ok) return { result, retryAfterMs };
      if (result.value === null) {
        const known = users.user(name);
        // A name that nobody has may be a password in the wrong field.
        const who = known.ok && known.value !== null ? name : 'an unknown user';
        audit(`${who} (web, ${address})`, 'login-refused', `a login as ${who} from ${address} was refused`);
        return { result: refused(), retryAfterMs: 0 };
      }
      const { role } = result.value;
      const { secret, session, kept } = sessions.begin(name, clock.wall());
      if (!kept.ok) return { result: kept, retryAfterMs: 0 };
      audit(`${name} (web, ${address})`, 'login', `logged in from ${address} as ${role}`);
      const told: Session = { user: name, role, by: 'session', endsAt: session.endsAt };
      const maxAgeMs = session.endsAt - clock.wall();
      return { result: ok({ session: told, secret, maxAgeMs }), retryAfterMs: 0 };
    },
    logout: (credential, address) => {
      if (credential?.kind !== 'session') return;
      const ended = sessions.end(credential.secret, clock.wall());
      if (ended !== null) audit(`${ended.user} (web, ${address})`, 'logout', `logged out from ${address}`);
    },
    admit: (credential, wanted) => {
      if (credential === null) return needed();
      const session = sessionOf(users, sessions, credential, clock.wall());
      if (!session.ok || mayDo(session.value.role, wanted)) return session;
      return tooLow(session.value.role, wanted);
    },
  };
};
