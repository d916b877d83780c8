import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmSettings, checkpointFacts, nodeFacts, WALL } from '../testing/facts.ts';
import { life } from '../testing/life.ts';
import { decideAlarms } from './decide.ts';
import { textOf } from './text.ts';
import { emptyAlarms } from './words.ts';

const told = (items: ReturnType<ReturnType<typeof life>['items']>): readonly string[] =>
  items.map(({ what, code, endedWall }) => `${what} ${code}${endedWall === null ? '' : ' ended'}`);

const DOWN = nodeFacts({ server: 'this', telephony: { verdict: 'down', reason: 'asterisk: process is gone' } });

test('while all is well nobody hears anything', () => {
  const it = life();
  it.pass(7200, nodeFacts());
  assert.deepEqual(it.sent, []);
});

test('what opens is told after the window, again while it stays, and once when it is over', () => {
  const it = life();
  it.pass(5, nodeFacts({ server: 'this' }));
  it.pass(9, DOWN);
  assert.equal(it.sent.length, 0, 'told within the window');
  it.pass(3, DOWN);
  assert.deepEqual(told(it.items()), ['new telephony-down']);
  it.pass(3700, DOWN);
  assert.deepEqual(told(it.items()), ['new telephony-down', 'again telephony-down']);
  it.pass(29, nodeFacts({ server: 'this' }));
  assert.equal(it.items().length, 2, 'over too early');
  it.pass(15, nodeFacts({ server: 'this' }));
  assert.deepEqual(told(it.items()).at(-1), 'over telephony-down ended');
  it.pass(7200, nodeFacts({ server: 'this' }));
  assert.equal(it.items().length, 3);
});

test('what comes back within the settling was never gone', () => {
  const it = life();
  it.pass(2, nodeFacts({ server: 'this' }));
  for (let round = 0; round < 20; round += 1) {
    it.pass(5, DOWN);
    it.pass(20, nodeFacts({ server: 'this' }));
  }
  assert.deepEqual(told(it.items()), ['new telephony-down']);
  assert.equal(it.state().alarms[0]?.count, 20);
});

test('what began and ended while it waited is told in one message, with its end', () => {
  const slow = alarmSettings({ rules: alarmSettings().rules.map((rule) => ({ ...rule, groupMs: 120_000 })) });
  const it = life(slow);
  it.pass(2, nodeFacts({ server: 'this' }));
  it.pass(3, DOWN);
  it.pass(200, nodeFacts({ server: 'this' }));
  assert.deepEqual(told(it.items()), ['new telephony-down ended']);
});

test('many events of one kind within a window make one message, and their number is told', () => {
  const it = life();
  it.pass(2, nodeFacts());
  for (let count = 0; count < 500; count += 1)
    it.notice('alarm', 'gate-failed', 'The kernel gate refused the order "arm".');
  it.pass(15, nodeFacts());
  assert.deepEqual(told(it.items()), ['new gate-failed']);
  it.pass(700, nodeFacts());
  assert.deepEqual(told(it.items()), ['new gate-failed', 'again gate-failed']);
  assert.equal(it.items()[1]?.count, 500);
});

test('notices of one code that say different things are told apart', () => {
  const it = life();
  it.pass(2, nodeFacts());
  it.notice('warning', 'preflight', '/etc/a of the configuration is not there.');
  it.notice('warning', 'preflight', '/etc/b of the configuration is not there.');
  it.notice('warning', 'agent-late', 'The agent came 120 ms late.');
  it.notice('warning', 'agent-late', 'The agent came 340 ms late.');
  it.pass(15, nodeFacts());
  assert.equal(it.sent.length, 1);
  assert.deepEqual(told(it.items()), ['new preflight', 'new preflight', 'new agent-late']);
});

test('a takeover is told, a switchover that was ordered is no alarm', () => {
  const it = life();
  it.pass(5, nodeFacts());
  it.pass(20, nodeFacts({ server: 'this', epoch: 3, came: 'taken', otherHeardMsAgo: 900, takesOver: false }));
  assert.deepEqual(
    it.items().map(({ code, severity }) => [code, severity]),
    [['service-taken-over', 'alarm']],
  );
  it.pass(2, nodeFacts({ epoch: 4 }));
  it.pass(20, nodeFacts({ server: 'this', epoch: 5, came: 'handed-over', ordered: true }));
  assert.deepEqual([it.items()[1]?.code, it.items()[1]?.severity], ['service-moved', 'info']);
});

test('what was there before the first word is no news, and neither is a restart of the agent', () => {
  const it = life();
  it.pass(60, nodeFacts({ server: 'this', epoch: 3 }));
  it.pass(1, nodeFacts({ server: 'nobody', epoch: 0 }));
  it.pass(60, nodeFacts({ server: 'this', epoch: 3 }));
  assert.deepEqual(it.sent, []);
});

test('the standby alarms when the agent of the main is silent', () => {
  const it = life();
  it.pass(5, nodeFacts());
  it.pass(15, nodeFacts({ server: 'nobody', otherHeardMsAgo: 31_000, otherRelayedMsAgo: null }));
  assert.ok(it.items().some(({ code, severity }) => code === 'other-silent' && severity === 'alarm'));
});

