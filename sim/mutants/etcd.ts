/** Guards where etcd votes: whose clock a promise is counted on, what a comparison that failed means, and a store that was put back. */
import type { Mutant } from './mutant.ts';

const voter = 'src/core/arbiter/etcd-voter.ts';
const record = 'src/core/arbiter/etcd-record.ts';
const putBack = ['etcd-old-backup', 'etcd-old-backup-after-handover', 'etcd-put-back-to-what-was-seen', 'etcd-emptied'];
const between = ['etcd-cut-between-the-nodes', 'etcd-cut-off', 'etcd-late-answers', 'etcd-lost-answers', 'switchover'];

const byEtcd = (each: Omit<Mutant, 'pair' | 'seeds'> & Partial<Mutant>): Mutant => ({
  seeds: 2000,
  pair: 'etcd',
  ...each,
});

export const etcdGuards: readonly Mutant[] = [
  byEtcd({
    name: 'etcd: a put whose comparison failed counts as carried out',
    file: voter,
    find: 'const put = reply.isPut ? busy.planned : null;',
    replace: 'const put = busy.planned;',
    faults: ['etcd-rebooted-together'],
  }),
  byEtcd({
    name: 'etcd: a promise is counted from its first sight, however often it was renewed since',
    file: record,
    find: 'return same && then.stamp === record.stamp;',
    replace: 'return same;',
    faults: between,
  }),
  byEtcd({
    name: 'etcd: a late answer to a request that was given up counts for the next',
    file: voter,
    find: 'if (busy === null || busy.op !== event.op) return nothing(voter);',
    replace: 'if (busy === null) return nothing(voter);',
    faults: [...between, 'etcd-slow-disk'],
  }),
  byEtcd({
    name: 'etcd: another cluster’s word counts',
    file: voter,
    find: 'if (reply.cluster !== settings.cluster)',
    replace: 'if (now < 0)',
    faults: ['etcd-other-cluster'],
  }),
  byEtcd({
    name: 'etcd: a value that is not this pair’s is taken for none',
    file: voter,
    find: 'const record = put?.record ?? reply.record;',
    replace: "const record = put?.record ?? (reply.record === 'foreign' ? null : reply.record);",
    faults: ['etcd-foreign-value'],
  }),
  byEtcd({
    name: 'etcd: a store that was put back is believed at once',
    file: record,
    find: 'const begins = before === null || wentBack(before, revision, record);',
    replace: 'const begins = before === null;',
    faults: putBack,
  }),
  byEtcd({
    name: 'etcd: an agent that has just begun to look believes what it sees',
    file: record,
    find: 'const silentUntil = begins ? now + longestPromiseMs(promises) : before.silentUntil;',
    replace:
      'const silentUntil = before === null ? now : begins ? now + longestPromiseMs(promises) : before.silentUntil;',
    faults: putBack,
  }),
  byEtcd({
    name: 'etcd: who did not look for long counts as if it had',
    file: record,
    find: 'now - view.askedAt <= promiseMs / 2;',
    replace: 'now - view.askedAt <= promiseMs * 1e6;',
    faults: ['etcd-put-back-to-what-was-seen'],
  }),
  byEtcd({
    name: 'etcd: after a store was put back, a former holder of its term asks at once',
    file: voter,
    find: "  ask?.question === 'renew' &&\n",
    replace: '',
    faults: putBack,
    also: { file: voter, find: 'view.record.promise.epoch === ask.epoch;', replace: 'view.record.promise.epoch > 0;' },
  }),
  byEtcd({
    name: 'etcd: that a promise was for longer is not written down',
    file: voter,
    find: 'isNew ? boot.promise.until - now > promiseMs : (old?.promise?.restarts ?? false)',
    replace: 'false',
    faults: ['etcd-agent-restart-planned'],
  }),
  byEtcd({
    name: 'etcd: a renewal takes back the longer promise of a restart',
    file: voter,
    find: 'const view = put === null ? seen : { ...seen, until: put.until };',
    replace: 'const view = put === null ? seen : { ...seen, until: now };',
    faults: ['etcd-agent-restart-planned'],
  }),
];
