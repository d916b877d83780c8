/** Runs seeds until one is in violation; prints how many it took and what was seen. Meant for mutated copies of the core. */
import { runSeed } from './run.ts';

const hunt = (seedsMax: number): { readonly seeds: number; readonly by: string | null } => {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    try {
      const [violation] = runSeed({ seed }).violations;
      if (violation !== undefined) return { seeds: seed, by: `${violation.kind}: ${violation.text}` };
    } catch (error) {
      return { seeds: seed, by: String(error) };
    }
  }
  return { seeds: seedsMax, by: null };
};

process.stdout.write(JSON.stringify(hunt(Number(process.argv[2]))));
