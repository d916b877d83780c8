import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { freePort } from '../../../test/free-port.ts';
import { realClock, startFilesPeer } from '../../../test/ssh/files-peer.ts';
import { createTunnel, type Tunnel } from '../../ssh/tunnel.ts';

test('a port that a lost session still holds at the other node is freed, and the tunnel stands', {
  timeout: 60_000,
}, async () => {
  const port = await freePort();
  const peer = await startFilesPeer({ listenPorts: [port] });
  const waiting: (() => void)[] = [];
  const open = (): Tunnel =>
    createTunnel({
      target: peer.target,
      forwards: [{ listens: 'there', from: { port }, to: { port: 9 } }],
      clock: realClock,
      backOffMs: { first: 50, last: 200 },
      onChange: () => {
        for (const settle of waiting.splice(0)) settle();
      },
    });
  const change = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const lost = open();
  const fresh = open();
  try {
    assert.ok(lost.start().ok);
    while (!lost.up()) await change();
    // As in a black hole: the client is silent, and its connection stands.
    const clients = execFileSync('pgrep', ['-f', `HostName=127.0.0.1.*127.0.0.1:${port}:`], { encoding: 'utf8' })
      .trim()
      .split('\n');
    for (const pid of clients) process.kill(Number(pid), 'SIGSTOP');
    assert.ok(fresh.start().ok);
    await change();
    assert.equal(fresh.trouble()?.code, 'ssh-forward-refused');
    while (!fresh.up()) await change();
  } finally {
    await fresh.stop();
    await lost.stop();
    await peer.stop();
  }
});
