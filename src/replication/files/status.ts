/** What the stream of files looks like from outside. Pure. */
import type { Fault } from '../../core/result.ts';
import type { Instant, Role, WallTime } from '../../core/words.ts';
import type { StreamCondition, StreamPending, StreamProgress, StreamStatus } from '../stream.ts';
import type { RunOutcome } from './runner.ts';

export interface FilesFacts {
  readonly name: string;
  readonly role: Role;
  /** No directory is configured. */
  readonly empty: boolean;
  readonly sending: boolean;
  readonly running: boolean;
  /** Why changes are not all seen; null when they are, or when nothing is watched. */
  readonly blind: string | null;
  readonly watching: boolean;
  /** Since when a change waits to be copied. */
  readonly waitingSince: Instant | null;
  readonly now: Instant;
  readonly wall: WallTime;
  readonly last: RunOutcome | null;
  readonly lastSuccess: WallTime | null;
  readonly lastError: (Fault & { readonly at: WallTime }) | null;
  readonly warnings: readonly string[];
  readonly nextRun: WallTime | null;
  readonly progress: StreamProgress | null;
  readonly pending: StreamPending | null;
}

/** Faults of the way and of the run; whatever else comes, comes from the other node's own guard. */
const OWN = new Set([
  'files-aborted',
  'files-command-refused',
  'files-cut-off',
  'files-directory-unusable',
  'files-disk-full',
  'files-not-registered',
  'files-path-refused',
  'files-run-failed',
  'files-silent',
  'files-time-limit',
]);
/** The other node's own word, which it has every right to. */
export const isGuard = ({ code }: Fault): boolean => !/^(ssh|program)-/.test(code) && !OWN.has(code);

const conditionOf = (facts: FilesFacts): StreamCondition => {
  if (facts.empty) return 'off';
  if (!facts.sending) return 'waiting';
  if (facts.running) return 'running';
  // Nothing is known of the other side before the first run under this right.
  if (facts.last === null) return 'behind';
  const { fault } = facts.last;
  if (fault !== null) return isGuard(fault) ? 'blocked' : 'failed';
  return facts.waitingSince === null ? 'in-step' : 'behind';
};

const textOf = (facts: FilesFacts, condition: StreamCondition): string => {
  if (condition === 'off') return 'no directory is configured';
  if (!facts.sending)
    return facts.role === 'main'
      ? "this node does not serve; the standby's files come back by a merge"
      : 'fed by the main';
  const fault = facts.last?.fault ?? null;
  if (fault !== null) return fault.message;
  if (facts.blind !== null) return facts.blind;
  const [warning] = facts.warnings;
  if (warning !== undefined) return warning;
  return (
    { running: 'being copied', behind: 'changes wait to be copied' }[condition as string] ?? 'all is at the other node'
  );
};

/** How much older the copy is at most: a change that waits, or without a watch the time since the last run. */
const lagOf = (facts: FilesFacts): number | null => {
  if (!facts.sending || facts.last === null || facts.lastSuccess === null) return null;
  if (facts.waitingSince !== null) return facts.now - facts.waitingSince;
  return facts.watching && facts.blind === null ? 0 : Math.max(0, facts.wall - facts.lastSuccess);
};

export const describeFiles = (facts: FilesFacts): StreamStatus => {
  const condition = conditionOf(facts);
  return {
    name: facts.name,
    direction: facts.empty ? 'none' : facts.sending ? 'out' : facts.role === 'main' ? 'none' : 'in',
    condition,
    text: textOf(facts, condition),
    lagMs: lagOf(facts),
    lastSuccess: facts.lastSuccess,
    lastError: facts.lastError,
    nextRun: facts.nextRun,
    rows: facts.last?.changed ?? null,
    bytes: facts.last?.bytes ?? null,
    tookMs: facts.last?.tookMs ?? null,
    progress: facts.progress,
    pending: facts.pending,
    warnings: facts.warnings,
  };
};
