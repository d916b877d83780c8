/** The two state machines of a pairing: alone against whatever may come, and against each other over a connection that breaks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fail } from '../core/result.ts';
import {
  beginInvite,
  decideInvite,
  type InviteEffect,
  type InviteEvent,
  type InviteState,
  isOver,
  MOST_WRONG,
} from './invite.ts';
import { beginJoin, decideJoin, type JoinEffect, type JoinEvent, RESUME_MS } from './join.ts';
import type { Facts, Grant, InviterMessage, JoinerMessage, Offer } from './words.ts';

const facts: Facts = {
  kind: 'node',
  program: 'dualtone 1',
  name: 'b',
  address: '10.0.0.2',
  port: 4577,
  role: null,
  networks: ['10.0.0.2/24'],
  machine: 'm',
  wall: 0,
  pairedWith: null,
  serving: false,
};
const offer: Offer = { facts, as: 'standby', main: null, standby: null, shared: {}, replaces: false };
const grant: Grant = { pairKey: null, checkpointKeys: {}, nodeKeys: {} };
const trouble = fail('planted', 'A planted trouble.', 'None.').error;
const noObjection = () => null;
const LIFE_MS = 1000;

const node = { token: 'n', kind: 'node', as: 'standby' } as const;
const voter = { token: 'c', kind: 'checkpoint', as: 'cp1' } as const;

const connections = fc.integer({ min: 1, max: 4 });
const tokens = fc.constantFrom('n', 'c', 'x');
const joinerWords: fc.Arbitrary<Exclude<JoinerMessage, { type: 'hello' }>> = fc.constantFrom(
  { type: 'accept', facts },
  { type: 'applied' },
  { type: 'bye' },
  { type: 'refuse', fault: trouble },
);

/** Events in any order, as a hostile or broken other side could bring them about; the clock goes on by `step`. */
const anyEvent = fc.record({
  step: fc.integer({ min: 0, max: 400 }),
  event: fc.oneof(
    fc.record({
      type: fc.constant('hello' as const),
      connection: connections,
      pin: fc.constantFrom('p1', 'p2'),
      token: tokens,
      proved: fc.boolean(),
      resume: fc.boolean(),
    }),
    fc.record({ type: fc.constant('message' as const), connection: connections, message: joinerWords }),
    fc.record({ type: fc.constant('closed' as const), connection: connections }),
    fc.record({ type: fc.constant('kept' as const), token: tokens, fault: fc.constantFrom(null, null, trouble) }),
    fc.constant({ type: 'time' as const }),
  ),
});

interface Watch {
  /** Who proved which token on which connection, last. */
  readonly provedBy: Map<number, { pin: string; token: string }>;
  readonly granted: Map<string, string>;
  readonly applied: Map<string, number>;
}

const watchEffect = (watch: Watch, effect: InviteEffect, before: InviteState, now: number): void => {
  if (effect.type === 'offer' || effect.type === 'grant' || effect.type === 'resumed')
    assert.equal(watch.provedBy.get(effect.connection)?.token, effect.token, `${effect.type} to who proved nothing`);
  if (effect.type === 'offer') {
    assert.ok(now < before.until, 'an offer after the end of the token');
    assert.ok(before.wrong < MOST_WRONG && before.failed === null, 'an offer after too many wrong secrets');
  }
  if (effect.type === 'grant') watch.granted.set(effect.token, watch.provedBy.get(effect.connection)?.pin ?? '');
  if (effect.type === 'apply') watch.applied.set(effect.token, (watch.applied.get(effect.token) ?? 0) + 1);
};

