/** What agents start beside themselves; never by hand, so no help shows it. */
import type { Command } from 'commander';

type Processes = typeof import('./processes.ts');

interface Beside {
  readonly name: string;
  readonly text: string;
  readonly run: (processes: Processes, file: string) => Promise<number>;
}

const BESIDE: readonly Beside[] = [
  {
    name: 'checker',
    text: 'Tries prerequisites for the agent, which starts it.',
    run: (all, file) => all.runCheckerProcess(file),
  },
  {
    name: 'web',
    text: 'Guards the web server for the agent, which starts it.',
    run: (all, file) => all.runWebProcess(file),
  },
  {
    name: 'settings',
    text: 'Answers the other node about the file of this one, for the agent, which starts it.',
    run: (all, file) => all.runSettingsProcess(file),
  },
  {
    name: 'driller',
    text: 'Makes drills for the agent, which starts it.',
    run: (all, file) => all.runDrillerProcess(file),
  },
  {
    name: 'switcher',
    text: 'Moves other machines with service for the agent, which starts it.',
    run: (all, file) => all.runSwitcherProcess(file),
  },
  {
    name: 'refuser',
    text: 'Answers callers of a passive node for the agent, which starts it.',
    run: (all, file) => all.runRefuserProcess(file),
  },
  {
    name: 'reporter',
    text: 'Sends events to where reports are made for the agent, which starts it.',
    run: (all, file) => all.runReporterProcess(file),
  },
  {
    name: 'replicator',
    text: 'Copies data for the agent, which starts it.',
    run: (all, file) => all.runReplicatorProcess(file),
  },
];

/** `ended` is told the exit code of the program that ran. */
export const addBeside = (program: Command, ended: (exit: number) => void): void => {
  for (const { name, text, run } of BESIDE) {
    program
      .command(name, { hidden: true })
      .description(text)
      .requiredOption('--config <file>', 'the configuration')
      .action(async ({ config }: { readonly config: string }) =>
        ended(await run(await import('./processes.ts'), config)),
      );
  }
  program
    .command('alarms', { hidden: true })
    .description('Tells people of alarms for the agent or the checkpoint, which starts it.')
    .requiredOption('--config <file>', 'the configuration')
    .option('--checkpoint', "it is a checkpoint's")
    .action(async ({ config, checkpoint }: { readonly config: string; readonly checkpoint?: boolean }) => {
      const kind = checkpoint === true ? 'checkpoint' : 'node';
      ended(await (await import('./processes.ts')).runAlarmsProcess(config, kind));
    });
  program
    .command('web-server', { hidden: true })
    .description('Faces the network; started by `dualtone web`.')
    .action(async () => (await import('../web/server/process.ts')).runWebServer());
};
