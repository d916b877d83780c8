/** `dualtone user` and `dualtone token`: who may use the page and the API of this node. Written to a file that the web server reads at once. */
import type { Config } from '../../config/config.ts';
import { messageOf, ok, type Result } from '../../core/result.ts';
import type { WebRole } from '../../web/contract.ts';
import type { Users } from '../../web/keeper/users.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { problemLines } from '../problems.ts';
import { DEFAULT_CONFIG } from '../program.ts';
import { moment } from '../render/time.ts';
import { type CommonOptions, Ended, type Output, orEnd } from '../target.ts';
import { spanOption, whoami } from './order.ts';

export interface UserOptions extends CommonOptions {
  readonly role?: string;
  readonly for?: string;
}

const configOf = async (options: CommonOptions, output: Output): Promise<Config> => {
  const [{ readFileSync }, { parseConfig }] = await Promise.all([import('node:fs'), import('../../config/parse.ts')]);
  const path = options.config ?? DEFAULT_CONFIG;
  try {
    const parsed = parseConfig(readFileSync(path, 'utf8'));
    if (parsed.ok) return parsed.config;
    output.err(await problemLines(path, parsed.problems));
  } catch (error) {
    const why = messageOf(error);
    output.err(`dualtone: ${path} cannot be read: ${why}.\n    give the path of the configuration with --config\n`);
  }
  throw new Ended(EXIT.configInvalid);
};

const usersOf = async (config: Config): Promise<Users> => {
  const [{ createUsers }, { webStatePath }] = await Promise.all([
    import('../../web/keeper/users.ts'),
    import('../../config/config.ts'),
  ]);
  return createUsers(`${webStatePath(config)}/users.json`);
};

/** The journal hears of it where the agent runs; without one there is nobody to tell. */
const audit = async (config: Config, what: string, detail: string): Promise<void> => {
  const [{ tellAudit }, { controlSocketPath }] = await Promise.all([
    import('../../api/client.ts'),
    import('../../config/config.ts'),
  ]);
  await tellAudit(controlSocketPath(config), `${whoami()} (command line)`, what, detail);
};

type Change = (users: Users) => Result<unknown> | Promise<Result<unknown>>;

const change = async (
  what: string,
  text: string,
  options: UserOptions,
  output: Output,
  apply: Change,
): Promise<ExitCode> => {
  const config = await configOf(options, output);
  orEnd(await apply(await usersOf(config)), options, output);
  await audit(config, what, text);
  output.out(options.json === true ? `${JSON.stringify({ ok: true })}\n` : `Done: ${text}.\n`);
  return EXIT.ok;
};

const roleOf = (options: UserOptions): WebRole =>
  options.role === 'admin' || options.role === 'operate' ? options.role : 'view';

/** `dualtone user add NAME --role ROLE`. */
export const addUser = (name: string, options: UserOptions, output: Output): Promise<ExitCode> =>
  change('user-added', `user ${name} may ${roleOf(options)}`, options, output, async (users) => {
    // Nobody types a password twice to hear that the name is wrong.
    const free = users.isFree(name);
    if (!free.ok) return free;
    const { askNewPassword } = await import('../ask-password.ts');
    const password = await askNewPassword(name);
    return password.ok ? users.addUser(name, roleOf(options), password.value, Date.now()) : password;
  });

/** `dualtone user password NAME`: ends all logins of that user. */
export const setPassword = (name: string, options: UserOptions, output: Output): Promise<ExitCode> =>
  change('user-password', `user ${name} has a new password`, options, output, async (users) => {
    const known = users.user(name);
    if (!known.ok) return known;
    const [{ askNewPassword }, { noUser }] = await Promise.all([
      import('../ask-password.ts'),
      import('../../web/keeper/users.ts'),
    ]);
    if (known.value === null) return noUser(name);
    const password = await askNewPassword(name);
    return password.ok ? users.setPassword(name, password.value, Date.now()) : password;
  });

/** `dualtone user role NAME ROLE`. */
export const setRole = (name: string, role: string, options: UserOptions, output: Output): Promise<ExitCode> =>
  change('user-role', `user ${name} may ${role}`, options, output, (users) => users.setRole(name, roleOf({ role })));

/** `dualtone user remove NAME`. */
export const removeUser = (name: string, options: UserOptions, output: Output): Promise<ExitCode> =>
  change('user-removed', `user ${name} is removed`, options, output, (users) => users.removeUser(name));

/** `dualtone token remove NAME`. */
export const removeToken = (name: string, options: UserOptions, output: Output): Promise<ExitCode> =>
  change('token-removed', `token ${name} is removed`, options, output, (users) => users.removeToken(name));

const TOKEN_LIFE = { leastMs: 60_000, mostMs: Number.POSITIVE_INFINITY };

/** `dualtone token add NAME --role ROLE [--for SPAN]`: prints the token, this once, on standard output. */
export const addToken = async (name: string, options: UserOptions, output: Output): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const now = Date.now();
  const endsAt = options.for === undefined ? null : now + (await spanOption(options.for, '--for', output, TOKEN_LIFE));
  const users = await usersOf(config);
  const token = orEnd(users.addToken(name, roleOf(options), now, endsAt), options, output);
  await audit(config, 'token-added', `token ${name} may ${roleOf(options)}`);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, token })}\n`);
  else {
    output.err('Keep it: it is shown this once.\n');
    output.out(`${token}\n`);
  }
  return EXIT.ok;
};

const table = (rows: readonly (readonly string[])[]): string =>
  rows.map(([name = '', role = '', ...rest]) => `${name.padEnd(34)}${role.padEnd(9)}${rest.join('  ')}\n`).join('');

/** `dualtone user list` and `dualtone token list`. */
export const list = async (kind: 'users' | 'tokens', options: UserOptions, output: Output): Promise<ExitCode> => {
  const users = await usersOf(await configOf(options, output));
  const found = orEnd(ok(orEnd(users.list(), options, output)), options, output);
  if (options.json === true) {
    output.out(`${JSON.stringify(found[kind])}\n`);
    return EXIT.ok;
  }
  const now = Date.now();
  const rows =
    kind === 'users'
      ? found.users.map(({ name, role, createdAt }) => [name, role, `since ${moment(createdAt, now)}`])
      : found.tokens.map(({ name, role, createdAt, endsAt }) => [
          name,
          role,
          `since ${moment(createdAt, now)}`,
          endsAt === null
            ? 'without end'
            : endsAt <= now
              ? 'over'
              : `until ${new Date(endsAt).toISOString().slice(0, 16)}Z`,
        ]);
  output.out(rows.length === 0 ? `There are no ${kind}.\n` : table(rows));
  return EXIT.ok;
};
