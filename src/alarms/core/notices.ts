/** What happened: the agent's notices, and service that came to this node, as causes of alarms. */
import type { Cause, Facts, NodeFacts, Severity } from './words.ts';

/** These are seen in the facts, which also say when they are over. */
const SEEN_IN_FACTS: ReadonlySet<string> = new Set([
  'alone',
  'company',
  'telephony-down',
  'nobody-serves',
  'serving',
  'memory-not-kept',
  'memory-kept',
  'halted',
  'flapping',
  'checkpoints-lost',
  'replicator-ended',
  'journal',
  'closing-handover',
  'takeover-ready',
  'takeover-degraded',
  'takeover-not-ready',
  'takeover-unknown',
]);

/** Streams of data are seen in the facts too, and no reason to wake somebody. */
const OF_DATA = /^(database|files|voicemail|astdb|ssh|sync|merge|reload|collected|replicator)-/;

const NEXT_BY_CODE: Readonly<Record<string, string>> = {
  'closing-lost':
    'The other node serves if it can. See the network between the nodes and to the checkpoints; `dualtone explain` on both.',
  'closing-yield': 'Both nodes served for a moment. Keep both journals, and see `dualtone explain` on both.',
  'gate-failed': 'Run `nft list ruleset` on this node, and see whether another firewall program changes it.',
  'gate-tampered':
    'Another program changed the firewall: find it (ufw, firewalld, a script), or have it leave the table `dualtone`.',
  'step-failed':
    'It is tried again by itself; `dualtone status` shows the plan, and `systemctl status` of that service why.',
  'serving-cut-off': 'Make sure that the other node does not serve, or stop telephony here by hand.',
  'checkpoints-left-out': 'Bring the checkpoints back: until then two nodes may serve in a partition.',
  'clock-jump': 'See the time service, and whether the virtual machine was paused or moved.',
  'agent-late': 'See what else keeps this machine busy: a heartbeat that is late by a lease costs a takeover.',
};

const WORST: Readonly<Record<Severity, Severity>> = { info: 'info', warning: 'warning', alarm: 'warning' };

const nameOf = (facts: Facts | null): string =>
  facts === null ? 'this machine' : facts.kind === 'node' ? facts.self.name : `checkpoint ${facts.name}`;

/** Its first clause, short enough for a subject line. */
const titleOf = (text: string): string => {
  const clause = text.split(/(?<=[^\d])[.:;](?:\s|$)/, 1)[0] ?? text;
  return clause.length <= 90 ? clause : `${clause.slice(0, 89)}…`;
};

/** Null: the facts tell it. */
export const causeOfNotice = (level: Severity, code: string, text: string, facts: Facts | null): Cause | null => {
  if (SEEN_IN_FACTS.has(code)) return null;
  const name = nameOf(facts);
  const plain = text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 1000);
  return {
    code,
    // A step that fails and another are two troubles.
    object: code === 'step-failed' ? (/^Step (\S+)/.exec(plain)?.[1] ?? '') : '',
    severity: OF_DATA.test(code) ? WORST[level] : level,
    title: `${name}: ${titleOf(plain)}`,
    detail: plain,
    next:
      NEXT_BY_CODE[code] ?? `Run \`dualtone status\` on ${name}; \`dualtone journal --since 1h\` says what led to it.`,
  };
};

/** Service came to this node. `first`: nothing is known of any earlier term. */
export const causeOfService = (facts: NodeFacts): Cause => {
  const { self, peer, came, ordered } = facts;
  const where = `${self.name} (${self.role})`;
  const common = { object: '', detail: `${where} serves under epoch ${facts.epoch}; ${facts.ready}.` };
  if (came === 'handed-over' && (ordered || self.role === 'main'))
    return {
      ...common,
      code: ordered ? 'service-moved' : 'service-returned',
      severity: 'info',
      title: ordered ? `service was moved to ${where} as ordered` : `service is back on ${where}`,
      next: 'Nothing is to be done.',
    };
  if (came === 'handed-over')
    return {
      ...common,
      code: 'service-taken-over',
      severity: 'alarm',
      title: `${where} took over: ${peer.name} was not well and handed over`,
      next: `Calls go on at ${self.name}. Run \`dualtone status\` on ${peer.name}: it names the probe that fails.`,
    };
  const by = ordered ? 'by order of a person' : `${peer.name} fell silent or did not serve`;
  return {
    ...common,
    code: ordered ? 'service-moved' : self.role === 'standby' ? 'service-taken-over' : 'service-started',
    severity: ordered ? 'info' : self.role === 'standby' ? 'alarm' : 'warning',
    title:
      self.role === 'standby' || ordered
        ? `${where} took over: ${by}`
        : `${where} began to serve: ${peer.name} did not`,
    next: `Phones find ${self.name} by themselves. See power and network of ${peer.name}, then \`systemctl status dualtone\` on it.`,
  };
};
