/** `dualtone replicator`: the process that copies, beside the agent that decides. It ends when its input does. */
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import type { FromReplicator, ToReplicator } from './protocol.ts';
import { createReplicatorWorks } from './works.ts';

/** Runs until its input ends. */
export const runReplicator = async (config: Config): Promise<Result<void>> => {
  const { say, hear } = createParent<ToReplicator, FromReplicator>();
  const works = createReplicatorWorks(config, say);
  works.start();
  await hear(works.take, (line) =>
    say({ type: 'say', level: 'warning', code: 'replicator-odd', text: `The agent said: ${line}` }),
  );
  await works.stop();
  return ok(undefined);
};
