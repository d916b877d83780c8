/** Would this node serve now, why, why not, and what is missing (F3). Asks the policy itself, so that both always agree. */
import { byCheckpoints } from './arbiter/looks.ts';
import { voteForSelf } from './arbiter/voter.ts';
import { createDraft, type Draft, inMaintenance, isManual, isWell } from './draft.ts';
import { majority, needsNoVotes, rivalIsSilent } from './lease.ts';
import { obstacles } from './policy.ts';
import { latestOfRival, rivalIsFit, rivalServes, rivalServesText } from './rival-view.ts';
import type { Settings } from './settings.ts';
import { NEVER, type State } from './state.ts';
import { type Instant, type Millis, rivalOf } from './words.ts';

/** One who may vote, as seen from here. */
export interface VoteView {
  readonly voter: string;
  readonly counts: 'yes' | 'no';
  readonly text: string;
}

export interface ObstacleView {
  readonly rule: string;
  readonly text: string;
  /** It passes by itself after so long; null: not by itself. */
  readonly inMs: Millis | null;
}

/** What is in the way of a takeover: an obstacle or a lack of docs/rules.md, and its sentence. */
export interface MissingView {
  readonly rule: string;
  readonly text: string;
}

/** What would follow if the other node fell silent at this instant. */
export interface Rehearsal {
  readonly takesOver: boolean;
  readonly afterMs: Millis | null;
  readonly text: string;
  readonly missing: readonly MissingView[];
}

export interface Explanation {
  readonly doing: 'serves' | 'asks' | 'waits' | 'halted';
  /** One sentence: what this node does and why. */
  readonly text: string;
  /** What keeps a passive node from asking for the right to serve, most decisive first. */
  readonly obstacles: readonly ObstacleView[];
  /** Votes that a majority needs; 0 where none is needed. */
  readonly needed: number;
  readonly votes: readonly VoteView[];
  /** Of a passive node: would it take over? Of the active one: would the other? */
  readonly ifOtherOrThisDied: Rehearsal;
}

const ago = (ms: Millis): string => (ms < 10_000 ? `${Math.round(ms)} ms ago` : `${Math.round(ms / 1000)} s ago`);

const SAID: Readonly<Record<string, string>> = {
  yes: 'voted yes',
  'not-asked': 'answers',
  silent: 'answers, but has just started and gives no vote yet',
  released: 'refused: that epoch was given up',
  older: 'refused: it knows a newer epoch',
  'held-open': 'refused: the other node may serve by hand; a person must make sure that it does not',
  promised: 'has promised its vote to the other node',
  rival: 'serves or asks itself',
};

const answersLately = (d: Draft, at: Instant): boolean => d.now - at <= 2.5 * d.settings.timing.heartbeatMs;

const ownVote = (d: Draft): VoteView => {
  const { boot } = d.s;
  const voter = `${d.settings.role} (this node)`;
  const would = voteForSelf(boot, d.settings.role, 0, d.now, d.settings.timing.promiseMs) !== null;
  if (would) return { voter, counts: 'yes', text: 'would vote for itself' };
  if (d.now < boot.silentUntil) {
    return { voter, counts: 'no', text: `just started: listens for ${Math.round(boot.silentUntil - d.now)} ms more` };
  }
  const left = Math.round((boot.promise?.until ?? d.now) - d.now);
  return {
    voter,
    counts: 'no',
    text: `has promised its vote to the ${boot.promise?.holder ?? 'other'} for ${left} ms`,
  };
};

const rivalVote = (d: Draft): VoteView => {
  const voter = rivalOf(d.settings.role);
  const { rival } = d.s;
  const serves = rivalServes(d) > 0 ? `; ${rivalServesText(d)}` : '';
  if (rival.heardAt <= 0)
    return { voter, counts: 'no', text: `has never been heard since this agent started${serves}` };
  if (rivalIsSilent(d))
    return { voter, counts: 'no', text: `is silent: last heard ${ago(d.now - rival.heardAt)}${serves}` };
  if ((rival.status?.holding ?? 0) > 0)
    return { voter, counts: 'no', text: `serves under epoch ${rival.status?.holding ?? 0}` };
  return { voter, counts: 'yes', text: 'is heard and passive: its word alone would be enough' };
};

