/** Questions and answers between the two agents, over one channel of the pair's stream. */
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { isRecord, type Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { createQuestions, type Failure } from '../process/questions.ts';

/** How the messages travel; the agent has the connection. */
export interface TalkTransport {
  /** False when there is no connection, or it takes no more. */
  send(message: unknown): boolean;
  onMessage(listener: (message: unknown) => void): void;
  onConnected(listener: () => void): void;
}

/** Answers one kind of question; the parameters are the other node's word and not yet checked. */
export type Answerer = (parameters: unknown) => Promise<Result<unknown>>;

export interface Talk {
  /** Faults: `peer-not-connected`, `peer-no-answer` (after `timeoutMs`), `peer-bad-answer`, or what the other side answered. */
  ask(question: string, parameters: unknown, timeoutMs: Millis): Promise<Result<unknown>>;
  /** One answerer a question. */
  answer(question: string, answerer: Answerer): void;
  onConnected(listener: () => void): void;
  stop(): void;
}

const MOST_PENDING = 64;

const faultOf = (input: unknown): Fault | null => {
  if (!isRecord(input)) return null;
  const { code, message, remedy } = input;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof remedy !== 'string') return null;
  return { code, message, remedy };
};

const notConnected = () =>
  fail(
    'peer-not-connected',
    'The other node is not connected for replication.',
    'See `dualtone status` on both nodes; the main opens the connection.',
  );

const resultOf = (message: Readonly<Record<string, unknown>>): Result<unknown> => {
  if (message['ok'] === true) return ok(message['value'] ?? null);
  const error = faultOf(message['error']);
  if (error !== null) return { ok: false, error };
  return fail(
    'peer-bad-answer',
    'The other node gave an answer that is not understood.',
    'Run the same version of Dualtone on both nodes.',
  );
};

const noAnswer = (question: string, timeoutMs: Millis): Failure =>
  fail(
    'peer-no-answer',
    `The other node did not answer \`${question}\` within ${Math.round(timeoutMs / 1000)} s.`,
    'See `dualtone status` on the other node.',
  );

/** Answers come in any order; a question asked again is a new one, so answerers must be repeatable. */
export const createTalk = (transport: TalkTransport, clock: Clock): Talk => {
  const questions = createQuestions();
  const answererByQuestion = new Map<string, Answerer>();
  const listeners: (() => void)[] = [];
  let stopped = false;

  const reply = async (id: number, question: unknown, parameters: unknown): Promise<void> => {
    const answerer = typeof question === 'string' ? answererByQuestion.get(question) : undefined;
    const result =
      answerer === undefined
        ? fail(
            'peer-question-unknown',
            'The other node does not know this question.',
            'Run the same version of Dualtone on both nodes.',
          )
        : await answerer(parameters);
    if (!stopped) transport.send({ answer: id, ...result });
  };

  transport.onMessage((message) => {
    if (!isRecord(message) || stopped) return;
    const { ask, answer } = message;
    if (typeof ask === 'number') void reply(ask, message['question'], message['parameters']);
    else if (typeof answer === 'number') questions.answered(String(answer), resultOf(message));
  });
  transport.onConnected(() => {
    // Whoever was asked over the former connection does not answer over this one.
    questions.failAll(notConnected());
    for (const listener of listeners) listener();
  });

  return {
    ask: (question, parameters, timeoutMs) => {
      if (stopped || questions.open() >= MOST_PENDING) return Promise.resolve(notConnected());
      const late = new AbortController();
      const cancel = clock.at(clock.now() + timeoutMs, () => late.abort());
      const tell = (id: string): boolean => transport.send({ ask: Number(id), question, parameters });
      const onAbort = () => noAnswer(question, timeoutMs);
      return questions.ask(tell, notConnected, { signal: late.signal, onAbort }).finally(cancel);
    },
    answer: (question, answerer) => {
      answererByQuestion.set(question, answerer);
    },
    onConnected: (listener) => {
      listeners.push(listener);
    },
    stop: () => {
      stopped = true;
      questions.failAll(notConnected());
    },
  };
};
