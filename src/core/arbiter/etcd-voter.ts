/**
 * etcd as a voter: a checkpoint's rules, run by the node that asks, over a memory that is one value in etcd and changes by compare-and-swap
 * alone. Pure; one request at a time. No lease of etcd's is used: who waits for a promise to end counts on its own clock (ADR 46).
 */
import { knownOf, knowsAll } from '../in-force.ts';
import type { Answer, Ask, Message, Release } from '../message.ts';
import type { Promises } from '../settings.ts';
import { NEVER } from '../state.ts';
import type { Instant, Role, VoterName, WallTime } from '../words.ts';
import { type CheckpointState, decideCheckpoint, ordersNow } from './checkpoint.ts';
import { checkpointOf, type EtcdRecord, type EtcdView, isWatched, seeRecord, wentBack } from './etcd-record.ts';

/** Its name among the voters. */
export const ETCD: VoterName = 'etcd';

/** What the nodes of one pair must agree on, besides the times. */
export interface EtcdSettings {
  readonly role: Role;
  readonly promises: Promises;
  /** The cluster's own number, as configured: any other's answer counts for nothing. */
  readonly cluster: string;
}

/** One request to etcd, answered by a `reply` or `failed` event with its `op`. */
export interface EtcdRequest {
  readonly op: number;
  /** Null: only read. Else the record is put if the value's revision is still this one, and read if it is not. */
  readonly put: { readonly ifRevision: number; readonly record: EtcdRecord } | null;
}

export interface EtcdReply {
  readonly cluster: string;
  /** The put was carried out. */
  readonly isPut: boolean;
  /** Of the pair's value after this request, 0 when there is none. */
  readonly revision: number;
  /** Null: there is none. `foreign`: it is not this pair's, or cannot be read. */
  readonly record: EtcdRecord | 'foreign' | null;
}

export type EtcdEvent =
  /** What this node's core sends to the voter. */
  | { readonly kind: 'told'; readonly at: Instant; readonly wall: WallTime; readonly message: Message }
  | {
      readonly kind: 'reply';
      readonly at: Instant;
      readonly wall: WallTime;
      readonly op: number;
      readonly reply: EtcdReply;
    }
  /** Refused, or no answer in time: whether a put was carried out is not known. */
  | { readonly kind: 'failed'; readonly at: Instant; readonly wall: WallTime; readonly op: number };

export type EtcdTrouble = 'other-cluster' | 'foreign-value' | 'went-back';

interface Busy {
  readonly op: number;
  readonly sentAt: Instant;
  /** The question that it is for; null: a release alone. */
  readonly ask: Ask | null;
  readonly puts: number;
  /** What becomes true when the put is carried out. */
  readonly planned: { readonly record: EtcdRecord; readonly until: Instant; readonly answer: Answer | null } | null;
}

export interface EtcdVoter {
  readonly settings: EtcdSettings;
  readonly view: EtcdView | null;
  readonly lastOp: number;
  readonly busy: Busy | null;
  /** The newest question that came meanwhile. */
  readonly waiting: Ask | null;
  /** This node's last release, until etcd has it. */
  readonly release: Release | null;
}

export interface EtcdDecision {
  readonly voter: EtcdVoter;
  readonly request: EtcdRequest | null;
  /** To this node's core, as from the voter. */
  readonly tells: readonly Message[];
  readonly trouble: EtcdTrouble | null;
}

export const startEtcdVoter = (settings: EtcdSettings): EtcdVoter => ({
  settings,
  view: null,
  lastOp: 0,
  busy: null,
  waiting: null,
  release: null,
});

const MAX_PUTS = 3;

const nothing = (voter: EtcdVoter): EtcdDecision => ({ voter, request: null, tells: [], trouble: null });

const request = (voter: EtcdVoter, busy: Omit<Busy, 'op'>, ifRevision: number): EtcdDecision => {
  const op = voter.lastOp + 1;
  const put = busy.planned === null ? null : { ifRevision, record: busy.planned.record };
  return { ...nothing({ ...voter, lastOp: op, busy: { ...busy, op } }), request: { op, put } };
};

