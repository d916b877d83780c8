import { isUtf8 } from 'node:buffer';
import { fail, ok, type Result } from '../core/result.ts';
import { checkByName, onceOnly } from './checks.ts';
import { isToken } from './cursor.ts';
import { type Field, parseParty, parseSequence, parseVias, type Via } from './fields.ts';
import { bodyBytesMax, headerBytesMax, headerCountMax } from './limits.ts';
import {
  canonicalName,
  type Essentials,
  type HeaderField,
  headersOf,
  type ReceivedMessage,
  type SipMessage,
} from './message.ts';
import { parseUri } from './uri.ts';

const remedy = 'Look at the program that sent it: this is not SIP as RFC 3261 writes it.';

/** The fault of a message that is not SIP. `where` is a header's name or a part of the message. */
export const syntaxFault = (where: string, problem: string): ReturnType<typeof fail> =>
  fail('sip-syntax', `SIP message refused: ${where}: ${problem}.`, remedy);

const headerPattern = /^([-.!%*_+`'~A-Za-z0-9]+)[ \t]*:/;
const callIdPattern = /^[-.!%*_+`'~()<>:\\"/[\]?{}A-Za-z0-9]+(?:@[-.!%*_+`'~()<>:\\"/[\]?{}A-Za-z0-9]+)?$/;
/** Tells whether a control character stands where none may: anywhere but behind a backslash, and CR and LF not even there. */
function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const control = (code < 32 && code !== 9) || code === 127;
    if (control && (code === 10 || code === 13 || !isEscaped(text, at))) return true;
  }
  return false;
}

/** An odd number of backslashes stands before this character. */
function isEscaped(text: string, at: number): boolean {
  let begin = at;
  while (text[begin - 1] === '\\') begin -= 1;
  return (at - begin) % 2 === 1;
}

/**
 * Parses one datagram, or one message cut from a stream. Bytes past Content-Length are ignored, as RFC 3261 18.3 asks.
 * Faults: `sip-empty` (keep-alive), `sip-syntax`, `sip-version`, `sip-too-large`. Never throws.
 */
export function parseMessage(bytes: Uint8Array): Result<ReceivedMessage> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let begin = 0;
  while (buffer[begin] === 13 && buffer[begin + 1] === 10) begin += 2;
  if (begin >= buffer.length || (buffer.length - begin === 1 && buffer[begin] === 0)) {
    return fail('sip-empty', 'Nothing but a keep-alive was received.', 'Nothing to do.');
  }
  const end = buffer.indexOf('\r\n\r\n', begin);
  if (end < 0) return syntaxFault('headers', 'no empty line ends them');
  if (end - begin > headerBytesMax) return tooLarge('headers', headerBytesMax);
  const section = buffer.subarray(begin, end);
  if (!isUtf8(section)) return syntaxFault('headers', 'not UTF-8');
  const lines = unfold(section.toString('utf8'));
  if (!lines.ok) return lines;
  const message = readStart(lines.value[0] ?? '', buffer.subarray(end + 4), lines.value.slice(1));
  if (!message.ok) return message;
  const essentials = readEssentials(message.value);
  return essentials.ok ? finish(message.value, essentials.value) : essentials;
}

function tooLarge(what: string, max: number): ReturnType<typeof fail> {
  return fail('sip-too-large', `SIP message refused: ${what} of more than ${max} bytes.`, remedy);
}

/** Joins continuation lines (RFC 3261 7.3.1); the start line has none. */
function unfold(section: string): Result<readonly string[]> {
  const lines: string[] = [];
  for (const line of section.split('\r\n')) {
    const last = lines.length - 1;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last < 1) return syntaxFault('start line', 'continued or preceded by space');
      lines[last] += ` ${line.trim()}`;
    } else lines.push(line);
  }
  if (lines.length - 1 > headerCountMax) return syntaxFault('headers', `more than ${headerCountMax}`);
  return ok(lines);
}

function readStart(line: string, rest: Uint8Array, lines: readonly string[]): Result<SipMessage> {
  const headers = readHeaders(lines);
  if (!headers.ok) return headers;
  const body = cutBody(headers.value, rest);
  if (!body.ok) return body;
  const content = { headers: headers.value, body: body.value };
  if (hasControl(line)) return syntaxFault('start line', 'control character');
  const status = /^SIP\/([0-9]+\.[0-9]+) ([0-9]+) (.*)$/is.exec(line);
  if (status !== null) return readStatus(status, content);
  const parts = line.split(' ');
  const [method = '', uri = '', version = ''] = parts;
  if (parts.length !== 3) return syntaxFault('request line', 'not method, URI and version with one space between');
  if (!isToken(method)) return syntaxFault('request line', 'method is not a plain word');
  const wrong = checkVersion(/^SIP\/([0-9]+\.[0-9]+)$/i.exec(version)?.[1], 'request line');
  if (wrong !== undefined) return wrong;
  const parsed = parseUri(uri);
  if (typeof parsed === 'string') return syntaxFault('request URI', parsed);
  if (parsed.kind === 'sip' && parsed.headers !== undefined) return syntaxFault('request URI', 'has headers after "?"');
  return ok({ kind: 'request', method, uri, ...content });
}

