/** What must never happen, checked at every change of a gate and of a promise; and how long nobody served. */
import type { EtcdRecord } from '../src/core/arbiter/etcd-record.ts';
import type { Decision } from '../src/core/decide.ts';
import type { Event } from '../src/core/event.ts';
import type { State } from '../src/core/state.ts';
import { type Role, rivalOf, type VoterName } from '../src/core/words.ts';
import { type AwakeningCheck, createAwakeningCheck } from './awakening.ts';
import { createCover } from './cover.ts';
import type { EtcdValue } from './etcd-cluster.ts';
import { createServiceRecord, type Gap } from './service-record.ts';
import { createSettledCheck } from './settled.ts';
import { createStepCheck } from './step-check.ts';
import { createTellingCheck } from './tellings.ts';
import type { Watched } from './watched.ts';

export interface Violation {
  readonly kind:
    | 'two-serving'
    | 'no-cover'
    | 'epoch-used-by-two'
    | 'older-epoch'
    | 'invariant'
    | 'nobody'
    | 'unsettled'
    | 'out-of-order'
    | 'cut-off-serves'
    | 'late-order'
    | 'early-return'
    | 'stale-word'
    | 'passed-over'
    | 'false-word'
    | 'stale-term'
    | 'moved-by-clock'
    | 'gave-up'
    | 'step-twice'
    | 'foreign-value';
  readonly atMs: number;
  readonly text: string;
}

export interface Checkers {
  readonly violations: Violation[];
  /** True time during which no fit, reachable node had its gate open. */
  readonly gaps: readonly Gap[];
  /** So far, ms. */
  twoServingMs(): number;
  /** Changes of holder so far. */
  changes: number;
  holder: Role | null;
  gateChanged(role: Role, closingByItself: boolean): void;
  promised(voter: VoterName): void;
  /** A put took effect in etcd. */
  etcdPut(record: EtcdRecord, before: EtcdValue): void;
  decided(role: Role, before: State, decision: Decision, event: Event): void;
  /** Phones reach a node (or not any more). */
  phonesChanged(): void;
  finish(): void;
  fail(kind: Violation['kind'], text: string): void;
}

const ROLES: readonly Role[] = ['main', 'standby'];
/** Besides the time until its next look: what a node that was well connected had already begun may still come about. */
const BEGUN_MS = 30;
/** A request's validity, and a second for the network. */
const LATE_ORDER_MS = 2000;

type Fail = (kind: Violation['kind'], text: string) => void;

