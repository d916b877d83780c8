/** The way to the keeper: what is asked, and what it tells unasked. */

import { fail, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { createLineReader } from '../../process/json-lines.ts';
import type { Ask, Credential, FromServer, ToServer } from '../wire.ts';

export interface Reply {
  readonly result: Result<unknown>;
  readonly retryAfterMs: Millis;
}

export interface Link {
  ask(ask: Ask, credential: Credential | null, address: string): Promise<Reply>;
  say(message: Exclude<FromServer, { type: 'ask' }>): void;
}

const MOST_WAITING = 400;

const isTo = (input: unknown): input is ToServer =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

/** `told` hears everything but replies; `over` that the keeper has ended. */
export const createLink = (
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  told: (message: Exclude<ToServer, { type: 'reply' }>) => void,
  over: () => void,
): Link => {
  const waitingById = new Map<string, (reply: Reply) => void>();
  let lastId = 0;
  const send = (message: FromServer): void => void output.write(`${JSON.stringify(message)}\n`);
  const take = (message: ToServer): void => {
    if (message.type !== 'reply') return told(message);
    const { id, result, retryAfterMs } = message;
    waitingById.get(id)?.({ result, retryAfterMs });
    waitingById.delete(id);
  };
  const read = createLineReader(
    (message) => {
      if (isTo(message)) take(message);
    },
    () => over(),
  );
  input.setEncoding('utf8');
  input.on('data', (text: string | Buffer) => read(String(text)));
  input.on('end', over);
  input.on('error', over);
  output.on('error', over);
  return {
    ask: (ask, credential, address) => {
      if (waitingById.size >= MOST_WAITING) {
        const result = fail('web-busy', 'The server is busy.', 'Try again in a moment.');
        return Promise.resolve({ result, retryAfterMs: 1000 });
      }
      lastId += 1;
      const id = String(lastId);
      return new Promise((resolve) => {
        waitingById.set(id, resolve);
        send({ type: 'ask', id, credential, address, ask });
      });
    },
    say: send,
  };
};
