/** How the pair stands, in the words of a message. */
import type { Millis } from '../../core/words.ts';
import type { Facts, Situation } from './words.ts';

/** Facts that are older are of another time. */
const FRESH_MS = 10_000;

/** `ageMs`: how old the facts are. */
export const situationOf = (facts: Facts, ageMs: Millis): Situation => {
  const now = situationThen(facts);
  return ageMs <= FRESH_MS ? now : { ...now, who: `last known: ${now.who}`, calls: -1 };
};

const situationThen = (facts: Facts): Situation => {
  if (facts.kind === 'checkpoint') {
    const votes = facts.votesFor === null ? 'has promised its vote to nobody' : `votes for the ${facts.votesFor}`;
    return {
      from: `checkpoint ${facts.name}`,
      who: `checkpoint ${facts.name} ${votes}`,
      sinceWall: null,
      calls: -1,
      ready: '',
    };
  }
  const { self, peer, server, servesSince, calls, ready, maintenance, manual } = facts;
  const names = { self: `${self.name} (${self.role})`, peer: `${peer.name} (${peer.role})` };
  const whoByServer = {
    this: `${names.self} serves`,
    other: `${names.peer} serves`,
    nobody: 'NOBODY is known to serve',
    both: 'BOTH nodes serve',
  };
  const served = server === 'this' || server === 'other';
  const state = maintenance ? ' (maintenance)' : manual ? ' (manual mode)' : '';
  return {
    from: names.self,
    who: `${whoByServer[server]}${state}`,
    sinceWall: served ? servesSince : null,
    calls: served ? calls : -1,
    ready,
  };
};
