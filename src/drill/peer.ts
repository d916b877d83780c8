/** What the two processes that make drills say to each other over the pair's stream, checked; and questions that wait for an answer. */
import { fail, ok, type Result } from '../core/result.ts';
import { isRecord, type Millis } from '../core/words.ts';
import { createQuestions } from '../process/questions.ts';
import { type DrillAsk, type DrillRun, isDrillKind, readDrillAsk } from './protocol.ts';
import { type DrillReport, readDrillReport } from './report.ts';
import type { Sample } from './samples.ts';

/** What the standby, which leads, wants of the main, or the main passes on. */
export type PeerDeed =
  | { readonly do: 'measure'; readonly forMs: Millis }
  | { readonly do: 'clock' }
  | { readonly do: 'silence'; readonly ms: Millis }
  | { readonly do: 'collect' }
  /** The main passes a person's question on. */
  | { readonly do: 'ask'; readonly by: string; readonly ask: DrillAsk };

export type PeerMessage =
  | { readonly type: 'deed'; readonly id: string; readonly deed: PeerDeed }
  | { readonly type: 'answer'; readonly id: string; readonly result: Result<unknown> }
  | { readonly type: 'run'; readonly run: DrillRun | null }
  | { readonly type: 'report'; readonly report: DrillReport };

const isSpan = (input: unknown): input is Millis =>
  typeof input === 'number' && Number.isFinite(input) && input >= 0 && input <= 24 * 3_600_000;

const isLine = (input: unknown, most = 400): input is string =>
  typeof input === 'string' && input.length <= most && !/\p{Cc}/u.test(input);

const readDeed = (input: unknown): PeerDeed | null => {
  if (!isRecord(input)) return null;
  switch (input['do']) {
    case 'measure':
      return isSpan(input['forMs']) ? { do: 'measure', forMs: input['forMs'] } : null;
    case 'silence':
      return isSpan(input['ms']) ? { do: 'silence', ms: input['ms'] } : null;
    case 'clock':
    case 'collect':
      return { do: input['do'] };
    case 'ask': {
      const ask = readDrillAsk(input['ask']);
      return ask === null || !isLine(input['by'], 200) ? null : { do: 'ask', by: input['by'], ask };
    }
    default:
      return null;
  }
};

const readResult = (input: unknown): Result<unknown> | null => {
  if (!isRecord(input)) return null;
  if (input['ok'] === true) return ok(input['value']);
  const error = input['error'];
  if (!isRecord(error)) return null;
  const { code, message, remedy } = error;
  return isLine(code, 64) && isLine(message, 1000) && isLine(remedy, 1000) ? fail(code, message, remedy) : null;
};

const readRun = (input: unknown): DrillRun | null => {
  if (!isRecord(input)) return null;
  const { id, kind, by, startedAt, stage, text } = input;
  return isLine(id, 64) && isDrillKind(kind) && isLine(by, 200) && typeof startedAt === 'number' && isLine(text, 400)
    ? { id, kind, by, startedAt, stage: stage as DrillRun['stage'], text }
    : null;
};

/** Null: it is none, or another version's. */
export const readPeerMessage = (input: unknown): PeerMessage | null => {
  if (!isRecord(input)) return null;
  switch (input['type']) {
    case 'deed': {
      const deed = readDeed(input['deed']);
      return deed === null || !isLine(input['id'], 64) ? null : { type: 'deed', id: input['id'], deed };
    }
    case 'answer': {
      const result = readResult(input['result']);
      return result === null || !isLine(input['id'], 64) ? null : { type: 'answer', id: input['id'], result };
    }
    case 'run':
      return { type: 'run', run: readRun(input['run']) };
    case 'report': {
      const report = readDrillReport(input['report']);
      return report === null ? null : { type: 'report', report };
    }
    default:
      return null;
  }
};

const SIGHTS = ['network', 'own', 'blind'] as const;

/** In short, for the way: when, answered, seen how. */
export const packed = (samples: readonly Sample[]): readonly (readonly number[])[] =>
  samples.map(({ at, answered, sight }) => [at, answered ? 1 : 0, SIGHTS.indexOf(sight)]);

/** `offsetMs`: how far the sender's wall clock is ahead. */
export const unpacked = (input: unknown, offsetMs: Millis): readonly Sample[] =>
  (Array.isArray(input) ? input : []).flatMap((each: unknown) => {
    if (!Array.isArray(each)) return [];
    const [at, answered, sight] = each as readonly unknown[];
    const how = typeof sight === 'number' ? SIGHTS[sight] : undefined;
    if (typeof at !== 'number' || how === undefined) return [];
    return [{ at: at - offsetMs, answered: answered === 1, sight: how }];
  });

export interface PeerQuestions {
  /** Fault: `drill-other-silent`, and what the other answers. */
  ask(deed: PeerDeed, withinMs: Millis): Promise<Result<unknown>>;
  answered(id: string, result: Result<unknown>): void;
}

const silent = fail(
  'drill-other-silent',
  'The other node does not take part in the drill: it did not answer.',
  'See whether its agent runs, the pair’s stream is there (`dualtone check`) and its `drill.enabled` is on.',
);

export const createPeerQuestions = (send: (message: PeerMessage) => void): PeerQuestions => {
  const questions = createQuestions();
  return {
    ask: (deed, withinMs) => {
      const tell = (id: string): boolean => {
        send({ type: 'deed', id, deed });
        return true;
      };
      return questions.ask(tell, () => silent, { signal: AbortSignal.timeout(withinMs), onAbort: () => silent });
    },
    answered: (id, result) => questions.answered(id, result),
  };
};
