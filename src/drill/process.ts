/** `dualtone driller`: the process that makes drills, beside the agent that decides. Started when one is asked for; it ends when its input does. */
import { type Config, controlSocketPath } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import type { FromDriller, ToDriller } from './protocol.ts';
import { createDrillWorks } from './works.ts';

const END_MS = 500;

/** Runs until its input ends; a drill that is under way then is ended by the next process. */
export const runDriller = async (config: Config, program: string): Promise<Result<void>> => {
  const { say, hear } = createParent<ToDriller, FromDriller>();
  const works = createDrillWorks({
    config,
    program,
    socket: controlSocketPath(config),
    agentPid: process.ppid,
    say,
  });
  works.start();
  await hear(works.take, (line) =>
    say({ type: 'say', level: 'warning', code: 'driller-odd', text: `The agent said: ${line}` }),
  );
  // What waits for another machine must not keep this process.
  setTimeout(() => process.exit(0), END_MS).unref();
  works.stop();
  return ok(undefined);
};
