/** The command line: what there is, in words; what it does is loaded when it is asked for. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { addBeside } from './beside-commands.ts';
import { completionFor, SHELLS, type Shell } from './completion.ts';
import { addDrill } from './drill-commands.ts';
import { EXIT, EXIT_WORDS } from './exit-codes.ts';
import { addFence } from './fence-commands.ts';
import { manualFor } from './manual.ts';
import { addMysql } from './mysql-commands.ts';
import { addPairing } from './pairing-commands.ts';
import { DEFAULT_CONFIG, VERSION } from './program.ts';
import { addReporting } from './reporting-commands.ts';
import { type CommonOptions, Ended, type Output, processOutput } from './target.ts';
import { addWeb } from './web-commands.ts';
import { addXivo } from './xivo-commands.ts';

const EXITS = `
Exit codes: ${EXIT_WORDS.map(([code, text]) => `${code} ${text}`).join('; ')}.`;

type Action = (
  options: CommonOptions & Readonly<Record<string, string | boolean | undefined>>,
  output: Output,
  args: readonly string[],
) => Promise<number>;

interface Shelf {
  readonly program: Command;
  readonly output: Output;
  exit: number;
}

/** A command whose action gives an exit code. */
const add = (shelf: Shelf, parent: Command, usage: string, summary: string, action: Action): Command => {
  const command = parent
    .command(usage)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .option('--json', 'print JSON')
    .option('--socket <path>', "the agent's control socket")
    .option('--config <file>', 'the configuration, where the agent does not have the usual places');
  return command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as CommonOptions & Readonly<Record<string, string | boolean | undefined>>;
    const args = given.slice(0, -2).filter((each) => typeof each === 'string');
    shelf.exit = await action(options, shelf.output, args);
  });
};

const addLooking = (shelf: Shelf): void => {
  const { program } = shelf;
  add(shelf, program, 'status', 'who serves, and whether the other could take over', async (o, out) =>
    (await import('./commands/look.ts')).status(o, out),
  ).option('--old-words', 'with the words master and slave');
  add(shelf, program, 'watch', 'the status, live', async (o, out) =>
    (await import('./commands/look.ts')).watch(o, out),
  );
  add(shelf, program, 'explain', 'would it take over now, why, why not, and what is missing', async (o, out) =>
    (await import('./commands/look.ts')).explain(o, out),
  ).option('--seq <number>', 'explain this entry of the journal instead');
  add(shelf, program, 'check', 'every prerequisite of a takeover tried now, on both nodes', async (o, out) =>
    (await import('./commands/check.ts')).check(o, out),
  )
    .option('--only <name>', 'this check alone; docs/checks.md has the names')
    .option('--history', 'what changed and when, and how much of the time the pair was ready');
};

const ACCEPT_LOSS = 'move also where more than streams.loss-limit would be lost';

