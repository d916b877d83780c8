/** One node's agent: the loop in the middle, and around it what looks, acts, remembers and shows. Knows ports only. */
import type { ApiSource } from '../api/server.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Config } from '../config/config.ts';
import type { Effect } from '../core/effect.ts';
import type { Look, Sample } from '../core/event.ts';
import type { Result } from '../core/result.ts';
import { ok } from '../core/result.ts';
import type { Settings } from '../core/settings.ts';
import type { State } from '../core/state.ts';
import type { Instant, VoterName, WallTime } from '../core/words.ts';
import { explainRefusal, type RefusalReason } from '../peer/refusals.ts';
import type { Clock, Gate, Journal, Notifier, PeerLink, StateStore, StepAdapter } from '../ports.ts';
import { type ClockReading, createClockWatch } from './clock-watch.ts';
import { createCommands } from './commands.ts';
import { createLoop } from './loop.ts';
import { projectNode, servingOf } from './project.ts';
import { createRecords } from './records.ts';
import { createStepRunner } from './step-runner.ts';
import { createVitalSigns } from './vital-signs.ts';

/** What the agent needs of the board of probes. */
export interface LookBoard {
  start(onUrgent: (sample: Sample) => void): void;
  look(): Look;
  stop(): Promise<void>;
}

/** The stream of contacts, or whatever follows the right to serve. */
export interface Follower {
  start(): void;
  setRight(right: { readonly holding: number; readonly highest: number }): void;
  status(): unknown;
  stop(): Promise<void>;
}

export interface AgentParts {
  readonly config: Config;
  readonly settings: Settings;
  readonly program: string;
  readonly clock: Clock;
  readonly readClocks: () => ClockReading | null;
  /** Seed of the core's chance. */
  readonly seed: number;
  readonly store: StateStore;
  readonly journal: Journal;
  readonly gate: Gate;
  readonly link: PeerLink & { proven?(name: VoterName): boolean; refused?(): Readonly<Record<string, number>> };
  readonly adapterById: ReadonlyMap<string, StepAdapter>;
  readonly board: LookBoard;
  readonly rivalLooks: { start(onLook: (samples: readonly Sample[]) => void): void; stop(): void } | null;
  readonly follower: Follower | null;
  readonly notifier: Notifier;
}

export interface Agent extends ApiSource {
  snapshot(): NodeSnapshot;
  /** Adopts or closes the gate, hears the others, begins. What failed has been undone. */
  start(): Promise<Result<void>>;
  state(): State;
  /** Ends; the kernel's state stays, so that tickets run on for the next agent. */
  stop(why: string): Promise<void>;
}

type Notice = Extract<Effect, { kind: 'notify' }>;

/** Remembers since when who serves. */
const createServiceClock = (clock: Clock, settings: Settings) => {
  let seen = '';
  let since: WallTime | null = null;
  return {
    see: (state: State): void => {
      const { server, epoch } = servingOf(settings, state, clock.now());
      const now = `${server} ${server === 'this' ? '' : epoch}`;
      if (now === seen) return;
      // What was there when the agent started began before; of its own service the node has a note.
      const first = seen === '';
      seen = now;
      since = first ? (server === 'this' ? (state.disk.switches.at(-1) ?? null) : null) : clock.wall();
    },
    since: () => since,
  };
};

/**
 * Looks at everything each period. The core wakes by itself about as often, and each awakening costs: where it comes within
 * a quarter of the period, the look joins it.
 */
const createHeartbeat = (clock: Clock, periodMs: number, beat: (lateMs: number) => void) => {
  let due = 0;
  let cancel = (): void => undefined;
  const ring = (now: number, late: number): void => {
    cancel();
    due = now + periodMs;
    cancel = clock.at(due + periodMs / 4, () => {
      const rungAt = clock.now();
      ring(rungAt, rungAt - due - periodMs / 4);
    });
    beat(late);
  };
  return {
    start: (): void => ring(clock.now(), 0),
    /** The agent is awake for another reason. */
    awake: (): void => {
      const now = clock.now();
      if (now >= due - periodMs / 4) ring(now, Math.max(0, now - due - periodMs / 4));
    },
    stop: (): void => cancel(),
  };
};

