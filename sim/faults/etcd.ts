/** What befalls an etcd cluster and the ways to it. Only pairs whose arbiter is etcd draw these. */
import { type Role, rivalOf } from '../../src/core/words.ts';
import { ETCD_MEMBERS, type EtcdCluster } from '../etcd-cluster.ts';
import type { World } from '../world.ts';
import { cut, type Fault, freezeAgent, later, node, reboot, restartAgent, span } from './deeds.ts';

const withCluster =
  (act: (w: World, cluster: EtcdCluster) => void): Fault =>
  (w) => {
    if (w.etcd !== null) act(w, w.etcd);
  };

const holderOf = (w: World): Role | undefined =>
  (['main', 'standby'] as const).find((role) => w.agents[role].machine.isOpen());

const cutFromEtcd = (w: World, role: Role, forMs: number): void => {
  for (const name of ETCD_MEMBERS) {
    cut(w, role, name, forMs);
    cut(w, name, role, forMs);
  }
};

const cutNodes = (w: World, forMs: number): void => {
  cut(w, 'main', 'standby', forMs);
  cut(w, 'standby', 'main', forMs);
};

const membersDown = (count: number): Fault =>
  withCluster((w, cluster) => {
    const first = w.random.integer(0, 2);
    const down = cluster.ground.members.filter((_each, i) => (i + 3 - first) % 3 < count);
    for (const member of down) member.up = false;
    w.timeline.after(span(w), () => {
      for (const member of down) member.up = true;
    });
  });

const forAWhile = (w: World, cluster: EtcdCluster, what: 'diskMs' | 'answerMs', ms: number): void => {
  cluster.ground[what] = ms;
  w.timeline.after(span(w), () => {
    cluster.ground[what] = 0;
  });
};

/** All members are stopped, their data replaced, and started again: that takes half a promise at least. */
const putBack = (w: World, cluster: EtcdCluster, backup: Parameters<EtcdCluster['restore']>[0]): void => {
  // One at a time.
  if (w.timeline.now < cluster.ground.stoppedUntil) return;
  const { promiseMs } = w.agents.main.machine.settings.timing;
  const tookMs = promiseMs * w.random.between(0.51, 1.5);
  cluster.ground.stoppedUntil = w.timeline.now + tookMs;
  w.timeline.after(tookMs, () => {
    if (!w.healed) cluster.restore(backup);
  });
};

const oldBackup = withCluster((w, cluster) => {
  const backup = cluster.backup();
  later(w, w.random.between(10, 1500), () => putBack(w, cluster, backup));
});

/** The nodes are cut from each other, service changes hands by etcd, and that is put back to what it was before; some look on, some stand still. */
const oldBackupAfterHandover = withCluster((w, cluster) => {
  const holder = holderOf(w);
  if (holder === undefined) return;
  const backup = cluster.backup();
  const other = rivalOf(holder);
  const handsOverMs = w.random.between(20, 200);
  later(w, handsOverMs, () => w.agents[holder].command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 }));
  later(w, handsOverMs + w.random.between(5, 300), () => {
    cutNodes(w, 3000);
    // The former holder looks at etcd no more, or its agent is new.
    if (w.random.chance(0.4)) cutFromEtcd(w, holder, w.random.between(300, 1200));
    later(w, w.random.between(150, 900), () => {
      if (w.random.chance(0.4)) restartAgent(w, w.agents[holder], w.random.between(1, 500));
      putBack(w, cluster, backup);
      if (w.random.chance(0.3)) later(w, w.random.between(1, 300), () => freezeAgent(w, w.agents[other], span(w)));
    });
  });
});

/** One node saw the value just before it went unseen; the holder goes on, and the store is put back to that very value. */
const putBackToWhatWasSeen = withCluster((w, cluster) => {
  const holder = holderOf(w);
  if (holder === undefined) return;
  const other = rivalOf(holder);
  cutNodes(w, 4000);
  later(w, w.random.between(200, 800), () => {
    const backup = cluster.backup();
    const seenMs = w.random.between(160, 260);
    later(w, seenMs, () => cutFromEtcd(w, other, 500));
    // The backup is of what was seen last, or a little older.
    const taken = w.random.chance(0.5) ? null : backup;
    let seen = backup;
    later(w, seenMs, () => {
      seen = cluster.backup();
    });
    later(w, seenMs + w.random.between(120, 450), () => putBack(w, cluster, taken ?? seen));
  });
});

const strayCluster = withCluster((w, cluster) => {
  const forMs = w.random.between(300, 3000);
  for (const role of ['main', 'standby'] as const)
    if (w.random.chance(0.6)) cluster.strayUntil[role] = w.timeline.now + forMs;
  if (w.random.chance(0.7)) cutNodes(w, forMs);
});

