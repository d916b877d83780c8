/** `journal`: read, follow, verify, export. Works on the files, so also when the agent is dead. */

import type { JournalEntry } from '../../api/protocol.ts';
import type { JournalReader } from '../../journal/reader.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, Ended, journalOf, type Output, orEnd } from '../target.ts';

export interface JournalOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly since?: string;
  readonly lines?: string;
}

const open = async (options: CommonOptions, output: Output): Promise<JournalReader> => {
  const { openJournalReader } = await import('../../journal/reader.ts');
  return orEnd(openJournalReader(await journalOf(options, output)), options, output);
};

/** `2h` (ago), or a date that JavaScript reads, in local time. */
const sinceOf = async (text: string, output: Output): Promise<number> => {
  const { parseDuration } = await import('../../config/schema/scalars.ts');
  const ago = parseDuration(text);
  if (ago !== null) return Date.now() - ago;
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  output.err(
    `dualtone: --since ${text} is neither a span nor a time.\n    write for example 2h, or "2026-11-20 22:00"\n`,
  );
  throw new Ended(EXIT.usage);
};

const MOST = 100_000;

const linesOf = (options: JournalOptions, output: Output): number => {
  const lines = Number(options.lines ?? (options.since === undefined ? 50 : MOST));
  if (Number.isSafeInteger(lines) && lines > 0) return Math.min(lines, MOST);
  output.err(`dualtone: --lines ${options.lines} is not a number of entries.\n    write for example --lines 200\n`);
  throw new Ended(EXIT.usage);
};

export const journal = async (options: JournalOptions, output: Output): Promise<ExitCode> => {
  const limit = linesOf(options, output);
  const since = options.since === undefined ? null : await sinceOf(options.since, output);
  const reader = await open(options, output);
  const { renderEntry } = await import('../render/journal.ts');
  const print = (entries: readonly JournalEntry[]): void => {
    for (const entry of entries) {
      output.out(`${options.json === true ? JSON.stringify(entry) : renderEntry(entry, output.style)}\n`);
    }
  };
  const first = reader.read({ ...(since === null ? {} : { sinceWall: since }), limit });
  print(first);
  if (options.follow !== true) return EXIT.ok;
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  reader.follow(first.at(-1)?.seq ?? 0, ended.signal, print);
  await new Promise((resolve) => ended.signal.addEventListener('abort', resolve, { once: true }));
  return EXIT.ok;
};

export const verify = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const reader = await open(options, output);
  const { entries, lastHash } = orEnd(reader.verify(), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, entries, lastHash })}\n`);
  else output.out(`The journal is whole: ${entries} entries, the last with hash ${lastHash}.\n`);
  return EXIT.ok;
};

export interface ExportOptions extends CommonOptions {
  readonly format?: string;
}

/** Lines of the export with their proof, as they are; or only what the event file of the REMSYS scheme had. */
const inFormat = async (format: string | undefined): Promise<(line: string) => readonly string[]> => {
  if (format !== 'remsys') return (line) => [line];
  const { eventLines } = await import('../render/event-file.ts');
  return (line) => {
    const { entry } = JSON.parse(line) as { readonly entry?: JournalEntry };
    return entry === undefined ? [] : eventLines(entry);
  };
};

export const exportAll = async (options: ExportOptions, output: Output): Promise<ExitCode> => {
  const reader = await open(options, output);
  const { default: events } = await import('node:events');
  const shown = await inFormat(options.format);
  for (const line of reader.export()) {
    for (const text of shown(line)) {
      if (!process.stdout.write(`${text}\n`)) await events.once(process.stdout, 'drain');
    }
  }
  return EXIT.ok;
};
