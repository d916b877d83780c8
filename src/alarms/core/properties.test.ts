import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { alarmSettings, nodeFacts, WALL } from '../testing/facts.ts';
import { decideAlarms, dueOf, mustBeKept } from './decide.ts';
import type { AlarmEvent, AlarmsState, NodeFacts, Outgoing } from './words.ts';
import { emptyAlarms } from './words.ts';

const settings = alarmSettings({
  channels: ['mail', 'hook'],
  rules: [
    {
      severities: ['warning', 'alarm'],
      codes: ['*'],
      channels: ['mail', 'hook'],
      groupMs: 5000,
      repeatMs: 120_000,
      recovery: true,
    },
  ],
  settleMs: 10_000,
});

type Deed =
  | { readonly do: 'facts'; readonly facts: NodeFacts; readonly seconds: number }
  | { readonly do: 'quiet'; readonly seconds: number }
  | { readonly do: 'notice'; readonly code: string }
  | { readonly do: 'channel'; readonly name: string; readonly mood: 'well' | 'failed' | 'refused' | 'lost' }
  | { readonly do: 'kill' };

const facts: fc.Arbitrary<NodeFacts> = fc
  .record({
    down: fc.boolean(),
    silent: fc.boolean(),
    stream: fc.boolean(),
    journal: fc.boolean(),
    maintenance: fc.boolean(),
    server: fc.constantFrom('this', 'other', 'nobody' as const),
  })
  .map(({ down, silent, stream, journal, maintenance, server }) =>
    nodeFacts({
      server: server as NodeFacts['server'],
      telephony: down ? { verdict: 'down', reason: 'gone' } : { verdict: 'up', reason: '' },
      otherHeardMsAgo: silent ? 60_000 : 50,
      streams: [{ name: 'files', condition: stream ? 'failed' : 'in-step', text: 'x' }],
      troubles: { journal: journal ? 'full' : null, memory: null, replicator: null },
      maintenance,
    }),
  );

const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('facts' as const), facts, seconds: fc.integer({ min: 1, max: 90 }) }),
    fc.record({ do: fc.constant('quiet' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ do: fc.constant('notice' as const), code: fc.constantFrom('gate-failed', 'clock-jump', 'odd') }),
    fc.record({
      do: fc.constant('channel' as const),
      name: fc.constantFrom('mail', 'hook'),
      mood: fc.constantFrom('well', 'failed', 'refused', 'lost' as const),
    }),
    fc.constant({ do: 'kill' as const }),
  ),
  { minLength: 1, maxLength: 40 },
);

interface Delivery {
  readonly channel: string;
  readonly message: Outgoing;
}

/** The process, its disk, the agent that tells it, and receivers; everything in simulated time. */
const simulate = (all: readonly Deed[]) => {
  let state: AlarmsState = emptyAlarms('t');
  let disk = JSON.stringify(state);
  let now = 0;
  let number = 0;
  const unkept: Extract<AlarmEvent, { kind: 'notice' }>[] = [];
  const deliveries: Delivery[] = [];
  const opened = new Map<number, string>();
  const moods = new Map<string, string>();
  let kills = 0;

  const decide = (event: AlarmEvent): void => {
    const before = state;
    state = decideAlarms(settings, state, event);
    if (mustBeKept(before, state)) disk = JSON.stringify({ ...state, facts: null });
    for (const { id, code, phase } of state.alarms) if (phase === 'open') opened.set(id, code);
    while (unkept[0] !== undefined && unkept[0].number <= state.heard.number) unkept.shift();
  };
  const kill = (): void => {
    kills += 1;
    state = { ...(JSON.parse(disk) as AlarmsState), facts: null };
    for (const notice of unkept.slice()) decide({ ...notice, at: now });
  };
  const send = (): void => {
    for (const channel of dueOf(settings, state)) {
      const message = state.channelByName[channel]?.outbox;
      if (message === null || message === undefined) continue;
      const had = deliveries.some((each) => each.channel === channel && each.message.id === message.id);
      const wanted = moods.get(channel) ?? 'well';
      // Who took a message once does not refuse the same for good.
      const mood = had && wanted === 'refused' ? 'failed' : wanted;
      if (mood === 'well' || mood === 'lost') deliveries.push({ channel, message });
      // Delivered, and killed before that could be noted: once, or it would be for ever.
      if (mood === 'lost') {
        moods.set(channel, 'well');
        kill();
        return;
      }
      const outcome = mood === 'failed' || mood === 'refused' ? mood : 'delivered';
      decide({ kind: 'tried', at: now, wall: WALL + now, channel, id: message.id, outcome, why: mood });
    }
  };
  const pass = (seconds: number, given: NodeFacts | null): void => {
    for (let second = 0; second < seconds; second += 1) {
      now += 1000;
      const times = { at: now, wall: WALL + now };
      decide(given === null ? { kind: 'tick', ...times } : { kind: 'facts', ...times, facts: given });
      send();
    }
  };
  const act = (deed: Deed): void => {
    switch (deed.do) {
      case 'facts':
        return pass(deed.seconds, deed.facts);
      case 'quiet':
        return pass(deed.seconds, null);
      case 'channel':
        return void moods.set(deed.name, deed.mood);
      case 'kill':
        return kill();
      case 'notice': {
        number += 1;
        const notice = {
          kind: 'notice',
          at: now,
          wall: WALL + now,
          life: 1,
          number,
          level: 'alarm',
          code: deed.code,
          text: 'x',
        } as const;
        unkept.push(notice);
        return decide(notice);
      }
    }
  };
  for (const deed of all) act(deed);
  // Then all is well for long enough that everything is told.
  moods.clear();
  pass(2000, nodeFacts());
  return { state, deliveries, opened, kills };
};

