/** One node's agent: the loop in the middle, and around it what looks, acts, remembers and shows. Knows ports only. */
import type { ApiSource } from '../api/server.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Effect } from '../core/effect.ts';
import type { Sample } from '../core/event.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { State } from '../core/state.ts';
import { explainRefusal, type RefusalReason } from '../peer/refusals.ts';
import type { Clock, Notifier } from '../ports.ts';
import { adoptIfOrdered, type EarlyEar } from './adopting.ts';
import { createBothActive } from './both-active.ts';
import { createClockWatch } from './clock-watch.ts';
import { createCommands } from './commands.ts';
import { createHeartbeat } from './heartbeat.ts';
import { renewLast } from './last-renewal.ts';
import { createLoop, type Loop } from './loop.ts';
import type { AgentParts, Works } from './parts.ts';
import { createRecords, type Records } from './records.ts';
import { createRightTeller } from './right-teller.ts';
import { createServiceClock } from './service-clock.ts';
import { doWork, listOf, snapshotOf, streamsOf } from './shown.ts';
import { createStepRunner } from './step-runner.ts';
import { createVitalSigns, type VitalSigns } from './vital-signs.ts';

export interface Agent extends ApiSource {
  snapshot(): NodeSnapshot;
  /** Adopts or closes the gate, hears the others, begins. What failed has been undone. */
  start(): Promise<Result<void>>;
  state(): State;
  /** Ends the processes beside it, while it goes on renewing. */
  endBeside(): Promise<void>;
  /** Holds the right for longer than usual, where it may: whoever ends now is soon back. Takes one and a half heartbeats at most. */
  renewLast(): Promise<void>;
  /** Ends; the kernel's state stays, so that tickets run on for the next agent. */
  stop(why: string): Promise<void>;
}

type Notice = Extract<Effect, { kind: 'notify' }>;

/** Tells everybody whom it concerns what a person should hear. */
const createVoice = (clock: Clock, records: () => Records, vital: VitalSigns, notifier: Notifier) => {
  const notice = (given: Notice): void => {
    const { level, code, text } = given;
    records().note('notice', { level, code, text });
    vital.noticed(clock.wall(), level, text);
    notifier.notify(given);
  };
  const say = (level: Notice['level'], code: string, text: string): void =>
    notice({ kind: 'notify', level, code, text });
  return { notice, say };
};

/** The process is awake: what is due about now joins in. */
const awake = (parts: AgentParts, { heartbeat }: Works): void => {
  parts.onAwake();
  heartbeat.awake();
};

const createLoopOf = (parts: AgentParts, works: () => Works, notice: (notice: Notice) => void): Loop => {
  const tellRight = createRightTeller(parts, { keep: (until) => works().steps.keep(until) });
  const changed = (): void => {
    for (const listener of works().listeners) listener();
  };
  return createLoop({
    ...parts,
    steps: { run: (order) => works().steps.run(order), keep: (until) => works().steps.keep(until) },
    fences: {
      order: (order) => parts.fences?.order(order),
      end: (op) => parts.fences?.end(op),
    },
    onAwake: () => awake(parts, works()),
    onDecided: (before, decision, event) => {
      works().records.decided(before, decision, event);
      works().both.see(before, decision);
      works().service.see(decision.state);
      tellRight(decision.state);
      changed();
    },
    onNotice: notice,
    onReply: (reply) => {
      const { id, ok: done, code, text } = reply;
      works().records.note('reply', { id, ok: done, code, text });
      works().commands.replied(reply);
    },
    onHalted: (law, event) => {
      works().records.note('halted', { law, event });
      const text = `A law was broken, and this node has halted itself with its gate closed: ${law}.`;
      notice({ kind: 'notify', level: 'alarm', code: 'halted', text });
      tellRight(works().loop.state());
      changed();
    },
  });
};

const wire = (parts: AgentParts): Works => {
  const { config, settings, clock, journal, board } = parts;
  const vital = createVitalSigns(clock, settings.timing.heartbeatMs);
  const { notice, say } = createVoice(clock, () => works.records, vital, parts.notifier);
  const loop = createLoopOf(parts, () => works, notice);
  const steps = createStepRunner(parts.adapterById, clock, (op, outcome, detail) =>
    loop.post((at) => ({ kind: 'step', at, op, outcome, detail })),
  );
  const clocks = createClockWatch(parts.readClocks, ({ jumpMs, paused }) =>
    loop.post((at) => ({ kind: 'clock-jump', at, jumpMs, paused })),
  );
  const heartbeat = createHeartbeat(clock, config.probes.periodMs, (lateMs) => {
    clocks.look();
    if (vital.late(lateMs)) {
      say('warning', 'agent-late', `The agent came ${Math.round(lateMs)} ms late: this machine was busy or stopped.`);
    }
    loop.post((at) => ({ kind: 'look', at, look: board.look() }));
  });
  const works: Works = {
    loop,
    records: createRecords(journal, clock, () => loop.state()),
    commands: createCommands((makeEvent) => loop.post(makeEvent)),
    steps,
    heartbeat,
    service: createServiceClock(clock, settings),
    both: createBothActive({
      clock,
      calls: parts.calls,
      servesSince: () => works.service.since(),
      streams: () => listOf(streamsOf(parts, works)),
      note: (kind, data) => works.records.note(kind, data),
      say,
    }),
    vital,
    say,
    listeners: new Set(),
  };
  return works;
};

