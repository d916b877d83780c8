/** The simulated world: two nodes that run the real core, the checkpoints, a network, phones, and the checkers beside them. */
import { adoptedAt, settingsAgainstAdoption } from '../src/core/adoption.ts';
import { ETCD } from '../src/core/arbiter/etcd-voter.ts';
import type { Decision } from '../src/core/decide.ts';
import type { Effect } from '../src/core/effect.ts';
import type { Event } from '../src/core/event.ts';
import { checkInvariants } from '../src/core/invariants.ts';
import type { Message } from '../src/core/message.ts';
import type { Settings } from '../src/core/settings.ts';
import type { Role, VoterName, WallTime } from '../src/core/words.ts';
import { type AgentProcess, createAgentProcess, WALL_START } from './agent-process.ts';
import { type Checkers, createCheckers } from './checkers.ts';
import { type CheckpointProcess, createCheckpointProcess } from './checkpoint-process.ts';
import { createEtcdClient, type EtcdClient } from './etcd-client.ts';
import { createEtcdCluster, ETCD_MEMBERS, type EtcdCluster, type EtcdGround, type EtcdHooks } from './etcd-cluster.ts';
import { createFenceDevices, deviceNames, type FenceDevice, type FenceDevices, type Power } from './fence-devices.ts';
import { createLookouts, type Lookout, type Lookouts, lookoutNames } from './lookouts.ts';
import { createMachine, type Machine } from './machine.ts';
import { createNetwork, type Network } from './network.ts';
import { createRandom, type Random } from './random.ts';
import { createTimeline, type Timeline } from './timeline.ts';
import type { Watched } from './watched.ts';

export interface World {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly network: Network;
  readonly agents: Readonly<Record<Role, AgentProcess>>;
  readonly checkpoints: readonly CheckpointProcess[];
  readonly lookouts: readonly Lookout[];
  /** Null: the arbiter is another. */
  readonly etcd: EtcdCluster | null;
  /** Devices that turn nodes off; none where the pair has none. */
  readonly fences: readonly FenceDevice[];
  readonly checkers: Checkers;
  readonly watched: Watched;
  /** The node is cut off from phones and provider as well. */
  readonly cutFromPhones: Record<Role, boolean>;
  readonly log: string[] | null;
  /** The faults are over: no new one begins. */
  healed: boolean;
  /** A fault that takes longer than the others holds the quiet off. */
  quietFrom: number;
  /** Boots everything at once. */
  bootAll(): void;
  /** A pair is made of servers that telephone already: who may goes on with what serves, and the other's agent is started afterwards. */
  bootAdopted(): void;
}

/** Told of everything that the agents decide and answer; changes nothing. */
export interface Observer {
  decided?(role: Role, decision: Decision, event: Event, wall: WallTime): void;
  replied?(role: Role, reply: Extract<Effect, { kind: 'reply' }>): void;
  gateChanged?(role: Role): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly settingsOf: (role: Role) => Settings;
  /** Journals what happens as text, for a person who replays a seed. */
  readonly log?: boolean;
  readonly observer?: Observer;
  /** Of several pairs that live at the same time; default: one of its own. */
  readonly timeline?: Timeline;
  /** The etcd cluster that it shares with other pairs; default: one of its own. */
  readonly etcdGround?: EtcdGround;
}

/** With voters that count whatever happens, two never serve. */
const isGuarded = (settings: Settings): boolean =>
  settings.arbiter.kind !== 'none' && settings.arbiter.whenLost === 'wait';

/** Without votes and with devices that do not lie about the power, two never serve either, a paused machine included. */
export const isProved = ({ arbiter, fencing }: Settings): boolean => arbiter.kind === 'none' && fencing !== null;

interface Wiring {
  agents: Record<Role, AgentProcess>;
  checkpoints: CheckpointProcess[];
  checkers: Checkers;
  lookouts: Lookouts;
  etcd: EtcdCluster | null;
  etcdClients: Readonly<Record<Role, EtcdClient>> | null;
  fences: FenceDevices;
}

const ROLES: readonly Role[] = ['main', 'standby'];

