/**
 * A node that was mute has endpoints that Asterisk holds to be away: those it asked in vain, and those whose contacts came as rows.
 * Once the node serves they are asked again, a few first: while the address or the gate are not there yet a question that fails
 * would make things worse.
 */
import { dbTree, showContacts } from '../../ami/actions.ts';
import type { AmiConnection } from '../../ami/connection.ts';
import { headerOf } from '../../ami/message.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Ari } from './ari.ts';
import type { Manager } from './manager.ts';
import { type AstDbRow, contactFamily, eachInSlices, giveWay } from './rows.ts';
import { endpointOf, isQualified, wake } from './writing.ts';

export interface Awakening {
  begin(): void;
  end(): void;
  stop(): Promise<void>;
}

interface State {
  readonly manager: Manager;
  readonly ari: Ari | null;
  readonly clock: Clock;
  /** Changes with each `begin` and `end`. */
  turn: number;
  round: number;
  cancel: () => void;
  working: Promise<void>;
  readonly woken: Set<string>;
}

/** After the beginning. Longer than the last of them nobody needs us: Asterisk's own questions have come round. */
const roundsMs: readonly Millis[] = [200, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** So many first, until one of them answers, or there have been so many rounds. */
const scouts = 3;
const scoutRounds = 4;
/** Reads of all contacts are not for nothing: 50 ms of ours for 3,000. */
const listingRounds = new Set([2, 4, 6]);
const batch = 50;

export const createAwakening = (manager: Manager, ari: Ari | null, clock: Clock): Awakening => {
  const state: State = {
    manager,
    ari,
    clock,
    turn: 0,
    round: 0,
    cancel: () => undefined,
    working: Promise.resolve(),
    woken: new Set(),
  };
  const end = (): void => {
    state.turn += 1;
    state.cancel();
  };
  return {
    begin: () => {
      end();
      state.round = 0;
      state.woken.clear();
      next(state, state.turn, clock.now());
    },
    end,
    stop: async () => {
      end();
      await state.working;
    },
  };
};

const next = (state: State, turn: number, since: Instant): void => {
  const atMs = roundsMs[state.round];
  if (atMs === undefined || turn !== state.turn) return;
  state.cancel = state.clock.at(since + atMs, () => {
    state.working = work(state, turn, since);
  });
};

const work = async (state: State, turn: number, since: Instant): Promise<void> => {
  const done = await state.manager.on((ami) => once(state, turn, ami));
  if (turn !== state.turn) return;
  state.round += 1;
  // Else nothing was asleep and nobody away.
  if (!done.ok || done.value === 'more') next(state, turn, since);
};

type Rest = 'done' | 'more';

const once = async (state: State, turn: number, ami: AmiConnection): Promise<Result<Rest>> => {
  const asleep = await wakeContacts(state, turn, ami);
  if (!asleep.ok) return asleep;
  if (!listingRounds.has(state.round)) return ok('more');
  const away = await askAway(state, turn, ami);
  if (!away.ok) return away;
  return ok(asleep.value === 'done' && away.value === 'done' ? 'done' : 'more');
};

/** Contacts that came as rows, of endpoints that are asked whether they are there. */
const wakeContacts = async (state: State, turn: number, ami: AmiConnection): Promise<Result<Rest>> => {
  const { ari } = state;
  if (ari === null) return ok('done');
  const offline = await ari.offline();
  if (!offline.ok) return ok('more');
  if (offline.value.size === 0) return ok('done');
  const tree = await dbTree(ami, contactFamily);
  if (!tree.ok) return tree;
  const qualified: AstDbRow[] = [];
  const others: AstDbRow[] = [];
  let isHeard = false;
  await eachInSlices(tree.value, ({ key, value }) => {
    const row = { key: `${contactFamily}/${key}`, value };
    const isAway = offline.value.has(endpointOf(row));
    if (isAway) (isQualified(value) ? qualified : others).push(row);
    else isHeard ||= isQualified(value);
  });
  const few = !isHeard && state.round < scoutRounds;
  const now = [...others, ...(few ? turned(qualified, state.round * scouts).slice(0, scouts) : qualified)];
  await inBatches(now, async (row) => {
    if (turn === state.turn) await wakeOrAsk(state, ari, ami, row);
  });
  return ok(qualified.length + others.length === 0 ? 'done' : 'more');
};

const turned = <T>(list: readonly T[], by: number): readonly T[] => {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
};

const wakeOrAsk = async (state: State, ari: Ari, ami: AmiConnection, row: AstDbRow): Promise<void> => {
  if (state.woken.has(row.key)) {
    // A contact that nobody watches would be unreachable for ever if it did not answer this once.
    if (isQualified(row.value)) await qualify(ami, endpointOf(row));
    return;
  }
  state.woken.add(row.key);
  await wake(ari, ami, row);
};

/** All others whom Asterisk has asked in vain: trunks, and contacts that it had from its start. */
const askAway = async (state: State, turn: number, ami: AmiConnection): Promise<Result<Rest>> => {
  const contacts = await showContacts(ami);
  if (!contacts.ok) return contacts;
  const away = contacts.value.filter((entry) => headerOf(entry, 'Status') === 'Unreachable');
  const endpoints = new Set(away.map((entry) => headerOf(entry, 'Endpoint') ?? '').filter((name) => name !== ''));
  await inBatches([...endpoints], async (name) => {
    if (turn === state.turn) await qualify(ami, name);
  });
  return ok(endpoints.size === 0 ? 'done' : 'more');
};

const qualify = async (ami: AmiConnection, endpoint: string): Promise<void> => {
  await ami.act('PJSIPQualify', [['Endpoint', endpoint]]);
};

const inBatches = async <T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> => {
  for (let at = 0; at < all.length; at += batch) {
    await Promise.all(all.slice(at, at + batch).map(act));
    await giveWay();
  }
};
