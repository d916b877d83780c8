/** From a node's configuration to its agent with everything around it. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { againstAdoption, thisAdoptionGround } from '../adoption/conditions.ts';
import { takeOrder } from '../adoption/order.ts';
import type { CommandAnswer } from '../api/protocol.ts';
import { digestOf } from '../checks/digest.ts';
import {
  type Config,
  isRefusing,
  isServingWeb,
  journalPath,
  listenAddress,
  nrpeCheckpoints,
  watchesOwnNetwork,
} from '../config/config.ts';
import { coverMs } from '../config/relations/relations.ts';
import { toSettings } from '../config/settings.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { longestPromiseMs, type Settings, type Timing } from '../core/settings.ts';
import { rivalOf } from '../core/words.ts';
import { createAskDevice } from '../fencing/device.ts';
import { createJournal, type WrittenJournal } from '../journal/journal.ts';
import { createStateStore, readBootId } from '../journal/state-store.ts';
import { checkpointOf } from '../nrpe/configured.ts';
import { createPeerLink, type DatagramLink, type PeerAddress } from '../peer/link.ts';
import type { Limits } from '../peer/session.ts';
import type { Clock, Gate, Notifier } from '../ports.ts';
import { createBoard } from '../probes/board.ts';
import { createCheckpointLooks } from '../probes/checkpoint-looks.ts';
import { createRivalLooks, type RivalLooks } from '../probes/rival-looks.ts';
import { run } from '../process/run.ts';
import { removeBootScript, writeBootScript } from '../steps/gate/boot-script.ts';
import { createGate, createUngated } from '../steps/gate/gate.ts';
import { gateSettingsOf } from '../steps/gate/settings.ts';
import { type Agent, createAgent } from './agent.ts';
import { ariOf, createAstDbInAgent } from './astdb.ts';
import { createChecker } from './beside/checker.ts';
import { createDriller } from './beside/driller.ts';
import { createReplication } from './beside/replication.ts';
import { createSwitcher } from './beside/switcher.ts';
import { readClocks } from './clock-watch.ts';
import { createCoarseClock } from './coarse-clock.ts';
import { withEtcd } from './etcd-link.ts';
import { createFences } from './fences.ts';
import { nodeKeys, type OwnKeys } from './keys.ts';
import { createPairStream, type PairStream } from './pair-stream.ts';
import { createPairView, type PairView } from './pair-view.ts';
import type { AgentParts } from './parts.ts';
import { asAlways } from './priority.ts';
import { callsOf, managerOf, probesOf } from './probes.ts';
import { createRefusing, type Refusing } from './refusing.ts';
import { createReload, type LiveConfig } from './reload.ts';
import { createSettingsExchange, type SettingsExchange } from './settings-exchange.ts';
import { stepAdaptersOf } from './steps.ts';

/** This program, as it shows itself and as it starts its replicator. */
export interface Program {
  readonly version: string;
  /** `dualtone replicator` with the same configuration, at ordinary priority. */
  readonly argv: readonly string[];
  /** `dualtone checker`, likewise, at low priority. */
  readonly checkerArgv: readonly string[];
  /** `dualtone switcher`, at ordinary priority. */
  readonly switcherArgv: readonly string[];
  /** `dualtone driller`, at ordinary priority. */
  readonly drillerArgv: readonly string[];
  /** `dualtone refuser`, at ordinary priority. */
  readonly refuserArgv: readonly string[];
  /** `dualtone settings`: one question about the file, on its standard input. */
  readonly settingsArgv: readonly string[];
  /** The configuration as its file says now, as somebody else has parsed it. */
  readonly reread: () => Result<Config>;
}

/** An agent ready to start, and what its process must open and close besides. */
export interface Composition {
  readonly agent: Agent;
  readonly journal: WrittenJournal;
  /** Null where nothing travels on it. */
  readonly stream: PairStream | null;
  readonly pairView: PairView;
  readonly settings: SettingsExchange;
  /** Null where a passive node is silent. */
  readonly refusing: Refusing | null;
  /** Another machine took the other node's place. */
  readonly reload: () => Promise<CommandAnswer>;
}

