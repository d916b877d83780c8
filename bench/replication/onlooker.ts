import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface OnlookerPlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** What was seen at the standby during a run. */
export interface Onlooking {
  /** The longest that a reader waited for a row. */
  readonly readerMs: number;
  /** The longest that any table was locked against readers. */
  readonly exclusiveMs: number;
  /** The longest that any table was locked against all writers. */
  readonly writersMs: number;
  readonly looks: number;
  /** Processor time of looking, that of the server's processes for it included. */
  readonly usedMs: number;
}

const PROGRAM = fileURLToPath(new URL('onlooker-worker.ts', import.meta.url));

/** Does `work` while another process looks at the standby's database. */
export const lookedAt = async <T>(place: OnlookerPlace, work: () => Promise<T>): Promise<readonly [T, Onlooking]> => {
  const onlooker = spawn(process.execPath, [PROGRAM, JSON.stringify(place)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(onlooker.stdout, 'readable');
    onlooker.stdout.read();
    const done = await work();
    const gone = once(onlooker, 'exit');
    const told = text(onlooker.stdout);
    onlooker.stdin.end();
    const seen = JSON.parse(await told) as Onlooking;
    await gone;
    return [done, seen];
  } finally {
    onlooker.kill('SIGKILL');
  }
};
