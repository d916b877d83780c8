/** `dualtone disable`: everything that pairing changed on this machine is put back. `dualtone pairing` shows what that is. */
import { rmSync } from 'node:fs';
import type { Line } from '../../changes/changes.ts';
import { fail } from '../../core/result.ts';
import type { Surroundings } from '../../pairing/surroundings.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type Output, orEnd } from '../target.ts';
import { noteAct } from './pair-acts.ts';
import { type PlaceOptions, surroundingsOf } from './pair-options.ts';
import type { XivoPart } from './xivo-part.ts';

export interface DisableOptions extends PlaceOptions {
  readonly preview?: boolean;
  readonly force?: boolean;
  readonly overwriteDrift?: boolean;
  /** What `dualtone xivo enable` changed is left. */
  readonly keepXivo?: boolean;
}

const serves = () =>
  fail(
    'disable-serving',
    'This node serves: calls go through it.',
    'Hand service over first (`dualtone switchover`), or repeat with --force: Asterisk goes on, without the other node.',
  );

/** `dualtone disable [--preview] [--force] [--overwrite-drift]`. */
export const disable = async (options: DisableOptions, output: Output): Promise<ExitCode> => {
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const around = surroundingsOf(options, output, prompter);
  const { takeLock } = await import('../../pairing/lock.ts');
  const lock = orEnd(await takeLock(around.places, 'dualtone disable'), options, output);
  try {
    return await undo(options, around, output);
  } finally {
    await lock.release();
  }
};

type Shown = (line: Line) => string;

const showPreview = (options: DisableOptions, output: Output, lines: readonly Line[], shown: Shown): ExitCode => {
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, preview: true, lines })}\n`);
  else if (lines.length === 0) output.out('Nothing was changed by pairing on this machine.\n');
  else output.out(`${lines.map(shown).join('\n')}\n`);
  return EXIT.ok;
};

interface Undone {
  readonly lines: readonly Line[];
  /** What else a person must know, one sentence each. */
  readonly troubles: readonly string[];
}

const showUndone = (options: DisableOptions, output: Output, { lines, troubles }: Undone, shown: Shown): ExitCode => {
  const drifted = lines.filter(({ what }) => what === 'drift');
  const isWhole = drifted.length + troubles.length === 0;
  if (options.json === true) output.out(`${JSON.stringify({ ok: isWhole, lines, troubles })}\n`);
  else {
    output.out('This machine is as it was before it was paired.\n');
    for (const line of drifted) output.out(`${shown(line)}\n`);
    for (const text of troubles) output.out(`  ! ${text}\n`);
    if (drifted.length > 0) output.out('`dualtone disable --overwrite-drift` puts these back too.\n');
  }
  return isWhole ? EXIT.ok : EXIT.warning;
};

/** XiVO first, while the configuration and the other node are still known: where it cannot be put back, nothing else is either. */
const undoXivo = async (part: XivoPart | null, options: DisableOptions, output: Output): Promise<Undone> => {
  if (part === null) return { lines: [], troubles: [] };
  const { lines, moved, warnings } = orEnd(await part.disable(options.overwriteDrift === true), options, output);
  const left = moved.drift.map((text) => `left as it is: ${text}`);
  return { lines, troubles: [...left, ...warnings.map(({ message, remedy }) => `${message} ${remedy}`)] };
};

const undo = async (options: DisableOptions, around: Surroundings, output: Output): Promise<ExitCode> => {
  const [{ lineText, openRecord, notConfirmed }, { standingOf }, { pathsOf }, { xivoPartOf }] = await Promise.all([
    import('../../pairing/surroundings.ts'),
    import('../../pairing/machine.ts'),
    import('../../pairing/plan.ts'),
    import('./xivo-part.ts'),
  ]);
  const part = options.keepXivo === true ? null : orEnd(await xivoPartOf(around.places), options, output);
  const changes = orEnd(await openRecord(around), options, output);
  const lines = [...(part?.lines ?? []), ...orEnd(await changes.previewUndo(), options, output)];
  if (options.preview === true || lines.length === 0) return showPreview(options, output, lines, lineText);
  const standing = await standingOf(around.places);
  if (standing.serving && options.force !== true) orEnd(serves(), options, output);
  const shown = [
    'This machine leaves the pair:',
    ...lines.map(lineText),
    '  The other machines keep what they have: give `dualtone disable` there too.',
  ];
  if (!(await around.confirm(shown))) orEnd(notConfirmed(), options, output);
  const xivo = await undoXivo(part, options, output);
  // While the agent is there to write it; the journal stays.
  const { pairedWith } = standing;
  await noteAct(
    around.places,
    'disabled',
    `this machine leaves the pair${pairedWith === null ? '' : ` with key ${pairedWith}`}`,
  );
  const done = orEnd(await changes.undo(options.overwriteDrift === true), options, output);
  rmSync(pathsOf(around.places).pending, { force: true });
  return showUndone(options, output, { lines: [...xivo.lines, ...done], troubles: xivo.troubles }, lineText);
};

/** `dualtone pairing`: whom this machine knows, and what was changed on it. */
export const pairing = async (options: PlaceOptions, output: Output): Promise<ExitCode> => {
  const around = surroundingsOf(options, output, createPrompter(false));
  const [{ lineText, readRecord }, { standingOf }, { pathsOf }, { loadIdentity }] = await Promise.all([
    import('../../pairing/surroundings.ts'),
    import('../../pairing/machine.ts'),
    import('../../pairing/plan.ts'),
    import('../../peer/identity.ts'),
  ]);
  const identity = loadIdentity(pathsOf(around.places).identity);
  const { pairedWith } = await standingOf(around.places);
  const changes = orEnd(readRecord(around), options, output);
  const lines = orEnd(await changes.previewUndo(), options, output);
  const own = identity.ok ? identity.value.pin : null;
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, own, peer: pairedWith, undo: lines })}\n`);
  else {
    output.out(`own key   ${own ?? 'none'}\nother key ${pairedWith ?? 'none'}\n`);
    if (lines.length > 0) output.out(`\`dualtone disable\` would put back:\n${lines.map(lineText).join('\n')}\n`);
  }
  return EXIT.ok;
};