/** What the checkers see, and what is held against the run with these settings. */
const watchedOf = (
  { agents, checkpoints }: Wiring,
  settings: Settings,
  timeline: Timeline,
  cutFromPhones: Readonly<Record<Role, boolean>>,
): Watched => ({
  votersBesides: settings.arbiter.kind === 'none' ? [] : settings.arbiter.voters,
  timeline,
  agents,
  checkpoints,
  neverTwo: isGuarded(settings) || isProved(settings),
  covered: isGuarded(settings),
  guarded: isGuarded(settings),
  onlyClocks: false,
  epochsKept: true,
  noVotes: settings.arbiter.kind === 'none',
  cutOffSince: { main: Number.POSITIVE_INFINITY, standby: Number.POSITIVE_INFINITY },
  requestSentAt: { main: 0, standby: 0 },
  phonesReach: (role) => !cutFromPhones[role],
});

const powerOf = ({ agents }: Wiring, note: (text: string) => void): Power => ({
  off(role) {
    const agent = agents[role];
    note(`${role.padEnd(8)} TURNED OFF`);
    if (!agent.machine.up) return;
    powerOff(agent);
    // A machine that stood still does so no more.
    agent.machine.resume();
  },
  on(role) {
    if (!agents[role].machine.up) bootMachine(agents[role]);
  },
});

const bootEverything = ({ checkpoints, agents }: Wiring): void => {
  for (const checkpoint of checkpoints) checkpoint.start();
  for (const role of ROLES) bootMachine(agents[role]);
};

/** The main's agent is started in the same breath; the other's when it runs, by a person or the pairing. */
const FIRST_START_MS = 400;
const SECOND_START_MS = 3000;

/** What a first agent that goes on with what serves has kept and loaded before it begins. */
const adopt = (machine: Machine): void => {
  const { boot, disk, slot, ticketMs } = adoptedAt(machine.settings, machine.local());
  machine.powerOn();
  Object.assign(machine, { tmpfs: boot, disk, diskOnTmpfs: disk });
  machine.gateTakes({ type: 'arm', slot, ms: ticketMs });
  machine.gateTakes({ type: 'grant', slot });
};

const bootAdopting = (wiring: Wiring, timeline: Timeline, random: Random): void => {
  const { checkpoints, agents } = wiring;
  const adopting = ROLES.filter((role) => settingsAgainstAdoption(agents[role].machine.settings) === null);
  if (adopting.length === 0) return bootEverything(wiring);
  for (const checkpoint of checkpoints) checkpoint.start();
  const readyMs = random.between(1, FIRST_START_MS);
  for (const role of ROLES) {
    const { machine } = agents[role];
    if (adopting.includes(role)) {
      adopt(machine);
      wiring.checkers.promised(role);
      timeline.after(readyMs, () => agents[role].start());
    } else timeline.after(readyMs + random.between(0, SECOND_START_MS), () => bootMachine(agents[role]));
  }
};

export const createWorld = (options: WorldOptions): World => {
  const random = createRandom(options.seed);
  const timeline = options.timeline ?? createTimeline();
  const log: string[] | null = options.log === true ? [] : null;
  const note = (text: string): void => {
    log?.push(`${timeline.now.toFixed(1).padStart(9)}  ${text}`);
  };
  const settings = options.settingsOf('main');
  const voters = settings.arbiter.kind === 'checkpoints' ? settings.arbiter.voters : [];
  const wiring = {} as Wiring;
  const network = networkOf(wiring, settings, voters, timeline, random);
  const machineOf = (role: Role): Machine =>
    createMachine(role, options.settingsOf(role), timeline, random, (machine, byItself) => {
      wiring.checkers.gateChanged(machine.role, byItself);
      options.observer?.gateChanged?.(machine.role);
    });
  const agentOf = (role: Role): AgentProcess =>
    createAgentProcess(machineOf(role), timeline, random, {
      send: (to, message) => {
        if (to === ETCD && wiring.etcdClients !== null) return wiring.etcdClients[role].tell(message);
        if (message.type === 'handover-request') watched.requestSentAt[role] = timeline.now;
        network.send(role, to, message);
      },
      kept: () => wiring.checkers.promised(role),
      decided: (before, decision, event) => {
        for (const reason of decision.reasons)
          note(`${role.padEnd(8)} ${reason.rule} ${log && JSON.stringify(reason.facts)}`);
        options.observer?.decided?.(role, decision, event, WALL_START + timeline.now);
        wiring.checkers.decided(role, before, decision, event);
        if (event.kind === 'started') return begun(wiring, role);
        const broken = checkInvariants(options.settingsOf(role), before, decision.state, decision.effects);
        if (broken !== null) wiring.checkers.fail('invariant', `${role}: ${broken}`);
      },
      replied: (reply) => {
        note(`${role.padEnd(8)} reply ${reply.code}`);
        options.observer?.replied?.(role, reply);
      },
      fence: (order, answer) => wiring.fences.order(role, order, answer),
      fenceEnd: (op) => wiring.fences.end(role, op),
    });
  wiring.agents = { main: agentOf('main'), standby: agentOf('standby') };
  wiring.checkpoints = createCheckpoints(wiring, settings, voters, network, timeline, random);
  wireEtcd(wiring, settings, network, timeline, random, options.etcdGround);
  wiring.lookouts = createLookouts(settings, wiring.agents, network, timeline, random);
  wiring.fences = createFenceDevices(settings, wiring.agents, powerOf(wiring, note), network, timeline, random);
  const cutFromPhones: Record<Role, boolean> = { main: false, standby: false };
  const watched = watchedOf(wiring, settings, timeline, cutFromPhones);
  wiring.checkers = createCheckers(watched);
  startLooks(wiring, timeline, settings.timing.heartbeatMs);
  const boots = {
    bootAll: () => bootEverything(wiring),
    bootAdopted: () => bootAdopting(wiring, timeline, random),
  };
  const seen = { lookouts: wiring.lookouts.all, fences: wiring.fences.all };
  const course = { log, healed: false, quietFrom: 0, ...boots };
  return { ...wiring, ...seen, ...course, timeline, random, network, watched, cutFromPhones };
};

