import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { type Account, createRegistration } from './account.ts';
import { answeredCall, placeCall } from './call.ts';
import { headerOf } from './message.ts';
import { readSdp, writeSdp } from './sdp.ts';
import type { Incoming } from './server-transactions.ts';
import { invalidCases } from './torture/invalid.ts';
import { validCases } from './torture/valid.ts';
import { openUserAgent, type UserAgent } from './user-agent.ts';

const media = { address: '127.0.0.1', port: 40_000 };
const timing = { timeoutMs: 2000 };

async function agentOf(t: TestContext, onRequest: (incoming: Incoming) => void = () => undefined): Promise<UserAgent> {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const options = { localAddress: '127.0.0.1', localPort: 0, onRequest, signal: abort.signal };
  const agent = await openUserAgent(options);
  assert.ok(agent.ok);
  return agent.value;
}

const accountAt = (server: UserAgent): Account => ({
  user: 'alice',
  password: 'secret',
  domain: '127.0.0.1',
  server: { address: '127.0.0.1', port: server.localPort },
});

const digestAsked = { name: 'WWW-Authenticate', value: 'Digest realm="x", nonce="n", qop="auth"' };

describe('a user agent', () => {
  it('registers with credentials and refreshes under the same Call-ID', async (t) => {
    const seen: string[] = [];
    const server = await agentOf(t, ({ request, respond }) => {
      seen.push(`${request.callId} ${request.sequence.number}`);
      if (headerOf(request, 'Authorization') === undefined) {
        respond({ status: 401, reason: 'Unauthorized', headers: [digestAsked] });
        return;
      }
      const contact = headerOf(request, 'Contact') ?? '';
      const headers = [{ name: 'Contact', value: `<sip:other@h>;expires=9, ${contact};expires=77` }];
      respond({ status: 200, reason: 'OK', headers });
    });
    const registration = createRegistration(await agentOf(t), accountAt(server));
    assert.deepEqual(await registration.refresh(120, timing), { ok: true, value: 77 });
    assert.ok((await registration.refresh(120, timing)).ok);
    assert.equal(new Set(seen.map((one) => one.split(' ')[0])).size, 1);
    assert.deepEqual(
      seen.map((one) => one.split(' ')[1]),
      ['1', '2', '3', '4'],
    );
  });

  it('says that it was refused', async (t) => {
    const server = await agentOf(t, ({ respond }) => respond({ status: 403, reason: 'Forbidden' }));
    const refused = await createRegistration(await agentOf(t), accountAt(server)).refresh(60, timing);
    assert.equal(refused.ok ? '' : refused.error.code, 'sip-status');
  });

  it('calls, is acknowledged, and hangs up from either side', async (t) => {
    for (const side of ['caller', 'callee']) {
      const methods: string[] = [];
      let incoming: Incoming | undefined;
      const bye = Promise.withResolvers<void>();
      const acknowledged = Promise.withResolvers<void>();
      const onRequest = (one: Incoming): void => {
        methods.push(one.request.method);
        if (one.request.method === 'ACK') acknowledged.resolve();
        if (one.request.method === 'BYE') {
          one.respond({ status: 200, reason: 'OK' });
          bye.resolve();
        }
        if (one.request.method !== 'INVITE') return;
        incoming = one;
        const headers = [
          { name: 'Contact', value: '<sip:echo@127.0.0.1>' },
          { name: 'Content-Type', value: 'application/sdp' },
        ];
        one.respond({ status: 180, reason: 'Ringing' });
        one.respond({ status: 200, reason: 'OK', headers, body: writeSdp({ address: '127.0.0.1', port: 41_000 }) });
      };
      const server = await agentOf(t, onRequest);
      const caller = await agentOf(t, onRequest);
      const ringing: number[] = [];
      const never = new AbortController().signal;
      const call = await placeCall(caller, accountAt(server), {
        to: 'echo',
        media,
        timeoutMs: 2000,
        signal: never,
        onProvisional: ({ status }) => ringing.push(status),
      });
      assert.ok(call.ok && incoming !== undefined);
      assert.deepEqual(call.value.remoteMedia, { address: '127.0.0.1', port: 41_000 });
      assert.deepEqual(ringing, [180]);
      await acknowledged.promise;
      const other = answeredCall(server, incoming, accountAt(caller));
      assert.deepEqual(other.remoteMedia, media);
      const ended = await (side === 'caller' ? call.value : other).hangUp(timing);
      assert.ok(ended.ok && ended.value.status === 200);
      await bye.promise;
      assert.deepEqual(methods, ['INVITE', 'ACK', 'BYE']);
    }
  });

  it('cancels a call that rings', async (t) => {
    const methods: string[] = [];
    const abort = new AbortController();
    const server = await agentOf(t, ({ request, respond }) => {
      methods.push(request.method);
      if (request.method === 'INVITE') respond({ status: 180, reason: 'Ringing' });
    });
    const options = { to: 'bob', media, timeoutMs: 2000, signal: abort.signal, onProvisional: () => abort.abort() };
    const call = await placeCall(await agentOf(t), accountAt(server), options);
    assert.equal(call.ok ? '' : call.error.code, 'sip-aborted');
    assert.deepEqual(methods, ['INVITE', 'CANCEL']);
  });

  it('answers a repeated request as it did before, and tells its owner once', async (t) => {
    let told = 0;
    const server = await agentOf(t, ({ respond }) => {
      told += 1;
      respond({ status: 200, reason: `${told}` });
    });
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => socket.close());
    await once(socket, 'listening');
    const { port } = socket.address();
    const text = `OPTIONS sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKq\r\nf: <sip:b@h>;tag=1\r\nt: <sip:a@h>\r\ni: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`;
    const answers: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      socket.send(text, server.localPort, '127.0.0.1');
      const [bytes] = (await once(socket, 'message')) as [Buffer];
      answers.push(bytes.toString());
    }
    assert.equal(told, 1);
    assert.equal(answers[0], answers[1]);
  });

  it('repeats its final answer to INVITE until the ACK', async (t) => {
    const server = await agentOf(t, ({ request, respond }) => {
      if (request.method === 'INVITE') respond({ status: 486, reason: 'Busy Here' });
    });
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => socket.close());
    await once(socket, 'listening');
    const { port } = socket.address();
    const head = (method: string): string =>
      `${method} sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKr\r\nf: <sip:b@h>;tag=1\r\nt: <sip:a@h>\r\ni: 1\r\nCSeq: 1 ${method}\r\n\r\n`;
    const beganMs = performance.now();
    socket.send(head('INVITE'), server.localPort, '127.0.0.1');
    await once(socket, 'message');
    await once(socket, 'message');
    assert.ok(performance.now() - beganMs > 400);
    socket.send(head('ACK'), server.localPort, '127.0.0.1');
  });

  it('survives the torture messages on its port', async (t) => {
    const server = await agentOf(t, ({ respond }) => respond({ status: 200, reason: 'OK' }));
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => socket.close());
    await once(socket, 'listening');
    for (const { bytes } of [...validCases, ...invalidCases]) socket.send(bytes, server.localPort, '127.0.0.1');
    const registered = await createRegistration(await agentOf(t), accountAt(server)).refresh(60, timing);
    assert.deepEqual(registered, { ok: true, value: 60 });
    assert.ok(server.strays() > 15);
  });

  it('speaks over IPv6', async (t) => {
    const abort = new AbortController();
    t.after(() => abort.abort());
    const contacts: string[] = [];
    const onRequest = ({ request, respond }: Incoming): void => {
      contacts.push(headerOf(request, 'Contact') ?? '');
      respond({ status: 200, reason: 'OK' });
    };
    const [server, phone] = await Promise.all(
      [0, 1].map(() => openUserAgent({ localAddress: '::1', localPort: 0, onRequest, signal: abort.signal })),
    );
    assert.ok(server?.ok && phone?.ok);
    const account = {
      ...accountAt(server.value),
      domain: '::1',
      server: { address: '::1', port: server.value.localPort },
    };
    assert.deepEqual(await createRegistration(phone.value, account).refresh(60, timing), { ok: true, value: 60 });
    assert.deepEqual(contacts, [`<sip:alice@[::1]:${phone.value.localPort}>`]);
  });

  it('says that its address is not here', async () => {
    const options = { localAddress: '192.0.2.77', localPort: 0, onRequest: () => undefined };
    const agent = await openUserAgent({ ...options, signal: new AbortController().signal });
    assert.equal(agent.ok ? '' : agent.error.code, 'sip-local-address');
  });
});

describe('SDP', () => {
  it('is read as written, and only where it offers PCMU', () => {
    assert.deepEqual(readSdp(writeSdp(media)), media);
    const offer =
      'v=0\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=video 9 RTP/AVP 31\r\nm=audio 5004 RTP/AVP 8 0\r\nc=IN IP4 192.0.2.8\r\n';
    assert.deepEqual(readSdp(Buffer.from(offer)), { address: '192.0.2.8', port: 5004 });
    for (const wrong of [
      '',
      'm=audio 1 RTP/AVP 0',
      'c=IN IP4 192.0.2.9\r\nm=audio 5004 RTP/AVP 8',
      'c=IN IP4 x\r\nm=audio 1 RTP/AVP 0',
    ]) {
      assert.equal(readSdp(Buffer.from(wrong)), undefined, wrong);
    }
  });
});
