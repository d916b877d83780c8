/** How a caller is refused who asks a node that does not serve: by the letter, and without remembering anything of them. Pure but for its key. */
import { createHmac, randomBytes } from 'node:crypto';
import { buildResponse } from '../sip/build.ts';
import { type ReceivedRequest, serialize } from '../sip/message.ts';
import { parseMessage } from '../sip/parse.ts';
import { backOf } from '../sip/server-transactions.ts';
import type { Target } from '../sip/transactions.ts';

export interface Refusal {
  readonly bytes: Buffer;
  readonly to: Target;
}

const key = randomBytes(16);

/** The same for each repetition of a request (RFC 3261 8.2.7). */
const tagOf = ({ callId, from, sequence, vias }: ReceivedRequest): string =>
  createHmac('sha256', key)
    .update([callId, from.paramByName.get('tag'), sequence.number, vias[0].paramByName.get('branch')].join('\n'))
    .digest('hex')
    .slice(0, 16);

/**
 * 503, at which a caller goes on to the next address (RFC 3263 4.3). Without Retry-After: this node may serve in the next second. Null: nothing
 * is to be said, to an acknowledgement, an answer, or what is no SIP.
 */
export const refusalTo = (bytes: Buffer, source: Target): Refusal | null => {
  const message = parseMessage(bytes);
  if (!message.ok || message.value.kind !== 'request' || message.value.method === 'ACK') return null;
  const response = buildResponse(message.value, {
    status: 503,
    reason: 'Served Elsewhere',
    toTag: tagOf(message.value),
  });
  return { bytes: serialize(response), to: backOf(message.value, source) };
};
