import { isIPv4, isIPv6 } from 'node:net';

/** A place in the (unfolded) value of one header field. The first problem met stays; every reader then gives undefined. */
export interface Cursor {
  readonly text: string;
  at: number;
  problem: string | undefined;
}

export type ParamByName = ReadonlyMap<string, string>;

const tokenPattern = /[-.!%*_+`'~A-Za-z0-9]+/y;
const wholeTokenPattern = /^[-.!%*_+`'~A-Za-z0-9]+$/;
/** What an unquoted parameter may hold: a token, a host, or the bare IPv6 address of Via's `received`. */
const genericValuePattern = /[-.!%*_+`'~A-Za-z0-9[\]:]+/y;
// An underscore is no host name by the letter; machines bear such names all the same, and nothing else is meant by it.
const hostNamePattern =
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.?$/;

export const cursorOf = (text: string): Cursor => ({ text, at: 0, problem: undefined });

export const isToken = (text: string): boolean => wholeTokenPattern.test(text);

/** Tells whether `text` is a host as SIP writes it: a name, an IPv4 address, or an IPv6 address in brackets. */
export function isHost(text: string): boolean {
  if (text.startsWith('[')) return text.endsWith(']') && !text.includes('%') && isIPv6(text.slice(1, -1));
  return text.length <= 255 && (isIPv4(text) || hostNamePattern.test(text));
}

export function refuse(cursor: Cursor, problem: string): undefined {
  cursor.problem ??= `${problem} (at character ${cursor.at + 1})`;
  return undefined;
}

export function skipSpace(cursor: Cursor): void {
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at += 1;
}

const atEnd = (cursor: Cursor): boolean => cursor.at >= cursor.text.length;

export const peek = (cursor: Cursor): string => cursor.text[cursor.at] ?? '';

/** Takes `mark` with any space around it; false, with nothing but space taken, where another character stands. */
export function takeMark(cursor: Cursor, mark: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== mark) return false;
  cursor.at += 1;
  skipSpace(cursor);
  return true;
}

export function readPattern(cursor: Cursor, sticky: RegExp, what: string): string | undefined {
  sticky.lastIndex = cursor.at;
  const found = sticky.exec(cursor.text)?.[0];
  if (found === undefined || found === '') return refuse(cursor, `${what} expected`);
  cursor.at += found.length;
  return found;
}

export const readToken = (cursor: Cursor, what: string): string | undefined => readPattern(cursor, tokenPattern, what);

/** Reads a quoted string and gives its content without quotes and backslashes. */
export function readQuoted(cursor: Cursor): string | undefined {
  const { text } = cursor;
  let content = '';
  for (let at = cursor.at + 1; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (sign === '"') {
      cursor.at = at + 1;
      return content;
    }
    if (sign === '\\') {
      at += 1;
      const escaped = text[at];
      if (escaped === undefined || escaped > '\x7f') break;
      content += escaped;
    } else content += sign;
  }
  return refuse(cursor, 'quoted string without an end');
}

/** Reads `;name=value` until something else follows; names in lower case, a name without value gives ''. */
export function readParams(cursor: Cursor): ParamByName | undefined {
  const valueByName = new Map<string, string>();
  while (takeMark(cursor, ';')) {
    const name = readToken(cursor, 'parameter name')?.toLowerCase();
    if (name === undefined) return undefined;
    let value: string | undefined = '';
    if (takeMark(cursor, '=')) {
      value = peek(cursor) === '"' ? readQuoted(cursor) : readPattern(cursor, genericValuePattern, 'parameter value');
    }
    if (value === undefined) return undefined;
    if (valueByName.has(name)) return refuse(cursor, `parameter ${name} given twice`);
    valueByName.set(name, value);
  }
  return valueByName;
}

/** Gives `value` if all was read without a problem; else leaves the problem in the cursor. */
export function whole<T>(cursor: Cursor, value: T | undefined): T | undefined {
  skipSpace(cursor);
  if (cursor.problem !== undefined) return undefined;
  return atEnd(cursor) ? value : refuse(cursor, 'unexpected text');
}
