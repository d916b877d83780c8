/** `config check` and `config show`, and `key generate`. */
import { readFileSync } from 'node:fs';
import type { CheckpointConfig, Config } from '../../config/config.ts';
import type { Parsed } from '../../config/parse.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { problemLines } from '../problems.ts';
import { DEFAULT_CONFIG } from '../program.ts';
import { type CommonOptions, isCheckpointFile, type Output, orEnd } from '../target.ts';

export interface ConfigOptions extends CommonOptions {
  /** Look at the file alone, not at this machine's addresses and key. */
  readonly fileOnly?: boolean;
  /** The next start of an agent recalls what was read now. */
  readonly keep?: boolean;
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The loader says what is wrong with it.
    return '';
  }
};

const load = async (path: string, options: ConfigOptions): Promise<Parsed<Config | CheckpointConfig>> => {
  const { loadConfig, loadCheckpointConfig } = await import('../../config/machine.ts');
  const { parseConfig, parseCheckpointConfig } = await import('../../config/parse.ts');
  const text = textOf(path);
  const isCheckpoint = isCheckpointFile(text);
  if (options.fileOnly === true && text !== '') return isCheckpoint ? parseCheckpointConfig(text) : parseConfig(text);
  return isCheckpoint ? loadCheckpointConfig(path) : loadConfig(path);
};

const showProblems = async (
  path: string,
  parsed: Extract<Parsed<unknown>, { ok: false }>,
  options: ConfigOptions,
  output: Output,
): Promise<ExitCode> => {
  if (options.json === true)
    output.out(
      `${JSON.stringify({ ok: false, file: path, problems: parsed.problems, notes: parsed.notes }, null, 2)}\n`,
    );
  else output.err(await problemLines(path, parsed.problems));
  return EXIT.configInvalid;
};

export const check = async (file: string | undefined, options: ConfigOptions, output: Output): Promise<ExitCode> => {
  const path = file ?? options.config ?? DEFAULT_CONFIG;
  const parsed = await load(path, options);
  if (!parsed.ok) return showProblems(path, parsed, options, output);
  if (options.keep === true && options.fileOnly !== true) {
    const { keepConfig } = await import('../config-cache.ts');
    keepConfig(isCheckpointFile(textOf(path)) ? 'checkpoint' : 'node', path, parsed.config, parsed.notes);
  }
  if (options.json === true)
    output.out(`${JSON.stringify({ ok: true, file: path, problems: [], notes: parsed.notes }, null, 2)}\n`);
  else {
    output.out(`${path} is valid.\n`);
    for (const note of parsed.notes) output.out(`  note: ${note}\n`);
  }
  return EXIT.ok;
};

export const show = async (file: string | undefined, options: ConfigOptions, output: Output): Promise<ExitCode> => {
  const path = file ?? options.config ?? DEFAULT_CONFIG;
  const parsed = await load(path, { ...options, fileOnly: true });
  if (!parsed.ok) return showProblems(path, parsed, options, output);
  const { printConfig } = await import('../../config/print.ts');
  const text = printConfig(parsed.config);
  if (options.json !== true) output.out(text);
  else {
    const { parse } = await import('yaml');
    output.out(`${JSON.stringify(parse(text), null, 2)}\n`);
  }
  return EXIT.ok;
};

export const generateKey = async (
  file: string | undefined,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> => {
  const path = file ?? '/etc/dualtone/pair.key';
  const { writeKey } = await import('../../peer/key.ts');
  orEnd(writeKey(path), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, file: path })}\n`);
  else output.out(`${path} holds a new key. Copy it unchanged, mode 0600, to the other node and to all checkpoints.\n`);
  return EXIT.ok;
};
