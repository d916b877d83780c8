/** The commands about this node's MySQL or MariaDB. */
import type { Command } from 'commander';
import type { Adder } from './web-commands.ts';

export const addMysql = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/mysql.ts');
  const mysql = program
    .command('mysql')
    .summary("this node's MySQL or MariaDB, made ready to follow")
    .description("This node's MySQL or MariaDB, made ready to follow.");
  add(mysql, 'setup', 'make it ready; never restarts it', async (o, out) => (await commands()).setup(o, out)).option(
    '--preview',
    'only show what would change',
  );
  add(mysql, 'status', 'what is there and what is missing', async (o, out) => (await commands()).status(o, out));
  add(mysql, 'compare', 'the rows in which both nodes differ; changes nothing', async (o, out) =>
    (await commands()).compare(o, out),
  );
  add(mysql, 'resume', 'go on after an error that was solved', async (o, out) => (await commands()).resume(o, out));
  add(mysql, 'join', 'let what only this node has flow to the other', async (o, out) =>
    (await commands()).join(o, out),
  );
  add(mysql, 'undo', 'put everything back as it was', async (o, out) => (await commands()).undo(o, out));
};
