/**
 * Many pairs on one etcd cluster: each a world of its own with its own network and checkers, all on one timeline, with the members, their disks
 * and their time in common. The cluster's faults meet all of them at once; some pairs have troubles of their own besides.
 */
import type { Timing } from '../src/core/settings.ts';
import type { Violation } from './checkers.ts';
import { createEtcdGround, type EtcdBackup, type EtcdGround } from './etcd-cluster.ts';
import { cut, reboot } from './faults/deeds.ts';
import { etcdFaults } from './faults/etcd.ts';
import { faults, healAll } from './faults/faults.ts';
import { settingsFor } from './presets.ts';
import { createRandom, type Random } from './random.ts';
import { createTimeline, type Timeline } from './timeline.ts';
import { createWorld, type World } from './world.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly pairs: number;
  /** What the member that leads needs for one request, ms. */
  readonly serveMs: number;
  /** These of the cluster, and no pair has one of its own; default: by chance. */
  readonly only?: readonly string[];
}

export interface FleetResult {
  readonly seed: number;
  readonly pairs: number;
  /** Of the cluster; what befell single pairs is not listed. */
  readonly faults: readonly string[];
  readonly violations: readonly (Violation & { readonly pair: number })[];
  readonly twoServingMs: number;
  /** Longest time without service, ms, of each pair that had no trouble of its own, from the first fault on. */
  readonly gapsMs: readonly number[];
  readonly events: number;
}

/** Preset `etcd`, as it is. */
const timing: Timing = {
  heartbeatMs: 250,
  promiseMs: 3000,
  leaseMs: 2800,
  restartMs: 400,
  gateLagMs: 12,
  clockPpm: 500,
  askMs: 1000,
  headStartMs: 500,
};

const BOOTED_MS = 15_000;
const FAULTS_LAST_MS = 20_000;
/** A promise, an attempt that met others, and one more. */
const SETTLE_MS = 12_000;
const QUIET_MS = 6000;

/** What befalls the cluster, and so all who use it. */
type GroundFault = (fleet: Fleet) => void;

interface Fleet {
  readonly timeline: Timeline;
  readonly ground: EtcdGround;
  readonly worlds: readonly World[];
  readonly random: Random;
}

/** A fault that is the cluster's own does the same to all, whichever pair's world it is done in. */
const ofFirst =
  (name: string): GroundFault =>
  ({ worlds: [first] }) => {
    if (first !== undefined) etcdFaults[name]?.(first);
  };

/** As an administrator does it: all members stopped, every pair's value put back with the one store, all started. */
const oldBackup: GroundFault = ({ timeline, ground, worlds, random }) => {
  const backups: readonly (EtcdBackup | null)[] = worlds.map(({ etcd }) => etcd?.backup() ?? null);
  timeline.after(random.between(500, 6000), () => {
    if (timeline.now < ground.stoppedUntil) return;
    const tookMs = timing.promiseMs * random.between(0.51, 1.2);
    ground.stoppedUntil = timeline.now + tookMs;
    timeline.after(tookMs, () => {
      for (const [index, { etcd, healed }] of worlds.entries()) {
        const backup = backups[index];
        if (etcd !== null && backup !== null && backup !== undefined && !healed) etcd.restore(backup);
      }
    });
  });
};

/** The switch between two rooms: every main lives by etcd then. */
const allCutApart: GroundFault = ({ worlds, random }) => {
  const forMs = random.between(4000, 12_000);
  for (const w of worlds) {
    cut(w, 'main', 'standby', forMs);
    cut(w, 'standby', 'main', forMs);
  }
};

/** The room of the mains has no power for a while: fifty standbys ask at once. */
const allMainsDark: GroundFault = ({ worlds, random }) => {
  const darkMs = random.between(5000, 12_000);
  for (const w of worlds) reboot(w, w.agents.main, darkMs + random.between(0, 200));
};

const groundFaults: Readonly<Record<string, GroundFault>> = {
  'member-lost': ofFirst('etcd-member-lost'),
  'quorum-lost': ofFirst('etcd-quorum-lost'),
  'leader-change': ofFirst('etcd-leader-change'),
  'slow-disk': ofFirst('etcd-slow-disk'),
  'late-answers': ofFirst('etcd-late-answers'),
  'lost-answers': ofFirst('etcd-lost-answers'),
  'old-backup': oldBackup,
  'all-cut-apart': allCutApart,
  'all-mains-dark': allMainsDark,
};

