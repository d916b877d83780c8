import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { need } from './fake-pbx.ts';
import { openUdp } from './udp.ts';
import { createVoices, type Voice, type VoiceTime } from './voice.ts';

/** Packets come when they come: what is waited for, and the test's own limit ends it. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(1);
};

/** Time that passes when the test says so; packets are real. */
const testTime = () => {
  let atMs = 1000;
  let tick = (): void => undefined;
  const paces: number[] = [];
  const time: VoiceTime = {
    nowMs: () => atMs,
    startTicker: (everyMs, onTick) => {
      paces.push(everyMs);
      tick = () => onTick(0);
      return { stop: () => undefined };
    },
  };
  const pass = (ms: number): void => {
    atMs += ms;
  };
  return { time, paces, pass, tick: () => tick() };
};

async function pairOf(t: TestContext, time?: VoiceTime): Promise<readonly [Voice, Voice]> {
  const voices = createVoices('127.0.0.1', time);
  t.after(voices.close);
  return [need(await voices.open()), need(await voices.open())];
}

describe('a voice', () => {
  it('is heard each 20 ms, and missed when it stops', { timeout: 120_000 }, async (t) => {
    const { time, paces, pass, tick } = testTime();
    const [first, second] = await pairOf(t, time);
    first.talkTo(second.place);
    second.talkTo(first.place);
    for (let packet = 1; packet <= 20; packet += 1) {
      pass(20);
      tick();
      await until(() => first.report().received === packet && second.report().received === packet);
    }
    assert.deepEqual(paces, [20], 'one ticker for all');
    const heard = { sent: 20, received: 20, missing: 0, longestPauseMs: 20, dropouts: [] };
    assert.deepEqual([first.report(), second.report()], [heard, heard]);
    first.close();
    pass(200);
    assert.deepEqual(second.report().dropouts, [], 'a person hears no hole yet');
    pass(150);
    assert.deepEqual(second.report().dropouts, [{ fromMs: 1400, toMs: undefined }]);
    assert.equal(second.report().longestPauseMs, 350);
    assert.equal(first.report().longestPauseMs, 20, 'it has hung up, and misses nothing');
  });

  it('counts a hole that ends, and a call in which nothing ever came as one long dropout', {
    timeout: 120_000,
  }, async (t) => {
    const { time, pass, tick } = testTime();
    const [first, second] = await pairOf(t, time);
    first.talkTo(second.place);
    pass(300);
    assert.deepEqual([first.report().received, first.report().dropouts], [0, [{ fromMs: 1000, toMs: undefined }]]);
    second.talkTo(first.place);
    tick();
    await until(() => first.report().received === 1);
    assert.deepEqual(first.report().dropouts, [{ fromMs: 1000, toMs: 1300 }]);
  });

  it('is RTP with proper numbers and times, and counts what is missing', { timeout: 120_000 }, async (t) => {
    const [voice] = await pairOf(t);
    const socket = need(await openUdp('127.0.0.1'));
    t.after(() => socket.close());
    const packets: Buffer[] = [];
    const enough = new Promise<void>((resolve) => {
      socket.on('message', (packet) => {
        if (packets.push(packet) === 5) resolve();
      });
    });
    voice.talkTo({ address: '127.0.0.1', port: socket.address().port });
    await enough;
    packets.length = 5;
    assert.deepEqual(
      packets.map((packet) => [packet.length, packet[0], packet.readUInt16BE(2), packet.readUInt32BE(4)]),
      [0, 1, 2, 3, 4].map((index) => [172, 0x80, index, index * 160]),
    );
    assert.deepEqual([packets[0]?.[1], packets[1]?.[1]], [0x80, 0]);
    const { port, address } = voice.place;
    for (const index of [0, 1, 4]) socket.send(packets[index] ?? '', port, address);
    socket.send('not RTP', port, address);
    await until(() => voice.report().received >= 3);
    assert.deepEqual([voice.report().received, voice.report().missing], [3, 2]);
  });
});
