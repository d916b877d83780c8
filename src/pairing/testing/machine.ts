/** A machine in a directory: what pairing finds and writes of it, on loopback. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../core/result.ts';
import type { InviteAnswers } from '../invite-plan.ts';
import type { JoinAnswers } from '../joining.ts';
import type { Places } from '../plan.ts';
import type { Surroundings } from '../surroundings.ts';

export interface TestMachine {
  readonly folder: string;
  readonly places: Places;
  /** What a person would have read. */
  readonly said: string[];
  readonly around: Surroundings;
  /** All files below `etcDir`, by name; null where there is no such directory. */
  files(): Readonly<Record<string, string>> | null;
}

export const placesIn = (folder: string): Places => ({
  etcDir: join(folder, 'dualtone'),
  stateDir: join(folder, 'state'),
  runDir: join(folder, 'run'),
});

export const surroundingsIn = (folder: string, said: string[]): Surroundings => ({
  places: placesIn(folder),
  system: null,
  manager: null,
  starts: false,
  program: 'dualtone test',
  run: () => Promise.resolve(fail('program-missing', 'There is none.', 'None.')),
  say: (line) => void said.push(line),
  confirm: async (lines) => {
    said.push(...lines);
    return true;
  },
});

/** A machine of its own, by its machine id. */
export const createMachine = (parent: string, name: string): TestMachine => {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'machine-id'), name);
  const said: string[] = [];
  const { etcDir } = placesIn(folder);
  return {
    folder,
    places: placesIn(folder),
    said,
    around: surroundingsIn(folder, said),
    files: () =>
      existsSync(etcDir)
        ? Object.fromEntries(readdirSync(etcDir).map((each) => [each, readFileSync(join(etcDir, each), 'utf8')]))
        : null,
  };
};

export const testFolder = (): { readonly path: string; remove(): void } => {
  const shared = '/dev/shm';
  const path = mkdtempSync(
    join(statSync(shared, { throwIfNoEntry: false })?.isDirectory() === true ? shared : tmpdir(), 'dualtone-pairing-'),
  );
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** The main on 127.0.0.2, on a port that is free. */
export const mainAnswers: InviteAnswers = {
  role: 'main',
  name: 'pbx1',
  address: '127.0.0.2',
  port: 4577,
  peerAddress: null,
  sections: { preset: 'quick' },
  checkpoints: [],
  pairingPort: 0,
  lifeMs: 60_000,
  replaces: false,
  adopts: false,
};

/** The standby on 127.0.0.3. */
export const standbyAnswers: JoinAnswers = {
  peer: null,
  kind: 'node',
  role: null,
  name: 'pbx2',
  address: '127.0.0.3',
  port: 4577,
};
