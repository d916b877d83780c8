import assert from 'node:assert/strict';
import { buildRequest, newTag } from '../../src/sip/build.ts';
import type { UserAgent } from '../../src/sip/user-agent.ts';

export interface Registration {
  readonly name: string;
  /** Of the Asterisk on this machine's loopback. */
  readonly port: number;
  /** Value of the header `Contact`. */
  readonly contact: string;
  readonly userAgent?: string;
}

/** A telephone without a password registers; anything but 200 fails the test. */
export const register = async (phone: UserAgent, { name, port, contact, userAgent }: Registration): Promise<void> => {
  const message = buildRequest({
    method: 'REGISTER',
    uri: `sip:127.0.0.1:${port}`,
    via: { transport: 'UDP', host: phone.localAddress, port: phone.localPort },
    from: `<sip:${name}@127.0.0.1>;tag=${newTag()}`,
    to: `<sip:${name}@127.0.0.1>`,
    callId: newTag(),
    sequence: 1,
    headers: [
      { name: 'Contact', value: contact },
      ...(userAgent === undefined ? [] : [{ name: 'User-Agent', value: userAgent }]),
    ],
  });
  const answer = await phone.request(message, { target: { address: '127.0.0.1', port }, timeoutMs: 10_000 });
  assert.equal(answer.ok ? answer.value.status : answer.error.message, 200);
};
