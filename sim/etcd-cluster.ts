/**
 * An etcd cluster of three members as its users see it: one linearizable value for the pair, served while a majority of members is up and no
 * leader is being elected. Its consensus is taken for granted; what it does to requests (late, lost after they took effect, hung) is not.
 */
import type { EtcdRecord } from '../src/core/arbiter/etcd-record.ts';
import type { EtcdReply, EtcdRequest } from '../src/core/arbiter/etcd-voter.ts';
import type { Role, VoterName } from '../src/core/words.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface EtcdMember {
  readonly name: VoterName;
  up: boolean;
}

export interface EtcdValue {
  readonly revision: number;
  readonly record: EtcdRecord | 'foreign' | null;
}

/** Members, network and disks of a cluster: what all pairs on it share. */
export interface EtcdGround {
  readonly members: readonly EtcdMember[];
  electingUntil: number;
  /** All members are stopped. */
  stoppedUntil: number;
  /** A slow disk: each put takes up to this long. */
  diskMs: number;
  /** Answers take up to this long, and some come twice. */
  answerMs: number;
  /** Answers are lost, whatever the request did. */
  answersLostUntil: number;
  /** What the leader needs for a request, one after the other in the order in which they come; 0: nothing. */
  readonly serveMs: number;
  /** It is through with all that came so far. */
  busyUntil: number;
}

export interface EtcdCluster {
  readonly ground: EtcdGround;
  /** Of the whole store: rises with each put. */
  revision: number;
  value: EtcdValue;
  /** The node reaches an empty cluster that is not the pair's, until then. */
  readonly strayUntil: Record<Role, number>;
  /** A request of the node by way of this member; `answer` may come late, twice, or never. */
  request(from: Role, member: VoterName, request: EtcdRequest, answer: (reply: EtcdReply) => void): void;
  /** What it holds now, for a backup. */
  backup(): EtcdBackup;
  restore(backup: EtcdBackup): void;
  heal(): void;
}

export interface EtcdBackup {
  readonly revision: number;
  readonly value: EtcdValue;
}

export const ETCD_MEMBERS: readonly VoterName[] = ['etcd-1', 'etcd-2', 'etcd-3'];
export const ETCD_CLUSTER = 'a1b2c3d4e5f60718';
const NO_VALUE: EtcdValue = { revision: 0, record: null };
/** A member gives a request up after this long. */
const HANGS_MS = 3000;

export interface EtcdHooks {
  /** A put took effect. */
  committed(record: EtcdRecord, before: EtcdValue): void;
}

/** Another cluster, which believes whatever it is told. */
interface Stray {
  revision: number;
  value: EtcdValue;
}

const carryOut = (store: Stray, { put }: EtcdRequest, hooks: EtcdHooks | null): Omit<EtcdReply, 'cluster'> => {
  const before = store.value;
  const isPut = put !== null && put.ifRevision === before.revision;
  if (isPut) {
    store.revision += 1;
    store.value = { revision: store.revision, record: put.record };
    hooks?.committed(put.record, before);
  }
  return { isPut, ...store.value };
};

/** One way of a connection; a cut or a loss is silence, as long as the asker waits. */
const createRoad =
  (network: Network, timeline: Timeline, random: Random) =>
  (from: VoterName, to: VoterName, then: () => void): void => {
    const weather = network.link(from, to);
    if (timeline.now < weather.cutUntil) return;
    if (timeline.now < weather.lossUntil && random.chance(weather.loss)) return;
    const slowMs = timeline.now < weather.slowUntil ? random.next() ** 2 * weather.slowMs : 0;
    timeline.after(0.2 + random.next() * 0.6 + slowMs, then);
  };

const wellGround = () => ({ electingUntil: 0, stoppedUntil: 0, diskMs: 0, answerMs: 0, answersLostUntil: 0 });

/** Three members that are well. */
export const createEtcdGround = (serveMs = 0): EtcdGround => ({
  members: ETCD_MEMBERS.map((name) => ({ name, up: true })),
  ...wellGround(),
  serveMs,
  busyUntil: 0,
});

/** How long a request that comes now waits for those before it, and is worked on. */
const servedAfter = (ground: EtcdGround, now: number): number => {
  if (ground.serveMs === 0) return 0;
  ground.busyUntil = Math.max(ground.busyUntil, now) + ground.serveMs;
  return ground.busyUntil - now;
};

export const createEtcdCluster = (
  network: Network,
  timeline: Timeline,
  random: Random,
  hooks: EtcdHooks,
  ground: EtcdGround = createEtcdGround(),
): EtcdCluster => {
  const stray: Stray = { revision: 7, value: NO_VALUE };
  const travel = createRoad(network, timeline, random);
  const serves = (): boolean =>
    timeline.now >= Math.max(ground.electingUntil, ground.stoppedUntil) &&
    ground.members.filter(({ up }) => up).length > ground.members.length / 2;
  /** A member without a majority holds what it was asked until there is one again, or gives up. */
  const whenServed = (name: VoterName, since: number, then: () => void): void => {
    const member = ground.members.find((each) => each.name === name);
    if (member?.up !== true || timeline.now - since > HANGS_MS) return;
    if (serves()) then();
    else timeline.after(10, () => whenServed(name, since, then));
  };
  const answerTo = (from: Role, name: VoterName, reply: EtcdReply, answer: (reply: EtcdReply) => void): void => {
    if (timeline.now < ground.answersLostUntil) return;
    const lateMs = ground.answerMs * random.next();
    const arrive = (): void => travel(name, from, () => answer(reply));
    timeline.after(lateMs, arrive);
    if (ground.answerMs > 0 && random.chance(0.2)) timeline.after(lateMs + random.next() * ground.answerMs, arrive);
  };
  const c: EtcdCluster = {
    ground,
    revision: 0,
    value: NO_VALUE,
    strayUntil: { main: 0, standby: 0 },
    request(from, name, request, answer) {
      travel(from, name, () => {
        if (timeline.now < c.strayUntil[from]) {
          const done = carryOut(stray, request, null);
          return answerTo(from, name, { cluster: 'ffffffffffffffff', ...done }, answer);
        }
        whenServed(name, timeline.now, () => {
          const diskMs = request.put === null ? random.next() : 1 + random.next() * 4 + random.next() * ground.diskMs;
          timeline.after(diskMs + servedAfter(ground, timeline.now), () =>
            whenServed(name, timeline.now, () =>
              answerTo(from, name, { cluster: ETCD_CLUSTER, ...carryOut(c, request, hooks) }, answer),
            ),
          );
        });
      });
    },
    backup: () => ({ revision: c.revision, value: c.value }),
    restore: (backup) => Object.assign(c, backup),
    heal() {
      for (const member of ground.members) member.up = true;
      Object.assign(ground, wellGround());
      Object.assign(c.strayUntil, { main: 0, standby: 0 });
      if (c.value.record === 'foreign') c.value = NO_VALUE;
    },
  };
  return c;
};
