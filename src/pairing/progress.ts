/** How a pairing on this machine stands, for others to see: a page, and the page after a restart of the agent. Nothing of it is secret. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Fault, Result } from '../core/result.ts';
import { replaceFile } from '../files/replace.ts';
import { type Places, pathsOf } from './plan.ts';

const names = z.array(z.string()).readonly();
const progress = z.object({
  what: z.enum(['invite', 'replace', 'join']),
  by: z.string(),
  since: z.number(),
  /** Until then the tokens are good; null: none were made. */
  until: z.number().nullable(),
  invited: z.array(z.object({ for: z.string(), kind: z.enum(['node', 'checkpoint']) })).readonly(),
  state: z.enum(['running', 'done', 'failed']),
  joined: names,
  missing: names,
  fault: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).nullable(),
  pid: z.int().min(2),
  /** By which another process of that number is told from it. */
  startedAt: z.string(),
});

export type Progress = z.output<typeof progress>;

/** When a process began, in the kernel's words; null where there is none, or only its remains. */
const startOf = (pid: number | 'self'): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in brackets, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
};

const DIED: Fault = {
  code: 'pairing-ended',
  message: 'The pairing ended early: its program died.',
  remedy: 'Begin again: what it had half done is put back first.',
};

/** Of the pairing that runs on this machine, or else of the last one; null where none is known. */
export const readProgress = (places: Places): Progress | null => {
  try {
    const read = progress.parse(JSON.parse(readFileSync(pathsOf(places).progress, 'utf8')));
    const hasDied = read.state === 'running' && startOf(read.pid) !== read.startedAt;
    return hasDied ? { ...read, state: 'failed', fault: DIED } : read;
  } catch {
    return null;
  }
};

interface Came {
  readonly joined: readonly string[];
  readonly missing: readonly string[];
}

export interface ProgressNotes {
  /** It is the one that pairs this machine; `until` as in `Progress`. */
  runs(until: number | null, invited: Progress['invited']): void;
  /** How it ended; the result is given on. */
  ended<T>(result: Result<T>, of: (value: T) => Came): Result<T>;
}

/**
 * Where the state directory is not there yet nothing is kept, so that who ends it finds the machine as it was: nobody can see it then
 * anyway. What cannot be written is not missed, since pairing does not rest on it.
 */
export const keepProgress = (places: Places, what: Progress['what'], by: string): ProgressNotes => {
  const base = { what, by, since: Date.now(), until: null, invited: [], joined: [], missing: [], fault: null };
  let now: Progress = { ...base, state: 'running', pid: process.pid, startedAt: startOf('self') ?? '' };
  const change = (more: Partial<Progress>): void => {
    now = { ...now, ...more };
    if (existsSync(places.stateDir)) replaceFile(pathsOf(places).progress, JSON.stringify(now), 0o600);
  };
  return {
    runs: (until, invited) => change({ until, invited }),
    ended: (result, of) => {
      // The one that runs has the file.
      if (result.ok) change({ state: 'done', ...of(result.value) });
      else if (result.error.code !== 'pairing-busy') change({ state: 'failed', fault: result.error });
      return result;
    },
  };
};
