import { createMessageReader } from './json-lines.ts';

/** Who started this process and speaks with it by JSON lines over its standard input and output. */
export interface Parent<To extends { readonly type: string }, From> {
  /** Nothing where nobody reads any more. */
  say(message: From): void;
  /** Until the parent ends the input, or is gone. `onOdd` is told what is no message, in its beginning. */
  hear(onMessage: (message: To) => void, onOdd: (line: string) => void): Promise<void>;
}

export const createParent = <To extends { readonly type: string }, From>(
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Parent<To, From> => {
  // A reader that is gone is told by the end of the input too.
  output.on('error', () => undefined);
  return {
    say: (message) => {
      if (output.writable) output.write(`${JSON.stringify(message)}\n`);
    },
    hear: async (onMessage, onOdd) => {
      const read = createMessageReader(onMessage, onOdd);
      input.setEncoding('utf8');
      for await (const text of input) read(String(text));
    },
  };
};