const checkpointVotes = (d: Draft): readonly VoteView[] =>
  d.s.voters.map(({ name, answeredAt, lastWhy }): VoteView => {
    if (answeredAt <= d.s.startedAt)
      return { voter: name, counts: 'no', text: 'has not answered since this agent started' };
    if (!answersLately(d, answeredAt)) {
      return { voter: name, counts: 'no', text: `is silent: last answer ${ago(d.now - answeredAt)}` };
    }
    const counts = lastWhy === 'yes' || lastWhy === 'not-asked' ? 'yes' : 'no';
    return { voter: name, counts, text: SAID[lastWhy] ?? lastWhy };
  });

const obstacleViews = (d: Draft): readonly ObstacleView[] =>
  obstacles(d).map(({ rule, text, until }) => ({
    rule,
    text,
    inMs: until === null ? null : Math.max(0, until - d.now),
  }));

/** This node as it would stand one promise after the rival's last word. */
const withoutRival = (d: Draft): Draft => {
  const { promiseMs } = d.settings.timing;
  const later = d.now + promiseMs + 1;
  const shift = later - d.now;
  const rival = { ...d.s.rival, claimAt: NEVER, status: null, relayed: null, relayedAt: NEVER };
  const { watch } = d.settings;
  // Where looks decide, it looks ahead to the last of them.
  const rivalBad = watch.kind === 'looks' ? watch.badLooks : d.s.health.rivalBad;
  // What answers now beyond this node would go on to answer.
  const networkProvedAt = d.s.health.networkBad === 0 ? later : d.s.health.networkProvedAt;
  const state: State = {
    ...d.s,
    boot: { ...d.s.boot, promise: null },
    // Its own retries and starts do not stand in the way of one who looks ahead.
    lease: { name: 'none', since: d.now, retryAt: d.now },
    // A device would have to say so then; that it answers is the business of checks.
    fence: { name: 'off', since: later },
    health: { ...d.s.health, rivalBad, networkProvedAt },
    rival: { ...rival, heardAt: Math.min(rival.heardAt, later - promiseMs - 1) },
    voters: d.s.voters.map((voter) => ({ ...voter, answeredAt: voter.answeredAt + shift })),
  };
  return createDraft(d.settings, state, later);
};

/** All of it, in one line. */
export const missingText = (missing: readonly MissingView[]): string => missing.map(({ text }) => text).join('; ');

/** Checkpoints whose vote this node could have, with the rival gone. */
const checkpointsWithin = (d: Draft): number =>
  d.s.voters.filter(({ answeredAt }) => answersLately(d, answeredAt)).length;

/** How long the standby counts bad looks at the main. */
const looksMs = ({ settings: { watch } }: Draft): Millis =>
  watch.kind === 'looks' ? watch.badLooks * watch.lookMs : 0;

/** This node is a standby whose main goes by looks, and takes service back by a person's word alone. */
const mainWaitsForStandby = ({ settings }: Draft): boolean =>
  settings.role === 'standby' && byCheckpoints(settings) && settings.failback.policy === 'manual';

const rehearsePassive = (d: Draft): Rehearsal => {
  const alone = withoutRival(d);
  const found = obstacles(alone);
  const missing = found.map(({ rule, text }): MissingView => ({ rule, text }));
  const needed = needsNoVotes(d) ? 0 : majority(d.s.voters.length);
  const votes = 1 + checkpointsWithin(d);
  if (votes < needed) {
    const why = d.s.voters.length === 0 ? 'no checkpoint is configured' : 'too few checkpoints answer';
    missing.push({ rule: 'votes', text: `${votes} of the ${needed} votes needed: ${why}` });
  }
  const lasting = found.some(({ until }) => until === null) || votes < needed;
  const other = rivalOf(d.settings.role);
  if (lasting) {
    const text = `If the ${other} fell silent now, this node would NOT take over: ${missingText(missing)}.`;
    return { takesOver: false, afterMs: null, text, missing };
  }
  const waits = found.map(({ until }) => (until ?? 0) - alone.now);
  const { timing, role } = d.settings;
  const countsMs = role === 'standby' ? looksMs(d) : 0;
  const afterMs = Math.round(Math.max(timing.promiseMs, countsMs) + Math.max(0, ...waits));
  const proof = d.settings.fencing !== null && needsNoVotes(d) ? ', once its device has turned it off' : '';
  const text = `If the ${other} fell silent now, this node would take over after about ${afterMs} ms${proof}.`;
  return { takesOver: true, afterMs, text, missing };
};

