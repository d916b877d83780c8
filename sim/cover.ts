/** Which promises are in force at this instant, and whether they cover an open gate. */
import type { EtcdRecord } from '../src/core/arbiter/etcd-record.ts';
import { ETCD } from '../src/core/arbiter/etcd-voter.ts';
import { longestPromiseMs } from '../src/core/settings.ts';
import { type Epoch, type Role, rivalOf, type VoterName } from '../src/core/words.ts';
import type { Watched } from './watched.ts';

export interface Cover {
  /** The voter's memory on tmpfs was written. */
  promised(voter: VoterName): void;
  /** A value that etcd has taken binds the holder's rival, for the promise in it from now by the rival's clock. */
  etcdPut(record: EtcdRecord): void;
  /** The rival's promise, or own vote and a majority. */
  isCovered(role: Role): boolean;
}

/** What a voter has promised, as far as it binds. */
interface Bound {
  readonly holder: Role | null;
  readonly epoch: Epoch;
  /** True time. */
  readonly until: number;
}

export const createCover = (w: Watched): Cover => {
  const bounds = new Map<VoterName, Bound>();
  const isBound = (voter: VoterName, holder: Role): boolean => {
    const bound = bounds.get(voter);
    return bound !== undefined && bound.holder === holder && bound.until >= w.timeline.now;
  };
  const etcdBoundUntil = ({ holder, restarts }: NonNullable<EtcdRecord['promise']>): number => {
    const { machine } = w.agents[rivalOf(holder)];
    const { timing } = machine.settings;
    return machine.trueTime(machine.local() + (restarts ? longestPromiseMs(timing) : timing.promiseMs));
  };
  return {
    promised(voter) {
      const agent = voter === 'main' || voter === 'standby' ? w.agents[voter] : null;
      const clock = agent === null ? w.checkpoints.find((c) => c.name === voter) : agent.machine;
      const boot = clock?.tmpfs;
      if (clock === undefined || boot === null || boot === undefined) return;
      // A voter that has just booted knows nothing: its former promise is kept by its silence.
      if (boot.promise === null && clock.local() < boot.silentUntil) return;
      const { promise } = boot;
      const bound =
        promise === null ? { holder: null, epoch: 0, until: 0 } : { ...promise, until: clock.trueTime(promise.until) };
      bounds.set(voter, bound);
    },
    etcdPut(record) {
      const { promise } = record;
      if (promise !== null) return void bounds.set(ETCD, { ...promise, until: etcdBoundUntil(promise) });
      // A value that was put back or deleted takes back no promise: all who look are silent for it. A release does.
      const bound = bounds.get(ETCD);
      const released = bound?.holder === 'main' ? record.releasedMain : record.releasedStandby;
      if (released >= (bound?.epoch ?? 0)) bounds.set(ETCD, { holder: null, epoch: 0, until: 0 });
    },
    isCovered(role) {
      if (isBound(rivalOf(role), role)) return true;
      const votes = w.votersBesides.filter((name) => isBound(name, role)).length;
      return isBound(role, role) && votes + 1 >= Math.floor((w.votersBesides.length + 2) / 2) + 1;
    },
  };
};
