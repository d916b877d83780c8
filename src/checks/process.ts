/** `dualtone checker`: the process that tries prerequisites, beside the agent that decides. It ends when its input does. */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import { systemClock } from '../time/clock.ts';
import type { FromChecker, ToChecker } from './protocol.ts';
import { createCheckWorks } from './works.ts';

/** After telephony and everything else. */
const NICE = 10;
/** For the history to be written. */
const END_MS = 2000;

/** Runs until its input ends. */
export const runChecker = async (config: Config, configPath: string, program: string): Promise<Result<void>> => {
  setPriority(NICE);
  const configText = readFileSync(configPath, 'utf8');
  const { say, hear } = createParent<ToChecker, FromChecker>();
  const works = createCheckWorks({
    config,
    configPath,
    configText,
    program,
    clock: systemClock,
    chance: Math.random,
    say,
  });
  works.start();
  await hear(works.take, (line) =>
    say({ type: 'say', level: 'warning', code: 'checker-odd', text: `The agent said: ${line}` }),
  );
  // A check that heeds nothing must not keep this process.
  setTimeout(() => process.exit(0), END_MS).unref();
  await works.stop();
  return ok(undefined);
};
