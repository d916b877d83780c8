import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { need } from './fake-pbx.ts';
import { openUdp } from './udp.ts';
import { createVoices, type Voice } from './voice.ts';

async function pairOf(t: TestContext): Promise<readonly [Voice, Voice]> {
  const voices = createVoices('127.0.0.1');
  t.after(voices.close);
  return [need(await voices.open()), need(await voices.open())];
}

describe('a voice', () => {
  it('is heard each 20 ms, and missed when it stops', async (t) => {
    const [first, second] = await pairOf(t);
    first.talkTo(second.place);
    second.talkTo(first.place);
    await sleep(400);
    const heard = second.report();
    assert.ok(heard.received >= 15 && heard.received <= 25, JSON.stringify(heard));
    assert.deepEqual([heard.missing, heard.dropouts], [0, []]);
    first.close();
    await sleep(350);
    const [dropout, ...others] = second.report().dropouts;
    assert.ok(dropout !== undefined && dropout.toMs === undefined && others.length === 0);
    assert.ok(second.report().longestPauseMs >= 250);
  });

  it('counts a call in which nothing ever came as one long dropout', async (t) => {
    const [first, second] = await pairOf(t);
    first.talkTo(second.place);
    await sleep(300);
    assert.equal(first.report().received, 0);
    assert.equal(first.report().dropouts.length, 1);
  });

  it('is RTP with proper numbers and times, and counts what is missing', async (t) => {
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
    for (let waited = 0; voice.report().received < 3 && waited < 100; waited += 1) await sleep(5);
    assert.deepEqual([voice.report().received, voice.report().missing], [3, 2]);
  });
});