const read = (voter: EtcdVoter, ask: Ask | null, puts: number, now: Instant): EtcdDecision =>
  request(voter, { sentAt: now, ask, puts, planned: null }, 0);

/** A holder that goes on in its own term needs no silence: had another won since, its own lease would have run out before. */
const isSameTerm = ({ view, settings }: EtcdVoter, ask: Ask | null): boolean =>
  ask?.question === 'renew' &&
  view?.record?.promise?.holder === settings.role &&
  view.record.promise.epoch === ask.epoch;

interface Evaluation {
  readonly before: CheckpointState;
  readonly after: CheckpointState;
  readonly answer: Answer | null;
}

/** What a checkpoint with this memory would answer, and what it would keep. */
const evaluate = (voter: EtcdVoter, view: EtcdView, ask: Ask | null, now: Instant): Evaluation => {
  const { role, promises } = voter.settings;
  const before = checkpointOf(view, isSameTerm(voter, ask) ? NEVER : view.silentUntil);
  const released = voter.release === null ? before : decideCheckpoint(before, role, voter.release, now, promises).state;
  if (ask === null) return { before, after: released, answer: null };
  const { state, sends } = decideCheckpoint(released, role, ask, now, promises);
  const message = sends[0]?.message;
  return { before, after: state, answer: message?.type === 'answer' ? message : null };
};

/** Something that the other node, or a later agent of this one, must know. A node that does not hear its rival says there that it lives. */
const mustPut = ({ before, after }: Evaluation, ask: Ask | null): boolean =>
  after.boot.promise !== before.boot.promise ||
  after.boot.releasedMain !== before.boot.releasedMain ||
  after.boot.releasedStandby !== before.boot.releasedStandby ||
  after.disk.heldOpenBy !== before.disk.heldOpenBy ||
  !knowsAll(knownOf(before.disk.orders), after.disk.orders) ||
  (ask?.question === 'hello' && ask.bind);

const recordOf = (
  { before, after }: Evaluation,
  voter: EtcdVoter,
  view: EtcdView,
  now: Instant,
  wall: WallTime,
): EtcdRecord => {
  const { boot, disk } = after;
  const { promiseMs } = voter.settings.promises;
  const old = view.record;
  const isNew = boot.promise !== null && boot.promise !== before.boot.promise;
  const handed = voter.release !== null && voter.release.addressee !== null ? voter.release : (old?.handed ?? null);
  return {
    stamp: (old?.stamp ?? 0) + (isNew ? 1 : 0),
    promise:
      boot.promise === null
        ? null
        : {
            holder: boot.promise.holder,
            epoch: boot.promise.epoch,
            restarts: isNew ? boot.promise.until - now > promiseMs : (old?.promise?.restarts ?? false),
          },
    highest: boot.highest,
    releasedMain: boot.releasedMain,
    releasedStandby: boot.releasedStandby,
    heldOpenBy: disk.heldOpenBy,
    orders: ordersNow(after, now),
    wall,
    handed,
    main: after.heardMain?.status ?? old?.main ?? null,
    standby: after.heardStandby?.status ?? old?.standby ?? null,
  };
};

/** Decides by the view; `isFresh`: it was read for this very question. */
const attempt = (
  voter: EtcdVoter,
  ask: Ask | null,
  isFresh: boolean,
  puts: number,
  now: Instant,
  wall: WallTime,
): EtcdDecision => {
  const { view } = voter;
  if (view === null || (!isFresh && !isWatched(view, now, voter.settings.promises))) return read(voter, ask, puts, now);
  const evaluation = evaluate(voter, view, ask, now);
  if (mustPut(evaluation, ask)) {
    if (puts >= MAX_PUTS) return finish(voter, null, now, wall);
    const record = recordOf(evaluation, voter, view, now, wall);
    const until = evaluation.after.boot.promise?.until ?? now;
    const planned = { record, until, answer: evaluation.answer };
    return request(voter, { sentAt: now, ask, puts: puts + 1, planned }, view.revision);
  }
  if (!isFresh) return read(voter, ask, puts, now);
  return finish(voter, evaluation.answer, now, wall);
};