export const createAgent = (parts: AgentParts): Agent => {
  const { config, settings, clock, journal, gate, link, board, rivalLooks, follower, notifier } = parts;
  const listeners = new Set<() => void>();
  const vital = createVitalSigns(clock, settings.timing.heartbeatMs);
  const service = createServiceClock(clock, settings);
  let running = false;
  let right = '';

  const notice = (given: Notice): void => {
    const { level, code, text } = given;
    records.note('notice', { level, code, text });
    vital.noticed(clock.wall(), level, text);
    notifier.notify(given);
  };
  const say = (level: Notice['level'], code: string, text: string): void =>
    notice({ kind: 'notify', level, code, text });

  const tellFollower = (state: State): void => {
    const holding = state.lease.name === 'held' && state.phase.name !== 'closing' ? state.lease.epoch : 0;
    const { highest } = state.boot;
    if (right === `${holding} ${highest}`) return;
    right = `${holding} ${highest}`;
    follower?.setRight({ holding, highest });
  };

  const steps = createStepRunner(parts.adapterById, clock, (op, outcome, detail) =>
    loop.post((at) => ({ kind: 'step', at, op, outcome, detail })),
  );
  const loop = createLoop({
    settings,
    clock,
    store: parts.store,
    gate,
    link,
    steps,
    onAwake: () => heartbeat.awake(),
    onDecided: (before, decision, event) => {
      records.decided(before, decision, event);
      service.see(decision.state);
      tellFollower(decision.state);
      for (const listener of listeners) listener();
    },
    onNotice: notice,
    onReply: (reply) => {
      records.note('reply', { id: reply.id, ok: reply.ok, code: reply.code, text: reply.text });
      commands.replied(reply);
    },
    onHalted: (law, event) => {
      records.note('halted', { law, event });
      say('alarm', 'halted', `A law was broken, and this node has halted itself with its gate closed: ${law}.`);
      for (const listener of listeners) listener();
    },
  });
  const records = createRecords(journal, clock, () => loop.state());
  const commands = createCommands(loop.post);
  const look = (): void => loop.post((at) => ({ kind: 'look', at, look: board.look() }));
  const clocks = createClockWatch(parts.readClocks, ({ jumpMs, paused }) =>
    loop.post((at) => ({ kind: 'clock-jump', at, jumpMs, paused })),
  );
  const heartbeat = createHeartbeat(clock, config.probes.periodMs, (lateMs) => {
    clocks.look();
    if (vital.late(lateMs)) {
      say('warning', 'agent-late', `The agent came ${Math.round(lateMs)} ms late: this machine was busy or stopped.`);
    }
    look();
  });

  const begin = (): void => {
    running = true;
    const notes = loop.start(parts.seed);
    for (const note of notes) records.note('memory', { note });
    if (loop.storeTrouble() !== null)
      say('alarm', 'memory-not-kept', `The memory cannot be kept: ${loop.storeTrouble()}`);
    board.start(look);
    heartbeat.start();
    rivalLooks?.start((samples) =>
      loop.post((at) => ({ kind: 'look', at, look: { samples, calls: board.look().calls } })),
    );
    follower?.start();
  };

  link.onMessage((from, message) => {
    if (running) loop.post((at: Instant) => ({ kind: 'message', at, from, message }));
  });
  link.onRefused((reason, source) => {
    const { code, message, remedy } = explainRefusal(reason as RefusalReason, source);
    say('warning', code, `${message}: ${remedy}.`);
  });
  gate.onTampered((what) => say('alarm', 'gate-tampered', what));

  return {
    start: async () => {
      records.note('agent-started', { program: parts.program, role: settings.role, name: config.node.name });
      const opened = await gate.open();
      if (!opened.ok) {
        await gate.dispose();
        return opened;
      }
      const heard = await link.open();
      if (!heard.ok) {
        await gate.dispose();
        return heard;
      }
      begin();
      return ok(undefined);
    },
    state: () => loop.state(),
    snapshot: () =>
      projectNode(loop.state(), {
        config,
        settings,
        program: parts.program,
        wall: clock.wall(),
        now: clock.now(),
        servesSince: service.since(),
        samples: board.look().samples.map(({ probe, about, outcome, reason }) => ({ probe, about, outcome, reason })),
        otherProven: link.proven?.(settings.role === 'main' ? 'standby' : 'main') ?? false,
        contacts: follower?.status() ?? null,
        journalTrouble: journal.trouble(),
        agent: vital.health(loop.storeTrouble(), link.refused?.() ?? {}),
      }),
    command: commands.give,
    readJournal: (query) => journal.read(query),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async (why) => {
      if (!running) return;
      running = false;
      records.note('agent-stopped', { why });
      loop.stop();
      heartbeat.stop();
      rivalLooks?.stop();
      commands.stop();
      // The link first: what the voters hear last is a heartbeat, and the tickets run on.
      await link.close();
      await Promise.all([board.stop(), steps.stop(), follower?.stop()]);
      await gate.dispose();
    },
  };
};
