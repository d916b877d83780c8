/**
 * Both nodes served, and meet: what this one had of it goes into its journal and is told, the calls at once and what was written once
 * the streams have compared. The other node does the same of itself. It decides nothing; who stops is the core's.
 */
import type { CallLine } from '../ami/calls.ts';
import type { Decision } from '../core/decide.ts';
import type { Result } from '../core/result.ts';
import type { State } from '../core/state.ts';
import type { Epoch, Millis, WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';

/** As the agent shows them. */
interface StreamLike {
  readonly name: string;
  readonly condition: string;
  readonly text: string;
  readonly lastError?: { readonly message: string } | null;
  readonly pending?: { readonly text: string } | null;
}

export interface BothActiveParts {
  readonly clock: Clock;
  /** Null where Asterisk cannot be asked. */
  readonly calls: (() => Promise<Result<readonly CallLine[]>>) | null;
  readonly servesSince: () => WallTime | null;
  /** What is replicated, as `status` shows it, and the merge. */
  readonly streams: () => readonly unknown[];
  readonly note: (kind: string, data: unknown) => void;
  readonly say: (level: 'warning', code: string, text: string) => void;
}

export interface BothActive {
  /** After each decision. */
  see(before: State, decision: Decision): void;
  stop(): void;
}

interface Meeting {
  readonly own: Epoch;
  readonly other: Epoch;
  /** At the other node, as it said; -1 when not known. */
  readonly callsThere: number;
}

/** The databases look at each other each second, once the nodes are in touch; AstDB sooner. */
const COMPARED_MS: Millis = 10_000;
const MOST_CALLS = 50;

/** The other says newly that it serves, under an epoch that it has not given back, while this one does: a word of this moment. */
const meetingOf = (before: State, { state }: Decision): Meeting | null => {
  const { status, releasedEpoch } = state.rival;
  if (before.lease.name !== 'held' || before.phase.name === 'closing') return null;
  if (status === null || status === before.rival.status) return null;
  if (status.holding === 0 || status.holding <= releasedEpoch) return null;
  return { own: before.lease.epoch, other: status.holding, callsThere: status.calls };
};

const countText = (count: number): string =>
  count < 0 ? 'an unknown number of calls' : count === 1 ? '1 call' : `${count} calls`;

const callText = ({ from, to, state, lasted }: CallLine): string => `${from} to ${to} (${state}, ${lasted})`;

const clockText = (wall: WallTime | null): string =>
  wall === null ? '' : ` since ${new Date(wall).toISOString().slice(0, 19)}Z`;

const isStream = (value: unknown): value is StreamLike =>
  typeof value === 'object' && value !== null && 'name' in value && 'condition' in value && 'text' in value;

const streamText = ({ name, text, lastError, pending }: StreamLike): string =>
  `${name}: ${[lastError?.message ?? text, pending?.text].filter((part) => part !== undefined && part !== '').join('; ')}`;

/** At once: both epochs, since when, and the calls. */
const tellCalls = async (parts: BothActiveParts, meeting: Meeting, since: WallTime | null): Promise<void> => {
  const { own, other, callsThere } = meeting;
  const listed = (await parts.calls?.()) ?? null;
  const calls = listed?.ok === true ? listed.value : [];
  const here = listed?.ok === true ? countText(calls.length) : countText(-1);
  const stops = own < other ? 'This one stops.' : 'The other one is to stop.';
  parts.note('both-active', {
    own: { epoch: own, since, calls: calls.slice(0, MOST_CALLS), leftOut: Math.max(0, calls.length - MOST_CALLS) },
    other: { epoch: other, calls: callsThere },
    ...(listed?.ok === false ? { callsNotKnown: listed.error.message } : {}),
  });
  const list = calls.slice(0, 5).map(callText).join(', ');
  const more = calls.length > 5 ? ` and ${calls.length - 5} more` : '';
  parts.say(
    'warning',
    'both-served',
    `Both nodes served at once: this one under epoch ${own}${clockText(since)} with ${here}, the other under epoch ${other} with ${countText(callsThere)}. ${stops}${list === '' ? '' : ` Calls here: ${list}${more}.`}`,
  );
};

/** Then: what each stream has that is not on the other side. */
const tellData = (parts: BothActiveParts, { own, other }: Meeting): void => {
  const streams = parts.streams().filter(isStream);
  parts.note('both-active-data', {
    epochs: { own, other },
    streams: streams.map(({ name, condition, text, lastError, pending }) => ({
      name,
      condition,
      text,
      error: lastError?.message ?? null,
      pending: pending?.text ?? null,
    })),
  });
  const list = streams.map(streamText).join(' | ');
  parts.say(
    'warning',
    'both-served-data',
    `What this node wrote while both served: ${list === '' ? 'nothing is replicated' : list}. Its calls and decisions are in its journal.`,
  );
};

export const createBothActive = (parts: BothActiveParts): BothActive => {
  // Once for each pair of terms.
  let told = '';
  let cancel = (): void => undefined;
  return {
    see: (before, decision) => {
      const meeting = meetingOf(before, decision);
      if (meeting === null) return;
      const key = `${meeting.own} ${meeting.other}`;
      if (told === key) return;
      told = key;
      const since = parts.servesSince();
      cancel();
      cancel = parts.clock.at(parts.clock.now() + COMPARED_MS, () => tellData(parts, meeting));
      void tellCalls(parts, meeting, since);
    },
    stop: () => cancel(),
  };
};
