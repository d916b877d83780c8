/** What both sides of a pairing are given: where things are, how programs run, how a person is asked. */
import { existsSync } from 'node:fs';
import type { Change } from '../changes/change.ts';
import { type Changes, type Line, openChanges } from '../changes/changes.ts';
import { createWorld } from '../changes/world.ts';
import type { Machine } from '../config/machine.ts';
import { configProblems } from '../config/machine.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { generateIdentity, type Identity, loadIdentity, parseIdentity } from '../peer/identity.ts';
import type { Run } from '../process/run.ts';
import type { ManagerPlaces } from './manager.ts';
import { type Places, pathsOf, secretFile } from './plan.ts';
import type { SystemPlaces } from './system.ts';

export interface Surroundings {
  readonly places: Places;
  /** Null: nothing of the system is touched, only files in `places`. */
  readonly system: SystemPlaces | null;
  readonly manager: ManagerPlaces | null;
  /** Units are started, not only enabled. */
  readonly starts: boolean;
  /** `dualtone 0.1.0`. */
  readonly program: string;
  readonly run: Run;
  /** Has the agent that runs take up who the other node is now. Absent: it is restarted. */
  readonly takeUp?: () => Promise<Result<void>>;
  /** A line for the person. */
  readonly say: (line: string) => void;
  /** Shows what is about to change; false: it shall not. */
  readonly confirm: (lines: readonly string[]) => Promise<boolean>;
}

export const notConfirmed = () =>
  fail('pairing-not-confirmed', 'Nothing was changed: nobody confirmed it.', 'Confirm what is shown, or give --yes.');

/** The record of this machine, to look at: another command may be changing it. Faults: `change-…`. */
export const readRecord = ({ places, run }: Surroundings): Result<Pick<Changes, 'previewUndo'>> =>
  openChanges(pathsOf(places).record, createWorld(run));

/** The record of this machine, with what a process that died left half done taken back. Faults: `change-…`. */
export const openRecord = async ({ places, run, say }: Surroundings): Promise<Result<Changes>> => {
  const changes = openChanges(pathsOf(places).record, createWorld(run));
  if (!changes.ok) return changes;
  const recovered = await changes.value.recover();
  if (!recovered.ok) return recovered;
  if (recovered.value) say('A former attempt ended half-way: what it had changed is as it was before.');
  return changes;
};

export interface OwnIdentity {
  readonly identity: Identity;
  /** What is written where it is a new one. */
  readonly changes: readonly Change[];
}

/** This machine’s own key, or a new one that is not written yet. Faults: `identity-…`. */
export const ownIdentity = (places: Places): Result<OwnIdentity> => {
  const { identity: path } = pathsOf(places);
  const there = loadIdentity(path);
  if (there.ok) return ok({ identity: there.value, changes: [] });
  if (there.error.code !== 'identity-missing' || existsSync(path)) return there;
  const text = generateIdentity();
  const made = parseIdentity(text);
  if (!made.ok) return made;
  const folder: Change = { kind: 'directory', path: places.etcDir, mode: 0o755 };
  return ok({ identity: made.value, changes: [folder, secretFile(path, text)] });
};

/** Made and settled at once: it is not taken back by what fails later. */
export const settleNow = async (changes: Changes, wanted: readonly Change[], by: string): Promise<Result<void>> => {
  if (wanted.length === 0) return ok(undefined);
  const made = await changes.apply(wanted, by);
  return made.ok ? changes.commit() : made;
};

const MARK: Readonly<Record<Line['what'], string>> = {
  made: '+',
  changed: '~',
  same: ' ',
  restored: '~',
  removed: '-',
  drift: '!',
};

export const lineText = ({ what, text }: Line): string => `  ${MARK[what]} ${text}`;

/** What would change, as lines for a person; what is so already is left out. */
export const previewLines = async (changes: Changes, wanted: readonly Change[]): Promise<Result<readonly string[]>> => {
  const lines = await changes.preview(wanted);
  return lines.ok ? ok([...new Set(lines.value.filter(({ what }) => what !== 'same').map(lineText))]) : lines;
};

/** The first thing that is wrong with a file that is not written yet. Fault: `pairing-settings-unfit`. */
export const checkFile = (kind: 'node' | 'checkpoint', text: string, machine: Machine): Result<void> => {
  const [first] = configProblems(kind, text, machine);
  return first === undefined
    ? ok(undefined)
    : fail(
        'pairing-settings-unfit',
        `With these settings the configuration would be wrong: ${first.message}.`,
        `${first.remedy.replace(/\.$/, '')}.`,
      );
};