/** The question is answered, or stays without an answer; the next one begins. */
const finish = (voter: EtcdVoter, answer: Answer | null, now: Instant, wall: WallTime): EtcdDecision => {
  const free = { ...voter, busy: null, waiting: null };
  const next = voter.waiting !== null ? begin(free, voter.waiting, now, wall) : nothing(free);
  return answer === null ? next : { ...next, tells: [answer, ...next.tells] };
};

/** A question that may bind tries at once by what was seen last: the comparison tells whether that still holds. */
const begin = (voter: EtcdVoter, ask: Ask | null, now: Instant, wall: WallTime): EtcdDecision => {
  const mayBind = ask === null || ((ask.question === 'ask' || ask.question === 'renew') && ask.bind);
  return mayBind ? attempt(voter, ask, false, 0, now, wall) : read(voter, ask, 0, now);
};

const told = (voter: EtcdVoter, message: Message, now: Instant, wall: WallTime): EtcdDecision => {
  if (message.type === 'release') {
    const isNewer = message.epoch > (voter.release?.epoch ?? 0);
    const kept = isNewer ? { ...voter, release: message } : voter;
    return kept.busy !== null || kept.release === null ? nothing(kept) : begin(kept, null, now, wall);
  }
  if (message.type !== 'ask') return nothing(voter);
  return voter.busy !== null ? nothing({ ...voter, waiting: message }) : begin(voter, message, now, wall);
};

/** A release to this node that was not there when it looked before. */
const handedIn = ({ settings, view }: EtcdVoter, record: EtcdRecord | null): readonly Message[] => {
  const handed = record?.handed ?? null;
  if (handed === null || handed.addressee !== settings.role || view === null) return [];
  return handed.epoch > (view.record?.handed?.epoch ?? 0) ? [handed] : [];
};

const isKept = ({ role }: EtcdSettings, release: Release | null, record: EtcdRecord | null): boolean => {
  const released = role === 'main' ? record?.releasedMain : record?.releasedStandby;
  return release !== null && (released ?? 0) >= release.epoch;
};

const onReply = (voter: EtcdVoter, busy: Busy, reply: EtcdReply, now: Instant, wall: WallTime): EtcdDecision => {
  const { settings } = voter;
  if (reply.cluster !== settings.cluster) return { ...finish(voter, null, now, wall), trouble: 'other-cluster' };
  const { revision } = reply;
  const put = reply.isPut ? busy.planned : null;
  const record = put?.record ?? reply.record;
  if (record === 'foreign') return { ...finish(voter, null, now, wall), trouble: 'foreign-value' };
  const trouble = voter.view !== null && wentBack(voter.view, revision, record) ? 'went-back' : null;
  const sight = { revision, record, askedAt: busy.sentAt, now, wall };
  const seen = seeRecord(voter.view, sight, settings.promises);
  const view = put === null ? seen : { ...seen, until: put.until };
  const release = isKept(settings, voter.release, record) ? null : voter.release;
  const next = { ...voter, view, release };
  const decision =
    put === null ? attempt(next, busy.ask, true, busy.puts, now, wall) : finish(next, put.answer, now, wall);
  return { ...decision, tells: [...handedIn(voter, record), ...decision.tells], trouble };
};

/** What the node's voter in etcd does next. Deterministic, no I/O. */
export const decideEtcd = (voter: EtcdVoter, event: EtcdEvent): EtcdDecision => {
  if (event.kind === 'told') return told(voter, event.message, event.at, event.wall);
  const { busy } = voter;
  // An answer to a request that was given up says nothing of a later one.
  if (busy === null || busy.op !== event.op) return nothing(voter);
  if (event.kind === 'failed') return finish(voter, null, event.at, event.wall);
  return onReply(voter, busy, event.reply, event.at, event.wall);
};
