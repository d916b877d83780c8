/** The commands about drills. */
import { Argument, type Command } from 'commander';
import { DRILL_KINDS } from '../drill/protocol.ts';
import type { Adder } from './web-commands.ts';

export const addDrill = (program: Command, add: Adder): void => {
  const commands = () => import('./commands/drill.ts');
  const drill = add(
    program,
    'drill',
    'rehearse a takeover: service moves and comes back, with a report',
    async (o, out, [kind]) => (await commands()).begin(kind, o, out),
  )
    .addArgument(new Argument('[kind]', 'what is done (default switchover)').choices(DRILL_KINDS))
    .option('--dry', 'ask everything and switch nothing, as the kind dry')
    .option('--preview', 'only show what would be done, and what stands against it')
    .option('--yes', 'do not ask')
    .option('--with-calls', 'also while calls are up: they would end')
    .option('--accept-loss', 'also where more than streams.loss-limit would be lost')
    .option('--any-time', 'also outside drill.windows')
    .option(
      '--with-power',
      'with switchover: while service is away, the devices of `fencing` turn the main off and on again',
    )
    .option('--no-wait', 'return when it has begun');
  // What both have is read by the first: `drill list --json`.
  const all = (options: object) => ({ ...drill.opts(), ...options });
  add(drill, 'stop', 'end the drill that is being made: service goes back at once', async (o, out) =>
    (await commands()).stop(all(o), out),
  );
  add(drill, 'status', 'what a drill does now, when the last was made and the next is due', async (o, out) =>
    (await commands()).status(all(o), out),
  );
  add(drill, 'list', 'the drills that were made', async (o, out) => (await commands()).list(all(o), out));
  add(drill, 'report [id]', 'the report of the last drill, or of this one', async (o, out, [id]) =>
    (await commands()).report(id, all(o), out),
  ).option('--html', 'as a page that can be printed');
  add(drill, 'verify [id]', 'prove by the journal that the report is as it was written', async (o, out, [id]) =>
    (await commands()).verify(id, all(o), out),
  );
};
