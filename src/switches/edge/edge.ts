/** Edge as one transaction: preview, apply, look again, and back to what it was where that does not come about. */
import { createHash } from 'node:crypto';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { FarHost } from '../far-host.ts';
import { type EdgeChange, type EdgePlan, type EdgeSides, planEdge } from './target.ts';

export interface EdgeOptions {
  readonly host: FarHost;
  readonly sides: EdgeSides;
  /** For reading and writing the file, and for a look. */
  readonly fileMs: Millis;
  /** For `edge-dcomp up -d`. */
  readonly upMs: Millis;
}

export interface EdgeSwitched {
  readonly changes: readonly EdgeChange[];
}

export interface Edge {
  /** What a switch would change. Faults: those of `planEdge` and of the far host. */
  preview(to: 'main' | 'standby', signal: AbortSignal): Promise<Result<readonly EdgeChange[]>>;
  /**
   * Repeatable: also brings up what a former try left. Faults: those of `preview`, and `edge-rolled-back` (Edge is as it was),
   * `edge-not-rolled-back` (it is not known how it is), `edge-changed-meanwhile`.
   */
  switchTo(to: 'main' | 'standby', signal: AbortSignal): Promise<Result<EdgeSwitched>>;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const rolledBack = (why: Fault) =>
  fail('edge-rolled-back', `Edge did not take the change and is as it was: ${why.message}`, why.remedy);

const notRolledBack = (why: Fault, then: Fault) =>
  fail(
    'edge-not-rolled-back',
    `Edge did not take the change (${why.message}) and could not be put back: ${then.message}`,
    'See `/etc/docker/edge/.env` and `edge-dcomp ps` there; the former file lies beside it as `.env.dualtone-before`.',
  );

interface Calls {
  read(signal: AbortSignal): Promise<Result<string>>;
  write(text: string, former: string, signal: AbortSignal): Promise<Result<void>>;
  up(signal: AbortSignal): Promise<Result<void>>;
}

const callsOf = ({ host, fileMs, upMs }: EdgeOptions): Calls => {
  const call = async (words: readonly string[], timeoutMs: Millis, signal: AbortSignal): Promise<Result<string>> =>
    host.ask(words, { timeoutMs, signal });
  return {
    read: (signal) => call(['read'], fileMs, signal),
    write: async (text, former, signal) => {
      const done = await host.ask(['write', digest(former)], { timeoutMs: fileMs, signal, input: text });
      return done.ok ? ok(undefined) : done;
    },
    up: async (signal) => {
      const done = await call(['up'], upMs, signal);
      if (!done.ok) return done;
      const state = await call(['state'], fileMs, signal);
      if (!state.ok) return state;
      const idle = state.value.split('\n').filter((line) => line.startsWith('stopped '));
      if (idle.length === 0 && state.value.includes('running ')) return ok(undefined);
      return fail(
        'edge-not-running',
        `Edge does not run whole: ${idle.join(', ') || 'nothing runs'}.`,
        'See `edge-dcomp ps` and its logs there.',
      );
    },
  };
};

/** The file is ours, and what runs was started from it. */
const bringUp = async (calls: Calls, wanted: string, signal: AbortSignal): Promise<Result<void>> => {
  const up = await calls.up(signal);
  if (!up.ok) return up;
  const now = await calls.read(signal);
  if (!now.ok) return now;
  if (now.value === wanted) return ok(undefined);
  return fail(
    'edge-changed-meanwhile',
    "Somebody else changed Edge's .env at the same time.",
    'See what writes it; try again.',
  );
};

/** With a signal of its own: called off or not, what was begun is put back. */
const putBack = async (
  options: EdgeOptions,
  calls: Calls,
  plan: EdgePlan,
  before: string,
  why: Fault,
): Promise<Result<never>> => {
  const signal = AbortSignal.timeout(options.upMs + 4 * options.fileMs);
  const written = await calls.write(before, plan.text, signal);
  if (!written.ok) return notRolledBack(why, written.error);
  const up = await bringUp(calls, before, signal);
  return up.ok ? rolledBack(why) : notRolledBack(why, up.error);
};

export const createEdge = (options: EdgeOptions): Edge => {
  const calls = callsOf(options);
  const planFor = async (to: 'main' | 'standby', signal: AbortSignal) => {
    const before = await calls.read(signal);
    if (!before.ok) return before;
    const plan = planEdge(before.value, options.sides, to);
    return plan.ok ? ok({ before: before.value, plan: plan.value }) : plan;
  };
  return {
    preview: async (to, signal) => {
      const planned = await planFor(to, signal);
      return planned.ok ? ok(planned.value.plan.changes) : planned;
    },
    switchTo: async (to, signal) => {
      const planned = await planFor(to, signal);
      if (!planned.ok) return planned;
      const { before, plan } = planned.value;
      if (plan.changes.length > 0) {
        const written = await calls.write(plan.text, before, signal);
        // A lost answer: the write may have come about all the same.
        if (!written.ok) return putBackIfWritten(options, calls, plan, before, written.error);
      }
      const up = await bringUp(calls, plan.text, signal);
      if (up.ok) return ok({ changes: plan.changes });
      return plan.changes.length === 0 ? up : putBack(options, calls, plan, before, up.error);
    },
  };
};

const putBackIfWritten = async (
  options: EdgeOptions,
  calls: Calls,
  plan: EdgePlan,
  before: string,
  why: Fault,
): Promise<Result<never>> => {
  const now = await calls.read(AbortSignal.timeout(options.fileMs));
  if (now.ok && now.value === plan.text) return putBack(options, calls, plan, before, why);
  if (now.ok && now.value === before) return { ok: false, error: why };
  if (!now.ok) return notRolledBack(why, now.error);
  return fail(
    'edge-changed-meanwhile',
    "Somebody else changed Edge's .env at the same time.",
    'See what writes it; try again.',
  );
};
