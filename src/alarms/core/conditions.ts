/** From what an agent tells of itself to what is wrong now. Each condition says what it is, and what a person does next, by its phrases. */
import type { Params } from '../../language/translator.ts';
import { type Teller, tellerOf } from './phrases.ts';
import type { Phrase } from './phrases-en.ts';
import { nameOf, namesOf, readyOf } from './situation.ts';
import type {
  AlarmSettings,
  AlarmsState,
  CheckpointFacts,
  Condition,
  Facts,
  NodeFacts,
  Severity,
  Troubles,
} from './words.ts';

/** A restart of the other node, or of a service, is no news. */
const ALONE_MS = 30_000;
const UNSERVED_MS = 5000;
const DOUBLE_MS = 2000;
const DEGRADED_MS = 600_000;
const PASSIVE_ILL_MS = 10_000;
/** A later try may go through: what it waits for may just be starting. */
const SWITCH_MS = 10_000;
const STREAM_MS = 60_000;
const LOSS_MS = 600_000;
const CHECKPOINT_SILENT_MS = 5000;
const CHECKPOINT_MS = 60_000;
const STALLED_MS = 15_000;
const STALLED_FOR_MS = 5000;
/** The name of an arbiter in etcd among the voters: its members are no machines of Dualtone's. */
const ETCD = 'etcd';
/** So many failed tries in a row are no accident. */
const FAILING_TRIES = 3;

/** What has a title, a detail and a next step among the phrases. */
type Topic = Exclude<{ [Each in Phrase]: Each extends `${infer Base}.detail` ? Base : never }[Phrase], 'service'>;

interface Found {
  readonly severity: Severity;
  readonly afterMs: number;
  readonly object?: string;
  readonly always?: boolean;
  /** Where it has words of its own by how things stand. */
  readonly topic?: Topic;
}

/** One sentence of its own, where the agent's has no end. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

type Tell = (code: Topic, found: Found, params?: Params) => Condition;

const tellWith =
  (teller: Teller, names: Params): Tell =>
  (code, { severity, afterMs, object = '', always = false, topic = code }, params = {}) => {
    const all = { ...names, object, ...params };
    return {
      code,
      object,
      severity,
      title: teller.t(`${topic}.title`, all),
      detail: teller.t(`${topic}.detail`, all),
      next: teller.t(`${topic}.next`, all),
      afterMs,
      always,
    };
  };

interface Told {
  readonly facts: NodeFacts;
  readonly teller: Teller;
  readonly tell: Tell;
}

const servingConditions = ({ facts, teller, tell }: Told): readonly Condition[] => {
  if (facts.server === 'both') return [tell('both-serve', { severity: 'alarm', afterMs: DOUBLE_MS, always: true })];
  if (facts.server !== 'nobody' || facts.manual) return [];
  const ready = readyOf(facts, teller);
  return [tell('nobody-serves', { severity: 'alarm', afterMs: UNSERVED_MS }, { ready })];
};

const telephonyConditions = ({ facts, tell }: Told): readonly Condition[] => {
  const { telephony, server } = facts;
  if (telephony.verdict !== 'down') return [];
  const said = { said: sentence(telephony.reason) };
  if (server !== 'other') return [tell('telephony-down', { severity: 'alarm', afterMs: 0 }, said)];
  const passive = { severity: 'warning', afterMs: PASSIVE_ILL_MS, topic: 'telephony-down-passive' } as const;
  return [tell('telephony-down', passive, said)];
};

/** The other's agent is silent. */
const silentConditions = ({ facts, teller, tell }: Told, silentMs: number): readonly Condition[] => {
  const { self, server, otherHeardMsAgo: heard, otherRelayedMsAgo: relayed } = facts;
  if (heard !== null && heard <= silentMs) return [];
  const last =
    heard === null
      ? teller.t('heard.never', { self: self.name })
      : teller.t('heard.last', { span: teller.span(heard) });
  // Never heard: what it must last is counted from the first facts.
  const afterMs = heard === null ? silentMs : 0;
  if (relayed !== null && relayed <= silentMs)
    return [tell('other-unheard', { severity: 'warning', afterMs }, { last })];
  const topic = server === 'this' ? 'other-silent-serving' : 'other-silent';
  return [tell('other-silent', { severity: 'alarm', afterMs, topic }, { last })];
};

const aloneConditions = (told: Told, silentMs: number): readonly Condition[] => {
  const { facts, teller, tell } = told;
  const { server, takesOver, missing, manual, otherHeardMsAgo: heard } = facts;
  if (server !== 'this' || takesOver || manual) return [];
  // The other is silent: that says it already.
  if (silentConditions(told, silentMs).some(({ code }) => code === 'other-silent') && heard !== null) return [];
  const said = sentence(teller.lacks(missing) || teller.t('alone.unknown'));
  return [tell('alone', { severity: 'alarm', afterMs: ALONE_MS }, { said })];
};

const checkpointConditions = ({ facts, tell }: Told): readonly Condition[] => {
  const isSilent = (ms: number | null): boolean => ms === null || ms > CHECKPOINT_SILENT_MS;
  const silent = facts.checkpoints.filter(({ answeredMsAgo }) => isSilent(answeredMsAgo));
  const usual = silent.length === facts.checkpoints.length ? 'checkpoint-silent-all' : 'checkpoint-silent';
  return silent.map(({ name: object }) => {
    const topic = object === ETCD ? 'etcd-silent' : usual;
    return tell('checkpoint-silent', { severity: 'warning', afterMs: CHECKPOINT_MS, object, topic });
  });
};

