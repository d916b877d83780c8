/** From what an agent tells of itself to what is wrong now. Each condition says what it is, and what a person does next. */
import type { AlarmSettings, AlarmsState, CheckpointFacts, Condition, NodeFacts, Troubles } from './words.ts';

/** A restart of the other node, or of a service, is no news. */
const ALONE_MS = 30_000;
const UNSERVED_MS = 5000;
const DOUBLE_MS = 2000;
const DEGRADED_MS = 600_000;
const PASSIVE_ILL_MS = 10_000;
const STREAM_MS = 60_000;
const LOSS_MS = 600_000;
const CHECKPOINT_SILENT_MS = 5000;
const CHECKPOINT_MS = 60_000;
const STALLED_MS = 15_000;
const STALLED_FOR_MS = 5000;
/** So many failed tries in a row are no accident. */
const FAILING_TRIES = 3;

const spanOf = (ms: number): string => (ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

const servingConditions = (facts: NodeFacts): readonly Condition[] => {
  const { self, peer, server, manual } = facts;
  if (server === 'both')
    return [
      {
        code: 'both-serve',
        object: '',
        severity: 'alarm',
        title: `BOTH ${self.name} and ${peer.name} serve`,
        detail: 'Both nodes claim the right to serve; phones may be split between them.',
        next: 'One of them should yield within a second. If this stays, stop telephony on one of them by hand, and see `dualtone explain` on both.',
        afterMs: DOUBLE_MS,
        always: true,
      },
    ];
  if (server !== 'nobody' || manual) return [];
  return [
    {
      code: 'nobody-serves',
      object: '',
      severity: 'alarm',
      title: 'NOBODY is known to serve',
      detail: `As far as ${self.name} knows no node serves: ${facts.ready}.`,
      next: `Phones are dead unless ${peer.name} serves unheard. Run \`dualtone explain\` on ${self.name}: it says which vote or service is missing.`,
      afterMs: UNSERVED_MS,
      always: false,
    },
  ];
};

const telephonyConditions = (facts: NodeFacts): readonly Condition[] => {
  const { self, telephony, server } = facts;
  if (telephony.verdict !== 'down') return [];
  const passive = server === 'other';
  return [
    {
      code: 'telephony-down',
      object: '',
      severity: passive ? 'warning' : 'alarm',
      title: `telephony on ${self.name} is DOWN`,
      detail: sentence(telephony.reason),
      next: passive
        ? `Calls go on at ${facts.peer.name}. Bring Asterisk on ${self.name} up before ${facts.peer.name} fails: \`dualtone status\` there names the probe that fails.`
        : `\`dualtone status\` on ${self.name} names the probe that fails; \`systemctl status asterisk\`. Service moves by itself if ${facts.peer.name} is fit.`,
      afterMs: passive ? PASSIVE_ILL_MS : 0,
      always: false,
    },
  ];
};

/** The other's agent is silent. */
const silentConditions = (facts: NodeFacts, silentMs: number): readonly Condition[] => {
  const { self, peer, server, otherHeardMsAgo: heard, otherRelayedMsAgo: relayed } = facts;
  if (heard !== null && heard <= silentMs) return [];
  const last = heard === null ? `has not been heard since ${self.name} started` : `was last heard ${spanOf(heard)} ago`;
  // Never heard: what it must last is counted from the first facts.
  const afterMs = heard === null ? silentMs : 0;
  if (relayed !== null && relayed <= silentMs)
    return [
      {
        code: 'other-unheard',
        object: '',
        severity: 'warning',
        title: `${self.name} no longer hears ${peer.name} directly`,
        detail: `${peer.name} (${peer.role}) ${last}, but a checkpoint hears it.`,
        next: 'The network between the two nodes is broken in one or both ways: see cables, switch and firewall between them (UDP port of `listen`).',
        afterMs,
        always: false,
      },
    ];
  const serves = server === 'this';
  return [
    {
      code: 'other-silent',
      object: '',
      severity: 'alarm',
      title: serves
        ? `${peer.name} (${peer.role}) is silent, nobody could take over from ${self.name}`
        : `the agent of ${peer.name} (${peer.role}) is silent`,
      detail: `${peer.name} ${last}.`,
      next: `See whether ${peer.name} has power and network, then \`systemctl status dualtone\` on it. ${serves ? `${self.name} serves meanwhile.` : `\`dualtone explain\` on ${self.name} says whether it may take over.`}`,
      afterMs,
      always: false,
    },
  ];
};

const aloneConditions = (facts: NodeFacts, silentMs: number): readonly Condition[] => {
  const { self, peer, server, takesOver, missing, manual, otherHeardMsAgo: heard } = facts;
  if (server !== 'this' || takesOver || manual) return [];
  // The other is silent: that says it already.
  if (silentConditions(facts, silentMs).some(({ code }) => code === 'other-silent') && heard !== null) return [];
  return [
    {
      code: 'alone',
      object: '',
      severity: 'alarm',
      title: `${peer.name} (${peer.role}) could NOT take over from ${self.name} now`,
      detail: sentence(missing.join('; ') || 'It is not ready'),
      next: `Nothing is lost yet: ${self.name} serves. Run \`dualtone status\` on ${peer.name} and mend what it says.`,
      afterMs: ALONE_MS,
      always: false,
    },
  ];
};

