import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ok, type Result } from '../src/core/result.ts';
import type { Host } from './hosts/host.ts';
import { plainEnvironment } from './process.ts';

/** Gives this terminal to a shell, or another program, inside a host until it ends. The value is its exit code. Fault: `host-off`. */
export const openShell = async (host: Host, argv: readonly string[] = ['/bin/bash', '-l']): Promise<Result<number>> => {
  const entered = await host.enter(argv);
  if (!entered.ok) return entered;
  const [program = '', ...parameters] = entered.value;
  const env = { ...plainEnvironment, TERM: process.env['TERM'] ?? 'dumb' };
  const child = spawn(program, parameters, { stdio: 'inherit', env });
  // The terminal sends its interrupts to the shell, too: they are not for us.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return ok(code ?? 1);
  } finally {
    process.off('SIGINT', ignore);
  }
};
