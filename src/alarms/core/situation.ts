/** How the pair stands, in the words of a message. */
import type { Millis } from '../../core/words.ts';
import type { Language, Params } from '../../language/translator.ts';
import { type Teller, tellerOf } from './phrases.ts';
import type { Facts, NodeFacts, Situation } from './words.ts';

/** Facts that are older are of another time. */
const FRESH_MS = 10_000;

/** What this machine is called. */
export const nameOf = (facts: Facts | null, teller: Teller): string => {
  if (facts === null) return teller.t('name.unknown');
  return facts.kind === 'node' ? facts.self.name : teller.t('name.checkpoint', { name: facts.name });
};

/** The two nodes, as phrases have them. */
export const namesOf = ({ self, peer }: NodeFacts, teller: Teller): Params => ({
  self: self.name,
  selfRole: teller.role(self.role),
  peer: peer.name,
  peerRole: teller.role(peer.role),
});

/** One clause: could the other take over, or what is in the way. */
export const readyOf = (facts: NodeFacts, teller: Teller): string => {
  const { server, takesOver, missing, self, peer } = facts;
  const names = namesOf(facts, teller);
  const lacks = teller.lacks(missing);
  if (server === 'both') return teller.t('ready.yields');
  if (server === 'nobody')
    return lacks === '' ? teller.t('ready.asks', names) : teller.t('ready.waits', { ...names, lacks });
  const { name, role } = server === 'other' ? self : peer;
  return teller.t(takesOver ? 'ready.can' : 'ready.cannot', { name, role: teller.role(role), lacks });
};

const whoOf = (facts: NodeFacts, teller: Teller): string => {
  const { self, peer, server, maintenance, manual } = facts;
  const serves = ({ name, role }: NodeFacts['self']): string =>
    teller.t('who.serves', { name, role: teller.role(role) });
  const whoByServer = {
    this: serves(self),
    other: serves(peer),
    nobody: teller.t('who.nobody'),
    both: teller.t('who.both'),
  };
  const who = whoByServer[server];
  if (maintenance) return teller.t('who.maintenance', { who });
  return manual ? teller.t('who.manual', { who }) : who;
};

const situationThen = (facts: Facts, teller: Teller): Situation => {
  if (facts.kind === 'checkpoint') {
    const name = nameOf(facts, teller);
    const who =
      facts.votesFor === null
        ? teller.t('who.votes-for-nobody', { name })
        : teller.t('who.votes-for', { name, role: teller.role(facts.votesFor) });
    return { from: name, who, sinceWall: null, calls: -1, ready: '' };
  }
  const { self, server, servesSince, calls } = facts;
  const served = server === 'this' || server === 'other';
  return {
    from: `${self.name} (${teller.role(self.role)})`,
    who: whoOf(facts, teller),
    sinceWall: served ? servesSince : null,
    calls: served ? calls : -1,
    ready: readyOf(facts, teller),
  };
};

/** `ageMs`: how old the facts are. */
export const situationOf = (facts: Facts, ageMs: Millis, language: Language): Situation => {
  const teller = tellerOf(language);
  const now = situationThen(facts, teller);
  return ageMs <= FRESH_MS ? now : { ...now, who: teller.t('who.last-known', { who: now.who }), calls: -1 };
};
