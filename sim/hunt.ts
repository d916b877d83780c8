/** Runs seeds until one is in violation; prints how many it took and what was seen. Meant for mutated copies of the core. */
import { runSeed } from './run.ts';
import { silentTimes } from './silent-times.ts';

const hunt = (
  seedsMax: number,
  from: number,
  faults: readonly string[] | null,
): { readonly seeds: number; readonly by: string | null } => {
  const only = faults === null ? {} : { faults };
  const slower: string[] = [];
  try {
    silentTimes(6, true, (line) => {
      if (line.includes('"ok":false')) slower.push(line);
    });
  } catch (error) {
    return { seeds: 0, by: String(error) };
  }
  if (slower[0] !== undefined) return { seeds: 0, by: `silent for too long: ${slower[0]}` };
  for (let seed = from; seed < from + seedsMax; seed += 1) {
    try {
      const [violation] = runSeed({ seed, ...only }).violations;
      if (violation !== undefined) return { seeds: seed - from + 1, by: `${violation.kind}: ${violation.text}` };
    } catch (error) {
      return { seeds: seed - from + 1, by: String(error) };
    }
  }
  return { seeds: seedsMax, by: null };
};

const [, , seedsMax, from, faults = ''] = process.argv;
process.stdout.write(JSON.stringify(hunt(Number(seedsMax), Number(from), faults === '' ? null : faults.split(','))));