test('whatever comes in whatever order: nobody gets keys without the secret, late, after guessing, or beside another', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (steps) => {
      const watch: Watch = { provedBy: new Map(), granted: new Map(), applied: new Map() };
      let now = 0;
      let state = beginInvite([node, voter], now, LIFE_MS);
      for (const { step, event: each } of steps) {
        now += step;
        const event = { ...each, now } as InviteEvent;
        if (event.type === 'hello' && event.proved && event.token !== 'x' && !watch.provedBy.has(event.connection))
          watch.provedBy.set(event.connection, { pin: event.pin, token: event.token });
        if (event.type === 'closed') watch.provedBy.delete(event.connection);
        const before = state;
        const decided = decideInvite(state, event, noObjection);
        state = decided.state;
        for (const effect of decided.effects) {
          watchEffect(watch, effect, before, now);
          if (effect.type === 'close') watch.provedBy.delete(effect.connection);
        }
        for (const guest of state.guests) {
          const { token, phase, pin } = guest;
          const hadKeys = phase === 'granted' || phase === 'applying' || phase === 'done' || phase === 'left';
          if (hadKeys && phase !== 'left') assert.equal(pin, watch.granted.get(token), 'keys went to another');
          if (hadKeys) assert.ok(watch.granted.has(token), 'done without keys');
        }
      }
      const [first] = state.guests;
      if (state.guests[1]?.phase === 'done') assert.ok(first?.phase === 'done' || first?.phase === 'left');
      // Left alone it ends: no token is good for ever.
      const late = decideInvite(state, { type: 'time', now: now + 1e9 }, noObjection).state;
      const isWriting = late.guests.some(({ phase }) => phase === 'applying');
      assert.equal(isOver(late, now + 1e9), !isWriting);
    }),
    { numRuns: 3000 },
  );
});

const say = (state: InviteState, event: InviteEvent) => decideInvite(state, event, noObjection);
const helloOf = (connection: number, pin: string, now: number, proved = true): InviteEvent => ({
  type: 'hello',
  connection,
  pin,
  token: 'n',
  proved,
  resume: false,
  now,
});
const refusalIn = (effects: readonly InviteEffect[]): string =>
  effects
    .map((each) => (each.type === 'send' && each.message.type === 'refuse' ? each.message.fault.code : ''))
    .join('');

test('two who join at once with one token: the first is served, the second is told so, and may when the first gives up', () => {
  const first = say(beginInvite([node], 0, LIFE_MS), helloOf(1, 'p1', 1));
  const second = say(first.state, helloOf(2, 'p2', 2));
  assert.equal(refusalIn(second.effects), 'pairing-token-in-use');
  const gone = say(second.state, { type: 'closed', connection: 1, now: 3 });
  assert.deepEqual(say(gone.state, helloOf(3, 'p2', 4)).effects, [{ type: 'offer', connection: 3, token: 'n' }]);
});

test('a token is refused when it is too old, used, or guessed; and after some guesses for everybody', () => {
  const fresh = beginInvite([node], 0, LIFE_MS);
  assert.equal(refusalIn(say(fresh, helloOf(1, 'p1', LIFE_MS)).effects), 'pairing-token-expired');
  let state = fresh;
  for (let at = 1; at <= MOST_WRONG; at += 1) {
    const guess = say(state, helloOf(at, `p${at}`, at, false));
    assert.equal(refusalIn(guess.effects), at === MOST_WRONG ? 'pairing-locked' : 'pairing-token-refused');
    state = guess.state;
  }
  assert.equal(refusalIn(say(state, helloOf(9, 'p9', 9)).effects), 'pairing-locked');
  assert.ok(isOver(state, 10));
  const steps: readonly InviteEvent[] = [
    helloOf(1, 'p1', 1),
    { type: 'message', connection: 1, message: { type: 'accept', facts }, now: 2 },
    { type: 'message', connection: 1, message: { type: 'applied' }, now: 3 },
    { type: 'kept', token: 'n', fault: null, now: 4 },
    { type: 'message', connection: 1, message: { type: 'bye' }, now: 5 },
  ];
  const used = steps.reduce((at, step) => say(at, step).state, fresh);
  assert.ok(isOver(used, 6));
  assert.equal(refusalIn(say(used, helloOf(2, 'p1', 7)).effects), 'pairing-token-used');
});

/** What may go wrong at each turn of the two against each other. */
const turn = fc.constantFrom('go', 'go', 'go', 'go', 'cut', 'wait', 'long-wait');

