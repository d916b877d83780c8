/** The commands about what is sent to where reports are made. */
import type { Command } from 'commander';
import type { Adder } from './web-commands.ts';

export const addReporting = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/reporting.ts');
  const reporting = program
    .command('reporting')
    .summary('events of queues and channels, sent to where reports are made')
    .description('Events of queues and channels, sent to where reports are made.');
  add(reporting, 'status', 'how far each target is, and what waits', async (o, out) =>
    (await commands()).report(false, o, out),
  );
  add(reporting, 'report', 'what is missing at a target, there twice, or not taken', async (o, out) =>
    (await commands()).report(true, o, out),
  );
  add(reporting, 'sql', 'what an administrator runs once in the reporting database', async (o, out) =>
    (await commands()).sql(o, out),
  );
};