const changedOf = (works: Works) => (): void => {
  for (const listener of works.listeners) listener();
};

const begin = (parts: AgentParts, works: Works): void => {
  const { loop, records, heartbeat, say } = works;
  const { board, rivalLooks, astdb } = parts;
  parts.fences?.start({
    answer: (op, outcome, detail) => loop.post((at) => ({ kind: 'fence', at, op, outcome, detail })),
    note: (kind, data) => records.note(kind, data),
    say,
  });
  const notes = loop.start(parts.seed);
  for (const note of notes) records.note('memory', { note });
  const look = (samples: readonly Sample[] | null): void =>
    loop.post((at) => {
      const seen = board.look();
      return { kind: 'look', at, look: samples === null ? seen : { samples, calls: seen.calls } };
    });
  board.start(() => look(null), heartbeat.hasten);
  heartbeat.start();
  rivalLooks?.start((samples) => look(samples));
  astdb?.start();
  parts.replication?.start({
    note: (kind, data) => records.note(kind, data),
    say,
    mayReturn: (ready, why) => loop.post((at) => ({ kind: 'return', at, ready, why })),
  });
  parts.checker?.start({ note: (kind, data) => records.note(kind, data), say });
  parts.switcher?.start({ note: (kind, data) => records.note(kind, data), say });
  parts.driller?.start({ note: (kind, data) => records.note(kind, data), say, changed: changedOf(works) });
  const trouble = loop.storeTrouble();
  if (trouble !== null) say('alarm', 'memory-not-kept', `The memory cannot be kept: ${trouble}`);
};

/** They may take seconds to end, and more than a lease. */
const endBeside = async ({ replication, checker, switcher, driller }: AgentParts): Promise<void> => {
  await Promise.all([replication, checker, switcher, driller].map(async (each) => each?.stop()));
};

/** The link first: what the voters hear last is a heartbeat. The gate is left as it is, so that tickets run on. */
const end = async (
  parts: AgentParts,
  { loop, records, heartbeat, commands, steps, both }: Works,
  why: string,
): Promise<void> => {
  records.note('agent-stopped', { why });
  loop.stop();
  heartbeat.stop();
  both.stop();
  parts.rivalLooks?.stop();
  commands.stop();
  await parts.link.close();
  await Promise.all([parts.board, steps, parts.astdb, parts.fences].map(async (each) => each?.stop()));
  for (const adapter of parts.adapterById.values()) await adapter.dispose?.();
  await parts.gate.dispose();
};

/** The gate and the ways to the others, or what failed. A restarted holder has one lease, so its gate comes first. */
const openWays = async (
  parts: AgentParts,
  works: Works,
  onEar: (ear: EarlyEar | null) => void,
): Promise<Result<void>> => {
  const { gate, link, adoption, clock } = parts;
  const taken = adoption?.take(clock.now()) ?? null;
  if (taken === null) {
    const opened = await gate.open();
    return opened.ok ? link.open() : opened;
  }
  const heard = await link.open();
  if (!heard.ok || (await adoptIfOrdered(parts, works, taken, onEar))) return heard;
  return gate.open();
};

const STARTING = {
  ok: false,
  code: 'agent-starting',
  text: 'The agent has only just been started.',
  remedy: 'Try again in a second.',
} as const;

const DRILLS_OFF = fail(
  'drills-off',
  'No drill is made here: `drill.enabled` is off.',
  'Set it on both nodes, and restart the agents one after the other.',
);

export const createAgent = (parts: AgentParts): Agent => {
  const { config, settings, journal, gate, link } = parts;
  const works = wire(parts);
  const { loop, records, say, listeners } = works;
  let running = false;
  let begun = false;
  let ear: EarlyEar | null = null;
  link.onMessage((from, message) => {
    ear?.heard(from);
    if (!running) return;
    loop.post((at) => ({ kind: 'message', at, from, message }));
    // A passive node is woken by the other's heartbeats rather than by its own.
    awake(parts, works);
  });
  link.onRefused((reason, source) => {
    const { code, message, remedy } = explainRefusal(reason as RefusalReason, source);
    say('warning', code, `${message}: ${remedy}.`);
  });
  link.onTrouble?.(({ level, code, text }) => say(level, code, text));
  gate.onTampered((what) => say('alarm', 'gate-tampered', what));
  return {
    start: async () => {
      records.note('agent-started', { program: parts.program, role: settings.role, name: config.node.name });
      const opened = await openWays(parts, works, (given) => {
        ear = given;
      });
      if (!opened.ok) {
        await Promise.all([gate.dispose(), link.close()]);
        return opened;
      }
      running = true;
      begun = true;
      begin(parts, works);
      return ok(undefined);
    },
    state: () => loop.state(),
    snapshot: () => snapshotOf(parts, works),
    command: async (request) => (begun ? works.commands.give(request) : { ...STARTING, id: request.id }),
    work: (request, onProgress, signal) => doWork(parts, works, request, onProgress, signal),
    drill: (ask, by) => parts.driller?.ask(ask, by) ?? Promise.resolve(DRILLS_OFF),
    readJournal: (query) => journal.read(query),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    endBeside: () => endBeside(parts),
    renewLast: () => renewLast(settings, loop, listeners),
    stop: async (why) => {
      if (!running) return;
      await endBeside(parts);
      running = false;
      await end(parts, works, why);
    },
  };
};
