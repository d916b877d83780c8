/** What checks tell: a finding each, a report of a node, the readiness of the pair. It travels: to the agent, to the other node, to people. */
import { isRecord, type Millis, type WallTime } from '../core/words.ts';

/**
 * `critical`: with it failing on the passive node, that node could not take over, or two might serve. `warning`: it could, and
 * something would be lost, late or wrong. `advice`: nothing is wrong yet; readiness does not count it.
 */
export type Severity = 'critical' | 'warning' | 'advice';

/** Of one node, or of what lies between the two. */
export type Scope = 'node' | 'pair';

export type Outcome = 'pass' | 'fail' | 'unknown' | 'not-applicable';

/** What a check found. `unknown` never counts as failed: who could not look knows nothing. */
export type Finding =
  | { readonly outcome: 'pass'; readonly evidence: string }
  | { readonly outcome: 'fail'; readonly evidence: string; readonly remedy: string }
  | { readonly outcome: 'unknown'; readonly why: string }
  | { readonly outcome: 'not-applicable'; readonly why: string };

/** The last finding of one check, as shown and as told to the other node. */
export interface CheckResult {
  readonly id: string;
  readonly about: string;
  readonly severity: Severity;
  readonly scope: Scope;
  readonly finding: Finding;
  /** The configuration accepts that it fails (`checks.accept`): it does not count. */
  readonly accepted: boolean;
  /** When it was tried last, and since when the outcome has been this one. */
  readonly at: WallTime;
  readonly since: WallTime;
  readonly tookMs: Millis;
}

/** Everything that a node knows of its own prerequisites. */
export interface NodeReport {
  readonly node: string;
  readonly role: 'main' | 'standby';
  readonly at: WallTime;
  readonly results: readonly CheckResult[];
}

/** `unknown`: nothing has been tried yet. */
export type ReadinessState = 'ready' | 'degraded' | 'not-ready' | 'unknown';

/** Could the passive node take over now, and what would be lost. */
export interface Readiness {
  readonly state: ReadinessState;
  /** One sentence. */
  readonly text: string;
  /** Why it is not better, most decisive first; empty when ready. */
  readonly reasons: readonly string[];
  /** What would be missing after a takeover now, in words; null: no stream is configured. */
  readonly loss: string | null;
}

/** A change, kept on disk. `what` is a check's id, or `readiness`. */
export interface HistoryEntry {
  readonly wall: WallTime;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** What the agent shows of its checks. */
export interface ChecksView {
  readonly readiness: Readiness;
  /** Since when, as far as the history knows; null: it is news. */
  readonly since: WallTime | null;
  readonly own: NodeReport | null;
  /** As the other node told it; `at` is by its clock, `heardMsAgo` by this one's. */
  readonly other: NodeReport | null;
  readonly otherHeardMsAgo: Millis | null;
  /** The newest last. */
  readonly history: readonly HistoryEntry[];
  /** Why nothing is checked; null while all is well. */
  readonly trouble: string | null;
}

const LONGEST = 600;
const MOST_RESULTS = 200;

/** One line, without control characters, cut to what a report carries. */
export const lineOf = (text: string): string => {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST - 1)}…`;
};

const textOf = (input: unknown): string | null => (typeof input === 'string' ? lineOf(input) : null);

const numberOf = (input: unknown): number | null =>
  typeof input === 'number' && Number.isFinite(input) && input >= 0 && input < 1e15 ? input : null;

const findingOf = (input: unknown): Finding | null => {
  if (!isRecord(input)) return null;
  const [evidence, remedy, why] = [textOf(input['evidence']), textOf(input['remedy']), textOf(input['why'])];
  switch (input['outcome']) {
    case 'pass':
      return evidence === null ? null : { outcome: 'pass', evidence };
    case 'fail':
      return evidence === null || remedy === null ? null : { outcome: 'fail', evidence, remedy };
    case 'unknown':
    case 'not-applicable':
      return why === null ? null : { outcome: input['outcome'], why };
    default:
      return null;
  }
};

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const resultOf = (input: unknown): CheckResult | null => {
  if (!isRecord(input)) return null;
  const { id, severity, scope, accepted } = input;
  const [about, finding] = [textOf(input['about']), findingOf(input['finding'])];
  const [at, since, tookMs] = [numberOf(input['at']), numberOf(input['since']), numberOf(input['tookMs'])];
  if (typeof id !== 'string' || id.length > 64 || !ID.test(id)) return null;
  if (severity !== 'critical' && severity !== 'warning' && severity !== 'advice') return null;
  if (scope !== 'node' && scope !== 'pair') return null;
  if (about === null || finding === null || at === null || since === null || tookMs === null) return null;
  return { id, about, severity, scope, finding, accepted: accepted === true, at, since, tookMs };
};

/** The other node's report, checked: null where it is odd. Texts are cut and stripped of what is no text. */
export const readReport = (input: unknown): NodeReport | null => {
  if (!isRecord(input) || !Array.isArray(input['results']) || input['results'].length > MOST_RESULTS) return null;
  const { role } = input;
  const [node, at] = [textOf(input['node']), numberOf(input['at'])];
  if (node === null || at === null || (role !== 'main' && role !== 'standby')) return null;
  const results: CheckResult[] = [];
  for (const each of input['results']) {
    const result = resultOf(each);
    if (result === null || results.some(({ id }) => id === result.id)) return null;
    results.push(result);
  }
  return { node, role, at, results };
};
