/** What a node tells people of its rival: not that nobody serves beside one that serves and said so, and not that one serves which is long gone. */

import type { Decision } from '../src/core/decide.ts';
import { createDraft } from '../src/core/draft.ts';
import type { Effect } from '../src/core/effect.ts';
import { rivalServes } from '../src/core/rival-view.ts';
import type { Errand, State } from '../src/core/state.ts';
import { type Epoch, type Role, rivalOf } from '../src/core/words.ts';
import type { Watched } from './watched.ts';

/** For so long a word of a node that serves no more may pass for a new one: it was under way, and its reader stood still. */
const LATE_WORD_MS = 7000;

type Tells = (role: Role, before: State, decision: Decision) => void;

/** The rival's word in the node's memory that it serves under this epoch, whoever passed it on. */
const wasTold = ({ rival, now }: State, epoch: Epoch, withinMs: number): boolean => {
  const direct = rival.status?.holding === epoch && now - rival.heardAt <= withinMs;
  return direct || (rival.relayed?.holding === epoch && now - rival.relayedAt <= withinMs);
};

const isFalse = (effect: Effect, { errand }: { readonly errand: Errand | null }): boolean => {
  if (effect.kind === 'notify') return effect.code === 'nobody-serves';
  return effect.kind === 'reply' && effect.code === 'not-reached' && errand?.wants === 'hand-over';
};

export const createTellingCheck = (w: Watched, fail: (text: string) => void): Tells => {
  const servedAt: Record<Role, number> = { main: Number.NEGATIVE_INFINITY, standby: Number.NEGATIVE_INFINITY };
  /** The rival's epoch that was handed to the node last. */
  const handed: Record<Role, Epoch> = { main: 0, standby: 0 };
  /** While a rival serves whose word is known, nobody is told otherwise. */
  const checkSaid = (role: Role, before: State, { state, effects }: Decision): void => {
    const rival = w.agents[rivalOf(role)];
    const { lease } = rival.state;
    if (lease.name !== 'held' || !rival.machine.isOpen()) return;
    if (!wasTold(state, lease.epoch, rival.machine.settings.timing.promiseMs / 2)) return;
    if (effects.some((effect) => isFalse(effect, before)))
      fail(`${role} tells people that nobody serves, though its rival does and has said so`);
  };
  const checkBelieved = (role: Role, { state, reasons }: Decision): void => {
    for (const { rule, facts } of reasons) if (rule === 'handed-over') handed[role] = Number(facts['epoch']);
    const told = rivalServes(createDraft(w.agents[role].machine.settings, state, state.now));
    if (told === 0) return;
    if (told <= handed[role])
      fail(`${role} tells people that its rival serves under epoch ${told}, which that handed over`);
    const agoMs = w.timeline.now - servedAt[rivalOf(role)];
    if (agoMs > LATE_WORD_MS)
      fail(`${role} tells people that its rival serves, which it last did ${Math.round(agoMs)} ms ago`);
  };
  return (role, before, decision) => {
    if (decision.reasons.some(({ rule }) => rule === 'started')) handed[role] = 0;
    if (decision.state.lease.name === 'held') servedAt[role] = w.timeline.now;
    checkSaid(role, before, decision);
    const { status, relayed } = decision.state.rival;
    if ((status?.holding ?? 0) > 0 || (relayed?.holding ?? 0) > 0) checkBelieved(role, decision);
  };
};