const limitsOf = (timing: Timing): Limits => ({
  promiseMs: timing.promiseMs,
  coverMs: coverMs(timing),
  longestPromiseMs: longestPromiseMs(timing),
  longestCoverMs: coverMs({ ...timing, leaseMs: timing.leaseMs + timing.restartMs }),
});

const peersOf = (config: Config, { keyByPeer }: OwnKeys): readonly PeerAddress[] => {
  const rival = { name: rivalOf(config.node.role), address: config.peer.address, port: config.peer.port };
  if (config.arbiter.kind !== 'checkpoints') return [rival];
  const voters = config.arbiter.checkpoints.filter(({ kind }) => kind === 'voter');
  return [
    rival,
    ...voters.map(({ name, address, port }) => {
      const key = keyByPeer.get(name);
      return { name, address, port, ...(key === undefined ? {} : { key }) };
    }),
  ];
};

const datagramsOf = (config: Config, settings: Settings, keys: OwnKeys, clock: Clock): DatagramLink =>
  createPeerLink({
    self: settings.role,
    listen: { address: listenAddress(config), port: config.listen.port },
    peers: peersOf(config, keys),
    key: keys.pair,
    limits: limitsOf(settings.timing),
    retryMs: settings.timing.heartbeatMs,
    clock,
  });

/** Whose value in etcd it is: both nodes say it alike. */
const pairOf = ({ node, peer }: Config): string => {
  const [own, other] = [`${node.name} ${node.knownAs ?? node.address}`, `${peer.name} ${peer.address}`];
  return node.role === 'main' ? `${own}, ${other}` : `${other}, ${own}`;
};

const linkOf = (config: Config, settings: Settings, keys: OwnKeys, clock: Clock): DatagramLink => {
  const datagrams = datagramsOf(config, settings, keys, clock);
  const { arbiter } = config;
  if (arbiter.kind !== 'etcd') return datagrams;
  const connect = async () => {
    const [{ clientOf }, { clusterNumber }] = await Promise.all([
      import('../etcd/configured.ts'),
      import('../etcd/wire.ts'),
    ]);
    // A request that has not won by then is withdrawn: its answer must come before.
    return { client: clientOf(arbiter, 0.8 * settings.timing.askMs), cluster: clusterNumber(arbiter.clusterId) };
  };
  return withEtcd(datagrams, { config: arbiter, settings, pair: pairOf(config), connect, clock });
};

const gateOf = (config: Config, settings: Settings, clock: Clock): Gate =>
  config.gate.enforce ? createGate({ settings: gateSettingsOf(config, settings), clock }) : createUngated();

/** What `dualtone-gate.service` loads at the next boot: the gate of this configuration, or none. Fault: `gate-script-not-written`. */
export const keepBootScript = (config: Config): Promise<Result<void>> => {
  const path = join(config.stateDir, 'gate.nft');
  return config.gate.enforce
    ? writeBootScript(path, gateSettingsOf(config, toSettings(config)))
    : removeBootScript(path);
};

const looksOf = (config: Config, settings: Settings, clock: Clock): AgentParts['rivalLooks'] => {
  const { watch } = config;
  if (watch.kind !== 'looks') return null;
  const checkpoints = nrpeCheckpoints(config).map(checkpointOf);
  let looks: RivalLooks | null = null;
  return {
    start: (onLook) => {
      if (checkpoints.length > 0) {
        const asked = { checkpoints, everyMs: watch.everyMs, tellNetwork: !watchesOwnNetwork(config) };
        looks = createCheckpointLooks(asked, clock, onLook);
        return looks.start();
      }
      const options = {
        address: config.peer.address,
        everyMs: watch.everyMs,
        pings: watch.pings,
        gapMs: watch.pingGapMs,
        timeoutMs: Math.max(config.probes.timeoutMs, 1000),
      };
      // Only the standby watches its rival.
      if (settings.role !== 'standby') return;
      looks = createRivalLooks(options, clock, onLook);
      looks.start();
    },
    stop: () => looks?.stop(),
  };
};

const journalOf = (config: Config): WrittenJournal =>
  createJournal({
    path: journalPath(config),
    maxAgeMs: config.journal.maxAgeMs,
    maxSizeBytes: config.journal.maxSizeBytes,
    memoryEntries: config.journal.memoryEntries,
  });

const unknownStep = (id: string) =>
  fail('step-unknown', `nothing knows how to do step ${id}`, 'report this: it is a mistake of the program');

