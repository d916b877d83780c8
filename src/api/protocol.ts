/** The control socket's language: one JSON object a line, each with the request's id. */
import { type AlarmAsk, CHANNEL_NAME } from '../alarms/protocol.ts';
import type { CheckWork } from '../checks/protocol.ts';
import type { Command } from '../core/event.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { type Epoch, type Fields, type Instant, isRecord, type Millis } from '../core/words.ts';
import { type DrillAsk, readDrillAsk } from '../drill/protocol.ts';
import type { JournalEntry } from '../ports.ts';
import type { StreamProgress } from '../replication/stream.ts';
import { ENTRY, type Work } from '../replicator/protocol.ts';
import type { NodeSnapshot, Snapshot } from './snapshot.ts';

/** A line above this is nobody we know. */
export const LONGEST_LINE = 64 * 1024;
const LONGEST_TEXT = 200;
const LONGEST_SPAN_MS = 3650 * 86_400_000;

export type Request =
  | { readonly id: string; readonly type: 'snapshot' }
  /** A snapshot now, and after each change, at most every `everyMs`. `pair`: with what the other node shows of itself. */
  | { readonly id: string; readonly type: 'watch'; readonly everyMs: Millis; readonly pair: boolean }
  | {
      readonly id: string;
      readonly type: 'command';
      /** Who says so, for the journal. */
      readonly by: string;
      /** The agent refuses it when it could not begin by then. */
      readonly validMs: Millis;
      readonly epoch: Epoch | null;
      readonly command: Command;
    }
  /** Work of the replicator or the checker: progress, then a result. It is cancelled when the connection ends. */
  | { readonly id: string; readonly type: 'work'; readonly by: string; readonly work: Work | CheckWork }
  /** Of the process of alarms: a result. */
  | { readonly id: string; readonly type: 'alarm'; readonly by: string; readonly ask: AlarmAsk }
  /** A drill: begun, shown beforehand, stopped. A result. */
  | { readonly id: string; readonly type: 'drill'; readonly by: string; readonly ask: DrillAsk }
  /** About the other node's file of settings; who answers there checks it. A result. */
  | { readonly id: string; readonly type: 'settings'; readonly by: string; readonly ask: unknown }
  /** The other node was replaced: its address, pin and key are taken up from the file. */
  | { readonly id: string; readonly type: 'reload'; readonly by: string }
  /** Who did what outside the agent (a login): for the journal. */
  | { readonly id: string; readonly type: 'audit'; readonly by: string; readonly what: string; readonly detail: string }
  | {
      readonly id: string;
      readonly type: 'journal';
      readonly sinceSeq: number | null;
      readonly sinceWall: number | null;
      readonly limit: number;
    };

export interface CommandAnswer {
  readonly ok: boolean;
  readonly code: string;
  readonly text: string;
  readonly remedy: string;
}

/** What the other node showed of itself, and when it came, by this node's monotonic clock. */
export interface OtherSnapshot {
  readonly snapshot: NodeSnapshot;
  readonly heardAt: Instant;
}

export type Response =
  /** `other` only with a watch of the pair, and where there is news of it. */
  | { readonly id: string; readonly type: 'snapshot'; readonly snapshot: Snapshot; readonly other?: OtherSnapshot }
  | { readonly id: string; readonly type: 'answer'; readonly answer: CommandAnswer }
  | { readonly id: string; readonly type: 'progress'; readonly progress: StreamProgress }
  | { readonly id: string; readonly type: 'result'; readonly result: Result<unknown> }
  | { readonly id: string; readonly type: 'journal'; readonly entries: readonly JournalEntry[] }
  | { readonly id: string; readonly type: 'fault'; readonly fault: Fault };

export type { JournalEntry };

const isText = (input: unknown): input is string =>
  typeof input === 'string' && input.length <= LONGEST_TEXT && !/\p{Cc}/u.test(input);

const isSpan = (input: unknown): input is number =>
  typeof input === 'number' && Number.isFinite(input) && input >= 0 && input <= LONGEST_SPAN_MS;

const isCount = (input: unknown): input is number =>
  typeof input === 'number' && Number.isSafeInteger(input) && input >= 0;

const readCommand = (input: unknown): Command | null => {
  if (!isRecord(input)) return null;
  const { name, confirmed, whenIdle, maxWaitMs, mode, forMs, reason } = input;
  switch (name) {
    case 'start':
    case 'takeover':
      return typeof confirmed === 'boolean' ? { name, confirmed } : null;
    case 'switchover':
    case 'failback':
      return typeof whenIdle === 'boolean' && isSpan(maxWaitMs) ? { name, whenIdle, maxWaitMs } : null;
    case 'mode':
      return mode === 'automatic' || mode === 'manual' ? { name, mode } : null;
    case 'maintenance-on':
      return isSpan(forMs) && forMs > 0 && isText(reason) ? { name, forMs, reason } : null;
    case 'stop':
    case 'maintenance-off':
    case 'acknowledge':
      return { name };
    default:
      return null;
  }
};

