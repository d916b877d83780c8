/** `dualtone switcher`: the process that moves other machines with service, beside the agent that decides. It ends when its input does. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import { run } from '../process/run.ts';
import { createFollower } from './follower.ts';
import { createDoneMemory } from './memory.ts';
import type { FromSwitcher, ToSwitcher } from './protocol.ts';
import { switchesOf } from './switches.ts';

const RETRY_MS = 1000;
/** What is under way puts back what it began. */
const END_MS = 2000;

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Runs until its input ends. */
export const runSwitcher = async (config: Config): Promise<Result<void>> => {
  const { say, hear } = createParent<ToSwitcher, FromSwitcher>();
  const warn = (code: string, text: string): void => say({ type: 'say', level: 'warning', code, text });
  const tell = (): void => say({ type: 'status', switches: followers.map((each) => each.view()) });
  const memory = createDoneMemory(`${config.stateDir}/switches.json`, bootId(), (why) =>
    warn('switches-not-kept', `What was switched cannot be noted: ${why}.`),
  );
  const followers = switchesOf(config, run).map((each) =>
    createFollower(each, {
      memory,
      retryMs: RETRY_MS,
      retryMostMs: config.switches.retryMostMs,
      wall: Date.now,
      note: (note) => say({ type: 'note', note }),
      changed: tell,
    }),
  );
  tell();
  await hear(
    ({ service }) => {
      for (const each of followers) each.follow(service);
    },
    (line) => warn('switcher-odd', `The agent said: ${line}`),
  );
  // A machine that hangs must not keep this process.
  setTimeout(() => process.exit(0), END_MS).unref();
  await Promise.all(followers.map((each) => each.stop()));
  return ok(undefined);
};
