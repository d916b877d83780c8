/** One node asks the other about its file of settings: each question is answered by a program beside the other's agent, which ends with it. */
import { fail, type Result } from '../core/result.ts';
import { isRecord, type Millis } from '../core/words.ts';
import { createQuestions } from '../process/questions.ts';
import type { Run } from '../process/run.ts';
import type { PeerTalk } from './beside/replication.ts';

export interface SettingsExchange {
  /** What the other node answered. Faults: `settings-unheard`, `settings-late`, `settings-busy`, and those of the file there. */
  ask(by: string, ask: unknown): Promise<Result<unknown>>;
}

/** Reading a configuration takes a second of a busy machine. */
const ANSWER_MS: Millis = 12_000;
/** The answer's way, besides. */
const LATE_MS: Millis = 15_000;
const MOST_OUTPUT_BYTES = 256 * 1024;

const unheard = () =>
  fail('settings-unheard', 'The other node is not heard: it cannot be asked.', 'See the stream between the nodes.');

const late = () =>
  fail(
    'settings-late',
    'The other node has not answered in time: what it did is not known.',
    'Look at its own page, or at its file.',
  );

const busy = () => fail('settings-busy', 'The other node is being asked already.', 'Try again in a moment.');

const odd = (why: string) =>
  fail('settings-odd', `The other node's program of settings failed: ${why}.`, 'Run the same version on both nodes.');

const isResult = (input: unknown): input is Result<unknown> => {
  if (!isRecord(input)) return false;
  if (input['ok'] === true) return 'value' in input;
  const { error } = input;
  return (
    input['ok'] === false &&
    isRecord(error) &&
    ['code', 'message', 'remedy'].every((key) => typeof error[key] === 'string')
  );
};

const read = (text: string): Result<unknown> => {
  try {
    const answer: unknown = JSON.parse(text);
    return isResult(answer) ? answer : odd('it said something else');
  } catch {
    return odd('it said nothing');
  }
};

/** `argv` answers one question on its standard input. */
export const createSettingsExchange = (talk: PeerTalk, argv: readonly string[], run: Run): SettingsExchange => {
  const questions = createQuestions();
  let isAnswering = false;
  const answer = async (by: unknown, ask: unknown): Promise<Result<unknown>> => {
    if (isAnswering) return busy();
    isAnswering = true;
    const input = `${JSON.stringify({ by, ask })}\n`;
    const done = await run(argv, { timeoutMs: ANSWER_MS, input, maxOutputBytes: MOST_OUTPUT_BYTES });
    isAnswering = false;
    return done.ok ? read(done.value.stdout) : done;
  };
  talk.onMessage((message) => {
    if (!isRecord(message) || typeof message['id'] !== 'string') return;
    const { id, type, by, ask, result } = message;
    if (type === 'ask') void answer(by, ask).then((found) => talk.send({ type: 'answer', id, result: found }));
    if (type === 'answer') questions.answered(id, isResult(result) ? result : odd('it answered something else'));
  });
  return {
    ask: (by, ask) =>
      questions.ask((id) => talk.send({ type: 'ask', id, by, ask }), unheard, {
        signal: AbortSignal.timeout(LATE_MS),
        onAbort: late,
      }),
  };
};