function readStatus(found: RegExpExecArray, content: Pick<SipMessage, 'headers' | 'body'>): Result<SipMessage> {
  const wrong = checkVersion(found[1], 'status line');
  if (wrong !== undefined) return wrong;
  const status = Number(found[2]);
  if (found[2]?.length !== 3 || status < 100 || status > 699) return syntaxFault('status line', 'code not 100 to 699');
  return ok({ kind: 'response', status, reason: found[3] ?? '', ...content });
}

function checkVersion(version: string | undefined, where: string): ReturnType<typeof fail> | undefined {
  if (version === '2.0') return undefined;
  if (version === undefined) return syntaxFault(where, 'no SIP version');
  return fail('sip-version', `SIP message refused: version ${version}, only 2.0 is spoken.`, remedy);
}

function readHeaders(lines: readonly string[]): Result<readonly HeaderField[]> {
  const headers: HeaderField[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    const found = headerPattern.exec(line);
    if (found?.[1] === undefined) return syntaxFault(`header ${headers.length + 1}`, 'no name and colon');
    const name = canonicalName(found[1]);
    const value = line.slice(found[0].length).trim();
    if (hasControl(value)) return syntaxFault(name, 'control character');
    if (onceOnly.has(name) && seen.has(name)) return syntaxFault(name, 'given twice');
    seen.add(name);
    const problem = checkByName.get(name)?.(value);
    if (problem !== undefined) return syntaxFault(name, problem);
    headers.push({ name, value });
  }
  return ok(headers);
}

function cutBody(headers: readonly HeaderField[], rest: Uint8Array): Result<Uint8Array> {
  const stated = headers.find((field) => field.name === 'Content-Length')?.value;
  const length = stated === undefined ? rest.length : Number(stated);
  if (length > rest.length) return syntaxFault('Content-Length', `says ${length} bytes, ${rest.length} are here`);
  return length > bodyBytesMax ? tooLarge('body', bodyBytesMax) : ok(rest.subarray(0, length));
}

function single<T>(message: SipMessage, name: string, parse: (text: string) => Field<T>): Result<T> {
  const text = headersOf(message, name)[0];
  if (text === undefined) return syntaxFault(name, 'missing');
  const field = parse(text);
  return 'problem' in field ? syntaxFault(name, field.problem) : ok(field.value);
}

function readVias(message: SipMessage): Result<readonly [Via, ...Via[]]> {
  const vias: Via[] = [];
  for (const line of headersOf(message, 'Via')) {
    const field = parseVias(line);
    if ('problem' in field) return syntaxFault('Via', field.problem);
    vias.push(...field.value);
  }
  const [top, ...others] = vias;
  if (top === undefined) return syntaxFault('Via', 'missing');
  // RFC 3261 8.1.1.7: the magic cookie alone names no transaction, and would match anybody's.
  if (top.paramByName.get('branch')?.toLowerCase() === 'z9hg4bk')
    return syntaxFault('Via', 'branch with nothing after z9hG4bK');
  return ok([top, ...others]);
}

const parseCallId = (text: string): Field<string> =>
  callIdPattern.test(text) ? { value: text } : { problem: 'not one word, or two with @ between' };

function readEssentials(message: SipMessage): Result<Essentials> {
  const vias = readVias(message);
  if (!vias.ok) return vias;
  const from = single(message, 'From', parseParty);
  if (!from.ok) return from;
  const to = single(message, 'To', parseParty);
  if (!to.ok) return to;
  const callId = single(message, 'Call-ID', parseCallId);
  if (!callId.ok) return callId;
  const sequence = single(message, 'CSeq', parseSequence);
  if (!sequence.ok) return sequence;
  return ok({
    vias: vias.value,
    from: from.value,
    to: to.value,
    callId: callId.value,
    sequence: sequence.value,
  });
}

function finish(message: SipMessage, essentials: Essentials): Result<ReceivedMessage> {
  if (message.kind === 'request' && message.method !== essentials.sequence.method) {
    return syntaxFault('CSeq', `names ${essentials.sequence.method}, the request is ${message.method}`);
  }
  return ok({ ...message, ...essentials });
}
