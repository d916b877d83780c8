import { fail, ok, type Result } from '../core/result.ts';

/** One block of the Asterisk Manager Interface: a response, an event, or what is neither. */
export interface AmiMessage {
  readonly kind: 'response' | 'event' | 'other';
  /** The value of `Response` or `Event`: `Success`, `Error`, `ContactStatus` …; empty for `other`. */
  readonly name: string;
  /** All values of each header in the order they came (headers repeat), by lower-case name. */
  readonly valuesByName: ReadonlyMap<string, readonly string[]>;
  /** The text of a command: the `Output:` lines, or the lines of a `Response: Follows`. */
  readonly output: readonly string[];
}

/** A header to send. */
export type AmiHeader = readonly [name: string, value: string];

/** The longest line that Asterisk 22 reads, without its end (tried: 1,022 pass, 1,023 are refused). */
export const longestLine = 1_022;

/** The first value of a header, whatever its case; undefined when it is not there. */
export const headerOf = (message: AmiMessage, name: string): string | undefined =>
  message.valuesByName.get(name.toLowerCase())?.[0];

/** A header that holds a whole number; undefined when it is missing or holds something else. */
export const numberOf = (message: AmiMessage, name: string): number | undefined => {
  const text = headerOf(message, name);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

/**
 * The bytes of an action. Faults: `ami-bad-header` (a line end in a value would begin another header),
 * `ami-line-too-long` (Asterisk would drop the line without a word).
 */
export const encodeAction = (action: string, id: string, headers: readonly AmiHeader[]): Result<string> => {
  let text = '';
  for (const [name, value] of [['Action', action], ['ActionID', id], ...headers] as const) {
    if (!/^[A-Za-z][\w-]*$/.test(name) || hasControl(value)) {
      return fail(
        'ami-bad-header',
        `The manager header ${name} holds a character that it may not.`,
        'Correct the value.',
      );
    }
    const line = `${name}: ${value}`;
    if (Buffer.byteLength(line) > longestLine) {
      return fail(
        'ami-line-too-long',
        `The manager header ${name} is longer than the ${longestLine} bytes that Asterisk reads.`,
        'Shorten the value.',
      );
    }
    text += `${line}\r\n`;
  }
  return ok(`${text}\r\n`);
};

const hasControl = (value: string): boolean => {
  for (let at = 0; at < value.length; at += 1) {
    const unit = value.charCodeAt(at);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
};
