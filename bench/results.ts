import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Machine, thisCommit, thisMachine } from './machine.ts';

/** Who measured what follows, up to the next session: a line of a results file. */
export interface Session {
  readonly session: string;
  readonly machine: Machine;
  readonly commit: string;
}

/** One measurement: a line of a results file. What else is in it depends on the benchmark. */
export interface RunLine {
  /** What was measured: a scenario, or a fault and a system. */
  readonly what: string;
  /** From 1 on, over all sessions. */
  readonly run: number;
  /** Percent of the machine that others used meanwhile. */
  readonly others_percent: number;
}

export interface Measured<Line extends RunLine> {
  readonly line: Line;
  readonly session: Session;
}

/** The file of one benchmark's results: it only grows, and a series goes on where it stopped. */
export interface ResultsFile<Line extends RunLine> {
  readonly all: () => readonly Measured<Line>[];
  /** How many runs there are of this. */
  readonly count: (what: string) => number;
  /** Writes a line at once. */
  readonly add: (line: Line) => Promise<void>;
}

const isSession = (value: object): value is Session => 'session' in value;

/** Reads lines; what a kill left unfinished at the end is dropped. Throws on a broken line elsewhere. Pure. */
export const parseResults = <Line extends RunLine>(text: string): readonly Measured<Line>[] => {
  const lines = text.split('\n').slice(0, -1);
  const measured: Measured<Line>[] = [];
  let session: Session | undefined;
  for (const line of lines) {
    const value = JSON.parse(line) as Session | Line;
    if (isSession(value)) session = value;
    else if (session === undefined) throw new Error('a results file must begin with a session');
    else measured.push({ line: value, session });
  }
  return measured;
};

const readIfThere = async (path: string): Promise<string> =>
  await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });

/** All runs of a results file; none where there is no file. */
export const readResults = async <Line extends RunLine>(path: string): Promise<readonly Measured<Line>[]> =>
  parseResults<Line>(await readIfThere(path));

/** Opens a results file to add to it; the first line added is preceded by one that tells machine, date and commit. */
export const openResults = async <Line extends RunLine>(path: string): Promise<ResultsFile<Line>> => {
  const text = await readIfThere(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const measured = [...parseResults<Line>(whole)];
  let session: Session | undefined;
  const begin = async (): Promise<Session> => {
    const begun: Session = { session: new Date().toISOString(), machine: thisMachine(), commit: await thisCommit() };
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, whole);
    await appendFile(path, `${JSON.stringify(begun)}\n`);
    return begun;
  };
  return {
    all: () => measured,
    count: (what) => measured.filter(({ line }) => line.what === what).length,
    add: async (line) => {
      session ??= await begin();
      await appendFile(path, `${JSON.stringify(line)}\n`);
      measured.push({ line, session });
    },
  };
};
