/** Which agent is meant, and how its answers are shown. */
import { existsSync } from 'node:fs';
import { type Fault, messageOf, type Result } from '../core/result.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { problemLines } from './problems.ts';
import { DEFAULT_CONFIG, DEFAULT_JOURNAL, DEFAULT_SOCKET } from './program.ts';
import { printable } from './render/printable.ts';
import { type Style, styleFor } from './render/style.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly socket?: string;
  readonly config?: string;
}

export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly style: Style;
}

export const processOutput = (): Output => ({
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  style: styleFor(process.stdout),
});

/** Ends a command early, with its exit code; what there was to say has been said. */
export class Ended extends Error {
  readonly exit: ExitCode;
  constructor(exit: ExitCode) {
    super(`exit ${exit}`);
    this.exit = exit;
  }
}

const EXIT_BY_CODE: Readonly<Record<string, ExitCode>> = {
  'agent-unreachable': EXIT.unreachable,
  'agent-silent': EXIT.unreachable,
  'agent-gone': EXIT.unreachable,
  'journal-broken': EXIT.broken,
};

/** A fault for people on standard error, or as JSON on standard output; gives the exit code. */
export const showFault = (fault: Fault, options: CommonOptions, output: Output): ExitCode => {
  if (options.json === true) output.out(`${JSON.stringify({ ok: false, ...fault })}\n`);
  else output.err(`dualtone: ${printable(fault.message.replace(/\.$/, ''))}.\n    ${printable(fault.remedy)}\n`);
  return EXIT_BY_CODE[fault.code] ?? EXIT.refused;
};

/** The value, or the command's end. */
export const orEnd = <T>(result: Result<T>, options: CommonOptions, output: Output): T => {
  if (result.ok) return result.value;
  throw new Ended(showFault(result.error, options, output));
};

/** A file may be a node's or a checkpoint's: a checkpoint names `nodes`, a node itself. */
export const isCheckpointFile = (text: string): boolean => /^nodes\s*:/m.test(text) && !/^node\s*:/m.test(text);

interface Places {
  readonly socket: string;
  readonly journal: string;
}

const placesOfFile = async (path: string, output: Output): Promise<Places> => {
  const [{ readFileSync }, { parseConfig, parseCheckpointConfig }, { controlSocketPath, journalPath }] =
    await Promise.all([import('node:fs'), import('../config/parse.ts'), import('../config/config.ts')]);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    output.err(
      `dualtone: ${path} cannot be read: ${messageOf(error)}.\n    give the path of the configuration with --config, or the agent's socket with --socket\n`,
    );
    throw new Ended(EXIT.configInvalid);
  }
  const parsed = isCheckpointFile(text) ? parseCheckpointConfig(text) : parseConfig(text);
  if (parsed.ok) return { socket: controlSocketPath(parsed.config), journal: journalPath(parsed.config) };
  output.err(await problemLines(path, parsed.problems));
  throw new Ended(EXIT.configInvalid);
};

/** `--socket`, the file of `--config`, `DUALTONE_SOCKET`, or the usual place. */
export const socketOf = async (options: CommonOptions, output: Output): Promise<string> => {
  if (options.socket !== undefined) return options.socket;
  if (options.config !== undefined) return (await placesOfFile(options.config, output)).socket;
  return process.env['DUALTONE_SOCKET'] ?? DEFAULT_SOCKET;
};

/** The journal is read from its files, so that it can be read with the agent dead. */
export const journalOf = async (options: CommonOptions, output: Output): Promise<string> => {
  if (options.config !== undefined) return (await placesOfFile(options.config, output)).journal;
  if (options.socket !== undefined || !existsSync(DEFAULT_CONFIG)) {
    const { askSnapshot } = await import('../api/client.ts');
    const asked = await askSnapshot(await socketOf(options, output));
    if (asked.ok) return asked.value.journal.path;
    return DEFAULT_JOURNAL;
  }
  return (await placesOfFile(DEFAULT_CONFIG, output)).journal;
};
