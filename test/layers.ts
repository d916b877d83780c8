/** Who may import whom: the layers of ARCHITECTURE.md as data. `layer-check.ts` holds them against the sources. */
import { labLayers } from './lab-layers.ts';

/** A layer is a folder (or file) of the repository; the longest that fits a file is its layer. */
export interface Layer {
  readonly place: string;
  /** Layers that its files may import besides their own; `*` for all. */
  readonly mayImport: readonly string[];
  /** node: modules and packages it may import; `*` for all. */
  readonly outside: readonly string[];
}

const PROTOCOLS = [
  'src/sip',
  'src/ami',
  'src/nrpe',
  'src/etcd',
  'src/ssh',
  'src/systemd',
  'src/process',
  'src/files',
  'src/http',
];
const ADAPTER = ['src/core', 'src/ports.ts', ...PROTOCOLS];

export const layers: readonly Layer[] = [
  { place: 'src/core', mayImport: [], outside: [] },
  { place: 'src/ports.ts', mayImport: ['src/core'], outside: [] },
  // Words for people, in their language: for the page, and for alarms.
  { place: 'src/language', mayImport: ['src/core/words.ts'], outside: [] },
  { place: 'src/profiles', mayImport: ['src/core'], outside: [] },
  {
    // Of the switches it knows how records of the DNS are written.
    place: 'src/config',
    mayImport: ['src/core', 'src/language', 'src/profiles', 'src/switches/dns/name.ts', 'src/switches/dns/rdata.ts'],
    outside: ['*'],
  },
  { place: 'src/sip', mayImport: ['src/core/result.ts'], outside: ['*'] },
  { place: 'src/ami', mayImport: ['src/core/result.ts'], outside: ['*'] },
  { place: 'src/nrpe', mayImport: ['src/core/result.ts', 'src/core/words.ts'], outside: ['*'] },
  // Knows etcd, and nothing of what is kept there.
  {
    place: 'src/etcd',
    mayImport: ['src/core/result.ts', 'src/core/words.ts', 'src/files', 'src/http'],
    outside: ['*'],
  },
  {
    place: 'src/ssh',
    mayImport: ['src/core/result.ts', 'src/core/words.ts', 'src/files', 'src/process'],
    outside: ['*'],
  },
  { place: 'src/systemd', mayImport: ['src/core/result.ts', 'src/core/words.ts', 'src/process'], outside: ['*'] },
  { place: 'src/files', mayImport: ['src/core/result.ts'], outside: ['*'] },
  // Questions over HTTP: nobody else opens a connection of it to ask.
  { place: 'src/http', mayImport: ['src/core/words.ts'], outside: ['*'] },
  { place: 'src/process', mayImport: ['src/core/result.ts', 'src/core/words.ts'], outside: ['*'] },
  // The machine's clock, for whoever composes; and what is due when.
  {
    place: 'src/time',
    mayImport: ['src/core/result.ts', 'src/core/words.ts', 'src/ports.ts', 'src/files'],
    outside: ['*'],
  },
  { place: 'src/probes', mayImport: ADAPTER, outside: ['*'] },
  { place: 'src/steps', mayImport: ADAPTER, outside: ['*'] },
  // From the configuration: who keeps the gate and who rehearses must come to the same.
  { place: 'src/steps/gate/settings.ts', mayImport: ['src/config', 'src/core', 'src/steps'], outside: [] },
  // From the configuration: what is started, and what is looked at before the first start.
  { place: 'src/steps/service/settings.ts', mayImport: ['src/config', 'src/steps'], outside: [] },
  {
    // What speaks against an agent that begins by serving: it looks, and its order is a file.
    place: 'src/adoption',
    mayImport: ['src/core', 'src/config', 'src/files', 'src/process', 'src/steps/gate/listing.ts', 'src/steps/service'],
    outside: ['*'],
  },
  { place: 'src/replication', mayImport: [...ADAPTER, 'src/time/schedule.ts'], outside: ['*'] },
  // From the configuration: whoever needs the databases reaches them by the same way.
  { place: 'src/replication/access.ts', mayImport: [...ADAPTER, 'src/config', 'src/replication'], outside: ['*'] },
  {
    place: 'src/replicator',
    mayImport: ['src/core', 'src/ports.ts', 'src/config', 'src/profiles', ...PROTOCOLS, 'src/replication', 'src/time'],
    outside: ['*'],
  },
  // What is decided about batches, documents and answers: no node's, no target's, no machine's.
  { place: 'src/reporting/core', mayImport: ['src/core/result.ts', 'src/core/words.ts'], outside: [] },
  {
    place: 'src/reporting',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/config',
      'src/files',
      'src/http',
      'src/process',
      'src/replication',
      'src/time/clock.ts',
    ],
    outside: ['*'],
  },
  {
    // Looks and changes nothing: of the steps it may only read what the kernel lists.
    place: 'src/checks',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/config',
      ...PROTOCOLS,
      'src/journal',
      'src/replication',
      'src/replicator',
      'src/steps/gate/listing.ts',
      'src/fencing',
      'src/switches',
      'src/switcher/switches.ts',
      'src/xivo/enable/provd.ts',
      'src/xivo/enable/provd-place.ts',
      'src/xivo/enable/registrars.ts',
      'src/api',
      'src/time/clock.ts',
    ],
    outside: ['*'],
  },
  { place: 'src/alarms/core', mayImport: ['src/core/words.ts', 'src/language'], outside: [] },
  {
    place: 'src/alarms',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/config',
      'src/files',
      'src/http',
      'src/language',
      'src/process',
      'src/time/clock.ts',
    ],
    outside: ['*'],
  },
  // Types for the page, and what both processes of the web server say to each other.
  {
    place: 'src/web',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/api/protocol.ts',
      'src/api/snapshot.ts',
      'src/alarms/protocol.ts',
      'src/checks/report.ts',
      'src/drill/protocol.ts',
      'src/drill/report.ts',
      'src/replication/stream.ts',
      'src/replicator/protocol.ts',
      'src/process/json-lines.ts',
    ],
    outside: ['*'],
  },
  {
    // Runs in a browser: types of the contract, the sentences of rules, and nothing of the system.
    place: 'src/web/page',
    mayImport: ['src/web/contract.ts', 'src/core/sentences.ts', 'src/core/words.ts', 'src/language'],
    outside: ['preact', 'preact/hooks'],
  },
  {
    // The part with rights: it knows who may do what, and faces no network.
    place: 'src/web/keeper',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/config',
      'src/files',
      'src/process',
      'src/journal',
      'src/api',
      'src/alarms/protocol.ts',
      'src/checks',
      'src/replication/stream.ts',
      'src/replicator/protocol.ts',
      'src/time/clock.ts',
      'src/drill',
      'src/pairing/plan.ts',
      'src/pairing/progress.ts',
      'src/web/contract.ts',
      'src/web/roles.ts',
      'src/web/schemas.ts',
      'src/web/wire.ts',
    ],
    outside: ['*'],
  },
  {
    // The part that faces the network: it reaches neither files nor the agent, but by the keeper.
    place: 'src/web/server',
    mayImport: [
      'src/core',
      'src/api/snapshot.ts',
      'src/process/json-lines.ts',
      'src/web/contract.ts',
      'src/web/roles.ts',
      'src/web/schemas.ts',
      'src/web/wire.ts',
    ],
    outside: ['*'],
  },
  {
    // Changes of this machine that can be taken back: it knows files and units, and nobody's business.
    place: 'src/changes',
    mayImport: ['src/core/result.ts', 'src/files', 'src/process'],
    outside: ['*'],
  },
  {
    place: 'src/pairing',
    mayImport: [
      'src/core',
      'src/config',
      'src/adoption',
      'src/changes',
      'src/files',
      'src/process',
      'src/journal/state-store.ts',
      'src/time/clock.ts',
      'src/peer/identity.ts',
      'src/peer/key.ts',
      'src/peer/frames.ts',
      'src/api/client.ts',
    ],
    outside: ['*'],
  },
  {
    // The process beside the agent that moves machines outside the pair with service.
    place: 'src/switcher',
    mayImport: ['src/core', 'src/ports.ts', 'src/config', ...PROTOCOLS, 'src/switches'],
    outside: ['*'],
  },
  {
    // Rehearses: it moves service only as a person would, by orders over the control socket.
    place: 'src/drill',
    mayImport: [
      'src/core/result.ts',
      'src/core/words.ts',
      'src/core/event.ts',
      'src/config',
      'src/files',
      'src/process',
      'src/probes/sip-quick-asker.ts',
      'src/api',
      'src/journal',
      'src/replicator/protocol.ts',
      'src/steps/gate/rules.ts',
      'src/steps/gate/settings.ts',
      'src/fencing',
      'src/ports.ts',
    ],
    outside: ['*'],
  },
  // Answers callers of a passive node: it knows SIP and its port, and no state.
  {
    place: 'src/refuser',
    mayImport: ['src/core/result.ts', 'src/config', 'src/process', 'src/sip'],
    outside: ['*'],
  },
  // Other machines and boxes that callers are moved by: reached over SSH and HTTP, and nobody's business here.
  { place: 'src/switches', mayImport: ADAPTER, outside: ['*'] },
  {
    // What is XiVO's own: its commands, registrars, settings; it may ask the agent and does not know it.
    place: 'src/xivo',
    mayImport: [
      'src/core',
      'src/ports.ts',
      'src/config',
      'src/profiles',
      ...PROTOCOLS,
      'src/changes',
      'src/api/client.ts',
      'src/replication',
      'src/replicator',
      'src/switches',
    ],
    outside: ['*'],
  },
  // Devices that turn a node off, by Debian's agents: they decide nothing.
  { place: 'src/fencing', mayImport: ADAPTER, outside: ['*'] },
  { place: 'src/notify', mayImport: ADAPTER, outside: ['*'] },
  { place: 'src/journal', mayImport: ADAPTER, outside: ['*'] },
  { place: 'src/peer', mayImport: ADAPTER, outside: ['*'] },
  {
    place: 'src/api',
    mayImport: [
      'src/core',
      'src/alarms/protocol.ts',
      'src/ports.ts',
      'src/replication/stream.ts',
      'src/replicator/protocol.ts',
      'src/checks/protocol.ts',
      'src/checks/report.ts',
      'src/switcher/protocol.ts',
      'src/drill/protocol.ts',
    ],
    outside: ['*'],
  },
  {
    place: 'src/cli',
    mayImport: [
      'src/time/clock.ts',
      'src/pairing',
      'src/changes',
      'src/files',
      'src/process/run.ts',
      'src/process/own-program.ts',
      'src/core',
      'src/alarms',
      'src/api',
      'src/config',
      'src/fencing',
      'src/agent',
      'src/journal',
      'src/peer',
      'src/replicator',
      'src/replication',
      'src/reporting',
      'src/checks',
      'src/ssh',
      'src/web',
      'src/xivo',
      'src/switcher',
      'src/upgrade',
      'src/drill',
      'src/refuser',
      'src/etcd',
    ],
    outside: ['*'],
  },
  // Sees by the agent's snapshot and acts by its orders; programs and disk are given to it.
  {
    place: 'src/upgrade',
    mayImport: [
      'src/core/result.ts',
      'src/core/words.ts',
      'src/core/event.ts',
      'src/files',
      'src/process',
      'src/api/snapshot.ts',
      'src/api/protocol.ts',
    ],
    outside: ['*'],
  },
  {
    place: 'src/agent',
    mayImport: [
      'src/core',
      'src/adoption',
      'src/ports.ts',
      'src/config',
      'src/profiles',
      ...PROTOCOLS,
      'src/time',
      'src/probes',
      'src/fencing',
      'src/steps',
      'src/replication',
      'src/alarms/protocol.ts',
      'src/replicator/protocol.ts',
      'src/checks/preflight.ts',
      'src/checks/protocol.ts',
      'src/checks/report.ts',
      'src/checks/readiness.ts',
      'src/checks/standing.ts',
      'src/checks/digest.ts',
      'src/switcher/protocol.ts',
      'src/drill/protocol.ts',
      'src/drill/store.ts',
      'src/reporting/protocol.ts',
      'src/refuser/protocol.ts',
      'src/notify',
      'src/journal',
      'src/peer',
      'src/api',
    ],
    outside: ['*'],
  },
  { place: 'sim', mayImport: ['src/core'], outside: ['*'] },
  // The command reads a node's configuration; the world beneath it knows settings only.
  { place: 'sim/main.ts', mayImport: ['src/core', 'src/config', 'sim'], outside: ['*'] },
  // Builds the Debian package: it packs the program, and knows nothing of what it does.
  { place: 'packaging', mayImport: ['src/core/result.ts', 'src/files', 'src/process'], outside: ['*'] },
  ...labLayers,
  { place: 'bench', mayImport: ['*'], outside: ['*'] },
  { place: 'bin', mayImport: ['*'], outside: ['*'] },
  { place: 'scripts', mayImport: ['*'], outside: ['*'] },
  { place: 'test', mayImport: ['*'], outside: ['*'] },
];
