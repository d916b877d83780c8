/** The program: what is asked for is loaded, and nothing else. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** Compiled code of former starts, beside the program and nowhere that others may write. */
const cacheCompiled = (): void => {
  const folder = join(import.meta.dirname, '..', 'node_modules', '.cache', 'dualtone');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    enableCompileCache(folder);
  } catch {
    // Without it the start takes a little longer.
  }
};

const main = async (): Promise<number> => {
  const argv = process.argv.slice(2);
  switch (argv[0]) {
    case 'simulate':
      return (await import('../sim/main.ts')).main(argv.slice(1));
    case 'lab':
      return (await import('../lab/main.ts')).main(argv.slice(1));
    default:
      return (await import('../src/cli/main.ts')).main(argv);
  }
};

cacheCompiled();
process.exitCode = await main();