const checkpointConditions = (facts: NodeFacts): readonly Condition[] => {
  const isSilent = (ms: number | null): boolean => ms === null || ms > CHECKPOINT_SILENT_MS;
  const silent = facts.checkpoints.filter(({ answeredMsAgo }) => isSilent(answeredMsAgo));
  const all = silent.length === facts.checkpoints.length;
  return silent.map(({ name }) => ({
    code: 'checkpoint-silent',
    object: name,
    severity: 'warning',
    title: `checkpoint ${name} does not answer ${facts.self.name}`,
    detail: all
      ? 'No checkpoint answers: a takeover may not find the votes it needs.'
      : 'The other checkpoints answer; the pair goes on.',
    next: `See whether ${name} has power and network, then \`systemctl status dualtone-checkpoint\` on it.`,
    afterMs: CHECKPOINT_MS,
    always: false,
  }));
};

const dataConditions = (facts: NodeFacts): readonly Condition[] => {
  const failed = facts.streams.filter(({ condition }) => condition === 'failed');
  const found: Condition[] = failed.map(({ name, text }) => ({
    code: 'stream-failed',
    object: name,
    severity: 'warning',
    title: `replication of ${name} failed on ${facts.self.name}`,
    detail: sentence(text),
    next: `Calls are not affected; the copy grows older. \`dualtone status\` on ${facts.self.name} says what to mend; \`dualtone replicate ${name}\` tries at once.`,
    afterMs: STREAM_MS,
    always: false,
  }));
  if (facts.lossAboveLimit !== null && facts.server === 'this')
    found.push({
      code: 'loss-above-limit',
      object: '',
      severity: 'warning',
      title: `a takeover now would lose more than streams.loss-limit`,
      detail: sentence(facts.lossAboveLimit),
      next: 'See `dualtone status` for the stream that is behind; `dualtone replicate` catches up at once.',
      afterMs: LOSS_MS,
      always: false,
    });
  return found;
};

const TROUBLES: Readonly<
  Record<keyof Troubles, { readonly title: string; readonly next: string; readonly ms: number }>
> = {
  journal: {
    title: 'the journal cannot be written',
    next: 'Telephony goes on and entries are kept in memory. Make space on the disk of state-dir, or see its owner and mode.',
    ms: 0,
  },
  memory: {
    title: "the agent's memory cannot be kept",
    next: 'Without it this node neither takes nor renews the right to serve. See space and mode of run-dir and state-dir.',
    ms: 0,
  },
  replicator: {
    title: 'the replicator does not run',
    next: 'Calls are not affected; nothing is copied. See `journalctl -u dualtone` for why it ends.',
    ms: 30_000,
  },
};

const troubleConditions = (troubles: Troubles, name: string): readonly Condition[] =>
  (['memory', 'journal', 'replicator'] as const).flatMap((each) => {
    const why = troubles[each];
    const { title, next, ms } = TROUBLES[each];
    if (why === null) return [];
    return [
      {
        code: `${each}-trouble`,
        object: '',
        severity: each === 'replicator' ? 'warning' : 'alarm',
        title: `${title} on ${name}`,
        detail: sentence(why),
        next,
        afterMs: ms,
        always: true,
      },
    ];
  });

/** What the checks come to, told by the node that serves. What the agents see themselves has names of its own. */
const readinessConditions = (facts: NodeFacts, told: readonly Condition[]): readonly Condition[] => {
  const { server, readiness, manual, peer } = facts;
  if (server !== 'this' || manual || readiness === null || readiness.state === 'ready') return [];
  const detail = sentence(readiness.reasons.join('; ') || readiness.text);
  const common = { object: '', detail, next: 'Run `dualtone check`: it says how to mend each of them.', always: false };
  if (readiness.state === 'degraded')
    return [
      {
        ...common,
        code: 'not-quite-ready',
        severity: 'warning',
        title: `the pair is not quite ready for a takeover by ${peer.name}`,
        afterMs: DEGRADED_MS,
      },
    ];
  if (told.some(({ code }) => code === 'alone' || code === 'other-silent')) return [];
  return [
    {
      ...common,
      code: 'not-ready',
      severity: 'alarm',
      title: `${peer.name} (${peer.role}) is NOT ready to take over`,
      afterMs: ALONE_MS,
    },
  ];
};

