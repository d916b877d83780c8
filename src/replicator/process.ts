/** `dualtone replicator`: the process that copies, beside the agent that decides. It ends when its input does. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createLineReader } from '../process/json-lines.ts';
import type { FromReplicator, ToReplicator } from './protocol.ts';
import { createReplicatorWorks } from './works.ts';

const say = (message: FromReplicator): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

const isTo = (input: unknown): input is ToReplicator =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

/** Runs until its input ends. */
export const runReplicator = async (config: Config): Promise<Result<void>> => {
  const works = createReplicatorWorks(config, say);
  const read = createLineReader(
    (message) => {
      if (isTo(message)) works.take(message);
    },
    (line) => say({ type: 'say', level: 'warning', code: 'replicator-odd', text: `The agent said: ${line}` }),
  );
  works.start();
  process.stdin.setEncoding('utf8');
  for await (const text of process.stdin) read(String(text));
  await works.stop();
  return ok(undefined);
};
