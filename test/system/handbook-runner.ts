/** Runs command lines, given as JSON on standard input, one after the other in one process on one host; what each said goes into the file that is named, as JSON. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { main } from '../../src/cli/main.ts';
import type { Output } from '../../src/cli/target.ts';
import { createSaid } from '../../src/cli/testing/said.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
}

const LONGEST_MS = 15_000;

const textOf = async (): Promise<string> => {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) text += part;
  return text;
};

/** As `bin/dualtone` does. */
const runOne = async (argv: readonly string[], output: Output): Promise<number> =>
  argv[0] === 'simulate' ? (await import('../../sim/main.ts')).main(argv.slice(1)) : await main(argv, output);

const lines = JSON.parse(await textOf()) as readonly (readonly string[])[];
const ran: Ran[] = [];
for (const argv of lines) {
  const [said, began] = [createSaid(), performance.now()];
  // What waits for something that does not come here, such as a call that ends, is told so.
  const code = await Promise.race([runOne(argv, said.output), sleep(LONGEST_MS).then(() => -1)]);
  ran.push({ code, ...said.now(), tookMs: Math.round(performance.now() - began) });
}
writeFileSync(process.argv[2] ?? '', JSON.stringify(ran));
// What a command left open ends with it.
process.exit(0);
