import { fail, ok, type Result } from '../core/result.ts';
import { bodyBytesMax, headerBytesMax } from './limits.ts';
import type { ReceivedMessage } from './message.ts';
import { parseMessage, syntaxFault } from './parse.ts';

export interface StreamReader {
  /**
   * Takes the next bytes of a TCP or TLS stream and gives the messages they complete. After a fault the place of the
   * next message is unknown: close the connection.
   */
  readonly push: (chunk: Uint8Array) => Result<readonly ReceivedMessage[]>;
}

const lengthPattern = /(?:^|\r\n)(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n|$)/gi;

/** Cuts a byte stream into SIP messages by Content-Length, which RFC 3261 18.3 makes mandatory there. */
export function createStreamReader(): StreamReader {
  let pending: Buffer = Buffer.alloc(0);
  return {
    push: (chunk) => {
      pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
      const messages: ReceivedMessage[] = [];
      for (;;) {
        pending = withoutLineBreaks(pending);
        const length = nextLength(pending);
        if (!length.ok) return length;
        if (length.value === undefined || pending.length < length.value) return ok(messages);
        const message = parseMessage(pending.subarray(0, length.value));
        pending = pending.subarray(length.value);
        if (message.ok) messages.push(message.value);
        else if (message.error.code !== 'sip-empty') return message;
      }
    },
  };
}

/** Line breaks between messages keep a connection alive (RFC 5626) and mean nothing else. */
function withoutLineBreaks(pending: Buffer): Buffer {
  let begin = 0;
  while (pending[begin] === 13 && pending[begin + 1] === 10) begin += 2;
  return begin === 0 ? pending : pending.subarray(begin);
}

/** How many bytes the next message has; undefined as long as none can tell. */
function nextLength(pending: Buffer): Result<number | undefined> {
  const end = pending.indexOf('\r\n\r\n');
  if (end < 0) {
    const large = pending.length > headerBytesMax;
    return large
      ? fail('sip-too-large', 'SIP headers without an end.', 'Look at the program that sent them.')
      : ok(undefined);
  }
  const found = [...pending.toString('latin1', 0, end).matchAll(lengthPattern)];
  if (found.length !== 1) return syntaxFault('Content-Length', 'not exactly one, which a stream needs');
  const length = Number(found[0]?.[1]);
  if (length > bodyBytesMax)
    return fail('sip-too-large', `SIP body of ${length} bytes.`, 'Look at the program that sent it.');
  return ok(end + 4 + length);
}
