/** The program: what is asked for is loaded, and nothing else. */
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** For a start without `bin/dualtone`, which sets the folder for compiled code itself. */
const cacheCompiled = (): void => {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined) return;
  const root = join(import.meta.dirname, '..');
  const isPackaged = root.startsWith('/usr/lib/');
  enableCompileCache(isPackaged ? '/var/cache/dualtone' : join(root, 'node_modules', '.cache', 'dualtone'));
};

/** The training ground builds its hosts from the repository; the Debian package is without it. */
const runLab = async (argv: readonly string[]): Promise<number> => {
  if (existsSync(join(import.meta.dirname, '..', 'lab'))) return (await import('../lab/main.ts')).main(argv);
  process.stderr.write(
    'dualtone: The lab is not part of the package.\n    Run it from a clone of the repository: npm run demo. [lab-not-here]\n',
  );
  return 1;
};

const main = async (): Promise<number> => {
  const argv = process.argv.slice(2);
  const [name, option, file] = argv;
  // As the units call them: the command line would take a tenth of the lease in which a restarted holder must be back.
  if (argv.length === 3 && option === '--config' && file !== undefined) {
    if (name === 'agent') return (await import('../src/cli/processes.ts')).runAgent(file);
    if (name === 'checkpoint') return (await import('../src/cli/processes.ts')).runCheckpointAgent(file);
  }
  if (argv[0] === 'simulate') return (await import('../sim/main.ts')).main(argv.slice(1));
  if (argv[0] === 'lab') return runLab(argv.slice(1));
  if (argv[0] === 'xivo-command') return (await import('../src/xivo/commands.ts')).runXivoCommand(argv.slice(1));
  return (await import('../src/cli/main.ts')).main(argv);
};

/** Wrong usage, told already, is 2 for each program; help is none. */
const usageCode = (error: unknown): number | null => {
  if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('commander.'))) return null;
  return 'exitCode' in error && error.exitCode === 0 ? 0 : 2;
};

/**
 * Who read what it prints has gone, as after `| head`: then it ends, in order where it listens for that (a pairing takes back what it
 * began). An agent goes on: nobody's log is worth a call.
 */
const outliveReaders = (): void => {
  let isOver = process.argv[2] === 'agent' || process.argv[2] === 'checkpoint';
  const onError = (error: NodeJS.ErrnoException): void => {
    // A terminal that is gone says EIO.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    if (isOver) return;
    isOver = true;
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit();
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
};

cacheCompiled();
outliveReaders();
try {
  process.exitCode = await main();
} catch (error) {
  const code = usageCode(error);
  if (code === null) throw error;
  process.exitCode = code;
}
