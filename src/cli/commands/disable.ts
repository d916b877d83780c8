/** `dualtone disable`: everything that pairing changed on this machine is put back. `dualtone pairing` shows what that is. */
import { rmSync } from 'node:fs';
import { fail } from '../../core/result.ts';
import type { Surroundings } from '../../pairing/surroundings.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type Output, orEnd } from '../target.ts';
import { noteAct } from './pair-acts.ts';
import { type PlaceOptions, surroundingsOf } from './pair-options.ts';

export interface DisableOptions extends PlaceOptions {
  readonly preview?: boolean;
  readonly force?: boolean;
  readonly overwriteDrift?: boolean;
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

const undo = async (options: DisableOptions, around: Surroundings, output: Output): Promise<ExitCode> => {
  const [{ openRecord, lineText, notConfirmed }, { standingOf }, { pathsOf }] = await Promise.all([
    import('../../pairing/surroundings.ts'),
    import('../../pairing/machine.ts'),
    import('../../pairing/plan.ts'),
  ]);
  const changes = orEnd(await openRecord(around), options, output);
  const lines = orEnd(await changes.previewUndo(), options, output);
  if (options.preview === true || lines.length === 0) {
    if (options.json === true) output.out(`${JSON.stringify({ ok: true, preview: true, lines })}\n`);
    else
      output.out(
        lines.length === 0
          ? 'Nothing was changed by pairing on this machine.\n'
          : `${lines.map(lineText).join('\n')}\n`,
      );
    return EXIT.ok;
  }
  const standing = await standingOf(around.places);
  if (standing.serving && options.force !== true) orEnd(serves(), options, output);
  const shown = [
    'This machine leaves the pair:',
    ...lines.map(lineText),
    '  The other machines keep what they have: give `dualtone disable` there too.',
  ];
  if (!(await around.confirm(shown))) orEnd(notConfirmed(), options, output);
  // While the agent is there to write it; the journal stays.
  const { pairedWith } = standing;
  await noteAct(
    around.places,
    'disabled',
    `this machine leaves the pair${pairedWith === null ? '' : ` with key ${pairedWith}`}`,
  );
  const done = orEnd(await changes.undo(options.overwriteDrift === true), options, output);
  rmSync(pathsOf(around.places).pending, { force: true });
  const drifted = done.filter(({ what }) => what === 'drift');
  if (options.json === true) output.out(`${JSON.stringify({ ok: drifted.length === 0, lines: done })}\n`);
  else {
    output.out('This machine is as it was before it was paired.\n');
    for (const line of drifted) output.out(`${lineText(line)}\n`);
    if (drifted.length > 0) output.out('`dualtone disable --overwrite-drift` puts these back too.\n');
  }
  return drifted.length > 0 ? EXIT.warning : EXIT.ok;
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