const rehearseActive = (d: Draft): Rehearsal => {
  const other = rivalOf(d.settings.role);
  const { at, status } = latestOfRival(d);
  const missing: MissingView[] = [];
  const lacks = (rule: string, text: string): void => {
    missing.push({ rule, text });
  };
  if (isManual(d.s)) lacks('manual-mode', 'manual mode: only a person starts service');
  if (inMaintenance(d.s)) lacks('maintenance', 'maintenance: nothing moves by itself');
  if (status === null || at <= 0) lacks('rival-silent', `the ${other} has not been heard`);
  else if (!answersLately(d, at)) lacks('rival-silent', `the ${other} is silent: last heard ${ago(d.now - at)}`);
  else if (!status.well) lacks('rival-unfit', `the ${other} says that its telephony is not well`);
  const needed = needsNoVotes(d) ? 0 : majority(d.s.voters.length);
  if (1 + checkpointsWithin(d) < needed)
    lacks('votes', 'too few checkpoints answer for the other node to win a majority');
  if (mainWaitsForStandby(d)) lacks('standby-may-serve', 'the main does not take the silence of this node for its end');
  if (missing.length > 0) {
    return {
      takesOver: false,
      afterMs: null,
      text: `If this node died now, the ${other} would NOT take over: ${missingText(missing)}.`,
      missing,
    };
  }
  const afterMs = Math.max(d.settings.timing.promiseMs, d.settings.role === 'main' ? looksMs(d) : 0);
  return {
    takesOver: true,
    afterMs,
    text: `If this node died now, the ${other} would take over after about ${afterMs} ms.`,
    missing,
  };
};

const idleText = (d: Draft, until: Instant): string => {
  const { calls } = d.s.health;
  const up = calls < 0 ? 'how many are is not known' : calls === 1 ? '1 is now' : `${calls} are now`;
  return ` when no call is up (${up}), in ${Math.max(0, Math.ceil((until - d.now) / 1000))} s at the latest`;
};

const doingText = (d: Draft, doing: Explanation['doing'], found: readonly ObstacleView[]): string => {
  const { lease, phase, health } = d.s;
  switch (doing) {
    case 'halted':
      return `This node has halted itself: ${phase.name === 'halted' ? phase.because : ''}.`;
    case 'serves': {
      const epoch = lease.name === 'held' ? lease.epoch : 0;
      const ill = isWell(d.s)
        ? ''
        : ` Its telephony is ${health.verdict}: ${health.reason}; ${rivalIsFit(d) ? 'it hands over' : 'the other node is not fit'}.`;
      const leaves =
        phase.name === 'draining'
          ? ` It is about to hand over${phase.whenIdle ? idleText(d, phase.until) : ''}: ${phase.because}.`
          : phase.name === 'closing'
            ? ' It is closing its gate.'
            : '';
      return `This node serves under epoch ${epoch}.${leaves}${ill}`;
    }
    case 'asks':
    case 'waits': {
      const there = rivalIsSilent(d) ? rivalServesText(d) : '';
      const why = there === '' ? (found[0]?.text ?? 'it waits') : `it does not hear the other node; ${there}`;
      return doing === 'asks' && there === ''
        ? 'Nothing is in the way: this node asks for the right to serve now.'
        : `This node does not serve: ${why}.`;
    }
  }
};

const doingOf = (d: Draft, found: readonly ObstacleView[]): Explanation['doing'] => {
  if (d.s.phase.name === 'halted') return 'halted';
  if (d.s.phase.name !== 'passive') return 'serves';
  return d.s.lease.name === 'none' && found.length > 0 ? 'waits' : 'asks';
};

/** Of the state as it is at `now`. Pure. */
export const explain = (settings: Settings, state: State, now: Instant): Explanation => {
  const d = createDraft(settings, state, now);
  const passive = state.phase.name === 'passive';
  const found = passive ? obstacleViews(d) : [];
  const doing = doingOf(d, found);
  return {
    doing,
    text: doingText(d, doing, found),
    obstacles: found,
    needed: needsNoVotes(d) ? 0 : majority(d.s.voters.length),
    votes: [ownVote(d), rivalVote(d), ...checkpointVotes(d)],
    ifOtherOrThisDied: passive ? rehearsePassive(d) : rehearseActive(d),
  };
};
