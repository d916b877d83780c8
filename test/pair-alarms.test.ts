/** What the two nodes of a pair tell people, with the real core and the real reducer of alarms, in simulated time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTermWatch, nodeFactsOf } from '../src/agent/beside/alarm-facts.ts';
import { createFakePair } from '../src/agent/testing/pair.ts';
import { createTime } from '../src/agent/testing/time.ts';
import { decideAlarms, dueOf } from '../src/alarms/core/decide.ts';
import { textOf } from '../src/alarms/core/text.ts';
import { type AlarmEvent, type AlarmSettings, type AlarmsState, emptyAlarms } from '../src/alarms/core/words.ts';
import type { Command } from '../src/core/event.ts';
import type { Role } from '../src/core/words.ts';

const settings: AlarmSettings = {
  language: 'en',
  channels: ['mail'],
  rules: [
    {
      severities: ['info', 'warning', 'alarm'],
      codes: ['*'],
      channels: ['mail'],
      groupMs: 300,
      repeatMs: null,
      recovery: true,
    },
  ],
  silentMs: 2000,
  settleMs: 500,
};

const LOOK_MS = 250;

/** A pair whose two agents have their processes of alarms; `told` is what arrived since it was asked last. */
const createToldPair = () => {
  const time = createTime();
  const pair = createFakePair(time);
  const stateByRole: Record<Role, AlarmsState> = { main: emptyAlarms('m'), standby: emptyAlarms('s') };
  let subjects: string[] = [];
  const give = (role: Role, event: AlarmEvent): void => {
    stateByRole[role] = decideAlarms(settings, stateByRole[role], event);
    for (const channel of dueOf(settings, stateByRole[role])) {
      const message = stateByRole[role].channelByName[channel]?.outbox;
      if (message === null || message === undefined) continue;
      const { subject } = textOf(message, { site: 'Lab', language: 'en', timeZone: 'UTC' });
      const codes = message.items.map(({ code, what }) => `${what} ${code}`).join(', ');
      subjects.push(`${role}: ${codes}: ${subject}`);
      give(role, {
        kind: 'tried',
        at: event.at,
        wall: event.wall,
        channel,
        id: message.id,
        outcome: 'delivered',
        why: '',
      });
    }
  };
  const watchByRole = { main: createTermWatch(), standby: createTermWatch() };
  const start = async (role: Role): Promise<void> => {
    const node = await pair.start(role);
    watchByRole[role] = createTermWatch();
    node.agent.onChange(() => watchByRole[role].see(node.agent.state()));
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += LOOK_MS) {
      await pair.pass(LOOK_MS);
      for (const role of ['main', 'standby'] as const) {
        const agent = pair.nodeByRole[role]?.agent;
        if (agent === undefined) continue;
        const facts = nodeFactsOf(agent.snapshot(), agent.state(), watchByRole[role].came());
        give(role, { kind: 'facts', at: time.clock.now(), wall: time.clock.wall(), facts });
      }
    }
  };
  return {
    pair,
    start,
    pass,
    told: (): readonly string[] => {
      const all = subjects;
      subjects = [];
      return all;
    },
    order: async (role: Role, command: Command): Promise<void> => {
      const agent = pair.nodeByRole[role]?.agent;
      const request = { id: '1', type: 'command', by: 'test', validMs: 5000, epoch: null, command } as const;
      const answered = agent?.command(request);
      await pass(2000);
      const answer = await answered;
      assert.ok(answer?.ok, answer?.text);
    },
  };
};

const bothUp = async () => {
  const it = createToldPair();
  await it.start('main');
  await it.start('standby');
  await it.pass(4000);
  it.told();
  return it;
};

test('a pair in good health tells nothing', async () => {
  const it = await bothUp();
  await it.pass(8000);
  assert.deepEqual(it.told(), []);
});

test('the main dies: the standby tells of the takeover and of its silence; when it is back, of that', async () => {
  const it = await bothUp();
  it.pair.kill('main');
  await it.pass(5000);
  const told = it.told();
  assert.deepEqual(
    told.map((each) => each.split(': ', 2).join(': ')),
    ['standby: new service-taken-over', 'standby: new other-silent'],
  );
  assert.match(
    told[0] ?? '',
    /ALARM Lab: pbx2 \(standby\) took over: pbx1 fell silent or did not serve \| pbx2 \(standby\) serves since \d\d:\d\d:\d\d/,
  );
  assert.match(told[1] ?? '', /ALARM Lab: pbx1 \(main\) is silent, nobody could take over from pbx2 \|/);
  await it.start('main');
  await it.pass(4000);
  assert.deepEqual(
    it.told().map((each) => each.split(': ', 2).join(': ')),
    ['standby: over other-silent'],
  );
});

test('what a person orders is told as information by who serves then, and wakes nobody', async () => {
  const it = await bothUp();
  await it.order('main', { name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  await it.pass(3000);
  assert.match(
    it.told().join('\n'),
    /^standby: new service-moved: INFO Lab: service was moved to pbx2 \(standby\) as ordered \|[^\n]*$/,
  );
  await it.order('standby', { name: 'failback', whenIdle: false, maxWaitMs: 0 });
  await it.pass(3000);
  assert.match(it.told().join('\n'), /^main: new service-moved: INFO Lab: [^\n]*$/);
});

test('manual mode and a stop by a person wake nobody', async () => {
  const it = await bothUp();
  await it.order('main', { name: 'mode', mode: 'manual' });
  await it.order('main', { name: 'stop' });
  await it.pass(9000);
  assert.deepEqual(it.told(), []);
});

test('the main is cut off: it tells, if it can, that nobody serves as far as it knows; the standby that it took over', async () => {
  const it = await bothUp();
  it.pair.cut.add('main');
  await it.pass(9000);
  const told = it.told();
  assert.ok(
    told.some((each) => each.startsWith('standby: new service-taken-over')),
    told.join('\n'),
  );
  assert.ok(
    told.some((each) => /^main: [^:]*new nobody-serves/.test(each)),
    told.join('\n'),
  );
  it.pair.cut.clear();
  await it.pass(5000);
  const after = it.told();
  assert.ok(
    after.some((each) => /^main: [^:]*over nobody-serves/.test(each)),
    after.join('\n'),
  );
});
