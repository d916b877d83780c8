/** Commands about the web server: who may use it, and the plugin for other watchers. */
import { Argument, type Command, Option } from 'commander';
import type { CommonOptions, Output } from './target.ts';

const ROLES = ['view', 'operate', 'admin'];
const ROLE_TEXT = 'what they may do: look, move service, or everything';

type Options = CommonOptions & Readonly<Record<string, string | boolean | undefined>>;

/** Adds a command to `parent`; its action gives an exit code. */
export type Adder = (
  parent: Command,
  usage: string,
  summary: string,
  action: (options: Options, output: Output, args: readonly string[]) => Promise<number>,
) => Command;

const group = (program: Command, name: string, summary: string): Command =>
  program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`);

const roleOption = (): Option => new Option('--role <role>', ROLE_TEXT).choices(ROLES).makeOptionMandatory();

const addUsers = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/users.ts');
  const user = group(program, 'user', "who may use this node's page and API");
  const asks = 'the password is asked for, or the first line of standard input';
  add(user, 'add <name>', `a further user; ${asks}`, async (o, out, [name = '']) =>
    (await commands()).addUser(name, o, out),
  ).addOption(roleOption());
  add(user, 'list', 'who there is', async (o, out) => (await commands()).list('users', o, out));
  add(user, 'role <name>', 'give another role', async (o, out, [name = '', role = '']) =>
    (await commands()).setRole(name, role, o, out),
  ).addArgument(new Argument('<role>', ROLE_TEXT).choices(ROLES));
  add(user, 'password <name>', `a new password, which ends all logins; ${asks}`, async (o, out, [name = '']) =>
    (await commands()).setPassword(name, o, out),
  );
  add(user, 'remove <name>', 'takes a user away, with all logins', async (o, out, [name = '']) =>
    (await commands()).removeUser(name, o, out),
  );
};

const addTokens = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/users.ts');
  const token = group(program, 'token', "what programs use this node's API with");
  add(token, 'add <name>', 'a further token, printed this once', async (o, out, [name = '']) =>
    (await commands()).addToken(name, o, out),
  )
    .addOption(roleOption())
    .option('--for <span>', 'how long it is good, such as 90d (default without end)');
  add(token, 'list', 'which there are', async (o, out) => (await commands()).list('tokens', o, out));
  add(token, 'remove <name>', 'takes a token away', async (o, out, [name = '']) =>
    (await commands()).removeToken(name, o, out),
  );
};

export const addWeb = (program: Command, add: Adder): void => {
  addUsers(program, add);
  addTokens(program, add);
  add(program, 'nagios', 'a plugin for Nagios and its kin: exit code 0 to 3', async (o, out) =>
    (await import('./commands/nagios.ts')).nagios(o, out),
  );
};
