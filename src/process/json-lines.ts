/** A line above this is a mistake. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** Cuts text into lines and hands on each that is JSON; what is not is told, in its beginning. */
export const createLineReader = (
  onMessage: (message: unknown) => void,
  onOdd: (line: string) => void,
): ((text: string) => void) => {
  let buffered = '';
  const read = (line: string): void => {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return onOdd(line.slice(0, 200));
    }
    onMessage(message);
  };
  return (text) => {
    buffered += text;
    for (let end = buffered.indexOf('\n'); end >= 0; end = buffered.indexOf('\n')) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      if (line !== '') read(line);
    }
    if (buffered.length > LONGEST_LINE) {
      onOdd('a line without end');
      buffered = '';
    }
  };
};

const isMessage = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

/**
 * The same for messages of a protocol between two halves of this program, which trust each other: only that it is a message, an object
 * with a `type`, is looked at, and `onMessage` says of which protocol.
 */
export const createMessageReader = (
  onMessage: (message: never) => void,
  onOdd: (line: string) => void,
): ((text: string) => void) =>
  createLineReader(
    (input) => (isMessage(input) ? onMessage(input as never) : onOdd('something that is no message')),
    onOdd,
  );