/** A pair's own faults: none that stops or empties what is everybody's. */
const ownFaults = Object.entries({ ...faults, ...etcdFaults }).filter(
  ([name]) => !/^etcd-(old-backup|put-back|emptied|member|quorum|leader|slow|late|lost)/.test(name),
);

const drawGround = (fleet: Fleet, only: readonly string[] | undefined): readonly string[] => {
  const { timeline, random } = fleet;
  const names = Object.keys(groundFaults);
  const drawn = only ?? Array.from({ length: random.integer(2, 5) }, () => random.pick(names));
  for (const name of drawn)
    timeline.at(BOOTED_MS + random.between(0, FAULTS_LAST_MS / 2), () => groundFaults[name]?.(fleet));
  return drawn;
};

const drawOwn = (w: World, random: Random, timeline: Timeline): void => {
  for (let left = random.integer(1, 3); left > 0; left -= 1) {
    const [, fault] = random.pick(ownFaults);
    timeline.at(BOOTED_MS + random.between(0, FAULTS_LAST_MS), () => fault(w));
  }
};

const roles = ['main', 'standby'] as const;

const mustServe = (w: World, when: string): void => {
  const open = roles.filter((role) => w.agents[role].machine.isOpen());
  if (open.length !== 1) w.checkers.fail('nobody', `${open.length} gates open ${when}`);
};

const longestGapMs = (w: World): number =>
  Math.max(0, ...w.checkers.gaps.map(({ from, to }) => (to < BOOTED_MS ? 0 : to - Math.max(from, BOOTED_MS))));

/** Runs one seed from the beginning; the same options give the same result. */
export const runFleet = ({ seed, pairs, serveMs, only }: FleetOptions): FleetResult => {
  const timeline = createTimeline();
  const ground = createEtcdGround(serveMs);
  const random = createRandom(seed);
  const settingsOf = settingsFor({
    timing,
    checkpoints: 0,
    failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 },
    etcd: true,
  });
  const worlds = Array.from({ length: pairs }, (_, index) =>
    createWorld({ seed: seed * 1000 + index, settingsOf, timeline, etcdGround: ground }),
  );
  // Servers of one site that had no power come back together.
  for (const w of worlds) timeline.at(random.between(0, 200), w.bootAll);
  const fleet = { timeline, ground, worlds, random };
  const drawn = drawGround(fleet, only);
  const troubled = worlds.map(() => only === undefined && random.chance(0.3));
  for (const [index, w] of worlds.entries()) {
    if (troubled[index] === true) drawOwn(w, random, timeline);
    if (drawn.includes('old-backup')) w.watched.epochsKept = false;
  }
  timeline.runUntil(BOOTED_MS);
  for (const w of worlds) mustServe(w, 'after all have booted together');
  timeline.runUntil(BOOTED_MS + FAULTS_LAST_MS + 1000);
  for (const w of worlds) healAll(w);
  timeline.runUntil(timeline.now + SETTLE_MS);
  const changes = worlds.map(({ checkers }) => checkers.changes);
  for (const w of worlds) mustServe(w, `${SETTLE_MS} ms after the faults`);
  timeline.runUntil(timeline.now + QUIET_MS);
  for (const [index, w] of worlds.entries()) {
    mustServe(w, 'at the end of the quiet');
    if (w.checkers.changes !== changes[index]) w.checkers.fail('unsettled', 'the holder changed in the quiet');
    w.checkers.finish();
  }
  return {
    seed,
    pairs,
    faults: drawn,
    violations: worlds.flatMap(({ checkers }, pair) => checkers.violations.map((each) => ({ ...each, pair }))),
    twoServingMs: worlds.reduce((sum, { checkers }) => sum + checkers.twoServingMs(), 0),
    gapsMs: worlds.flatMap((w, index) => (troubled[index] === true ? [] : [longestGapMs(w)])),
    events: timeline.executed(),
  };
};
