import { readFile, rm } from 'node:fs/promises';
import { type Fault, fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWhole } from '../../files/whole.ts';
import { blueprintOf, createLines, type GateSettings } from './rules.ts';

/** The closed gate as a script for `nft -f`: makes what is missing, leaves tickets that run. */
export const bootScript = (settings: GateSettings): string =>
  [
    '#!/usr/sbin/nft -f',
    '# Written by Dualtone at each start; loaded at boot by dualtone-gate.service.',
    ...createLines(blueprintOf(settings)),
    '',
  ].join('\n');

const contentOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

const notWritten = (path: string, error: unknown): { readonly ok: false; readonly error: Fault } =>
  fail(
    'gate-script-not-written',
    `The gate for the boot could not be written to ${path}: ${messageOf(error)}.`,
    'See to the disk and the permissions of the state directory; the gate of this moment is not touched by it.',
  );

/**
 * Writes the script where `dualtone-gate.service` finds it, so that the gate is closed at boot before Asterisk starts, even
 * where the agent does not start at all. Fault: `gate-script-not-written`.
 */
export const writeBootScript = async (path: string, settings: GateSettings): Promise<Result<void>> => {
  const script = bootScript(settings);
  try {
    if ((await contentOf(path)) === script) return ok(undefined);
    await writeWhole(path, script, { mode: 0o644, isDurable: false, folderMode: 0o777 });
    return ok(undefined);
  } catch (error) {
    return notWritten(path, error);
  }
};

/** Where no gate is wanted, the next boot must not close one that nobody opens. Fault: `gate-script-not-written`. */
export const removeBootScript = async (path: string): Promise<Result<void>> => {
  try {
    await rm(path, { force: true });
    return ok(undefined);
  } catch (error) {
    return notWritten(path, error);
  }
};
