/** Two agents' loops with the real core and a real etcd between them, without kernel, telephony and network: for tests and measurements. */
import type { Message } from '../../core/message.ts';
import { ok } from '../../core/result.ts';
import type { Settings } from '../../core/settings.ts';
import type { State } from '../../core/state.ts';
import { goodLook } from '../../core/testing/builders.ts';
import type { Role } from '../../core/words.ts';
import type { EtcdClient } from '../../etcd/client.ts';
import type { DatagramLink } from '../../peer/link.ts';
import { systemClock as clock } from '../../time/clock.ts';
import { withEtcd } from '../etcd-link.ts';
import { createLoop, type Loop } from '../loop.ts';

/** The way between two nodes. */
export interface Hub {
  isCut: boolean;
  linkOf(role: Role): DatagramLink;
}

/** Both nodes, which hear each other until they are cut. */
export const createHub = (): Hub => {
  const listenerOf = new Map<Role, (from: string, message: Message) => void>();
  const hub: Hub = {
    isCut: false,
    linkOf: (role) => ({
      send: (to, message) => {
        if (!hub.isCut) setImmediate(() => listenerOf.get(to as Role)?.(role, message));
      },
      onMessage: (listener) => void listenerOf.set(role, listener),
      onRefused: () => undefined,
      open: async () => ok(undefined),
      close: async () => void listenerOf.delete(role),
      proven: () => true,
      replace: () => undefined,
      port: () => 0,
      refused: () => ({}),
    }),
  };
  return hub;
};

export interface EtcdNode {
  readonly loop: Loop;
  /** Codes of what persons were told. */
  readonly notices: string[];
  until(what: string, holds: (state: State) => boolean): Promise<void>;
  die(): Promise<void>;
}

export interface EtcdNodeParts {
  readonly settings: Settings;
  readonly link: DatagramLink;
  /** Number of the cluster in digits, and where the pair's keys lie. */
  readonly cluster: string;
  readonly prefix: string;
  readonly client: EtcdClient;
  /** Of the core's chance. */
  readonly seed: number;
  readonly onHalted: (law: string) => void;
}

const waitMs = 25_000;

const createWaiting = (role: Role, notices: readonly string[], state: () => State) => {
  const waiting = new Set<() => void>();
  const until: EtcdNode['until'] = (what, holds) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${role}: never ${what}: ${notices.join(' ')}`)), waitMs);
      const look = (): void => {
        if (!holds(state())) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { waiting, until };
};

/** Begins at once, with telephony that is well. */
export const startEtcdNode = async (parts: EtcdNodeParts): Promise<EtcdNode> => {
  const { settings, cluster, prefix, client } = parts;
  const notices: string[] = [];
  const { waiting, until } = createWaiting(settings.role, notices, () => loop.state());
  const link = withEtcd(parts.link, {
    config: { clusterId: cluster, prefix },
    settings,
    pair: 'pbx1 10.0.0.1, pbx2 10.0.0.2',
    connect: async () => ({ client, cluster }),
    clock,
  });
  link.onTrouble?.(({ code }) => void notices.push(code));
  const loop: Loop = createLoop({
    settings,
    clock,
    store: {
      load: () => ({ boot: null, disk: null, notes: [] }),
      saveBoot: () => ok(undefined),
      saveDisk: () => ok(undefined),
    },
    gate: { apply: async () => ok(undefined) },
    link,
    steps: {
      run: ({ op }) => setImmediate(() => loop.post((at) => ({ kind: 'step', at, op, outcome: 'done', detail: '' }))),
      keep: () => undefined,
    },
    fences: { order: () => undefined, end: () => undefined },
    onAwake: () => undefined,
    onDecided: () => {
      for (const look of waiting) look();
    },
    onNotice: ({ code }) => void notices.push(code),
    onReply: () => undefined,
    onHalted: parts.onHalted,
  });
  link.onMessage((from, message) => loop.post((at) => ({ kind: 'message', at, from, message })));
  await link.open();
  loop.start(parts.seed);
  const looks = setInterval(
    () => loop.post((at) => ({ kind: 'look', at, look: goodLook })),
    settings.timing.heartbeatMs,
  );
  return {
    loop,
    notices,
    until,
    die: async () => {
      clearInterval(looks);
      loop.stop();
      await link.close();
    },
  };
};

export const isServing = (state: State): boolean => state.phase.name === 'serving' && state.lease.name === 'held';