test('a checkpoint that still hears it makes a warning of it', () => {
  const it = life();
  it.pass(20, nodeFacts({ otherHeardMsAgo: 31_000, otherRelayedMsAgo: 40 }));
  assert.deepEqual(
    it.items().map(({ code, severity }) => [code, severity]),
    [['other-unheard', 'warning']],
  );
});

test('a checkpoint alarms when both are silent, and not for one of them', () => {
  const it = life();
  it.pass(60, checkpointFacts({ heardMsAgo: { main: 90_000, standby: 40 } }));
  assert.deepEqual(it.sent, []);
  it.pass(15, checkpointFacts({ heardMsAgo: { main: 150_000, standby: 31_000 } }));
  assert.deepEqual(told(it.items()), ['new both-silent']);
  it.pass(60, checkpointFacts());
  assert.deepEqual(told(it.items()).at(-1), 'over both-silent ended');
});

test('an agent that hangs is told by the process beside it', () => {
  const it = life();
  it.pass(5, nodeFacts());
  it.pass(14, null);
  assert.deepEqual(it.state().alarms, []);
  it.pass(20, null);
  assert.deepEqual(told(it.items()), ['new agent-stalled']);
  assert.equal(it.sent[0]?.message.situation?.who, 'last known: pbx1 (main) serves');
  it.pass(60, nodeFacts());
  assert.deepEqual(told(it.items()).at(-1), 'over agent-stalled ended');
});

test('a standby that is not ready is told by the node that serves, once and under one name', () => {
  const it = life();
  const readiness = {
    state: 'not-ready',
    text: 'not ready',
    reasons: ['asterisk-runs on pbx1: it is stopped'],
  } as const;
  it.pass(120, nodeFacts({ readiness }));
  assert.deepEqual(it.sent, [], 'the passive node told it');
  it.pass(120, nodeFacts({ server: 'this', readiness }));
  assert.deepEqual(told(it.items().filter(({ code }) => !code.startsWith('service'))), ['new not-ready']);
  const both = life();
  both.pass(
    120,
    nodeFacts({
      server: 'this',
      readiness,
      takesOver: false,
      missing: [{ rule: 'rival-unfit', text: 'the main is not well' }],
    }),
  );
  assert.deepEqual(told(both.items()), ['new alone']);
});

test('in a maintenance nobody is woken; what lasts over its end is told', () => {
  const it = life();
  const work = { maintenance: true, server: 'nobody', epoch: 0 } as const;
  it.pass(3600, nodeFacts({ ...work, telephony: { verdict: 'down', reason: 'stopped' } }));
  assert.deepEqual(it.sent, []);
  it.pass(20, nodeFacts({ server: 'this', telephony: { verdict: 'down', reason: 'stopped' } }));
  assert.deepEqual(told(it.items()), ['new service-taken-over', 'new telephony-down']);
  it.pass(10, nodeFacts({ ...work, halted: 'a law' }));
  it.pass(20, nodeFacts({ ...work, halted: 'a law' }));
  assert.ok(
    it.items().some(({ code }) => code === 'halted'),
    'what must never be is told always',
  );
});

test('what grows graver is told at once', () => {
  const it = life();
  it.pass(30, nodeFacts({ telephony: { verdict: 'down', reason: 'x' } }));
  assert.deepEqual(
    it.items().map(({ severity }) => severity),
    ['warning'],
  );
  it.pass(15, DOWN);
  assert.deepEqual(
    it
      .items()
      .filter(({ code }) => code === 'telephony-down')
      .map(({ what, severity }) => `${what} ${severity}`),
    ['new warning', 'again alarm'],
  );
});

test('while a channel fails all waits, and is one message when it works again; the others say that it fails', () => {
  const settings = alarmSettings({ channels: ['mail', 'hook'] });
  const it = life(settings);
  it.pass(2, nodeFacts({ server: 'this' }));
  it.fails.set('mail', 'failed');
  it.pass(120, DOWN);
  it.notice('alarm', 'gate-failed', 'The kernel gate refused the order "arm".');
  it.pass(3600, DOWN);
  it.pass(60, nodeFacts({ server: 'this' }));
  assert.deepEqual(it.items('mail'), []);
  assert.ok(it.items('hook').some(({ code, object }) => code === 'channel-failing' && object === 'mail'));
  it.fails.clear();
  it.pass(700, nodeFacts({ server: 'this' }));
  const mails = it.sent.filter(({ channel }) => channel === 'mail');
  assert.equal(mails.length, 2, 'the one that waited, and one with all the rest');
  assert.deepEqual(told(it.items('mail')).toSorted(), [
    'new gate-failed',
    'new telephony-down',
    'over telephony-down ended',
  ]);
  assert.ok(!it.items('mail').some(({ code }) => code === 'channel-failing'), 'a channel tells of its own failure');
});

