import { buildRequest, newTag } from '../../src/sip/build.ts';
import type { Incoming } from '../../src/sip/server-transactions.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';

/** A telephone with a message lamp. */
export interface MwiPhone {
  /** The last `Voice-Message:` it was told, as `new/old`; null before the first. */
  lamp(): string | null;
  /** How often it was told something. */
  told(): number;
  close(): void;
}

const open = async (name: string): Promise<{ agent: UserAgent; phone: MwiPhone }> => {
  let lamp: string | null = null;
  let told = 0;
  const off = new AbortController();
  const onRequest = ({ request, respond }: Incoming): void => {
    respond({ status: 200, reason: 'OK' });
    if (request.method !== 'NOTIFY') return;
    told += 1;
    const found = /^Voice-Message: (\d+\/\d+)/m.exec(Buffer.from(request.body).toString('latin1'));
    if (found?.[1] !== undefined) lamp = found[1];
  };
  const agent = await openUserAgent({ localAddress: '127.0.0.1', localPort: 0, signal: off.signal, onRequest });
  if (!agent.ok) throw new Error(`${name}: ${agent.error.message}`);
  return { agent: agent.value, phone: { lamp: () => lamp, told: () => told, close: () => off.abort() } };
};

const ask = async (agent: UserAgent, name: string, port: number, method: 'REGISTER' | 'SUBSCRIBE'): Promise<void> => {
  const subscribe = method === 'SUBSCRIBE';
  const message = buildRequest({
    method,
    uri: subscribe ? `sip:${name}@127.0.0.1:${port}` : `sip:127.0.0.1:${port}`,
    via: { transport: 'UDP', host: agent.localAddress, port: agent.localPort },
    from: `<sip:${name}@127.0.0.1>;tag=${newTag()}`,
    to: `<sip:${name}@127.0.0.1>`,
    callId: newTag(),
    sequence: 1,
    headers: [
      { name: 'Contact', value: `<sip:${name}@${agent.localAddress}:${agent.localPort}>` },
      { name: 'Expires', value: '600' },
      ...(subscribe
        ? [
            { name: 'Event', value: 'message-summary' },
            { name: 'Accept', value: 'application/simple-message-summary' },
          ]
        : []),
    ],
  });
  const answer = await agent.request(message, { target: { address: '127.0.0.1', port }, timeoutMs: 10_000 });
  if (!answer.ok) throw new Error(answer.error.message);
  if (answer.value.status !== 200) throw new Error(`${method} of ${name}: ${answer.value.status}`);
};

/** Registers and is told without asking (the endpoint has `mailboxes`). */
export const openUnsolicitedPhone = async (name: string, port: number): Promise<MwiPhone> => {
  const { agent, phone } = await open(name);
  await ask(agent, name, port, 'REGISTER');
  return phone;
};

/** Subscribes to its lamp (the AOR has `mailboxes`). */
export const openSubscribedPhone = async (name: string, port: number): Promise<MwiPhone> => {
  const { agent, phone } = await open(name);
  await ask(agent, name, port, 'SUBSCRIBE');
  return phone;
};
