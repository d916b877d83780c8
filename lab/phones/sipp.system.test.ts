import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { placeCall } from '../../src/sip/call.ts';
import { sendOptions } from '../../src/sip/options.ts';
import { writeSdp } from '../../src/sip/sdp.ts';
import { openUserAgent, type UserAgent, type UserAgentOptions } from '../../src/sip/user-agent.ts';
import { need } from './fake-pbx.ts';
import { openUdp } from './udp.ts';

const localAddress = '127.0.0.1';
const media = { address: localAddress, port: 40_000 };
const missing = spawnSync('sipp', ['-v']).error !== undefined;
const when = { skip: missing ? 'sipp is not installed' : false };

async function agentOf(t: TestContext, onRequest: UserAgentOptions['onRequest']): Promise<UserAgent> {
  const abort = new AbortController();
  t.after(() => abort.abort());
  return need(await openUserAgent({ localAddress, localPort: 0, onRequest, signal: abort.signal }));
}

async function freePort(): Promise<number> {
  const socket = need(await openUdp(localAddress));
  const { port } = socket.address();
  socket.close();
  return port;
}

async function startSipp(t: TestContext, args: readonly string[]): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-sipp-'));
  const child = spawn('sipp', ['-nostdin', '-i', localAddress, ...args], { cwd: folder, stdio: 'ignore' });
  t.after(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await rm(folder, { recursive: true });
  });
  return child;
}

describe('with SIPp', when, () => {
  it('asks, calls and hangs up', async (t) => {
    const port = await freePort();
    await startSipp(t, ['-sn', 'uas', '-aa', '-p', `${port}`]);
    const question = { transport: 'udp', host: localAddress, port, signal: new AbortController().signal } as const;
    // It needs a moment to listen: refused until then, by ICMP.
    let answer = await sendOptions({ ...question, timeoutMs: 3000 });
    for (const endMs = performance.now() + 5000; !answer.ok && performance.now() < endMs; ) {
      assert.equal(answer.error.code, 'sip-refused');
      answer = await sendOptions({ ...question, timeoutMs: 3000 });
    }
    assert.ok(answer.ok && answer.value.status === 200);
    const agent = await agentOf(t, () => undefined);
    const account = { user: 'a', password: '', domain: localAddress, server: { address: localAddress, port } };
    const { signal } = question;
    const call = need(await placeCall(agent, account, { to: 'service', media, timeoutMs: 3000, signal }));
    assert.equal(call.remoteMedia?.address, localAddress);
    const ended = need(await call.hangUp({ timeoutMs: 3000 }));
    assert.equal(ended.status, 200);
  });

  it('answers a hundred calls', async (t) => {
    const methods = { INVITE: 0, ACK: 0, BYE: 0 };
    const agent = await agentOf(t, ({ request, respond }) => {
      const { method } = request;
      if (method === 'INVITE' || method === 'ACK' || method === 'BYE') methods[method] += 1;
      if (method === 'BYE') respond({ status: 200, reason: 'OK' });
      if (method !== 'INVITE') return;
      const headers = [
        { name: 'Contact', value: `<sip:b@${localAddress}:${agent.localPort}>` },
        { name: 'Content-Type', value: 'application/sdp' },
      ];
      respond({ status: 180, reason: 'Ringing', headers: headers.slice(0, 1) });
      respond({ status: 200, reason: 'OK', headers, body: writeSdp(media) });
    });
    const rate = ['-r', '100', '-m', '100', '-d', '50', '-timeout', '10'];
    const child = await startSipp(t, ['-sn', 'uac', ...rate, `${localAddress}:${agent.localPort}`]);
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
    assert.deepEqual(methods, { INVITE: 100, ACK: 100, BYE: 100 });
    assert.equal(agent.strays(), 0);
  });
});
