/** A program and all that it starts, for so long and no longer. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Leaders of the groups that run now. */
const groups = new Set<number>();

let ending = false;

const signalGroup = (leader: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-leader, signal);
  } catch {
    // Gone by itself.
  }
};

/** A signal goes to what runs, which may have something to clean up, and this program ends after it; a second one kills. */
export const passOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      for (const leader of groups) signalGroup(leader, ending ? 'SIGKILL' : signal);
      if (ending || groups.size === 0) process.exit(1);
      ending = true;
    });
};

/**
 * The exit code of a program, whose lines go to `line`; 1 after a signal. What has not ended after `mostMs` (or what it
 * started still holds its output) is killed with its whole group, counts as failed, and `say` gets a sentence that names
 * the test it told of last.
 */
export const execute = (
  argv: readonly string[],
  mostMs: number,
  line: (text: string) => void,
  say: (text: string) => void,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const env = { ...process.env, NO_COLOR: '1' };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env, detached: true });
    const leader = child.pid;
    if (leader !== undefined) groups.add(leader);
    let last = '';
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (text.startsWith('# Subtest: ')) last = `; the last test told of: ${text.slice('# Subtest: '.length)}`;
      line(text);
    });
    const end = (code: number): void => {
      clearTimeout(timer);
      if (leader !== undefined) groups.delete(leader);
      if (ending) process.exit(1);
      resolve(code);
    };
    const timer = setTimeout(() => {
      say(`  did not end within ${Math.round(mostMs / 1000)} s, and was killed${last}`);
      if (leader !== undefined) signalGroup(leader, 'SIGKILL');
      child.stdout.destroy();
      end(1);
    }, mostMs);
    child.on('error', reject);
    child.on('close', (code) => end(code ?? 1));
  });
