/** A node's way to etcd in the simulator: requests that end in bounded time, by way of one member after the other. */
import { createEtcdRunner } from '../src/core/arbiter/etcd-runner.ts';
import { ETCD, type EtcdRequest } from '../src/core/arbiter/etcd-voter.ts';
import type { Message } from '../src/core/message.ts';
import { type AgentProcess, WALL_START } from './agent-process.ts';
import { ETCD_CLUSTER, ETCD_MEMBERS, type EtcdCluster } from './etcd-cluster.ts';
import type { Timeline } from './timeline.ts';

export interface EtcdClient {
  /** The agent began anew: what the former one asked is answered to nobody. */
  begin(): void;
  tell(message: Message): void;
}

export const createEtcdClient = (agent: AgentProcess, cluster: EtcdCluster, timeline: Timeline): EtcdClient => {
  const { machine } = agent;
  const { role, settings } = machine;
  const own = { role, promises: settings.timing, cluster: ETCD_CLUSTER };
  let life = 0;
  let member = role === 'main' ? 0 : 1;
  const stands = (): boolean => agent.status !== 'running' || machine.paused;
  /** As soon as the agent runs; never, if it died meanwhile. */
  const whenRunning = (born: number, act: () => void): void => {
    if (born !== life || agent.status === 'dead' || !machine.up) return;
    if (stands()) timeline.after(3, () => whenRunning(born, act));
    else act();
  };
  const send = (request: EtcdRequest): void => {
    const born = life;
    const { op } = request;
    const name = ETCD_MEMBERS[member % ETCD_MEMBERS.length] ?? 'etcd-1';
    cluster.request(role, name, request, (reply) => whenRunning(born, () => runner.replied(op, reply)));
    timeline.after(settings.timing.askMs * 0.6, () =>
      whenRunning(born, () => {
        if (!runner.awaits(op)) return;
        member += 1;
        runner.failed(op);
      }),
    );
  };
  const runner = createEtcdRunner(own, {
    now: () => ({ at: machine.local(), wall: WALL_START + timeline.now }),
    ask: send,
    tell: (message) => agent.receive(ETCD, message),
  });
  return {
    begin() {
      life += 1;
      runner.begin(own);
    },
    tell: runner.told,
  };
};