/** No epoch is used by both, and leaving checkpoints out goes in its order. */
const createDecisionCheck = (w: Watched, fail: Fail) => {
  const ownerByEpoch = new Map<number, Role>();
  /** Leaving the checkpoints out: the passive node first; counting them again: the passive node first too. */
  const checkLoosening = (role: Role, before: State, loose: boolean): void => {
    if (before.disk.loose === loose || before.lease.name !== 'held') return;
    const rival = w.agents[rivalOf(role)];
    if (rival.status !== 'running' || rival.state.startedAt === 0 || rival.state.disk.loose === loose) return;
    fail('out-of-order', `${role} serves and ${loose ? 'left out' : 'counts'} the checkpoints before its rival`);
  };
  /** Persons' requests are obeyed soon or not at all, and service goes back by itself only when nothing is left behind. */
  const checkMoves = (role: Role, decision: Decision): void => {
    for (const { rule, facts } of decision.reasons) {
      const age = w.timeline.now - w.requestSentAt[rivalOf(role)];
      if (rule === 'asked-to-hand-over' && age > LATE_ORDER_MS)
        fail('late-order', `${role} obeys a request that was sent ${Math.round(age)} ms ago`);
      const back = rule === 'drain' && facts['why'] === 'the main has been well for long enough';
      // What was left within half a promise is brought home afterwards: an agent may stand still that long unnoticed.
      const { returnReady, returnSince, settings } = w.agents[role].machine;
      if (back && !returnReady && w.timeline.now - returnSince > settings.timing.promiseMs / 2)
        fail('early-return', `${role} gives back with mail left behind`);
    }
  };
  /** What is believed of the rival never goes back in time. */
  const checkWord = (role: Role, before: State, after: State): void => {
    const [was, is] = [before.rival.status, after.rival.status];
    if (was !== null && is !== null && was.life === is.life && is.at < was.at)
      fail(
        'stale-word',
        `${role} believes a word of its rival that is ${Math.round(was.at - is.at)} ms older than the last`,
      );
    const actual = w.agents[rivalOf(role)].state.life;
    // After a silence it may: nobody can tell it from an agent whose clock was set back.
    const isHeard = after.now - before.rival.heardAt < w.agents[role].machine.settings.timing.promiseMs / 2;
    if (isHeard && was !== null && is !== null && was.life === actual && is.life !== actual)
      fail('stale-word', `${role} believes a word of an agent that has ended, after it heard its successor`);
  };
  /** What its machine had stood still when the main's agent began. */
  let stoodBeforeMs = 0;
  /** A main that is well, and is heard, serves first: also when it booted a little later and still listens. */
  const checkTurn = (role: Role, { state, reasons }: Decision): void => {
    if (role === 'main' && reasons.some(({ rule }) => rule === 'started'))
      stoodBeforeMs = w.agents.main.machine.stoodMs;
    const asks = reasons.some(({ rule, facts }) => rule === 'may-serve' && facts['wanted'] === false);
    if (role === 'main' || !asks) return;
    const { main, standby } = w.agents;
    const { heardAt, relayedAt, met, status } = state.rival;
    const isHeard = state.now - Math.max(heardAt, relayedAt) <= 2 * standby.machine.settings.timing.heartbeatMs;
    const isWell = status?.well === true && relayedAt <= heardAt && met.life === main.state.life;
    // One that was handed the right has had its turn, whatever it listens for.
    const { lease, startedAt } = main.state;
    if (lease.name !== 'none' || lease.since > startedAt) return;
    // Nobody knows how long another machine stood still, and its listening with it: that time is not waited for.
    const stoodMs = main.machine.stoodMs - stoodBeforeMs;
    const listensMs = main.machine.trueTime(main.state.boot.silentUntil) - w.timeline.now - stoodMs;
    if (isHeard && isWell && main.status === 'running' && listensMs > 0)
      fail('passed-over', `the standby asks beside a well main that listens for ${Math.round(listensMs)} ms more`);
  };
  return (role: Role, before: State, decision: Decision): void => {
    checkMoves(role, decision);
    checkTurn(role, decision);
    checkWord(role, before, decision.state);
    const { lease, disk } = decision.state;
    if (lease.name !== 'held') return;
    checkLoosening(role, before, disk.loose);
    const owner = ownerByEpoch.get(lease.epoch);
    if (owner === undefined) ownerByEpoch.set(lease.epoch, role);
    else if (owner !== role) fail('epoch-used-by-two', `epoch ${lease.epoch} used by both`);
  };
};

/** What is decided, and what people are told. */
const createDecisionChecks = (
  w: Watched,
  fail: Fail,
  awakening: AwakeningCheck,
  holder: () => Role | null,
): Checkers['decided'] => {
  const checkDecision = createDecisionCheck(w, fail);
  const checkTelling = createTellingCheck(w, (text) => fail('false-word', text));
  const checkSettled = createSettledCheck(w, (text) => fail('gave-up', text));
  const checkSteps = createStepCheck((text) => fail('step-twice', text));
  return (role, before, decision, event) => {
    checkDecision(role, before, decision);
    checkSteps(role, decision, event);
    checkTelling(role, before, decision);
    awakening.decided(role, decision, holder());
    if (role === 'main') checkSettled(before, decision);
  };
};

