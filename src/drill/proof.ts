/** Whether a report is what the journal's chain says it was. */
import { fail, ok, type Result } from '../core/result.ts';
import type { JournalReader } from '../journal/reader.ts';
import type { JournalEntry } from '../ports.ts';
import { type DrillReport, digestOfReport, type JournalPlace } from './report.ts';

export interface DrillProof {
  readonly id: string;
  readonly digest: string;
  /** The entry of this node's journal that holds the digest. */
  readonly seq: number;
  readonly hash: string;
  /** The hashes that the report names were found too: only in the journal of the node that led, and while it keeps them. */
  readonly isBetween: boolean;
}

const isSignature = ({ kind, data }: JournalEntry, id: string): boolean =>
  kind === 'drill-report' && typeof data === 'object' && data !== null && 'id' in data && data.id === id;

const untrue = (message: string) =>
  fail('drill-untrue', message, 'Keep the file as it is, and compare it with the report at the other node.');

/** Faults: `journal-broken`, `drill-unsigned`, `drill-untrue`. */
export const proveReport = (report: DrillReport, reader: JournalReader): Result<DrillProof> => {
  const whole = reader.verify();
  if (!whole.ok) return whole;
  const entries = reader.read({ sinceWall: report.startedAt - 3_600_000, limit: 100_000 });
  const signed = entries.findLast((entry) => isSignature(entry, report.id));
  if (signed === undefined)
    return fail(
      'drill-unsigned',
      `The journal has no entry about the report of ${report.id}.`,
      'It may be older than what the journal keeps (`journal.max-age`), or not a report of this pair.',
    );
  const digest = digestOfReport(report);
  const kept = (signed.data as { readonly digest?: unknown }).digest;
  if (kept !== digest) return untrue(`The report of ${report.id} is not what was signed.`);
  const isThere = ({ seq, hash }: JournalPlace): boolean =>
    seq === 0 || reader.read({ sinceSeq: seq - 1, limit: 1 }).some((entry) => entry.seq === seq && entry.hash === hash);
  const { from, to } = report.journal;
  return ok({ id: report.id, digest, seq: signed.seq, hash: signed.hash, isBetween: isThere(from) && isThere(to) });
};