const isThere = <T>(each: T | null): each is T => each !== null;

/** What tries what has not happened yet. */
const trialsOf = (
  config: LiveConfig,
  { checkerArgv, drillerArgv }: Pick<Program, 'checkerArgv' | 'drillerArgv'>,
  stream: PairStream,
  clock: Clock,
): Pick<AgentParts, 'checker' | 'driller'> => ({
  checker: config.checks.enabled
    ? createChecker(checkerArgv, () => digestOf(config), stream.channel('checks'), clock)
    : null,
  driller: createDriller(config, drillerArgv, stream.channel('drill'), clock),
});

/** Machines outside the pair, and the devices that turn the other node off. */
const outsideOf = (config: Config, settings: Settings, switcherArgv: readonly string[], clock: Clock) => ({
  switcher: createSwitcher(config, settings, switcherArgv, clock),
  // Python at the agent's own priority would be in the way of its heartbeat, and of Asterisk.
  fences: createFences(config, createAskDevice(asAlways()), clock),
});

const adoptionOf = (config: Config): AgentParts['adoption'] => ({
  take: (now) => takeOrder(config.runDir, readBootId(), now),
  against: () => againstAdoption(config, thisAdoptionGround(run)),
});

/** Builds everything, opens nothing. Fails with a `key-…` or `identity-…` code, `ami-secret-unreadable` or `ari-secret-unreadable`. */
export const composeNode = (given: Config, program: Program, clock: Clock, notifier: Notifier): Result<Composition> => {
  const { version, argv, switcherArgv, settingsArgv, reread } = program;
  const keys = nodeKeys(given);
  if (!keys.ok) return keys;
  const config: LiveConfig = { ...given };
  const manager = managerOf(config);
  if (!manager.ok) return manager;
  const ari = ariOf(config);
  if (!ari.ok) return ari;
  const settings = toSettings(config);
  // Hooks are told the epoch of the plan; the agent that knows it comes after them.
  const adapterById = stepAdaptersOf(config, clock, () => agent.state().plan.epoch);
  const absent = settings.plan.find(({ id }) => !adapterById.has(id));
  if (absent !== undefined) return unknownStep(absent.id);
  const journal = journalOf(config);
  // Probes may be late by a quarter of their period; half of it they would call late themselves.
  const coarse = createCoarseClock(clock, config.probes.periodMs / 4);
  const stream = createPairStream(config, keys.value, clock);
  // Only its question whether anything was written may ride: what was goes on at once.
  const astdb = createAstDbInAgent(config, stream, manager.value, ari.value, { ...clock, about: coarse.about });
  const replication = createReplication(config, argv, stream.channel('replication'), clock);
  const { checker, driller } = trialsOf(config, program, stream, clock);
  const pairView = createPairView(stream.channel('view'), clock);
  const link = linkOf(config, settings, keys.value, clock);
  const gate = gateOf(config, settings, clock);
  const agent: Agent = createAgent({
    config,
    settings,
    program: version,
    clock,
    onAwake: () => coarse.awake(),
    readClocks: () => readClocks(clock),
    seed: randomInt(1, 2 ** 31),
    store: createStateStore({ runDir: config.runDir, stateDir: config.stateDir, bootId: readBootId() }),
    journal,
    gate,
    link,
    adapterById,
    board: createBoard(probesOf(config, manager.value, coarse), clock),
    rivalLooks: looksOf(config, settings, clock),
    astdb,
    replication,
    checker,
    driller,
    ...outsideOf(config, settings, switcherArgv, clock),
    calls: callsOf(manager.value),
    notifier,
    adoption: adoptionOf(config),
  });
  const hasStream = isServingWeb(config) || [astdb, replication, checker, driller].some(isThere);
  const renewed = hasStream ? stream : { renew: async () => ok(undefined) };
  return ok({
    agent,
    journal,
    stream: hasStream ? stream : null,
    pairView,
    refusing: isRefusing(config)
      ? createRefusing({ argv: program.refuserArgv, settings, gate, clock, notifier })
      : null,
    settings: createSettingsExchange(stream.channel('settings'), settingsArgv, run),
    reload: createReload({ config, link, stream: renewed, beside: [replication, checker].filter(isThere), reread }),
  });
};