/** Every open gate is covered by promises of that very instant. */
const createCoverCheck = (w: Watched, isOpen: (role: Role) => boolean, fail: Fail) => {
  const cover = createCover(w);
  const check = (): void => {
    if (!w.covered) return;
    for (const role of ROLES) {
      if (isOpen(role) && w.agents[role].machine.isOpen() && !cover.isCovered(role)) {
        fail('no-cover', `${role}'s gate is open and nobody's promise covers it`);
      }
    }
  };
  return {
    check,
    promised(voter: VoterName): void {
      cover.promised(voter);
      check();
    },
    etcdPut(record: EtcdRecord): void {
      cover.etcdPut(record);
      check();
    },
    /** Just before it closes by itself, it must still have been covered. */
    closing(role: Role): void {
      if (!w.covered || !isOpen(role) || cover.isCovered(role)) return;
      fail('no-cover', `${role}'s gate outlived the promises that covered it`);
    },
  };
};

/** Without votes, who is cut off does not begin to serve. */
const checkCutOff = (w: Watched, role: Role, fail: Fail): void => {
  const { machine, state } = w.agents[role];
  // A kernel or an agent that stood still opens late what was won before.
  const wonAt = state.lease.name === 'held' ? machine.trueTime(state.lease.since) : w.timeline.now;
  const cutForMs = wonAt - w.cutOffSince[role];
  if (w.noVotes && cutForMs > machine.settings.timing.heartbeatMs + BEGUN_MS)
    fail('cut-off-serves', `${role} begins to serve, cut off for ${Math.round(cutForMs)} ms`);
};

export const createCheckers = (w: Watched): Checkers => {
  const { timeline } = w;
  const open: Record<Role, boolean> = { main: false, standby: false };
  let highestServed = 0;
  const fail: Fail = (kind, text) => {
    if (c.violations.length < 20) c.violations.push({ kind, atMs: timeline.now, text });
  };
  const record = createServiceRecord(timeline);
  const covers = createCoverCheck(w, (role) => open[role], fail);
  const awakening = createAwakeningCheck(w, fail);
  const serves = (role: Role): boolean =>
    open[role] && w.agents[role].machine.telephony === 'well' && w.phonesReach(role);
  const noteService = (): void => record.served(serves('main') || serves('standby'));
  const opened = (role: Role): void => {
    const { lease } = w.agents[role].state;
    const epoch = lease.name === 'held' ? lease.epoch : 0;
    const older = epoch > 0 && epoch < highestServed;
    checkCutOff(w, role, fail);
    if (older && w.neverTwo && w.epochsKept && !w.noVotes)
      fail('older-epoch', `${role} serves under ${epoch} after ${highestServed}`);
    highestServed = Math.max(highestServed, epoch);
    if (c.holder !== null && c.holder !== role) c.changes += 1;
    c.holder = role;
  };
  const c: Checkers = {
    violations: [],
    gaps: record.gaps,
    twoServingMs: () => record.twoServingMs,
    changes: 0,
    holder: null,
    fail,
    gateChanged(role, closingByItself) {
      if (closingByItself) covers.closing(role);
      const isOpen = w.agents[role].machine.isOpen();
      const begins = isOpen && !open[role];
      open[role] = isOpen;
      if (begins) opened(role);
      if (record.both(open.main && open.standby) && w.neverTwo) fail('two-serving', 'both gates are open');
      noteService();
      covers.check();
    },
    promised: covers.promised,
    etcdPut(record, before) {
      if (before.record === 'foreign') fail('foreign-value', 'a value that is not this pair’s was overwritten in etcd');
      // A word left there, or persons' orders, promise nothing.
      const was = before.record === 'foreign' ? null : before.record;
      if (was?.stamp !== record.stamp || was.promise?.epoch !== record.promise?.epoch) covers.etcdPut(record);
    },
    decided: createDecisionChecks(w, fail, awakening, () => c.holder),
    phonesChanged: noteService,
    finish() {
      noteService();
      record.finish();
      awakening.finish(record.gaps);
    },
  };
  return c;
};
