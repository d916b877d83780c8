import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { buildRequest, buildResponse } from './build.ts';
import { type ReceivedResponse, type SipRequest, serialize } from './message.ts';
import { parseMessage } from './parse.ts';
import { createTransactions, type Transactions } from './transactions.ts';

const requestOf = (method: string): SipRequest =>
  buildRequest({
    method,
    uri: 'sip:a@192.0.2.2',
    via: { transport: 'UDP', host: '192.0.2.1', port: 5060 },
    from: '<sip:b@192.0.2.1>;tag=1',
    to: '<sip:a@192.0.2.2>',
    callId: 'c',
    sequence: 1,
  });

function responseTo(request: SipRequest, status: number): ReceivedResponse {
  const received = parseMessage(serialize(request));
  assert.ok(received.ok && received.value.kind === 'request');
  const response = parseMessage(serialize(buildResponse(received.value, { status, reason: 'x', toTag: 't' })));
  assert.ok(response.ok && response.value.kind === 'response');
  return response.value;
}

interface Bench {
  readonly transactions: Transactions;
  /** What was sent, as method and moment. */
  readonly sent: string[];
  /** Lets time pass in steps of 10 ms. */
  readonly pass: (ms: number) => void;
}

function bench(t: TestContext, reliable = false): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const sent: string[] = [];
  const transactions = createTransactions({
    reliable,
    send: (bytes) => sent.push(`${bytes.toString().split(' ')[0]} ${nowMs}`),
  });
  const pass = (ms: number): void => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += 10;
      t.mock.timers.tick(10);
    }
  };
  return { transactions, sent, pass };
}

const moments = (sent: readonly string[]): readonly number[] => sent.map((one) => Number(one.split(' ')[1]));

describe('client transactions', () => {
  it('repeat INVITE with doubling pauses until something is heard', async (t) => {
    const { transactions, sent, pass } = bench(t);
    const invite = requestOf('INVITE');
    const result = transactions.request(invite, { timeoutMs: 32_000 });
    pass(8000);
    assert.deepEqual(moments(sent), [0, 500, 1500, 3500, 7500]);
    transactions.receive(responseTo(invite, 180));
    pass(20_000);
    assert.equal(sent.length, 5);
    transactions.receive(responseTo(invite, 200));
    const final = await result;
    assert.ok(final.ok && final.value.status === 200);
    assert.equal(transactions.size(), 0);
  });

  it('repeat others with pauses up to T2, and end at the deadline', async (t) => {
    const { transactions, sent, pass } = bench(t);
    const result = transactions.request(requestOf('OPTIONS'), { timeoutMs: 32_000 });
    pass(32_000);
    assert.deepEqual(moments(sent), [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    const final = await result;
    assert.equal(final.ok ? '' : final.error.code, 'sip-timeout');
    pass(10_000);
    assert.equal(sent.length, 11);
  });

  it('repeat nothing over TCP', async (t) => {
    const { transactions, sent, pass } = bench(t, true);
    const result = transactions.request(requestOf('OPTIONS'), { timeoutMs: 5000 });
    pass(5000);
    assert.equal(sent.length, 1);
    assert.equal((await result).ok, false);
  });

  it('acknowledge a refused INVITE, again for each repetition of the refusal', async (t) => {
    const { transactions, sent } = bench(t);
    const invite = requestOf('INVITE');
    const result = transactions.request(invite, { timeoutMs: 32_000 });
    assert.equal(transactions.receive(responseTo(invite, 486)), true);
    assert.equal(transactions.receive(responseTo(invite, 486)), true);
    assert.deepEqual(sent, ['INVITE 0', 'ACK 0', 'ACK 0']);
    assert.ok((await result).ok);
  });

  it('tell apart two requests, and what belongs to none', async (t) => {
    const { transactions } = bench(t);
    const [first, second] = [requestOf('OPTIONS'), requestOf('OPTIONS')];
    const results = [first, second].map((request) => transactions.request(request, { timeoutMs: 32_000 }));
    transactions.receive(responseTo(second, 202));
    transactions.receive(responseTo(first, 201));
    const statuses = (await Promise.all(results)).map((result) => (result.ok ? result.value.status : 0));
    assert.deepEqual(statuses, [201, 202]);
    assert.equal(transactions.receive(responseTo(first, 200)), false);
    assert.equal(transactions.receive(responseTo(requestOf('OPTIONS'), 200)), false);
  });

  it('end together when the transport is gone', async (t) => {
    const { transactions, sent, pass } = bench(t);
    const results = ['OPTIONS', 'INVITE'].map((method) => transactions.request(requestOf(method), { timeoutMs: 9000 }));
    transactions.failAll({ code: 'sip-refused', message: 'x', remedy: 'y' });
    const codes = (await Promise.all(results)).map((result) => (result.ok ? '' : result.error.code));
    assert.deepEqual(codes, ['sip-refused', 'sip-refused']);
    pass(9000);
    assert.equal(sent.length, 2);
  });
});