const isName = (input: unknown): input is string =>
  typeof input === 'string' && /^[a-z0-9][a-z0-9-]{0,63}$/.test(input);

/** As many as a line holds. */
const MOST_ENTRIES = 1000;

const areEntries = (input: unknown): input is readonly string[] =>
  Array.isArray(input) && input.length <= MOST_ENTRIES && input.every((id) => typeof id === 'string' && ENTRY.test(id));

const readWork = (input: unknown): Work | CheckWork | null => {
  if (!isRecord(input)) return null;
  const { name, stream, merge, configuration, accept = [], refuse = [], only } = input;
  switch (name) {
    case 'check':
      return only === null || isName(only) ? { name, only } : null;
    case 'replicate':
      return stream === null || isName(stream) ? { name, stream } : null;
    case 'merge-run':
      return (configuration === 'ask' || configuration === 'accept' || configuration === 'refuse') &&
        areEntries(accept) &&
        areEntries(refuse)
        ? { name, configuration, accept, refuse }
        : null;
    case 'merge-undo':
      return isCount(merge) ? { name, merge } : null;
    case 'merge-report':
      return merge === null || isCount(merge) ? { name, merge } : null;
    case 'sync-remove': {
      const { preview, withKey, force } = input;
      return typeof preview === 'boolean' && typeof withKey === 'boolean' && typeof force === 'boolean'
        ? { name, preview, withKey, force }
        : null;
    }
    case 'mysql': {
      const { deed } = input;
      return deed === 'compare' || deed === 'resume' || deed === 'join' ? { name, deed } : null;
    }
    case 'merge-preview':
    case 'sync-init':
    case 'loss':
      return { name };
    default:
      return null;
  }
};

const readAlarmAsk = (input: unknown): AlarmAsk | null => {
  if (!isRecord(input)) return null;
  const { name, channel } = input;
  if (name === 'alarm-list') return { name };
  const fits = channel === null || (typeof channel === 'string' && CHANNEL_NAME.test(channel));
  return name === 'alarm-test' && fits ? { name, channel } : null;
};

const readFields = (id: string, fields: Fields): Request | null => {
  switch (fields['type']) {
    case 'snapshot':
      return { id, type: 'snapshot' };
    case 'watch': {
      const { everyMs, pair = false } = fields;
      const fits = isSpan(everyMs) && typeof pair === 'boolean';
      return fits ? { id, type: 'watch', everyMs: Math.max(50, everyMs), pair } : null;
    }
    case 'command': {
      const { by, validMs, epoch } = fields;
      const command = readCommand(fields['command']);
      const fits = isText(by) && isSpan(validMs) && (epoch === null || isCount(epoch)) && command !== null;
      return fits ? { id, type: 'command', by, validMs: Math.min(validMs, 60_000), epoch, command } : null;
    }
    case 'work': {
      const { by } = fields;
      const work = readWork(fields['work']);
      return isText(by) && work !== null ? { id, type: 'work', by, work } : null;
    }
    case 'alarm': {
      const { by } = fields;
      const ask = readAlarmAsk(fields['ask']);
      return isText(by) && ask !== null ? { id, type: 'alarm', by, ask } : null;
    }
    case 'drill': {
      const { by } = fields;
      const ask = readDrillAsk(fields['ask']);
      return isText(by) && ask !== null ? { id, type: 'drill', by, ask } : null;
    }
    case 'audit': {
      const { by, what, detail } = fields;
      return isText(by) && isName(what) && isText(detail) ? { id, type: 'audit', by, what, detail } : null;
    }
    case 'settings': {
      const { by, ask } = fields;
      return isText(by) && isRecord(ask) ? { id, type: 'settings', by, ask } : null;
    }
    case 'reload': {
      const { by } = fields;
      return isText(by) ? { id, type: 'reload', by } : null;
    }
    case 'journal': {
      const { sinceSeq = null, sinceWall = null, limit = 100 } = fields;
      const fits =
        (sinceSeq === null || isCount(sinceSeq)) && (sinceWall === null || isCount(sinceWall)) && isCount(limit);
      return fits ? { id, type: 'journal', sinceSeq, sinceWall, limit: Math.min(limit, 1000) } : null;
    }
    default:
      return null;
  }
};

/** Checks a line. Fails with `api-garbage`; the id is kept where one can be read. */
export const readRequest = (line: string): { readonly id: string; readonly request: Result<Request> } => {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch {
    input = null;
  }
  const id = isRecord(input) && isText(input['id']) ? input['id'] : '';
  const request = isRecord(input) && id !== '' ? readFields(id, input) : null;
  if (request !== null) return { id, request: ok(request) };
  return {
    id,
    request: fail(
      'api-garbage',
      'the agent did not understand the request',
      'use the `dualtone` of the same version as the agent',
    ),
  };
};
