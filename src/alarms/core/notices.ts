/** What happened: the agent's notices, and service that came to this node, as causes of alarms. */
import type { Language } from '../../language/translator.ts';
import { tellerOf } from './phrases.ts';
import { nameOf, namesOf, readyOf } from './situation.ts';
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
const OF_DATA = /^(database|mysql|files|voicemail|astdb|ssh|sync|merge|reload|collected|replicator)-/;

const WORST: Readonly<Record<Severity, Severity>> = { info: 'info', warning: 'warning', alarm: 'warning' };

/** Its first clause, short enough for a subject line. */
const titleOf = (text: string): string => {
  const clause = text.split(/(?<=[^\d])[.:;](?:\s|$)/, 1)[0] ?? text;
  return clause.length <= 90 ? clause : `${clause.slice(0, 89)}…`;
};

/** Null: the facts tell it. */
export const causeOfNotice = (
  { level, code, text }: { readonly level: Severity; readonly code: string; readonly text: string },
  facts: Facts | null,
  language: Language,
): Cause | null => {
  if (SEEN_IN_FACTS.has(code)) return null;
  const teller = tellerOf(language);
  const name = nameOf(facts, teller);
  const plain = text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 1000);
  const next = teller.word('notice', code);
  return {
    code,
    // A step that fails and another are two troubles.
    object: code === 'step-failed' ? (/^Step (\S+)/.exec(plain)?.[1] ?? '') : '',
    severity: OF_DATA.test(code) ? WORST[level] : level,
    title: `${name}: ${teller.noticeTitle(code) ?? titleOf(plain)}`,
    detail: plain,
    next: next === code ? teller.t('notice.next', { name }) : next,
  };
};

type Came =
  | 'service-moved'
  | 'service-returned'
  | 'service-handed'
  | 'service-ordered'
  | 'service-taken-over'
  | 'service-started';

const CODE_BY_CAME: Readonly<Record<Came, { readonly code: string; readonly severity: Severity }>> = {
  'service-moved': { code: 'service-moved', severity: 'info' },
  'service-ordered': { code: 'service-moved', severity: 'info' },
  'service-returned': { code: 'service-returned', severity: 'info' },
  'service-handed': { code: 'service-taken-over', severity: 'alarm' },
  'service-taken-over': { code: 'service-taken-over', severity: 'alarm' },
  'service-started': { code: 'service-started', severity: 'warning' },
};

const cameOf = ({ self, came, ordered }: NodeFacts): Came => {
  if (came === 'handed-over')
    return ordered ? 'service-moved' : self.role === 'main' ? 'service-returned' : 'service-handed';
  if (ordered) return 'service-ordered';
  return self.role === 'standby' ? 'service-taken-over' : 'service-started';
};

/** Service came to this node. */
export const causeOfService = (facts: NodeFacts, language: Language): Cause => {
  const teller = tellerOf(language);
  const came = cameOf(facts);
  const { self, epoch } = facts;
  const where = `${self.name} (${teller.role(self.role)})`;
  const params = { ...namesOf(facts, teller), where, epoch, ready: readyOf(facts, teller) };
  return {
    ...CODE_BY_CAME[came],
    object: '',
    title: teller.t(`${came}.title`, params),
    detail: teller.t('service.detail', params),
    next: teller.t(`${came}.next`, params),
  };
};