const addOrders = (shelf: Shelf): void => {
  const { program } = shelf;
  const orders = () => import('./commands/order.ts');
  add(shelf, program, 'start', 'start service on this node (manual mode)', async (o, out) =>
    (await orders()).begin('start', o, out),
  ).option('--confirm <name>', 'vouch that the unreachable other node of this name does not serve');
  add(shelf, program, 'stop', 'stop service on this node (manual mode)', async (o, out) =>
    (await orders()).order({ name: 'stop' }, 0, o, out),
  );
  add(shelf, program, 'takeover', 'make this node serve', async (o, out) => (await orders()).begin('takeover', o, out))
    .option('--confirm <name>', 'in manual mode: vouch that the unreachable other node of this name does not serve')
    .option('--accept-loss', ACCEPT_LOSS);
  const moves = [
    ['switchover', 'hand service to the other node, in order'],
    ['failback', 'bring service back to the main'],
  ] as const;
  for (const [name, summary] of moves) {
    add(shelf, program, name, summary, async (o, out) => (await orders()).move(name, o, out))
      .option('--preview', 'only show what would be done, in order, and what would hold it up')
      .option('--when-idle', 'wait until no call is up')
      .option('--max-wait <span>', 'with --when-idle: move after this long, calls or not (default 30m)')
      .option('--accept-loss', ACCEPT_LOSS);
  }
  add(shelf, program, 'mode', 'let the pair look after itself, or a person', async (o, out, [mode]) =>
    (await orders()).order({ name: 'mode', mode: mode === 'manual' ? 'manual' : 'automatic' }, 0, o, out),
  ).addArgument(new Argument('<mode>', 'who decides').choices(['automatic', 'manual']));
  add(shelf, program, 'acknowledge', 'allow automatic failback again after too many switches', async (o, out) =>
    (await orders()).order({ name: 'acknowledge' }, 0, o, out),
  );
  const maintenance = program
    .command('maintenance')
    .summary('nothing moves by itself for a while')
    .description('Nothing moves by itself for a while.');
  add(shelf, maintenance, 'on', 'begin a maintenance, which ends by itself', async (o, out) =>
    (await orders()).beginMaintenance(o, out),
  )
    .requiredOption('--for <span>', 'how long, such as 30m; a week at most')
    .requiredOption('--reason <text>', 'why, for those who wonder at night');
  add(shelf, maintenance, 'off', 'end the maintenance', async (o, out) =>
    (await orders()).order({ name: 'maintenance-off' }, 0, o, out),
  );
};

const addUpgrade = (shelf: Shelf): void => {
  add(
    shelf,
    shelf.program,
    'upgrade',
    "this node's packages, while it is passive, and what comes next",
    async (o, out) => (await import('./commands/upgrade.ts')).upgrade(o, out),
  )
    .option('--preview', 'only say what would be done')
    .option('--yes', 'move service here afterwards without asking')
    .option('--done', 'the packages were upgraded by hand')
    .option('--last', 'the other node was upgraded before: service stays where it is')
    .option('--anew', 'forget how far the last upgrade of this node came')
    .option('--accept-loss', ACCEPT_LOSS);
};

const addJournal = (shelf: Shelf): void => {
  const journal = add(shelf, shelf.program, 'journal', 'what happened, and why', async (o, out) =>
    (await import('./commands/journal.ts')).journal(o, out),
  )
    .option('--since <time>', 'from then on: a span such as 2h, or a date')
    .option('--follow', 'go on with what happens')
    .option('--lines <number>', 'at most so many entries (default 50, all with --since)');
  add(shelf, journal, 'verify', 'prove that no entry was changed or is missing', async (o, out) =>
    (await import('./commands/journal.ts')).verify({ ...shelf.program.opts(), ...journal.opts(), ...o }, out),
  );
  add(shelf, journal, 'export', 'all entries as JSON lines, with what proves them', async (o, out) =>
    (await import('./commands/journal.ts')).exportAll({ ...journal.opts(), ...o }, out),
  ).addOption(
    new Option('--format <form>', 'json, with what proves them; remsys: a line for each event that its event file had')
      .choices(['json', 'remsys'])
      .default('json'),
  );
};

const addFiles = (shelf: Shelf): void => {
  const { program } = shelf;
  const config = program.command('config').summary('the configuration').description('The configuration.');
  add(shelf, config, 'check [file]', 'all mistakes of the file, with their place and remedy', async (o, out, [file]) =>
    (await import('./commands/config.ts')).check(file, o, out),
  )
    .option('--file-only', "do not look at this machine's addresses and key")
    .option('--keep', 'keep what was read for the next start of the agent, which is the shorter for it');
  add(shelf, config, 'show [file]', 'the configuration with everything filled in', async (o, out, [file]) =>
    (await import('./commands/config.ts')).show(file, o, out),
  );
  const key = program
    .command('key')
    .summary('the key of the pair')
    .description('The key that both nodes and all checkpoints share.');
  add(
    shelf,
    key,
    'generate [file]',
    'a new key, never over an old one (default /etc/dualtone/pair.key)',
    async (o, out, [file]) => (await import('./commands/config.ts')).generateKey(file, o, out),
  );
};

