/** Has the agent that started this process stand still for a while, with its gate closed: to everybody else its machine has lost its power. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { childEnv } from '../process/programs.ts';
import { run } from '../process/run.ts';
import { actionLines } from '../steps/gate/rules.ts';
import { gateSettingsOf } from '../steps/gate/settings.ts';

const PROGRAM = fileURLToPath(new URL('fall-silent.pl', import.meta.url));
const CLOSE_MS: Millis = 1000;

const failed = (why: string) =>
  fail('drill-not-silent', `The main could not be made silent: ${why}.`, 'Rehearse with `dualtone drill switchover`.');

/** A gate may be closed by anybody at any time; the agent opens it again with the next term that it wins. */
const closeGate = (config: Config): void => {
  const lines = actionLines({ type: 'close' }, gateSettingsOf(config, { slots: config.timing.slots }));
  void run(['nft', lines.join('; ')], { timeoutMs: CLOSE_MS });
};

/**
 * Settles when the agent goes on. A small program of its own stops it and has it go on: also where this process dies, by the end of its
 * input. Where that program dies first, this process does it; where both do, systemd's watchdog. Fault: `drill-not-silent`.
 */
export const fallSilent = (config: Config, agentPid: number, ms: Millis): Promise<Result<void>> => {
  if (process.ppid !== agentPid || agentPid <= 1) return Promise.resolve(failed('its agent has just been restarted'));
  const { promise, resolve } = Promise.withResolvers<Result<void>>();
  const child = spawn('perl', [PROGRAM, String(agentPid), String(Math.round(ms))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: childEnv(),
  });
  let said = '';
  // It says so once, when the agent stands still: before that a closed gate would be opened again.
  child.stdout.once('data', () => closeGate(config));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => {
    if (child.pid === undefined) resolve(failed(error.message));
  });
  child.once('exit', (code, signal) => {
    // While it is our parent, the number is still the agent's.
    if (process.ppid === agentPid) process.kill(agentPid, 'SIGCONT');
    resolve(code === 0 ? ok(undefined) : failed(said.trim().slice(0, 200) || (signal ?? `exit code ${code ?? '?'}`)));
  });
  return promise;
};
