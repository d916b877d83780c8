/** One psql that stays for a moment: an administrator's calls come by the dozen, and a program and a login for each cost far more than what is asked. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import { childEnv, signalGroup, spawnFault } from '../../../process/programs.ts';

export interface PsqlOptions {
  /** `psql` that reads from its standard input and stops at the first error. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Said once, before anything else. */
  readonly preamble: string;
  /** One call, at most. */
  readonly timeLimitMs: Millis;
}

/** What a script printed; `exitCode` null: all of it was done, and the session stays. */
export interface PsqlAnswer {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PsqlSession {
  /** One after the other. Faults: `program-…`, `database-admin-silent`. */
  ask(script: string): Promise<Result<PsqlAnswer>>;
}

const IDLE_MS: Millis = 500;
const PING_MS: Millis = 2000;
const MOST_OUTPUT = 16 * 1024 * 1024;

type Child = ChildProcessWithoutNullStreams;

const silent = (limitMs: Millis) =>
  fail(
    'database-admin-silent',
    `PostgreSQL did not answer its administrator within ${Math.round(limitMs / 1000)} s.`,
    'See its load, and what holds locks there.',
  );

/** A session that nobody asks keeps no process from its end. */
const setRef = (child: Child, how: 'ref' | 'unref'): void => {
  child[how]();
  // Pipes of a child are sockets, whatever their declared type.
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as Socket)[how]();
};

const kill = (child: Child): void => {
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
};

/** Writes a script and waits for the mark after it, for psql's end, or for the limit. */
const exchange = (child: Child, script: string, limitMs: Millis): Promise<Result<PsqlAnswer>> =>
  new Promise((resolve) => {
    const mark = `dualtone ${randomUUID()}\n`;
    let stdout = '';
    let stderr = '';
    const settle = (result: Result<PsqlAnswer>): void => {
      clearTimeout(timer);
      child.stdout.off('data', onOut);
      child.stderr.off('data', onErr);
      child.off('close', onClose);
      child.off('error', onError);
      setRef(child, 'unref');
      resolve(result);
    };
    const onOut = (text: string): void => {
      stdout += text;
      if (stdout.length > MOST_OUTPUT) kill(child);
      if (stdout.endsWith(mark)) settle(ok({ exitCode: null, stdout: stdout.slice(0, -mark.length), stderr }));
    };
    const onErr = (text: string): void => {
      stderr = (stderr + text).slice(0, MOST_OUTPUT);
    };
    const onClose = (exitCode: number | null): void => settle(ok({ exitCode: exitCode ?? -1, stdout, stderr }));
    const onError = (error: Error): void => settle(spawnFault(child.spawnfile, error));
    const timer = setTimeout(() => {
      kill(child);
      settle(silent(limitMs));
    }, limitMs);
    setRef(child, 'ref');
    child.stdout.on('data', onOut);
    child.stderr.on('data', onErr);
    child.once('close', onClose);
    child.once('error', onError);
    // By a query and not by \echo, which psql does not hand on at once.
    child.stdin.write(`${script}\n;\nselect '${mark.trim()}';\n`);
  });

const open = ({ argv, env }: PsqlOptions): Child => {
  const [program = '', ...args] = argv;
  // A group of its own, so that all of it ends at once. Its standard input ends with us, and it with that.
  const child = spawn(program, args, { detached: true, cwd: '/', env: { ...childEnv(), ...env } });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  child.stdin.on('error', () => {
    // It ended; its exit says so.
  });
  child.on('error', () => {
    // Told to who asks.
  });
  return child;
};

const isGone = (child: Child): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** Begins with the first question, ends half a second after the last. */
export const createPsqlSession = (options: PsqlOptions): PsqlSession => {
  let child: Child | null = null;
  let idle: NodeJS.Timeout | undefined;
  let working: Promise<unknown> = Promise.resolve();

  const end = (): void => {
    child?.stdin.end();
    child = null;
  };
  /** A server that was restarted meanwhile has forgotten us: that must not be the fault of what is asked next. */
  const stillThere = async (): Promise<boolean> => {
    if (child === null || isGone(child)) return false;
    const answer = await exchange(child, '', PING_MS);
    return answer.ok && answer.value.exitCode === null;
  };
  const ask = async (script: string): Promise<Result<PsqlAnswer>> => {
    clearTimeout(idle);
    const isOld = await stillThere();
    if (!isOld) end();
    const asked = isOld ? script : `${options.preamble}${script}`;
    child ??= open(options);
    const answer = await exchange(child, asked, options.timeLimitMs);
    if (answer.ok && answer.value.exitCode === null) {
      idle = setTimeout(end, IDLE_MS);
      idle.unref();
    } else end();
    return answer;
  };
  return {
    ask: (script) => {
      const answer = working.then(() => ask(script));
      working = answer;
      return answer;
    },
  };
};
