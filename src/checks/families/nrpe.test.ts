import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { encodeAnswer } from '../../nrpe/packet.ts';
import { configWith, find, told } from '../testing/around.ts';
import { nrpeChecks } from './nrpe.ts';

/** Answers questions with these codes, the last of them for ever. */
const daemon = async (t: TestContext, address: string, ...codes: readonly number[]): Promise<number> => {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.end(encodeAnswer(4, codes[Math.min(asked, codes.length - 1)] ?? 3, 'words'));
      asked += 1;
    });
  }).listen(0, address);
  await once(server, 'listening');
  t.after(() => server.close());
  const place = server.address();
  return typeof place === 'object' && place !== null ? place.port : 0;
};

test('nrpe-checkpoints-tell: each is asked for real, and who says nothing is named with what follows', async (t) => {
  const say = async (...at: readonly (readonly [string, number])[]): Promise<string> => {
    const listed = at.map(
      ([address, port], index) =>
        `{ kind: nrpe, name: c${index + 1}, address: ${address}, nrpe: { port: ${port}, command: check_main, tls: { kind: off } } }`,
    );
    const config = configWith(`preset: remsys\narbiter: { kind: checkpoints, checkpoints: [${listed.join(', ')}] }\n`);
    return told(await find(nrpeChecks, 'nrpe-checkpoints-tell', { config }));
  };
  assert.match(told(await find(nrpeChecks, 'nrpe-checkpoints-tell')), /^not-applicable/);
  const well = ['127.0.0.3', await daemon(t, '127.0.0.3', 0)] as const;
  const down = ['127.0.0.4', await daemon(t, '127.0.0.4', 2)] as const;
  const odd = ['127.0.0.5', await daemon(t, '127.0.0.5', 3)] as const;
  assert.equal(await say(well, down), 'pass: c1 reaches it, c2 does not reach it');
  assert.match(
    await say(well, down, odd),
    /^fail: 2 tell, 3 are needed: nothing would be taken over\. The checkpoint c3 could not/,
  );
});

test('nrpe-checkpoints-tell: a control that fails while the main is reached is told before it matters', async (t) => {
  const say = async (address: string, ...codes: readonly number[]): Promise<string> => {
    const port = await daemon(t, address, ...codes);
    const nrpe = `{ port: ${port}, command: check_main, control: check_gateway, tls: { kind: off } }`;
    const listed = `{ kind: nrpe, name: c1, address: ${address}, nrpe: ${nrpe} }`;
    const config = configWith(`preset: remsys\narbiter: { kind: checkpoints, checkpoints: [${listed}] }\n`);
    return told(await find(nrpeChecks, 'nrpe-checkpoints-tell', { config }));
  };
  assert.equal(await say('127.0.0.6', 0, 0), 'pass: c1 reaches it');
  assert.match(
    await say('127.0.0.7', 0, 3),
    /^fail: 0 tell, 1 are needed: nothing would be taken over\. The control of c1 fails/,
  );
});
