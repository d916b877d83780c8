/** A node's agent on fake ports, which note in one list what happened in which order. */

import { toSettings } from '../../config/settings.ts';
import type { Sample } from '../../core/event.ts';
import type { BootMemory, DiskMemory } from '../../core/memory.ts';
import type { Message } from '../../core/message.ts';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type {
  Gate,
  Journal,
  JournalEntry,
  Notifier,
  PeerLink,
  StateStore,
  StepAdapter,
  StepOutcome,
} from '../../ports.ts';
import { type Agent, createAgent } from '../agent.ts';
import { readClocks } from '../clock-watch.ts';
import { type Config, planIds } from './config.ts';
import type { Time } from './time.ts';

/** What outlives an agent: tmpfs, disk, and the gate. */
export interface Host {
  boot: BootMemory | null;
  disk: DiskMemory | null;
  gateOpen: boolean;
  /** A person's order that its agent goes on with what serves. */
  adoptOrder?: () => Result<void> | null;
  adoptFault?: Fault | null;
}

export interface FakeNode {
  readonly agent: Agent;
  /** `keep boot`, `keep disk`, `gate arm`, `send ask`, `step virtual-ip activate`, `notify alarm …` in order. */
  readonly events: string[];
  readonly entries: Omit<JournalEntry, 'seq' | 'hash'>[];
  readonly notices: string[];
  /** Messages that left, not yet delivered anywhere. */
  readonly sent: { readonly to: string; readonly message: Message }[];
  receive(from: string, message: Message): void;
  samples: readonly Sample[];
  urgent(sample: Sample): void;
  /** The way to a voter says what a person must mend. */
  trouble: Notifier['notify'];
  bootRefused: boolean;
  diskRefused: boolean;
  gateRefused: boolean;
  stepOutcome: StepOutcome;
}

export const WELL: Sample = { probe: 'sip', about: 'telephony', outcome: 'ok', crashed: false, reason: '' };

const wordOf = (message: Message): string => {
  if (message.type === 'ask') return message.question;
  if (message.type === 'answer') return message.yes ? 'yes' : 'no';
  return message.type;
};

const adapter = (id: string, node: FakeNode): StepAdapter => ({
  run: async (direction) => {
    node.events.push(`step ${id} ${direction}`);
    return node.stepOutcome;
  },
  preview: async () => id,
  keep: () => void node.events.push(`keep ${id}`),
});

const gateOf = (node: FakeNode, host: Host): Gate => ({
  open: async () => {
    node.events.push('gate opened');
    return ok(undefined);
  },
  apply: async ({ type }) => {
    node.events.push(`gate ${type}`);
    if (node.gateRefused) return fail('gate-refused', 'the kernel refused it', 'see its log');
    if (type === 'close') host.gateOpen = false;
    if (type === 'grant' || type === 'hold-open') host.gateOpen = true;
    return ok(undefined);
  },
  openServing: async () => {
    node.events.push('gate opened serving');
    if (node.gateRefused) return fail('gate-refused', 'the kernel refused it', 'see its log');
    host.gateOpen = true;
    return ok(undefined);
  },
  elsewhere: async () => ok(undefined),
  onTampered: () => undefined,
  dispose: async () => void node.events.push('gate left as it is'),
});

const journalOf = (node: FakeNode): Journal => ({
  append: (entry) => void node.entries.push(entry),
  trouble: () => null,
  read: () => [],
  verify: () => ok({ entries: 0, lastHash: '' }),
  close: () => undefined,
});

const storeOf = (node: FakeNode, host: Host): StateStore => ({
  load: () => ({ boot: host.boot, disk: host.disk, notes: [] }),
  saveBoot: (memory) => {
    node.events.push('keep boot');
    if (!node.bootRefused) host.boot = memory;
    return refusedIf(node.bootRefused, 'state-boot-not-written');
  },
  saveDisk: (memory) => {
    node.events.push('keep disk');
    if (!node.diskRefused) host.disk = memory;
    return refusedIf(node.diskRefused, 'state-disk-not-written');
  },
});

const linkOf = (
  node: FakeNode,
  onListener: (listener: (from: string, message: Message) => void) => void,
): PeerLink => ({
  send: (to, message) => {
    node.events.push(`send ${wordOf(message)} to ${to}`);
    node.sent.push({ to, message });
  },
  onMessage: onListener,
  onRefused: () => undefined,
  onTrouble: (listener) => {
    node.trouble = listener;
  },
  open: async () => ok(undefined),
  close: async () => undefined,
});

const refusedIf = (refused: boolean, code: string): Result<void> =>
  refused ? fail(code, 'no space left on device', 'make space') : ok(undefined);

const adoptionOf = (host: Host) => ({
  take: () => host.adoptOrder?.() ?? null,
  against: async () => host.adoptFault ?? null,
});

/** An agent on `host`; another one can be made on the same host after this one has stopped. */
export const createFakeNode = (config: Config, time: Time, host: Host): FakeNode => {
  const events: string[] = [];
  let hear: (from: string, message: Message) => void = () => undefined;
  let onUrgent: (sample: Sample) => void = () => undefined;
  const node: Omit<FakeNode, 'agent'> & { agent: Agent } = {
    events,
    entries: [],
    notices: [],
    sent: [],
    receive: (from, message) => hear(from, message),
    samples: [WELL],
    urgent: (sample) => onUrgent(sample),
    trouble: () => undefined,
    bootRefused: false,
    diskRefused: false,
    gateRefused: false,
    stepOutcome: { outcome: 'done', detail: '', changed: true },
    agent: null as never,
  };
  node.agent = createAgent({
    config,
    settings: toSettings(config),
    program: 'dualtone test',
    clock: time.clock,
    onAwake: () => undefined,
    readClocks: () => readClocks(time.clock),
    seed: 7,
    store: storeOf(node, host),
    journal: journalOf(node),
    gate: gateOf(node, host),
    link: linkOf(node, (listener) => {
      hear = listener;
    }),
    adapterById: new Map(planIds(config).map((id) => [id, adapter(id, node)])),
    board: {
      start: (listener) => {
        onUrgent = listener;
      },
      look: () => ({ samples: node.samples, calls: 0 }),
      stop: async () => undefined,
    },
    rivalLooks: null,
    astdb: null,
    replication: null,
    checker: null,
    driller: null,
    switcher: null,
    fences: null,
    adoption: adoptionOf(host),
    calls: async () => ok([{ from: '1000', to: '1001', state: 'Up', lasted: '00:00:12' }]),
    notifier: {
      notify: ({ level, code }) => {
        events.push(`notify ${level} ${code}`);
        node.notices.push(`${level} ${code}`);
      },
    },
  });
  return node;
};

export const freshHost = (): Host => ({ boot: null, disk: null, gateOpen: false });