const dataConditions = ({ facts, tell }: Told): readonly Condition[] => {
  const failed = facts.streams.filter(({ condition }) => condition === 'failed');
  const found = failed.map(({ name: object, text }) =>
    tell('stream-failed', { severity: 'warning', afterMs: STREAM_MS, object }, { said: sentence(text) }),
  );
  const { lossAboveLimit, server } = facts;
  if (lossAboveLimit === null || server !== 'this') return found;
  return [
    ...found,
    tell('loss-above-limit', { severity: 'warning', afterMs: LOSS_MS }, { said: sentence(lossAboveLimit) }),
  ];
};

/** Callers who come by them are still sent to the other node, or to nobody. */
const switchConditions = ({ facts, tell }: Told): readonly Condition[] =>
  facts.switches.map(({ name: object, trouble }) =>
    tell('switch-failing', { severity: 'alarm', afterMs: SWITCH_MS, object }, { said: sentence(trouble) }),
  );

const WEIGHT_OF_TROUBLE = {
  memory: { severity: 'alarm', afterMs: 0 },
  journal: { severity: 'alarm', afterMs: 0 },
  replicator: { severity: 'warning', afterMs: 30_000 },
} as const;

const troubleConditions = (troubles: Troubles, tell: Tell): readonly Condition[] =>
  (['memory', 'journal', 'replicator'] as const).flatMap((each) => {
    const why = troubles[each];
    if (why === null) return [];
    return [tell(`${each}-trouble`, { ...WEIGHT_OF_TROUBLE[each], always: true }, { said: sentence(why) })];
  });

/** What the checks come to, told by the node that serves. What the agents see themselves has names of its own. */
const readinessConditions = ({ facts, tell }: Told, others: readonly Condition[]): readonly Condition[] => {
  const { server, readiness, manual } = facts;
  if (server !== 'this' || manual || readiness === null || readiness.state === 'ready') return [];
  const said = { said: sentence(readiness.reasons.join('; ') || readiness.text) };
  if (readiness.state === 'degraded')
    return [tell('not-quite-ready', { severity: 'warning', afterMs: DEGRADED_MS }, said)];
  if (others.some(({ code }) => code === 'alone' || code === 'other-silent')) return [];
  return [tell('not-ready', { severity: 'alarm', afterMs: ALONE_MS }, said)];
};

const nodeConditions = (facts: NodeFacts, { silentMs, language }: AlarmSettings): readonly Condition[] => {
  const teller = tellerOf(language);
  const told: Told = { facts, teller, tell: tellWith(teller, { ...namesOf(facts, teller), name: facts.self.name }) };
  if (facts.halted !== null)
    return [told.tell('halted', { severity: 'alarm', afterMs: 0, always: true }, { said: sentence(facts.halted) })];
  const alone = [...silentConditions(told, silentMs), ...aloneConditions(told, silentMs)];
  return [
    ...servingConditions(told),
    ...telephonyConditions(told),
    ...alone,
    ...readinessConditions(told, alone),
    ...(facts.needsAcknowledgement ? [told.tell('flapping', { severity: 'alarm', afterMs: 0 })] : []),
    ...checkpointConditions(told),
    ...switchConditions(told),
    ...dataConditions(told),
    ...troubleConditions(facts.troubles, told.tell),
  ];
};

/** Both agents silent: nobody else is left to tell. */
const checkpointOwn = (facts: CheckpointFacts, { silentMs, language }: AlarmSettings): readonly Condition[] => {
  const teller = tellerOf(language);
  const { main, standby } = facts.heardMsAgo;
  const both = [main, standby].every((ms) => ms === null || ms > silentMs);
  const never = main === null && standby === null;
  const since = (ms: number | null): string =>
    ms === null ? teller.t('heard-since.never') : teller.t('heard-since.last', { span: teller.span(ms) });
  const params = { name: facts.name, main: since(main), standby: since(standby) };
  return [
    ...(both
      ? [
          tellWith(teller, params)('both-silent', {
            severity: 'alarm',
            afterMs: never ? silentMs : 0,
            always: true,
          }),
        ]
      : []),
    ...troubleConditions(facts.troubles, tellWith(teller, { name: nameOf(facts, teller) })),
  ];
};

const isStalled = ({ facts, factsAt, now }: AlarmsState): boolean => {
  if (facts === null || (facts.kind === 'node' && facts.halted !== null)) return false;
  return now - factsAt > STALLED_MS;
};

/** What is wrong with the watching itself; known without new facts. */
export const ownConditions = (state: AlarmsState, { language }: AlarmSettings): readonly Condition[] => {
  const teller = tellerOf(language);
  const tell = tellWith(teller, { name: nameOf(state.facts, teller) });
  const topic = state.facts?.kind === 'checkpoint' ? 'agent-stalled-checkpoint' : 'agent-stalled';
  const stalled = isStalled(state)
    ? [tell('agent-stalled', { severity: 'alarm', afterMs: STALLED_FOR_MS, always: true, topic })]
    : [];
  const failing = Object.entries(state.channelByName).filter(([, { tries }]) => tries >= FAILING_TRIES);
  return [
    ...stalled,
    ...failing.map(([object, { trouble }]) => {
      const said = sentence(trouble ?? teller.t('channel-failing.unknown'));
      return tell('channel-failing', { severity: 'warning', afterMs: 0, always: true, object }, { said });
    }),
  ];
};

/** All that is wrong by these facts. */
export const conditionsOf = (facts: Facts, settings: AlarmSettings): readonly Condition[] =>
  facts.kind === 'node' ? nodeConditions(facts, settings) : checkpointOwn(facts, settings);
