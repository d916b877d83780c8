/** Traces of the original on this machine that must not act beside Dualtone: cron files, the line that lets the main in, sentinels. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Change } from '../../changes/change.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { Role } from '../../core/words.ts';
import { readText, replaceFile } from '../../files/replace.ts';
import type { Original } from '../../profiles/xivo/original.ts';
import { originalCronLines, parseHaConf } from '../ha-conf.ts';
import { type Store, setting } from './store.ts';

const MARK = '# Dualtone does this now: ';

/** The same file with the original's lines asleep. */
export const asleep = (text: string): string => {
  const lines = new Set(originalCronLines(text));
  return text
    .split('\n')
    .map((line) => (lines.has(line) ? MARK + line : line))
    .join('\n');
};

const notWritten = (path: string, error: unknown) =>
  fail(
    'xivo-file-not-written',
    `${path} could not be changed: ${messageOf(error)}.`,
    'Run as root, and see to the disk.',
  );

/** Whether a file is there: `present` or `absent`. */
export const flagStore: Store = {
  look: async (path) => ok(existsSync(path) ? 'present' : 'absent'),
  put: async (path, text) => {
    try {
      if (text === 'present') writeFileSync(path, '');
      else rmSync(path, { force: true });
      return ok(undefined);
    } catch (error) {
      return notWritten(path, error);
    }
  },
};

/** A line that lets somebody in, and its place among the lines that do not: how many come before it, and the nearest of them. */
const trustedSchema = z.array(z.strictObject({ line: z.string(), at: z.int(), below: z.string().nullable() }));
type Trusted = z.infer<typeof trustedSchema>[number];

/** Where it was, or below the line that it was below; else before the end of the file's last line. */
const placeAmong = (others: readonly string[], { at, below }: Trusted): number => {
  if (at <= others.length && (others[at - 1] ?? null) === below) return at;
  const found = below === null ? -1 : others.lastIndexOf(below);
  if (found !== -1) return found + 1;
  return others.at(-1) === '' ? others.length - 1 : others.length;
};

/** Lines of a pg_hba.conf that begin so; they go and come without the rest being touched, to their places: the first that fits counts there. */
export const trustStore = (begin: string): Store => {
  const words = begin.split(' ');
  const isOne = (line: string): boolean => {
    const found = line.trim().split(/\s+/);
    return words.every((word, at) => found[at] === word);
  };
  const linesOf = (text: string | null) => {
    const others: string[] = [];
    const trusted: Trusted[] = [];
    for (const line of (text ?? '').split('\n')) {
      if (isOne(line)) trusted.push({ line, at: others.length, below: others.at(-1) ?? null });
      else others.push(line);
    }
    return { others, trusted };
  };
  return {
    look: async (path) => {
      const text = readText(path);
      return text.ok ? ok(JSON.stringify(linesOf(text.value).trusted)) : text;
    },
    put: async (path, list) => {
      const text = readText(path);
      if (!text.ok) return text;
      const { others } = linesOf(text.value);
      const placed = trustedSchema.parse(JSON.parse(list ?? '[]')).map((each) => ({
        line: each.line,
        at: placeAmong(others, each),
      }));
      // From the end, so that no place moves before it is filled.
      const lines = placed
        .toSorted((one, other) => one.at - other.at)
        .reduceRight<readonly string[]>((all, { line, at }) => all.toSpliced(at, 0, line), others);
      return replaceFile(path, lines.join('\n'), 0o640);
    },
  };
};

const cronChange = (path: string): Result<readonly Change[]> => {
  const text = readText(path);
  if (!text.ok) return text;
  if (text.value === null || originalCronLines(text.value).length === 0) return ok([]);
  const quiet = Buffer.from(asleep(text.value), 'latin1').toString('utf8');
  return ok([{ kind: 'file', path, text: quiet, mode: 0o644, secret: false, after: null, like: null }]);
};

/** XiVO's own switch, written and not posted: its service would restart PostgreSQL and start what a standby must not run. */
const haConfChange = (path: string): Result<readonly Change[]> => {
  const text = readText(path);
  if (!text.ok) return text;
  const conf = parseHaConf(text.value);
  if (text.value === null || (conf.ok && conf.value.role === 'disabled')) return ok([]);
  const off = `${JSON.stringify({ node_type: 'disabled', remote_address: '' })}\n`;
  return ok([{ kind: 'file', path, text: off, mode: 0o644, secret: false, after: null, like: null }]);
};

/** Every cluster's, whatever its version. */
const hbaFiles = (root: string): readonly string[] => {
  const base = `${root}/etc/postgresql`;
  try {
    return readdirSync(base)
      .flatMap((version) =>
        readdirSync(`${base}/${version}`).map((cluster) => `${base}/${version}/${cluster}/pg_hba.conf`),
      )
      .filter((path) => existsSync(path));
  } catch {
    return [];
  }
};

/** What is to change here. Faults: `file-unreadable`. */
export const hereChanges = (original: Original, role: Role, root: string): Result<readonly Change[]> => {
  const changes: Change[] = [];
  for (const path of [original.cronFiles.main, original.cronFiles.standby]) {
    const change = cronChange(root + path);
    if (!change.ok) return change;
    changes.push(...change.value);
  }
  const switchedOff = haConfChange(root + original.haConf);
  if (!switchedOff.ok) return switchedOff;
  changes.push(...switchedOff.value);
  const own = root + original.sentinels[role];
  const other = root + original.sentinels[role === 'main' ? 'standby' : 'main'];
  if (existsSync(dirname(own))) changes.push(setting('flag', other, 'absent'), setting('flag', own, 'present'));
  changes.push(...hbaFiles(root).map((path) => setting('trust', path, '[]')));
  return ok(changes);
};