const nodeConditions = (facts: NodeFacts, { silentMs }: AlarmSettings): readonly Condition[] => {
  const { self, halted, needsAcknowledgement } = facts;
  if (halted !== null)
    return [
      {
        code: 'halted',
        object: '',
        severity: 'alarm',
        title: `${self.name} has HALTED itself`,
        detail: `A law that must never be broken was: ${sentence(halted)}`,
        next: `Its gate is closed. Keep its journal for a report (\`dualtone journal export\`), then \`systemctl restart dualtone\` on ${self.name}.`,
        afterMs: 0,
        always: true,
      },
    ];
  const flapping: readonly Condition[] = needsAcknowledgement
    ? [
        {
          code: 'flapping',
          object: '',
          severity: 'alarm',
          title: 'service moved too often and stays until a person acknowledges',
          detail: 'Too many switches within `flapping.window`: service does not go back to the main by itself.',
          next: 'Find out why it moved (`dualtone journal --since 2h`), then `dualtone acknowledge`.',
          afterMs: 0,
          always: false,
        },
      ]
    : [];
  const alone = [...silentConditions(facts, silentMs), ...aloneConditions(facts, silentMs)];
  return [
    ...servingConditions(facts),
    ...telephonyConditions(facts),
    ...alone,
    ...readinessConditions(facts, alone),
    ...flapping,
    ...checkpointConditions(facts),
    ...dataConditions(facts),
    ...troubleConditions(facts.troubles, self.name),
  ];
};

/** Both agents silent: nobody else is left to tell. */
const checkpointOwn = (facts: CheckpointFacts, { silentMs }: AlarmSettings): readonly Condition[] => {
  const { main, standby } = facts.heardMsAgo;
  const both = [main, standby].every((ms) => ms === null || ms > silentMs);
  const never = main === null && standby === null;
  const said = (ms: number | null): string => (ms === null ? 'not since this start' : `${spanOf(ms)} ago`);
  return [
    ...(both
      ? [
          {
            code: 'both-silent',
            object: '',
            severity: 'alarm' as const,
            title: `the agents of BOTH nodes are silent, as checkpoint ${facts.name} hears`,
            detail: `Last heard: the main ${said(main)}, the standby ${said(standby)}.`,
            next: 'Phones are probably dead. See power and network of both nodes; if only this checkpoint is cut off, its own network.',
            afterMs: never ? silentMs : 0,
            always: true,
          },
        ]
      : []),
    ...troubleConditions(facts.troubles, `checkpoint ${facts.name}`),
  ];
};

/** What is wrong with the watching itself; known without new facts. */
export const ownConditions = (state: AlarmsState): readonly Condition[] => {
  const { facts, factsAt, now, channelByName } = state;
  const halted = facts?.kind === 'node' && facts.halted !== null;
  const name = facts === null ? '' : facts.kind === 'node' ? facts.self.name : `checkpoint ${facts.name}`;
  const stalled: readonly Condition[] =
    facts !== null && !halted && now - factsAt > STALLED_MS
      ? [
          {
            code: 'agent-stalled',
            object: '',
            severity: 'alarm',
            title: `the agent of ${name} hangs`,
            detail: 'The process is there, and has said nothing for a while.',
            next:
              facts.kind === 'node'
                ? `If it served, its lease has run out, and the other node serves if it can. \`systemctl restart dualtone\` on ${name}, and see the load of the machine.`
                : `It gives no votes. \`systemctl restart dualtone-checkpoint\` on it, and see the load of the machine.`,
            afterMs: STALLED_FOR_MS,
            always: true,
          },
        ]
      : [];
  const failing = Object.entries(channelByName).flatMap(([channel, { tries, trouble }]): readonly Condition[] =>
    tries < FAILING_TRIES
      ? []
      : [
          {
            code: 'channel-failing',
            object: channel,
            severity: 'warning',
            title: `alarms do not get through by channel ${channel}${name === '' ? '' : ` of ${name}`}`,
            detail: sentence(trouble ?? 'It fails'),
            next: `What it should have told is kept and told as soon as it works. Mend it, then \`dualtone alarm test ${channel}\`.`,
            afterMs: 0,
            always: true,
          },
        ],
  );
  return [...stalled, ...failing];
};

/** All that is wrong by these facts. */
export const conditionsOf = (facts: NodeFacts | CheckpointFacts, settings: AlarmSettings): readonly Condition[] =>
  facts.kind === 'node' ? nodeConditions(facts, settings) : checkpointOwn(facts, settings);