test('a message that is refused comes again in other words', () => {
  const it = life();
  it.pass(2, nodeFacts({ server: 'this' }));
  it.fails.set('mail', 'refused');
  it.pass(30, DOWN);
  const [first] = it.state().channelByName['mail']?.pending ?? [];
  assert.equal(first?.what, 'new');
  it.pass(60, nodeFacts({ server: 'this' }));
  it.fails.clear();
  it.pass(700, nodeFacts({ server: 'this' }));
  assert.deepEqual(told(it.items()), ['new telephony-down ended']);
});

test('many messages within an hour come further apart, and nothing is lost', () => {
  const it = life();
  it.pass(2, nodeFacts());
  for (let count = 0; count < 60; count += 1) {
    it.notice('alarm', `odd-${count}`, `Something odd happened.`);
    it.pass(30, nodeFacts());
  }
  it.pass(600, nodeFacts());
  assert.ok(it.sent.length <= 26, `${it.sent.length} messages in half an hour`);
  assert.equal(it.items().length, 60);
});

test('the first rule that fits decides; an empty list silences', () => {
  const [rule] = alarmSettings().rules;
  assert.ok(rule !== undefined);
  const settings = alarmSettings({
    channels: ['mail', 'hook'],
    rules: [
      { ...rule, codes: ['gate-*'], channels: [] },
      { ...rule, severities: ['alarm'], channels: ['mail'], recovery: false },
    ],
  });
  const it = life(settings);
  it.pass(2, nodeFacts({ server: 'this' }));
  it.notice('alarm', 'gate-failed', 'The kernel gate refused the order "arm".');
  it.notice('warning', 'agent-late', 'Late.');
  it.pass(20, DOWN);
  it.pass(60, nodeFacts({ server: 'this' }));
  assert.deepEqual(
    it.sent.map(({ channel }) => channel),
    ['mail'],
  );
  assert.deepEqual(told(it.items()), ['new telephony-down']);
});

test('the subject says what happened, who serves, since when, how many calls; the body what to do', () => {
  const it = life();
  it.pass(5, nodeFacts());
  const taken = {
    server: 'this',
    epoch: 3,
    servesSince: WALL + 6000,
    calls: 7,
    missing: [{ rule: 'rival-silent', text: 'the main is silent' }],
  } as const;
  it.pass(15, nodeFacts({ ...taken, takesOver: false, otherHeardMsAgo: 900 }));
  const message = it.sent[0]?.message;
  assert.ok(message !== undefined);
  const { subject, body } = textOf(message, { site: 'Hotel', language: 'en', timeZone: 'UTC' });
  assert.equal(
    subject,
    'ALARM Hotel: pbx2 (standby) took over: pbx1 fell silent or did not serve | pbx2 (standby) serves since 02:00:06, 7 calls',
  );
  assert.match(body, /^ALARM {2}pbx2 \(standby\) took over/);
  assert.match(body, /Do: {3}Phones find pbx2 by themselves\. See power and network of pbx1/);
  assert.match(body, /pbx1 \(main\) could NOT take over now: the main is silent$/m);
  assert.match(body, /2026-11-21 02:00:\d\d, from pbx2 \(standby\); message t-1\./);
});

test('what a notice carries cannot end a line of the subject', () => {
  const it = life();
  it.pass(2, nodeFacts());
  it.notice('alarm', 'odd', 'evil\r\nBcc: everyone@example.org\u2028x');
  it.pass(15, nodeFacts());
  const message = it.sent[0]?.message;
  assert.ok(message !== undefined);
  const { subject } = textOf(message, { site: 'a\nb', language: 'en', timeZone: 'UTC' });
  assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(subject), JSON.stringify(subject));
});

test('a notice that comes again after a death counts once', () => {
  const at = { at: 1000, wall: WALL };
  const notice = { kind: 'notice', ...at, life: 7, number: 3, level: 'alarm', code: 'gate-failed', text: 'x' } as const;
  const once = decideAlarms(alarmSettings(), emptyAlarms('t'), notice);
  assert.equal(decideAlarms(alarmSettings(), once, notice).alarms[0]?.count, 1);
  assert.equal(decideAlarms(alarmSettings(), once, { ...notice, number: 4 }).alarms[0]?.count, 2);
  assert.equal(decideAlarms(alarmSettings(), once, { ...notice, life: 8, number: 1 }).alarms[0]?.count, 2);
});

test('after a restart nothing counts as over before the agent has spoken', () => {
  const it = life();
  it.pass(2, nodeFacts({ server: 'this' }));
  it.pass(20, DOWN);
  const next = { ...it.state(), facts: null };
  const later = decideAlarms(alarmSettings(), next, { kind: 'tick', at: 1e6, wall: WALL });
  assert.deepEqual(
    decideAlarms(alarmSettings(), later, { kind: 'tick', at: 2e6, wall: WALL }).alarms.map(({ phase }) => phase),
    ['open'],
  );
});

test('the outcome of a message that is not on its way any more changes nothing', () => {
  const it = life();
  it.pass(2, nodeFacts());
  const late = { kind: 'tried', channel: 'mail', id: 't-99', outcome: 'failed', why: 'late' } as const;
  const after = decideAlarms(alarmSettings(), it.state(), { ...late, at: 3000, wall: WALL });
  assert.equal(after.channelByName, it.state().channelByName);
});
