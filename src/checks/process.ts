/** `dualtone checker`: the process that tries prerequisites, beside the agent that decides. It ends when its input does. */

import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { systemClock } from '../agent/clock.ts';
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createLineReader } from '../process/json-lines.ts';
import type { FromChecker, ToChecker } from './protocol.ts';
import { createCheckWorks } from './works.ts';

const say = (message: FromChecker): void => {
  if (process.stdout.writable) process.stdout.write(`${JSON.stringify(message)}\n`);
};

const isTo = (input: unknown): input is ToChecker =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

/** After telephony and everything else. */
const NICE = 10;
/** For the history to be written. */
const END_MS = 2000;

/** Runs until its input ends. */
export const runChecker = async (config: Config, configPath: string, program: string): Promise<Result<void>> => {
  setPriority(NICE);
  const configText = readFileSync(configPath, 'utf8');
  const works = createCheckWorks({
    config,
    configPath,
    configText,
    program,
    clock: systemClock,
    chance: Math.random,
    say,
  });
  const read = createLineReader(
    (message) => {
      if (isTo(message)) works.take(message);
    },
    (line) => say({ type: 'say', level: 'warning', code: 'checker-odd', text: `The agent said: ${line}` }),
  );
  process.stdout.on('error', () => {
    // The agent is gone; the end of the input says so too.
  });
  works.start();
  process.stdin.setEncoding('utf8');
  for await (const text of process.stdin) read(String(text));
  // A check that heeds nothing must not keep this process.
  setTimeout(() => process.exit(0), END_MS).unref();
  await works.stop();
  return ok(undefined);
};
