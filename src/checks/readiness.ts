/** From what is known of both nodes to one answer: could the passive node take over now, and what would be lost. Pure. */
import type { Rehearsal } from '../core/explain.ts';
import type { Millis } from '../core/words.ts';
import type { CheckResult, NodeReport, Readiness, ReadinessState } from './report.ts';

/** What the agent knows besides the reports. */
export interface Standing {
  readonly server: 'this' | 'other' | 'nobody' | 'both';
  readonly thisName: string;
  readonly otherName: string;
  /** The agent's own rehearsal of a takeover; null: no agent runs. */
  readonly takeover: (Pick<Rehearsal, 'missing'> & { readonly possible: boolean }) | null;
  /** What a takeover would lose; null: nothing follows. */
  readonly loss: { readonly text: string; readonly exceedsLimit: boolean } | null;
  readonly own: NodeReport | null;
  readonly other: NodeReport | null;
  readonly otherHeardMsAgo: Millis | null;
}

/** A report that is older than this says nothing of now. */
const REPORT_STALE_MS: Millis = 90_000;

interface Reason {
  readonly state: 'not-ready' | 'degraded';
  readonly text: string;
}

/** A person suspended automatic action: the takeover is possible, and waits for a person. */
const HOLDS: ReadonlySet<string> = new Set(['manual-mode', 'maintenance', 'unconfirmed']);

/** It would serve all the same, as a last resort, and no telephone would ring. */
const UNFIT = 'unfit';

const ofRehearsal = ({ server, takeover }: Standing): readonly Reason[] => {
  if (takeover === null) return [{ state: 'not-ready', text: 'the agent of this node does not run' }];
  if (server === 'both') return [{ state: 'not-ready', text: 'both nodes serve' }];
  const found: Reason[] = takeover.missing.flatMap(({ rule, text }): readonly Reason[] => {
    if (HOLDS.has(rule)) return [{ state: 'degraded', text }];
    // What passes by itself within moments is in the way of nobody.
    return takeover.possible && rule !== UNFIT ? [] : [{ state: 'not-ready', text }];
  });
  if (server === 'nobody') found.unshift({ state: 'not-ready', text: 'nobody is known to serve' });
  else if (!takeover.possible && found.length === 0)
    found.push({ state: 'not-ready', text: 'the agents see something in the way: `dualtone explain` tells' });
  return found;
};

/** What the agent itself knows better and fresher. */
const LIVE = new Set(['takeover-rehearsed', 'agent-runs']);

/** Of the passive node, or of what lies between the two, a critical failure means: it could not. */
const weigh = (result: CheckResult, ofPassive: boolean, name: string): Reason | null => {
  const { severity, scope, finding, id, accepted } = result;
  if (accepted || severity === 'advice') return null;
  const where = scope === 'pair' ? '' : ` on ${name}`;
  if (finding.outcome === 'fail') {
    const decisive = severity === 'critical' && (ofPassive || scope === 'pair');
    return { state: decisive ? 'not-ready' : 'degraded', text: `${id}${where}: ${finding.evidence}` };
  }
  if (finding.outcome === 'unknown' && severity === 'critical')
    return { state: 'degraded', text: `${id}${where} is not known: ${finding.why}` };
  return null;
};

const ofReport = (report: NodeReport | null, isPassive: boolean, name: string): readonly Reason[] =>
  (report?.results ?? [])
    .filter(({ id }) => !LIVE.has(id))
    .map((result) => weigh(result, isPassive, name))
    .filter((reason) => reason !== null);

const ofKnowledge = ({ own, other, otherHeardMsAgo, thisName, otherName }: Standing): readonly Reason[] => {
  const found: Reason[] = [];
  if (own === null) found.push({ state: 'degraded', text: `${thisName} has checked nothing yet` });
  if (other === null || otherHeardMsAgo === null)
    found.push({ state: 'degraded', text: `the checks of ${otherName} are not known here` });
  else if (otherHeardMsAgo > REPORT_STALE_MS)
    found.push({
      state: 'degraded',
      text: `the checks of ${otherName} are ${Math.round(otherHeardMsAgo / 1000)} s old`,
    });
  return found;
};

const ofLoss = ({ loss }: Standing): readonly Reason[] =>
  loss?.exceedsLimit === true ? [{ state: 'degraded', text: `more would be lost than is allowed: ${loss.text}` }] : [];

/** Both nodes find the same where it lies between them. */
const distinct = (reasons: readonly Reason[]): readonly Reason[] => {
  const seen = new Set<string>();
  return reasons.filter(({ text }) => !seen.has(text) && seen.add(text));
};

const passiveNameOf = ({ server, thisName, otherName }: Standing): string =>
  server === 'other' ? thisName : otherName;

const sentence = (state: ReadinessState, standing: Standing, reasons: readonly string[]): string => {
  const name = passiveNameOf(standing);
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  switch (state) {
    case 'ready':
      return `ready: ${name} could take over now`;
    case 'degraded':
      return `degraded: ${name} could take over now, but ${reasons[0] ?? ''}${more}`;
    case 'not-ready':
      return `NOT READY: ${standing.server === 'nobody' || standing.server === 'both' ? '' : `${name} could not take over: `}${reasons[0] ?? ''}${more}`;
    case 'unknown':
      return 'not known: nothing has been checked yet';
  }
};

/** Monotone: a finding that gets worse never makes the answer better. */
export const readinessOf = (standing: Standing): Readiness => {
  const { server, own, other, thisName, otherName, loss } = standing;
  const rank = { 'not-ready': 0, degraded: 1 } as const;
  const found = [
    ...ofRehearsal(standing),
    ...ofReport(own, server !== 'this', thisName),
    ...ofReport(other, server !== 'other', otherName),
    ...ofLoss(standing),
    ...ofKnowledge(standing),
  ];
  // The worst first: of two nodes that find the same, the graver word stays.
  const all = distinct(found.toSorted((a, b) => rank[a.state] - rank[b.state]));
  const reasons = all.map(({ text }) => text);
  const state: ReadinessState = all.some((reason) => reason.state === 'not-ready')
    ? 'not-ready'
    : own === null && other === null
      ? 'unknown'
      : all.length > 0
        ? 'degraded'
        : 'ready';
  return { state, text: sentence(state, standing, reasons), reasons, loss: loss?.text ?? null };
};
