import {
  type Cursor,
  cursorOf,
  isHost,
  type ParamByName,
  peek,
  readParams,
  readPattern,
  readQuoted,
  readToken,
  refuse,
  skipSpace,
  takeMark,
  whole,
} from './cursor.ts';
import { sequenceMax } from './limits.ts';
import { parseUri, type Uri } from './uri.ts';

export interface Via {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly paramByName: ParamByName;
}

/** A party or a contact: `"display" <uri>;param=value`. */
export interface Party {
  readonly display: string;
  readonly uri: Uri;
  /** The URI as it was written. */
  readonly uriText: string;
  readonly paramByName: ParamByName;
}

export interface Sequence {
  readonly number: number;
  readonly method: string;
}

/** A field's value, or the problem that was found in it. */
export type Field<T> = { readonly value: T } | { readonly problem: string };

const hostPattern = /\[[0-9A-Fa-f:.]+\]|[-._A-Za-z0-9]+/y;
const digitsPattern = /[0-9]+/y;
const bareUriPattern = /[^\s;,<>"]+/y;
const bracketUriPattern = /[^>]*/y;

function fieldOf<T>(text: string, read: (cursor: Cursor) => T | undefined): Field<T> {
  const cursor = cursorOf(text);
  const value = whole(cursor, read(cursor));
  return value === undefined ? { problem: cursor.problem ?? 'not understood' } : { value };
}

/** Reads one or more values separated by commas. */
function readList<T>(cursor: Cursor, read: (cursor: Cursor) => T | undefined): readonly T[] | undefined {
  const values: T[] = [];
  do {
    skipSpace(cursor);
    const value = read(cursor);
    if (value === undefined) return undefined;
    values.push(value);
  } while (takeMark(cursor, ','));
  return values;
}

function readPort(cursor: Cursor): number | undefined {
  const port = Number(readPattern(cursor, digitsPattern, 'port'));
  return port >= 1 && port <= 65_535 ? port : refuse(cursor, 'port out of range');
}

function readVia(cursor: Cursor): Via | undefined {
  const protocol = readToken(cursor, 'protocol name');
  const slashed = takeMark(cursor, '/');
  const version = readToken(cursor, 'protocol version');
  if (protocol?.toUpperCase() !== 'SIP' || version !== '2.0') return refuse(cursor, 'Via is not of SIP/2.0');
  if (!(slashed && takeMark(cursor, '/'))) return refuse(cursor, 'transport expected');
  const transport = readToken(cursor, 'transport')?.toUpperCase();
  if (peek(cursor) !== ' ' && peek(cursor) !== '\t') return refuse(cursor, 'space and a host expected');
  skipSpace(cursor);
  const host = readPattern(cursor, hostPattern, 'host');
  if (host !== undefined && !isHost(host)) return refuse(cursor, 'host is neither a name nor an address');
  const port = takeMark(cursor, ':') ? readPort(cursor) : undefined;
  const paramByName = readParams(cursor);
  if (transport === undefined || host === undefined || paramByName === undefined) return undefined;
  return { transport, host, port, paramByName };
}

/** The words before `<`: a quoted string, or tokens with space between them. */
function readDisplay(cursor: Cursor): string | undefined {
  if (peek(cursor) === '"') {
    const display = readQuoted(cursor);
    skipSpace(cursor);
    return display;
  }
  const words: string[] = [];
  while (peek(cursor) !== '<') {
    const word = readToken(cursor, 'display name without quotes: only plain words and "<"');
    if (word === undefined) return undefined;
    words.push(word);
    skipSpace(cursor);
  }
  return words.join(' ');
}

function readUri(cursor: Cursor, sticky: RegExp): { readonly uri: Uri; readonly uriText: string } | undefined {
  const uriText = readPattern(cursor, sticky, 'URI');
  if (uriText === undefined) return undefined;
  const uri = parseUri(uriText);
  return typeof uri === 'string' ? refuse(cursor, uri) : { uri, uriText };
}

function readParty(cursor: Cursor): Party | undefined {
  skipSpace(cursor);
  bareUriPattern.lastIndex = cursor.at;
  const first = bareUriPattern.exec(cursor.text)?.[0] ?? '';
  const afterFirst = cursor.text.slice(cursor.at + first.length).trimStart();
  const bare = first.includes(':') && !afterFirst.startsWith('<');
  const display = bare ? '' : readDisplay(cursor);
  if (display === undefined) return undefined;
  if (!bare && peek(cursor) !== '<') return refuse(cursor, '"<" expected');
  if (!bare) cursor.at += 1;
  const named = readUri(cursor, bare ? bareUriPattern : bracketUriPattern);
  if (named === undefined) return undefined;
  // RFC 3261 20.10: a URI with a question mark (comma, semicolon) stands in angle brackets, or nobody can tell whose it is.
  if (bare && named.uriText.includes('?')) return refuse(cursor, 'a URI with "?" needs angle brackets');
  if (!bare) {
    if (peek(cursor) !== '>') return refuse(cursor, '">" expected');
    cursor.at += 1;
  }
  const paramByName = readParams(cursor);
  return paramByName === undefined ? undefined : { display, ...named, paramByName };
}

/** Parses one Via line, which may hold several values (RFC 3261 20.42). */
export const parseVias = (text: string): Field<readonly Via[]> => fieldOf(text, (cursor) => readList(cursor, readVia));

/** Parses From or To: exactly one party. */
export const parseParty = (text: string): Field<Party> => fieldOf(text, readParty);

/** Parses Contact, Route or Record-Route; `*` gives no party at all. */
export function parseParties(text: string): Field<readonly Party[]> {
  return text.trim() === '*' ? { value: [] } : fieldOf(text, (cursor) => readList(cursor, readParty));
}

/** Parses CSeq: a number below 2**31 and a method. */
export function parseSequence(text: string): Field<Sequence> {
  return fieldOf(text, (cursor) => {
    const digits = readPattern(cursor, digitsPattern, 'number');
    if (digits !== undefined && (digits.length > 10 || Number(digits) > sequenceMax)) {
      return refuse(cursor, 'number of 2**31 or more');
    }
    skipSpace(cursor);
    const method = readToken(cursor, 'method');
    return digits === undefined || method === undefined ? undefined : { number: Number(digits), method };
  });
}

/** Parses what follows an authentication scheme: `name=value` with commas between; names in lower case. */
export function parseAuthParams(text: string): Field<ParamByName> {
  return fieldOf(text, (cursor) => {
    const pairs = readList(cursor, (at) => {
      const name = readToken(at, 'parameter name')?.toLowerCase();
      if (!takeMark(at, '=')) return refuse(at, '"=" expected');
      const value = peek(at) === '"' ? readQuoted(at) : readToken(at, 'parameter value');
      return name === undefined || value === undefined ? undefined : ([name, value] as const);
    });
    if (pairs === undefined) return undefined;
    const byName = new Map(pairs);
    return byName.size === pairs.length ? byName : refuse(cursor, 'a parameter given twice');
  });
}
