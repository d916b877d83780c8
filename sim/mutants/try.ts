/** Runs the simulation against mutated copies of the core, each in a process of its own. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mutants } from './all.ts';
import type { Hunt } from './hunt.ts';
import type { Mutant } from './mutant.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface MutantResult {
  readonly name: string;
  readonly caught: boolean;
  /** Seeds run until it was caught, or all of them. */
  readonly seeds: number;
  /** The first violation that gave it away. */
  readonly by: string;
}

/** The mutated source of one file; throws when the guard's text does not stand there exactly once. */
export const mutate = (source: string, mutant: Omit<Mutant, 'seeds' | 'also'>): string => {
  const parts = source.split(mutant.find);
  if (parts.length !== 2) {
    throw new Error(`mutant "${mutant.name}": its text stands ${parts.length - 1} times in ${mutant.file}, not once`);
  }
  return parts.join(mutant.replace);
};

/** Copies core and simulator to a folder of its own, takes the guard away, and runs seeds until it is caught. */
const tryMutant = async (mutant: Mutant, seedsMax = mutant.seeds): Promise<MutantResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-mutant-'));
  try {
    await cp(join(root, 'src/core'), join(folder, 'src/core'), { recursive: true });
    await cp(join(root, 'sim'), join(folder, 'sim'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const edit of mutant.also === undefined ? [mutant] : [mutant, { name: mutant.name, ...mutant.also }]) {
      const file = join(folder, edit.file);
      await writeFile(file, mutate(await readFile(file, 'utf8'), edit));
    }
    const program = join(folder, 'sim/mutants/hunt.ts');
    const { from = 1, faults = null, pair = null } = mutant;
    const hunt: Hunt = { seedsMax, from, faults, pair };
    const { stdout } = await run(process.execPath, [program, JSON.stringify(hunt)], { timeout: 600_000 });
    const found = JSON.parse(stdout) as { readonly seeds: number; readonly by: string | null };
    return { name: mutant.name, caught: found.by !== null, seeds: found.seeds, by: found.by ?? '' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** All mutants, two at a time. */
export const tryMutants = async (report: (result: MutantResult) => void): Promise<readonly MutantResult[]> => {
  const results: MutantResult[] = [];
  const waiting = [...mutants];
  const worker = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await tryMutant(mutant);
      results.push(result);
      report(result);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
};