/** Two machines in one world: messages in flight, files written or not, a connection that breaks when it likes. */
const runBoth = (turns: readonly string[], inviterFails: boolean, joinerFails: boolean) => {
  let now = 0;
  let host = beginInvite([node], now, LIFE_MS * 60);
  let guest = beginJoin();
  let line: number | null = null;
  let lines = 0;
  const toHost: JoinerMessage[] = [];
  const toGuest: InviterMessage[] = [];
  const joiner = { files: false, ended: false, fault: false, connects: 0 };
  const inviter = { files: false };
  const todo: (() => void)[] = [];
  const doGuest = (effect: JoinEffect): void => {
    if (effect.type === 'connect') joiner.connects += 1;
    if (effect.type === 'hello') toHost.push({ type: 'hello', token: 'n', proof: '', resume: effect.resume });
    if (effect.type === 'accept') toHost.push({ type: 'accept', facts });
    if (effect.type === 'send') toHost.push(effect.message);
    if (effect.type === 'decide') todo.push(() => tellGuest({ type: 'decided', fault: null, now }));
    if (effect.type === 'apply')
      todo.push(() => {
        joiner.files = !joinerFails;
        tellGuest({ type: 'kept', fault: joinerFails ? trouble : null, now });
      });
    if (effect.type === 'rollback') joiner.files = false;
    if (effect.type === 'end') Object.assign(joiner, { ended: true, fault: effect.fault !== null });
  };
  const doHost = (effect: InviteEffect): void => {
    if (effect.type === 'apply')
      todo.push(() => {
        inviter.files = !inviterFails;
        tellHost({ type: 'kept', token: 'n', fault: inviterFails ? trouble : null, now });
      });
    if (!('connection' in effect) || effect.connection !== line) return;
    if (effect.type === 'offer') toGuest.push({ type: 'offer', proof: '', offer });
    if (effect.type === 'resumed') toGuest.push({ type: 'resumed', proof: '' });
    if (effect.type === 'grant') toGuest.push({ type: 'grant', grant });
    if (effect.type === 'send') toGuest.push(effect.message);
  };
  const tellGuest = (event: JoinEvent): void => {
    guest = decideJoin(guest.state, event);
    for (const effect of guest.effects) doGuest(effect);
  };
  const tellHost = (event: InviteEvent): void => {
    const decided = decideInvite(host, event, noObjection);
    host = decided.state;
    for (const effect of decided.effects) doHost(effect);
  };
  const cut = (): void => {
    if (line === null) return;
    tellHost({ type: 'closed', connection: line, now });
    line = null;
    toHost.length = 0;
    toGuest.length = 0;
    tellGuest({ type: 'closed', why: 'cut', now });
  };
  const go = (): void => {
    const work = todo.shift();
    if (work !== undefined) return work();
    if (joiner.connects > 0 && line === null) {
      joiner.connects = 0;
      lines += 1;
      line = lines;
      return tellGuest({ type: 'connected', now });
    }
    const forHost = toHost.shift();
    if (forHost !== undefined && line !== null) {
      const { resume } = forHost.type === 'hello' ? forHost : { resume: false };
      if (forHost.type === 'hello')
        return tellHost({ type: 'hello', connection: line, pin: 'p1', token: 'n', proved: true, resume, now });
      return tellHost({ type: 'message', connection: line, message: forHost, now });
    }
    const forGuest = toGuest.shift();
    if (forGuest !== undefined) tellGuest({ type: 'message', message: forGuest, proved: true, now });
  };
  for (const effect of guest.effects) doGuest(effect);
  for (const what of [...turns, ...Array.from({ length: 40 }, () => 'go')]) {
    now += what === 'wait' ? 1000 : what === 'long-wait' ? RESUME_MS : 10;
    if (what === 'cut') cut();
    else if (what === 'go') go();
    tellGuest({ type: 'time', now });
    tellHost({ type: 'time', now });
  }
  return { joiner, inviter };
};

test('over a connection that breaks anywhere both end: the joining one has its files only if the other has them too', () => {
  let paired = 0;
  fc.assert(
    fc.property(
      fc.array(turn, { maxLength: 40 }),
      fc.constantFrom(false, false, true),
      fc.constantFrom(false, false, true),
      (turns, a, b) => {
        const { joiner, inviter } = runBoth(turns, a, b);
        assert.ok(joiner.ended, 'the joining machine does not end');
        assert.equal(joiner.files, !joiner.fault, 'it says one thing and has another');
        if (joiner.files) assert.ok(inviter.files, 'half a pair');
        if (joiner.files) paired += 1;
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(paired > 300, `only ${paired} became a pair: the test looks at nothing`);
});