const foreignValue = withCluster((w, cluster) => {
  cluster.revision += 1;
  cluster.value = { revision: cluster.revision, record: 'foreign' };
  w.timeline.after(span(w), () => {
    if (cluster.value.record === 'foreign') cluster.value = { revision: 0, record: null };
  });
});

/** The holder's agent ends as planned while the other hears it no more: the longer promise must be known to who waits. */
const plannedRestartByEtcd = withCluster((w) => {
  const holder = holderOf(w);
  if (holder === undefined) return;
  const agent = w.agents[holder];
  cutNodes(w, 3000);
  later(w, w.random.between(300, 900), () => {
    agent.ending();
    later(w, w.random.between(5, 60), () => restartAgent(w, agent, w.random.between(300, 2500)));
    if (w.random.chance(0.5))
      later(w, w.random.between(1, 40), () => cutFromEtcd(w, rivalOf(holder), w.random.between(50, 250)));
  });
});

/** Both boot together and do not hear each other: they ask for the right in the same moment. */
const rebootedTogether = withCluster((w) => {
  cutNodes(w, 3500);
  const backMs = w.random.between(20, 100);
  for (const agent of [w.agents.main, w.agents.standby]) reboot(w, agent, backMs + w.random.between(0, 6));
});

/** For so long that people are told: the nodes hear of each other through etcd alone. Service is moved meanwhile, or who serves dies and nobody may say that it lives. */
const cutForLong = withCluster((w) => {
  cutNodes(w, 20_000);
  w.quietFrom = Math.max(w.quietFrom, w.timeline.now + 18_000);
  const holder = holderOf(w);
  if (holder === undefined) return;
  if (w.random.chance(0.6))
    later(w, w.random.between(700, 1500), () =>
      w.agents[holder].command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 }),
    );
  if (w.random.chance(0.5))
    later(w, w.random.between(2000, 4000), () => {
      reboot(w, w.agents[holderOf(w) ?? holder], 12_000);
      // The other is alone with nobody to ask.
      if (w.random.chance(0.5)) for (const role of ['main', 'standby'] as const) cutFromEtcd(w, role, 12_000);
    });
});

/** Faults that put a store back, so that an epoch may be passed that nobody knows who looks then; with those of `lookingOn` alone, somebody does. */
const forgetting: ReadonlySet<string> = new Set([
  'etcd-old-backup',
  'etcd-old-backup-after-handover',
  'etcd-put-back-to-what-was-seen',
  'etcd-emptied',
  'etcd-foreign-value',
]);
const lookingOn: ReadonlySet<string> = new Set([
  'etcd-old-backup',
  'etcd-emptied',
  'etcd-cut-between-the-nodes',
  'switchover',
]);

/** Whether the order of epochs is kept, where these faults are drawn. */
export const epochsKept = (names: readonly string[]): boolean =>
  !names.some((name) => forgetting.has(name)) || names.every((name) => lookingOn.has(name));

export const etcdFaults: Readonly<Record<string, Fault>> = {
  'etcd-member-lost': membersDown(1),
  'etcd-quorum-lost': membersDown(2),
  'etcd-leader-change': withCluster((w, cluster) => {
    cluster.ground.electingUntil = w.timeline.now + w.random.between(20, 700);
  }),
  'etcd-slow-disk': withCluster((w, cluster) => forAWhile(w, cluster, 'diskMs', w.random.pick([60, 250, 1200]))),
  'etcd-late-answers': withCluster((w, cluster) => forAWhile(w, cluster, 'answerMs', w.random.pick([100, 400, 1500]))),
  'etcd-lost-answers': withCluster((w, cluster) => {
    cluster.ground.answersLostUntil = w.timeline.now + w.random.between(5, 600);
  }),
  'etcd-cut-off': withCluster((w) => {
    const forMs = span(w);
    cutFromEtcd(w, node(w).machine.role, forMs);
    if (w.random.chance(0.4)) cutNodes(w, forMs);
  }),
  'etcd-cut-between-the-nodes': withCluster((w) => cutNodes(w, span(w))),
  'etcd-old-backup': oldBackup,
  'etcd-old-backup-after-handover': oldBackupAfterHandover,
  'etcd-put-back-to-what-was-seen': putBackToWhatWasSeen,
  'etcd-emptied': withCluster((w, cluster) =>
    putBack(w, cluster, { revision: 0, value: { revision: 0, record: null } }),
  ),
  'etcd-other-cluster': strayCluster,
  'etcd-foreign-value': foreignValue,
  'etcd-agent-restart-planned': plannedRestartByEtcd,
  'etcd-rebooted-together': rebootedTogether,
  'etcd-cut-for-long': cutForLong,
};
