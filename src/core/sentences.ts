/** Each rule of the core as a sentence for people: what was decided, and by which facts. */
import type { Reason } from './words.ts';

type Facts = Reason['facts'];
type Sentence = (f: Facts) => string;

const s = (value: Facts[string] | undefined): string => (value === undefined || value === null ? '?' : String(value));
const span = (value: Facts[string] | undefined): string => {
  const ms = Number(value ?? 0);
  return ms < 10_000 ? `${ms} ms` : ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
};

const SENTENCE_BY_RULE: Readonly<Record<string, Sentence>> = {
  alone: (f) => `the other node could not take over for ${span(f['sinceMs'])}: ${s(f['why'])}`,
  ask: (f) =>
    `it took epoch ${s(f['epoch'])} and asked for the right to serve${f['handed'] === 0 ? '' : `, showing that epoch ${s(f['handed'])} was handed to it`}`,
  'ask-fence': (f) =>
    `it asked the device of the other node ${f['action'] === 'off' ? 'to turn it off' : 'whether it is off'} (${Number(f['rivalSilentMs']) >= 1e6 ? 'not heard' : `silent for ${span(f['rivalSilentMs'])}`}, epoch ${s(f['epoch'])})`,
  'asked-to-hand-over': (f) => `the other node asked it to hand over (epoch ${s(f['epoch'])})`,
  'checkpoints-count-again': () => 'the checkpoints answer again and count again',
  'checkpoints-lost': () => 'no checkpoint answers any more',
  'clock-jump': (f) =>
    `the clocks disagreed by ${span(f['jumpMs'])}${f['paused'] === true ? '; the machine may have stood still' : ''}`,
  close: (f) => `it closed its gate (${s(f['why'])}, epoch ${s(f['epoch'])})`,
  command: (f) => `${s(f['by'])} ordered \`${s(f['command'])}\``,
  company: () => 'the other node could take over again',
  'cut-off': (f) =>
    `its own network is ${s(f['network'])} and the other node silent for ${span(f['rivalSilentMs'])}: it is the one cut off`,
  doubt: (f) =>
    `a clock was set, or the machine stood still: it closed its gate, and asked whether its epoch ${s(f['epoch'])} still stands`,
  'doubt-over': (f) => `its epoch ${s(f['epoch'])} still stands, by the word of ${s(f['yes'])}: its gate opens again`,
  drain: (f) =>
    `it is about to hand over, because ${s(f['why'])}${f['whenIdle'] === true ? `, when no call is up, at the latest in ${span(f['maxWaitMs'])}` : ''}`,
  fence: (f) =>
    `the device of the other node, asked ${f['action'] === 'off' ? 'to turn it off' : 'whether it is off'}: ${s(f['outcome'])} (${s(f['detail'])})`,
  'fence-contradicted': (f) =>
    `the same agent of the other node was heard ${span(f['offMs'])} after its device had said that it is off`,
  flapping: (f) =>
    `${s(f['switches'])} switches within the window (cap ${s(f['cap'])}): voluntary moves wait for a person`,
  'hand-over': (f) =>
    `it hands over, because ${s(f['why'])} (${Number(f['calls']) < 0 ? 'calls not known' : `${s(f['calls'])} calls up`})`,
  'handed-over': (f) => `the other node handed its right over (epoch ${s(f['epoch'])})`,
  'lease-out': (f) => `its lease of epoch ${s(f['epoch'])} ran out without a majority to renew it`,
  'late-request': (f) =>
    `a request to hand over came ${span(f['ageMs'])} late (valid for ${span(f['validMs'])}) and was not obeyed`,
  'leave-checkpoints-out': () => 'both nodes agreed to leave the lost checkpoints out',
  'look-at-rival': (f) =>
    `look at the main: ${s(f['bad'])} bad of ${s(f['needed'])} needed${f['agentSilent'] === true ? ', its agent is silent' : ''}`,
  'maintenance-over': () => 'the maintenance ended by itself',
  'may-serve': (f) =>
    f['wanted'] === true
      ? 'a person wants this node to serve'
      : `nothing was in the way of asking (other node ${Number(f['rivalSilentMs']) >= 1e6 ? 'not heard' : `last heard ${span(f['rivalSilentMs'])} ago`})`,
  'nobody-serves': (f) => `nobody has been known to serve for ${span(f['sinceMs'])}: ${s(f['why'])}`,
  orders: (f) =>
    Number(f['maintenanceMs'] ?? 0) > 0
      ? `orders ${s(f['revision'])}: ${s(f['mode'])} mode, maintenance for ${span(f['maintenanceMs'])} (${s(f['reason'])})`
      : `orders ${s(f['revision'])}: ${s(f['mode'])} mode`,
  'orders-overruled': (f) =>
    `${s(f['now'])} mode was ordered at the other node at the same time; ${s(f['given'])} mode, ordered here, does not hold`,
  'own-network': (f) => `its own network went from ${s(f['from'])} to ${s(f['to'])}`,
  'plan-finished': (f) =>
    `the plan to ${s(f['target'])} was through after ${span(f['tookMs'])}, ${s(f['failed'])} steps failed`,
  'raise-epoch': (f) =>
    `it went on under epoch ${s(f['to'])} instead of ${s(f['from'])}, because a voter knew a newer one`,
  'restart-in-place': (f) => `it restarts telephony in place by ${s(f['step'])}, because ${s(f['reason'])}`,
  return: (f) =>
    f['ready'] === true
      ? 'what was left here is at home: service may go back'
      : `service does not go back by itself yet: ${s(f['why'])}`,
  'renew-for-restart': (f) =>
    `its agent is about to end: it asked for ${span(f['ms'])} under epoch ${s(f['epoch'])}, so that the next one finds the gate open`,
  resumed: (f) => `a former agent of this boot held epoch ${s(f['epoch'])}, and it went on with it`,
  'rival-claims-newer-epoch': (f) => `the other node claims the newer epoch ${s(f['epoch'])}: this one stops at once`,
  'rival-not-fit': (f) =>
    `it meant to hand over (${s(f['why'])}), but the other node is not fit, so it goes on serving`,
  started: (f) =>
    `the agent started${f['freshBoot'] === true ? ' after a boot' : ''}; epochs up to ${s(f['ceiling'])} may have been used`,
  step: (f) =>
    `step ${s(f['step'])}${f['direction'] === undefined ? '' : ` (${s(f['direction'])})`}: ${s(f['outcome'])}${f['detail'] === '' ? '' : `, ${s(f['detail'])}`}`,
  unfit: (f) => `telephony here is unfit (${s(f['reason'])}) and the other node is fit`,
  verdict: (f) =>
    `telephony here went from ${s(f['from'])} to ${s(f['to'])}${f['reason'] === '' ? '' : `: ${s(f['reason'])}`}${f['crashed'] === true ? ' (gone for certain)' : ''}`,
  withdraw: (f) =>
    `its request for epoch ${s(f['epoch'])} did not win in time (yes: ${f['yes'] === '' ? 'nobody' : s(f['yes'])}) and was withdrawn`,
  won: (f) =>
    f['confirmed'] === true
      ? `it took epoch ${s(f['epoch'])} on a person's word that the other node does not serve`
      : `it won epoch ${s(f['epoch'])} with ${f['own'] === true ? 'its own vote and ' : ''}${f['yes'] === '' ? 'nobody else' : s(f['yes'])}${f['needed'] === 0 ? '; no votes are needed' : ` (majority: ${s(f['needed'])})`}`,
};

/** What one reason says; a rule without a sentence is printed with its facts. */
export const sentenceOf = ({ rule, facts }: Reason): string => {
  const sentence = SENTENCE_BY_RULE[rule];
  if (sentence !== undefined) return sentence(facts);
  const shown = Object.entries(facts).map(([key, value]) => `${key} ${String(value)}`);
  return shown.length === 0 ? rule : `${rule}: ${shown.join(', ')}`;
};

/** Rules that have a sentence; a test holds them against the core's. */
export const rulesWithSentence = (): readonly string[] => Object.keys(SENTENCE_BY_RULE);
