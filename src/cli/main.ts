import { EXIT } from './exit-codes.ts';
import { runAgent, runCheckpointAgent } from './processes.ts';
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv[0] === 'agent') return runAgent(argv[2] ?? '');
  if (argv[0] === 'checkpoint') return runCheckpointAgent(argv[2] ?? '');
  const { askSnapshot } = await import('../api/client.ts');
  console.log(JSON.stringify(await askSnapshot(argv[2] ?? ''), null, 1));
  return EXIT.ok;
};
