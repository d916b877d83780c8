/** What must never happen, checked at every change of a gate and of a promise; and how long nobody served. */
import type { Decision } from '../src/core/decide.ts';
import type { State } from '../src/core/state.ts';
import { type Role, rivalOf, type VoterName } from '../src/core/words.ts';
import type { AgentProcess } from './agent-process.ts';
import type { CheckpointProcess } from './checkpoint-process.ts';
import type { Timeline } from './timeline.ts';

export interface Violation {
  readonly kind:
    | 'two-serving'
    | 'no-cover'
    | 'epoch-used-by-two'
    | 'older-epoch'
    | 'invariant'
    | 'nobody'
    | 'unsettled'
    | 'out-of-order';
  readonly atMs: number;
  readonly text: string;
}

/** What a voter has promised, as far as it binds: a rebooted voter is silent until a former promise is over, so the former one counts on. */
interface Bound {
  holder: Role | null;
  /** True time. */
  until: number;
}

export interface Checkers {
  readonly violations: Violation[];
  /** True time during which no fit, reachable node had its gate open. */
  readonly gaps: { readonly from: number; readonly to: number }[];
  twoServingMs: number;
  /** Changes of holder so far. */
  changes: number;
  holder: Role | null;
  gateChanged(role: Role, closingByItself: boolean): void;
  promised(voter: VoterName): void;
  decided(role: Role, before: State, decision: Decision): void;
  /** Phones reach a node (or not any more). */
  phonesChanged(): void;
  finish(): void;
  fail(kind: Violation['kind'], text: string): void;
}

export interface Watched {
  readonly timeline: Timeline;
  readonly agents: Readonly<Record<Role, AgentProcess>>;
  readonly checkpoints: readonly CheckpointProcess[];
  /** Two serving is held against the run: arbiter `checkpoints` that are not left out, and no paused machine. */
  neverTwo: boolean;
  /** Every open gate must be covered by promises: besides, automatic mode throughout. */
  covered: boolean;
  /** No disk refused to keep an epoch. */
  epochsKept: boolean;
  phonesReach(role: Role): boolean;
}

const ROLES: readonly Role[] = ['main', 'standby'];

export const createCheckers = (w: Watched): Checkers => {
  const bounds = new Map<VoterName, Bound>();
  const epochOwners = new Map<number, Role>();
  const openSince: Record<Role, number> = { main: -1, standby: -1 };
  let highestServed = 0;
  let bothSince = -1;
  let gapSince = 0;
  const { timeline } = w;

  const promised = (voter: VoterName): void => {
    const agent = voter === 'main' || voter === 'standby' ? w.agents[voter] : null;
    const checkpoint = agent === null ? w.checkpoints.find((c) => c.name === voter) : undefined;
    const boot = agent === null ? checkpoint?.tmpfs : agent.machine.tmpfs;
    if (boot === null || boot === undefined) return;
    const clock = agent === null ? checkpoint : agent.machine;
    if (clock === undefined) return;
    const bound: Bound =
      boot.promise === null
        ? { holder: null, until: 0 }
        : { holder: boot.promise.holder, until: clock.trueTime(boot.promise.until) };
    // A voter that has just booted knows nothing: its former promise is kept by its silence.
    if (boot.promise === null && clock.local() < boot.silentUntil) return;
    bounds.set(voter, bound);
    checkCover();
  };
  const isBound = (voter: VoterName, holder: Role): boolean => {
    const bound = bounds.get(voter);
    return bound !== undefined && bound.holder === holder && bound.until >= timeline.now;
  };
  const isCovered = (role: Role): boolean => {
    if (isBound(rivalOf(role), role)) return true;
    const votes = w.checkpoints.filter((c) => isBound(c.name, role)).length;
    return isBound(role, role) && votes + 1 >= Math.floor((w.checkpoints.length + 2) / 2) + 1;
  };
  const checkCover = (): void => {
    if (!w.covered) return;
    for (const role of ROLES) {
      if (openSince[role] >= 0 && w.agents[role].machine.isOpen() && !isCovered(role)) {
        c.fail('no-cover', `${role}'s gate is open and nobody's promise covers it`);
      }
    }
  };
  const serves = (role: Role): boolean =>
    openSince[role] >= 0 && w.agents[role].machine.telephony === 'well' && w.phonesReach(role);
  const noteGap = (): void => {
    const served = serves('main') || serves('standby');
    if (!served && gapSince < 0) gapSince = timeline.now;
    if (served && gapSince >= 0) {
      c.gaps.push({ from: gapSince, to: timeline.now });
      gapSince = -1;
    }
  };
  const noteBoth = (): void => {
    const both = openSince.main >= 0 && openSince.standby >= 0;
    if (both && bothSince < 0) {
      bothSince = timeline.now;
      if (w.neverTwo) c.fail('two-serving', 'both gates are open');
    }
    if (!both && bothSince >= 0) {
      c.twoServingMs += timeline.now - bothSince;
      bothSince = -1;
    }
  };
  const opened = (role: Role): void => {
    openSince[role] = timeline.now;
    const { lease } = w.agents[role].state;
    const epoch = lease.name === 'held' ? lease.epoch : 0;
    if (epoch > 0 && epoch < highestServed && w.neverTwo && w.epochsKept)
      c.fail('older-epoch', `${role} serves under ${epoch} after ${highestServed}`);
    highestServed = Math.max(highestServed, epoch);
    if (c.holder !== role) {
      if (c.holder !== null) c.changes += 1;
      c.holder = role;
    }
  };
  /** Leaving the checkpoints out: the passive node first; counting them again: the passive node first too. */
  const checkOrderOfLoosening = (role: Role, before: State, loose: boolean): void => {
    if (before.disk.loose === loose || before.lease.name !== 'held') return;
    const rival = w.agents[rivalOf(role)];
    if (rival.status === 'running' && rival.state.startedAt > 0 && rival.state.disk.loose !== loose) {
      c.fail(
        'out-of-order',
        `${role} serves and ${loose ? 'left the checkpoints out' : 'counts the checkpoints again'} before its rival`,
      );
    }
  };
  const c: Checkers = {
    violations: [],
    gaps: [],
    twoServingMs: 0,
    changes: 0,
    holder: null,
    fail(kind, text) {
      if (c.violations.length < 20) c.violations.push({ kind, atMs: timeline.now, text });
    },
    gateChanged(role, closingByItself) {
      // Just before it closes by itself, it must still have been covered.
      if (closingByItself && w.covered && openSince[role] >= 0 && !isCovered(role)) {
        c.fail('no-cover', `${role}'s gate outlived the promises that covered it`);
      }
      const open = w.agents[role].machine.isOpen();
      if (open && openSince[role] < 0) opened(role);
      else if (!open && openSince[role] >= 0) openSince[role] = -1;
      noteBoth();
      noteGap();
      checkCover();
    },
    promised,
    decided(role, before, decision) {
      const { lease, disk } = decision.state;
      if (lease.name !== 'held') return;
      checkOrderOfLoosening(role, before, disk.loose);
      const owner = epochOwners.get(lease.epoch);
      if (owner === undefined) epochOwners.set(lease.epoch, role);
      else if (owner !== role) c.fail('epoch-used-by-two', `epoch ${lease.epoch} used by both`);
    },
    phonesChanged: noteGap,
    finish() {
      noteGap();
      if (gapSince >= 0) c.gaps.push({ from: gapSince, to: timeline.now });
      if (bothSince >= 0) c.twoServingMs += timeline.now - bothSince;
    },
  };
  return c;
};
