/** The commands about a server of XiVO or Wazo. */
import type { Command } from 'commander';
import type { Adder } from './web-commands.ts';

const reaching = (command: Command): Command =>
  command
    .option('--provd <url>', 'the provisioning server, where it is not at its usual place')
    .option('--provd-token-file <file>', 'its token, mode 0600')
    .option('--no-provd', 'leave the provisioning server alone')
    .option('--no-database', 'leave the database alone');

export const addXivo = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/xivo.ts');
  const takeover = program
    .command('import')
    .summary('take over a pair of another kind')
    .description('Takes over a pair of another kind.');
  add(
    takeover,
    'xivo',
    "what XiVO's own pair is here, and the commands that replace it without an outage",
    async (o, out) => (await commands()).importXivo(o, out),
  );
  const xivo = program
    .command('xivo')
    .summary('what Dualtone changes of XiVO and Wazo')
    .description('What Dualtone changes of XiVO and Wazo.');
  reaching(
    add(xivo, 'enable', 'registrars, SIP expiry, crons of the original; what was there is kept', async (o, out) =>
      (await commands()).enable(o, out),
    ),
  )
    .option('--preview', 'only show what would change')
    .option('--yes', 'go on without asking')
    .option('--resync', 'have the devices read their configuration again');
  reaching(add(xivo, 'disable', 'put back what enabling changed', async (o, out) => (await commands()).disable(o, out)))
    .option('--preview', 'only show what would be put back')
    .option('--yes', 'go on without asking')
    .option('--force', 'also while this node serves')
    .option('--overwrite-drift', 'also what somebody has changed since');
  add(
    xivo,
    'key',
    'the key of this node for Edge and contact centres, their host keys, and the lines for them',
    async (o, out) => (await import('./commands/xivo-key.ts')).key(o, out),
  ).option('--yes', 'keep the host keys that are found without asking');
  reaching(
    add(xivo, 'resync', 'have all devices read their configuration again', async (o, out) =>
      (await commands()).resync(o, out),
    ),
  );
};