const addReplication = (shelf: Shelf): void => {
  const { program } = shelf;
  const commands = () => import('./commands/replicate.ts');
  add(shelf, program, 'replicate [stream]', 'copy now: one stream, or all', async (o, out, [stream]) =>
    (await commands()).replicate(stream, o, out),
  );
  const sync = program
    .command('sync')
    .summary('the way for files between the nodes')
    .description('The way for files between the nodes.');
  const ways = () => import('./commands/sync.ts');
  add(shelf, sync, 'init', "make the main's key and have the standby let it in", async (o, out) =>
    (await ways()).init(o, out),
  )
    .option('--ssh', 'by your own access over SSH, not by the agents')
    .option('--host-key <fingerprint>', "by SSH: the standby's host key, as `ssh-keygen -l` shows it there");
  add(
    shelf,
    sync,
    'authorize [file]',
    "on the standby: let the main's key in, from a file or standard input",
    async (o, out, [file]) => (await ways()).authorize(file, o, out),
  );
  add(shelf, sync, 'remove', 'the standby lets the key in no more; shown before with --preview', async (o, out) =>
    (await ways()).remove(o, out),
  )
    .option('--preview', 'only show what would go')
    .option('--with-key', "also the main's own key and the pinned host key")
    .option('--force', 'also while something that is configured goes by the key')
    .option('--ssh', 'by your own access over SSH, not by the agents');
  add(shelf, sync, 'deauthorize [file]', "on the standby: take the main's key out again", async (o, out, [file]) =>
    (await ways()).deauthorize(file, o, out),
  ).option('--preview', 'only show what would go');
  add(shelf, sync, 'status', 'on the main: its key, the pinned host key, whether it is let in', async (o, out) =>
    (await ways()).status(o, out),
  );
  add(shelf, sync, 'serve', "what the other node's key may run here; never by hand", async (o, out) =>
    (await commands()).syncServe(o, out),
  );
};

const addMerge = (shelf: Shelf): void => {
  const commands = () => import('./commands/merge.ts');
  const merge = shelf.program
    .command('merge')
    .summary('bring home what the standby collected while it served')
    .description('Brings home what the standby collected while it served. On the main.');
  add(shelf, merge, 'preview', 'what a merge would bring, and what stands against it', async (o, out) =>
    (await commands()).preview(o, out),
  );
  add(shelf, merge, 'run', 'bring it now; goes on where a former one stopped', async (o, out) =>
    (await commands()).run(o, out),
  )
    .option('--accept <id...>', 'take these changes of configuration over')
    .option('--refuse <id...>', 'leave these out')
    .option('--accept-all', 'also configuration that was changed on the standby')
    .option('--refuse-all', 'configuration that was changed on the standby is left out, and listed');
  add(shelf, merge, 'undo <number>', 'take a merge back', async (o, out, [number]) =>
    (await commands()).undo(number, o, out),
  );
  add(shelf, merge, 'report [number]', 'what a merge did', async (o, out, [number]) =>
    (await commands()).report(number, o, out),
  );
};

const addAlarm = (shelf: Shelf): void => {
  const alarm = shelf.program
    .command('alarm')
    .summary('who is told when something is wrong')
    .description('Who is told when something is wrong.');
  add(shelf, alarm, 'list', 'open alarms, and what each channel still has to tell', async (o, out) =>
    (await import('./commands/alarm.ts')).list(o, out),
  );
  add(shelf, alarm, 'test [channel]', 'send a test by one channel, or by all', async (o, out, [channel]) =>
    (await import('./commands/alarm.ts')).test(channel, o, out),
  );
};

const addDatabase = (shelf: Shelf): void => {
  const commands = () => import('./commands/database.ts');
  const database = shelf.program
    .command('database')
    .summary("this node's PostgreSQL, made ready to follow")
    .description("This node's PostgreSQL, made ready to follow.");
  add(shelf, database, 'setup', 'make it ready; never restarts it', async (o, out) => (await commands()).setup(o, out))
    .option('--preview', 'only show what would change')
    .option('--overwrite-drift', 'also change back what a hand has changed since');
  add(shelf, database, 'status', 'what is there and what is missing', async (o, out) =>
    (await commands()).status(o, out),
  );
  add(shelf, database, 'undo', 'put everything back as it was', async (o, out) => (await commands()).undo(o, out));
  add(shelf, database, 'restart', 'restart PostgreSQL, for settings that wait for it', async (o, out) =>
    (await commands()).restart(o, out),
  )
    .option('--force', 'also while this node serves: calls go through it')
    .option('--at <time>', 'once, then: as 03:00, or 2026-11-23T03:00')
    .option('--cancel', 'take such an appointment back');
};