const keyOf = ({ channel, message }: Delivery): string => `${channel} ${message.id}`;

/** Each message once: a repetition is allowed under the same id, and must say the same. */
const distinct = (deliveries: readonly Delivery[]): readonly Delivery[] => {
  const byKey = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const known = byKey.get(keyOf(delivery));
    if (known === undefined) byKey.set(keyOf(delivery), delivery);
    else assert.deepEqual(known.message, delivery.message, 'one id, two messages');
  }
  return [...byKey.values()];
};

test('whatever happens: no alarm is lost, none is told twice as new, an end only after its alarm', () => {
  fc.assert(
    fc.property(deeds, (all) => {
      const { state, deliveries, opened, kills } = simulate(all);
      assert.ok(deliveries.length - distinct(deliveries).length <= kills, 'repeated more often than it was killed');
      for (const channel of settings.channels) {
        const items = distinct(deliveries)
          .filter((each) => each.channel === channel)
          .flatMap(({ message }) => message.items);
        for (const [id, code] of opened) {
          if (code === 'channel-failing') continue;
          const whats = items.filter(({ alarm }) => alarm === id);
          const [first, ...later] = whats;
          assert.equal(first?.what, 'new', `${code} ${id} was not told by ${channel}, or not first`);
          assert.ok(
            later.every(({ what }) => what !== 'new'),
            `${code} ${id} told twice as new by ${channel}`,
          );
          const ends = whats.filter(({ endedWall }) => endedWall !== null);
          assert.ok(ends.length <= 1, `${code} ${id} ended twice`);
          assert.equal(ends.length === 1, whats.at(-1)?.endedWall !== null, `${code} ${id} was told after its end`);
        }
        for (const { alarm, code } of items) assert.ok(opened.has(alarm), `${code} was told and never open`);
      }
      assert.deepEqual(
        state.alarms.filter(({ kind }) => kind === 'condition'),
        [],
        'all is well, and something is open',
      );
      for (const channel of Object.values(state.channelByName)) {
        assert.deepEqual([channel.pending.length, channel.outbox], [0, null], 'something was not told');
      }
    }),
    { numRuns: 150 },
  );
});

test('every condition that opened and ended is told as ended to whoever was told', () => {
  fc.assert(
    fc.property(deeds, (all) => {
      const { deliveries } = simulate(all);
      for (const channel of settings.channels) {
        const items = distinct(deliveries)
          .filter((each) => each.channel === channel)
          .flatMap(({ message }) => message.items);
        const conditions = items.filter(({ code }) =>
          ['telephony-down', 'other-silent', 'journal-trouble'].includes(code),
        );
        for (const id of new Set(conditions.map(({ alarm }) => alarm)))
          assert.ok(
            items.some(({ alarm, endedWall }) => alarm === id && endedWall !== null),
            `nobody was told by ${channel} that ${id} is over`,
          );
      }
    }),
    { numRuns: 100 },
  );
});
