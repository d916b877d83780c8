import { fail, ok, type Result } from '../core/result.ts';
import type { AmiMessage } from './message.ts';

export interface AmiLimits {
  /** Bytes without a line's end before the connection is given up. */
  readonly lineBytes: number;
  /** Bytes of one block before the connection is given up. */
  readonly blockBytes: number;
}

/** A command that lists 10,000 registrations answers with some 7 MB in one block. */
export const amiLimits: AmiLimits = { lineBytes: 64 * 1_024, blockBytes: 16 * 1_024 * 1_024 };

export interface AmiParser {
  /** What became whole with these bytes, in order. After a fault the parser takes no more. */
  push(bytes: Buffer): Result<readonly AmiMessage[]>;
  /** The protocol version of the greeting; null until it came. */
  version(): string | null;
}

interface State {
  readonly limits: AmiLimits;
  rest: Buffer;
  version: string | null;
  block: Block;
  fault: { readonly ok: false; readonly error: { code: string; message: string; remedy: string } } | null;
}

interface Block {
  readonly valuesByName: Map<string, string[]>;
  readonly output: string[];
  bytes: number;
  first: string;
  /** Within the raw text of a `Response: Follows`, up to its end mark. */
  follows: boolean;
}

const freshBlock = (): Block => ({ valuesByName: new Map(), output: [], bytes: 0, first: '', follows: false });

/**
 * Reads what a manager sends, in pieces of any size. Faults, after which the connection is of no use:
 * `ami-not-asterisk` (no greeting), `ami-line-too-long`, `ami-block-too-large`.
 */
export const createAmiParser = (limits: AmiLimits = amiLimits): AmiParser => {
  const state: State = { limits, rest: Buffer.alloc(0), version: null, block: freshBlock(), fault: null };
  return {
    push: (bytes) => state.fault ?? pushBytes(state, bytes),
    version: () => state.version,
  };
};

const pushBytes = (state: State, bytes: Buffer): Result<readonly AmiMessage[]> => {
  const lastEnd = bytes.lastIndexOf(0x0a);
  if (lastEnd < 0) {
    state.rest = Buffer.concat([state.rest, bytes]);
    return tooLong(state) ?? ok([]);
  }
  // A line end is never part of a longer UTF-8 sequence, so whole lines may be decoded by themselves.
  const text = Buffer.concat([state.rest, bytes.subarray(0, lastEnd)]).toString('utf8');
  state.rest = Buffer.from(bytes.subarray(lastEnd + 1));
  const messages: AmiMessage[] = [];
  for (const line of text.split('\n')) {
    const problem = takeLine(state, line, messages);
    if (problem !== null) return problem;
  }
  return tooLong(state) ?? ok(messages);
};

const tooLong = (state: State): State['fault'] => {
  if (state.rest.length <= state.limits.lineBytes) return null;
  return giveUp(
    state,
    'ami-line-too-long',
    `The manager sent ${state.rest.length} bytes without a line's end.`,
    'Check that the port is the one of the Asterisk manager.',
  );
};

const giveUp = (state: State, code: string, message: string, remedy: string): NonNullable<State['fault']> => {
  state.rest = Buffer.alloc(0);
  state.block = freshBlock();
  state.fault = fail(code, message, remedy);
  return state.fault;
};

const takeLine = (state: State, raw: string, messages: AmiMessage[]): State['fault'] => {
  if (state.version === null) return takeGreeting(state, raw);
  const { block } = state;
  block.bytes += raw.length + 1;
  if (block.bytes > state.limits.blockBytes) {
    const message = `The manager sent a block of more than ${state.limits.blockBytes} bytes.`;
    return giveUp(state, 'ami-block-too-large', message, 'Check that the port is the one of the Asterisk manager.');
  }
  if (block.follows && takeFollows(block, raw)) return null;
  // Only CR LF ends a block: values hold bare line feeds now and then.
  if (raw === '\r') {
    if (block.first !== '') messages.push(finish(block));
    state.block = freshBlock();
    return null;
  }
  takeHeader(block, raw.endsWith('\r') ? raw.slice(0, -1) : raw);
  return null;
};

const takeGreeting = (state: State, raw: string): State['fault'] => {
  const greeting = /^Asterisk Call Manager(?: Proxy)?\/([\w.-]{1,40})\r?$/.exec(raw);
  if (greeting !== null) {
    state.version = greeting[1] ?? '';
    return null;
  }
  const message = 'What answers there does not greet as an Asterisk manager.';
  return giveUp(state, 'ami-not-asterisk', message, 'Check the port: manager.conf names it, 5038 by default.');
};

/** Asterisk up to 13 sends a command's text bare, with plain line feeds, between the headers and an end mark. */
const takeFollows = (block: Block, raw: string): boolean => {
  const end = raw.indexOf('--END COMMAND--');
  if (end >= 0) {
    if (end > 0) block.output.push(raw.slice(0, end));
    block.follows = false;
    return true;
  }
  if (block.output.length === 0 && /^(Privilege|ActionID|Message): .*\r$/.test(raw)) return false;
  block.output.push(raw.endsWith('\r') ? raw.slice(0, -1) : raw);
  return true;
};

const takeHeader = (block: Block, line: string): void => {
  const colon = line.indexOf(':');
  // A line without a name is noise: an odd value with a line feed in it must not cost the connection.
  if (colon < 1) return;
  const name = line.slice(0, colon).toLowerCase();
  const value = line.charCodeAt(colon + 1) === 0x20 ? line.slice(colon + 2) : line.slice(colon + 1);
  if (block.first === '') {
    block.first = name;
    block.follows = name === 'response' && value === 'Follows';
  }
  if (name === 'output') {
    block.output.push(value);
    return;
  }
  const values = block.valuesByName.get(name);
  if (values === undefined) block.valuesByName.set(name, [value]);
  else values.push(value);
};

const finish = (block: Block): AmiMessage => {
  const response = block.valuesByName.get('response')?.[0];
  const event = block.valuesByName.get('event')?.[0];
  const kind =
    block.first === 'event' ? 'event' : response !== undefined ? 'response' : event !== undefined ? 'event' : 'other';
  const name = (kind === 'event' ? event : response) ?? '';
  return { kind, name, valuesByName: block.valuesByName, output: block.output };
};