const addPrograms = (shelf: Shelf): void => {
  const { program, output } = shelf;
  const own = [
    ['agent', 'run the agent of a node', DEFAULT_CONFIG],
    ['checkpoint', 'run a checkpoint', '/etc/dualtone/checkpoint.yaml'],
  ] as const;
  for (const [name, summary, file] of own) {
    program
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}, until SIGTERM.`)
      .option('--config <file>', 'its configuration', file)
      .action(async (options: { readonly config: string }) => {
        const processes = await import('./processes.ts');
        shelf.exit = await (name === 'agent'
          ? processes.runAgent(options.config)
          : processes.runCheckpointAgent(options.config));
      });
  }
  // These two have command lines of their own; bin/dualtone.ts hands them on before this is loaded.
  program
    .command('simulate')
    .summary('try the pair in simulated time, with faults')
    .description('See `dualtone simulate --help`.');
  program
    .command('lab')
    .summary('real Asterisk pairs on this machine, to train and test')
    .description('See `dualtone lab --help`.');
  program
    .command('completion')
    .summary('completion for a shell')
    .description('Completion for a shell: eval "$(dualtone completion bash)".')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => output.out(completionFor(shell, program)));
  program
    .command('manual')
    .summary('the manual page, for man')
    .description('The manual page: dualtone manual > /usr/local/share/man/man8/dualtone.8.')
    .action(() => output.out(manualFor(program, VERSION)));
  program
    .command('version')
    .summary('the version')
    .description('The version.')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: boolean }) =>
      output.out(
        options.json === true
          ? `${JSON.stringify({ version: VERSION, node: process.version })}\n`
          : `dualtone ${VERSION} (Node.js ${process.version})\n`,
      ),
    );
};

/** The whole command line; `exit` is set by what ran. */
export const createProgram = (output: Output): Shelf => {
  const program = new Command('dualtone');
  const shelf: Shelf = { program, output, exit: EXIT.ok };
  program
    .description('Keeps the dial tone of an Asterisk telephone system when a server dies.')
    .version(`dualtone ${VERSION}`, '--version', 'print the version')
    .helpCommand('help [command]', 'what a command does')
    .addHelpText('after', EXITS)
    .showHelpAfterError('(see `dualtone help`)')
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .exitOverride();
  addLooking(shelf);
  addOrders(shelf);
  addJournal(shelf);
  addFiles(shelf);
  addReplication(shelf);
  addDatabase(shelf);
  addMerge(shelf);
  addAlarm(shelf);
  addWeb(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addDrill(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addPairing(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addUpgrade(shelf);
  addXivo(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addMysql(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addFence(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addReporting(program, (parent, usage, summary, action) => add(shelf, parent, usage, summary, action));
  addPrograms(shelf);
  addBeside(program, (exit) => {
    shelf.exit = exit;
  });
  // Settings of the program are not handed down to commands by themselves.
  const settle = (command: Command): void => {
    command.copyInheritedSettings(program);
    for (const each of command.commands) settle(each);
  };
  for (const each of program.commands) settle(each);
  return shelf;
};

/** Runs one command line; resolves with its exit code. */
export const main = async (argv: readonly string[], output: Output = processOutput()): Promise<number> => {
  const shelf = createProgram(output);
  try {
    if (argv.length === 0) {
      shelf.program.outputHelp();
      return EXIT.usage;
    }
    await shelf.program.parseAsync([...argv], { from: 'user' });
    return shelf.exit;
  } catch (error) {
    if (error instanceof Ended) return error.exit;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
};