const etcdNames = ({ arbiter }: Settings): readonly VoterName[] => (arbiter.kind === 'etcd' ? ETCD_MEMBERS : []);

/** An agent has begun: so does what looks and asks for it. */
const begun = ({ etcdClients, lookouts }: Wiring, role: Role): void => {
  etcdClients?.[role].begin();
  lookouts.begin(role);
};

const wireEtcd = (
  wiring: Wiring,
  settings: Settings,
  network: Network,
  timeline: Timeline,
  random: Random,
  ground: EtcdGround | undefined,
): void => {
  wiring.etcd = null;
  wiring.etcdClients = null;
  if (etcdNames(settings).length === 0) return;
  const hooks: EtcdHooks = { committed: (record, before) => wiring.checkers.etcdPut(record, before) };
  const cluster = createEtcdCluster(network, timeline, random, hooks, ground);
  const clientOf = (role: Role): EtcdClient => createEtcdClient(wiring.agents[role], cluster, timeline);
  wiring.etcd = cluster;
  wiring.etcdClients = { main: clientOf('main'), standby: clientOf('standby') };
};

const networkOf = (
  wiring: Wiring,
  settings: Settings,
  voters: readonly VoterName[],
  timeline: Timeline,
  random: Random,
): Network =>
  createNetwork(
    ['main', 'standby', ...voters, ...lookoutNames(settings), ...etcdNames(settings), ...deviceNames(settings)],
    timeline,
    random,
    (to, from, message) => deliver(wiring, to, from, message),
  );

const createCheckpoints = (
  wiring: Wiring,
  settings: Settings,
  voters: readonly VoterName[],
  network: Network,
  timeline: Timeline,
  random: Random,
): CheckpointProcess[] =>
  voters.map((name) =>
    createCheckpointProcess(
      name,
      settings.timing,
      timeline,
      random,
      (to, message) => network.send(name, to, message),
      () => wiring.checkers.promised(name),
    ),
  );

export const bootMachine = (agent: AgentProcess): void => {
  agent.machine.powerOn();
  agent.start();
};

export const powerOff = (agent: AgentProcess): void => {
  agent.kill();
  agent.machine.powerOff();
};

const deliver = (wiring: Wiring, to: VoterName, from: VoterName, message: Message): void => {
  if (to === 'main' || to === 'standby') return wiring.agents[to].receive(from, message);
  if (from !== 'main' && from !== 'standby') return;
  wiring.checkpoints.find((c) => c.name === to)?.receive(from, message);
};

/** Each agent looks at its telephony at each heartbeat. */
const startLooks = (wiring: Wiring, timeline: Timeline, everyMs: number): void => {
  const looks = (role: Role): void => {
    wiring.agents[role].look();
    timeline.after(everyMs, () => looks(role));
  };
  timeline.at(7, () => looks('main'));
  timeline.at(31, () => looks('standby'));
};
