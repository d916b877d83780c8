import type {
  Answer,
  Ask,
  HandoverRequest,
  Heard,
  Message,
  Order,
  Orders,
  Refusal,
  Release,
  Status,
} from '../core/message.ts';
import type { Role } from '../core/words.ts';

/** The longest reason of a maintenance that travels, in UTF-16 units; commands must not be longer. */
export const MAX_REASON = 200;

/** A year: no span of a message is longer. */
const MAX_SPAN_MS = 366 * 86_400_000;
/** Thirty years of uptime. */
const MAX_INSTANT = 1e12;
const MAX_CALLS = 10_000_000;

const QUESTIONS: readonly Ask['question'][] = ['sound', 'ask', 'renew', 'hello'];
const REFUSALS: readonly Refusal[] = ['silent', 'released', 'older', 'promised', 'held-open', 'rival', 'not-asked'];

type Fields = Readonly<Record<string, unknown>>;

/** Thrown by the readers of fields alone; `decodeMessage` and `decodeEtcdValue` turn it into what is no message, no value. */
const malformed = new Error('malformed message');

export const fields = (value: unknown, count: number): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed;
  if (Object.keys(value).length !== count) throw malformed;
  return value as Fields;
};

export const whole = (value: unknown, least = 0): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw malformed;
  return value;
};

const span = (value: unknown): number => {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_SPAN_MS)) throw malformed;
  return value;
};

/** On the sender's own clock; only compared by that sender. */
const instant = (value: unknown): number => {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_INSTANT)) throw malformed;
  return value;
};

export const flag = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw malformed;
  return value;
};

export const word = <W extends string>(value: unknown, words: readonly W[]): W => {
  const found = words.find((each) => each === value);
  if (found === undefined) throw malformed;
  return found;
};

export const ROLES: readonly Role[] = ['main', 'standby'];

export const status = (value: unknown): Status => {
  const from = fields(value, 9);
  const calls = whole(from['calls'], -1);
  if (calls > MAX_CALLS) throw malformed;
  return {
    role: word(from['role'], ROLES),
    at: instant(from['at']),
    life: whole(from['life']),
    holding: whole(from['holding']),
    heldOpen: flag(from['heldOpen']),
    well: flag(from['well']),
    calls,
    wantsLoose: flag(from['wantsLoose']),
    loose: flag(from['loose']),
  };
};

const order = (value: unknown): Order => {
  const from = fields(value, 6);
  const reason = from['maintenanceReason'];
  if (typeof reason !== 'string' || reason.length > MAX_REASON) throw malformed;
  return {
    revision: whole(from['revision']),
    knew: whole(from['knew']),
    mode: word(from['mode'], ['automatic', 'manual'] as const),
    manualSince: whole(from['manualSince']),
    maintenanceMs: span(from['maintenanceMs']),
    maintenanceReason: reason,
  };
};

export const orders = (value: unknown): Orders => {
  const from = fields(value, 2);
  return { main: order(from['main']), standby: order(from['standby']) };
};

const heard = (value: unknown): Heard => {
  const from = fields(value, 2);
  return { agoMs: span(from['agoMs']), status: status(from['status']) };
};

const ask = (value: unknown): Ask => {
  const from = fields(value, 10);
  return {
    type: 'ask',
    question: word(from['question'], QUESTIONS),
    epoch: whole(from['epoch']),
    seq: whole(from['seq']),
    bind: flag(from['bind']),
    restarts: flag(from['restarts']),
    release: whole(from['release']),
    vouched: flag(from['vouched']),
    status: status(from['status']),
    orders: orders(from['orders']),
  };
};

const answer = (value: unknown): Answer => {
  const from = fields(value, 11);
  return {
    type: 'answer',
    question: word(from['question'], QUESTIONS),
    epoch: whole(from['epoch']),
    seq: whole(from['seq']),
    yes: flag(from['yes']),
    why: from['why'] === null ? null : word(from['why'], REFUSALS),
    waitMs: span(from['waitMs']),
    highest: whole(from['highest']),
    heard: from['heard'] === null ? null : heard(from['heard']),
    status: from['status'] === null ? null : status(from['status']),
    orders: orders(from['orders']),
  };
};

export const release = (value: unknown): Release => {
  const from = fields(value, 5);
  return {
    type: 'release',
    role: word(from['role'], ROLES),
    epoch: whole(from['epoch']),
    addressee: from['addressee'] === null ? null : word(from['addressee'], ROLES),
    ordered: flag(from['ordered']),
  };
};

const handoverRequest = (value: unknown): HandoverRequest => {
  const from = fields(value, 6);
  return {
    type: 'handover-request',
    epoch: whole(from['epoch']),
    heard: instant(from['heard']),
    validMs: span(from['validMs']),
    whenIdle: flag(from['whenIdle']),
    maxWaitMs: span(from['maxWaitMs']),
  };
};

const DECODER_BY_TYPE: Readonly<Record<Message['type'], (value: unknown) => Message>> = {
  ask,
  answer,
  release,
  'handover-request': handoverRequest,
};

/** The message as compact JSON; strict to read, easy to look at, 3 µs a message. */
export const encodeMessage = (message: Message): Buffer => Buffer.from(JSON.stringify(message));

/** The message, or null where anything is missing, too much, or out of range. Never throws. */
export const decodeMessage = (bytes: Buffer): Message | null => {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    const { type } = value;
    return typeof type === 'string' && Object.hasOwn(DECODER_BY_TYPE, type)
      ? DECODER_BY_TYPE[type as Message['type']](value)
      : null;
  } catch {
    return null;
  }
};
