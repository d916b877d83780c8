/** Talks to an agent over its control socket. */
import { connect, type Socket } from 'node:net';
import type { AlarmAsk } from '../alarms/protocol.ts';
import type { CheckWork } from '../checks/protocol.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { DrillAsk } from '../drill/protocol.ts';
import type { StreamProgress } from '../replication/stream.ts';
import type { Work } from '../replicator/protocol.ts';
import type { CommandAnswer, OtherSnapshot, Request, Response } from './protocol.ts';
import type { Snapshot } from './snapshot.ts';

type WithoutId<T> = T extends { readonly id: string } ? Omit<T, 'id'> : never;
export type Question = WithoutId<Request>;

const unreachable = (path: string, code: string): Result<never> => {
  const why =
    code === 'ENOENT' || code === 'ECONNREFUSED'
      ? 'no agent is running there'
      : code === 'EACCES' || code === 'EPERM'
        ? 'you may not use it'
        : code;
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? 'run as root, or as a member of control-socket.group'
      : 'start it: `systemctl start dualtone`; if its run-dir is not the usual one, give --config or --socket';
  return fail('agent-unreachable', `the agent at ${path} does not answer: ${why}`, remedy);
};

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;

/** Calls with each response line until `done` says so or the socket ends. */
const converse = (
  path: string,
  question: Question,
  timeoutMs: Millis | null,
  signal: AbortSignal | null,
  take: (response: Response) => Result<void> | null,
): Promise<Result<void>> =>
  new Promise((resolve) => {
    const socket: Socket = connect(path);
    let buffered = '';
    let timer: NodeJS.Timeout | null = null;
    const end = (result: Result<void>): void => {
      if (timer !== null) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end(ok(undefined));
    if (timeoutMs !== null) {
      timer = setTimeout(
        () =>
          end(
            fail(
              'agent-silent',
              `the agent did not answer within ${timeoutMs} ms`,
              'see `systemctl status dualtone`; it may be stopped or overloaded',
            ),
          ),
        timeoutMs,
      );
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setEncoding('utf8');
    socket.once('error', (error) => end(unreachable(path, codeOf(error))));
    socket.once('close', () =>
      end(fail('agent-gone', 'the agent ended the connection', 'see `dualtone status` and its journal')),
    );
    socket.once('connect', () => socket.write(`${JSON.stringify({ ...question, id: '1' })}\n`));
    socket.on('data', (text: string) => {
      buffered += text;
      for (let at = buffered.indexOf('\n'); at >= 0; at = buffered.indexOf('\n')) {
        const line = buffered.slice(0, at);
        buffered = buffered.slice(at + 1);
        const over = take(JSON.parse(line) as Response);
        if (over !== null) return end(over);
      }
    });
  });

const strange = (): Result<never> =>
  fail('api-strange', 'the agent answered something else', 'use the `dualtone` of the same version as the agent');

export const askSnapshot = async (path: string, timeoutMs: Millis = 3000): Promise<Result<Snapshot>> => {
  let found: Snapshot | null = null;
  const result = await converse(path, { type: 'snapshot' }, timeoutMs, null, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type !== 'snapshot') return strange();
    found = response.snapshot;
    return ok(undefined);
  });
  if (!result.ok) return result;
  return found === null ? strange() : ok(found);
};

/** Calls with a snapshot at each change, until the signal or the agent's end. */
export const watchSnapshots = (
  path: string,
  everyMs: Millis,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<Result<void>> =>
  converse(path, { type: 'watch', everyMs, pair: false }, null, signal, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type === 'snapshot') onSnapshot(response.snapshot);
    return null;
  });

/** The same of both nodes; `other` where there is news of it. */
export const watchPair = (
  path: string,
  everyMs: Millis,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot, other: OtherSnapshot | null) => void,
): Promise<Result<void>> =>
  converse(path, { type: 'watch', everyMs, pair: true }, null, signal, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type === 'snapshot') onSnapshot(response.snapshot, response.other ?? null);
    return null;
  });

/** Has the journal keep who did what. */
export const tellAudit = (path: string, by: string, what: string, detail: string): Promise<Result<void>> =>
  converse(path, { type: 'audit', by, what, detail }, 3000, null, (response) =>
    response.type === 'fault' ? { ok: false, error: response.fault } : ok(undefined),
  );

/** Gives a command and waits until it has come about or was refused. */
export const giveCommand = async (
  path: string,
  request: WithoutId<Extract<Request, { type: 'command' | 'reload' }>>,
  timeoutMs: Millis,
): Promise<Result<CommandAnswer>> => {
  let found: CommandAnswer | null = null;
  const result = await converse(path, request, timeoutMs, null, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type !== 'answer') return strange();
    found = response.answer;
    return ok(undefined);
  });
  if (!result.ok) return result;
  return found === null ? strange() : ok(found);
};

/** Asks for work of the replicator or the checker and waits for its result; the signal, and the end of this program, cancel it. */
export const askWork = async (
  path: string,
  by: string,
  work: Work | CheckWork,
  signal: AbortSignal,
  onProgress: (progress: StreamProgress) => void,
): Promise<Result<unknown>> => {
  let found: Result<unknown> | null = null;
  const result = await converse(path, { type: 'work', by, work }, null, signal, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type === 'progress') {
      onProgress(response.progress);
      return null;
    }
    if (response.type !== 'result') return strange();
    found = response.result;
    return ok(undefined);
  });
  if (!result.ok) return result;
  return found ?? fail('cancelled', 'the work was cancelled', 'ask for it again; what was done is whole');
};

/** One question, one result, whole or not at all. */
const askOnce = async (path: string, question: Question, timeoutMs: Millis): Promise<Result<unknown>> => {
  let found: Result<unknown> | null = null;
  const result = await converse(path, question, timeoutMs, null, (response) => {
    if (response.type === 'fault') return { ok: false, error: response.fault };
    if (response.type !== 'result') return strange();
    found = response.result;
    return ok(undefined);
  });
  if (!result.ok) return result;
  return found ?? strange();
};

/** Asks the other node about its file of settings, through both agents. */
export const askOtherSettings = (path: string, by: string, ask: unknown, timeoutMs: Millis): Promise<Result<unknown>> =>
  askOnce(path, { type: 'settings', by, ask }, timeoutMs);

/** Begins, previews or stops a drill, at whichever node. */
export const askDrill = (path: string, by: string, ask: DrillAsk, timeoutMs: Millis): Promise<Result<unknown>> =>
  askOnce(path, { type: 'drill', by, ask }, timeoutMs);

/** Asks the process of alarms, and waits for its result. */
export const askAlarm = (path: string, by: string, ask: AlarmAsk, timeoutMs: Millis): Promise<Result<unknown>> =>
  askOnce(path, { type: 'alarm', by, ask }, timeoutMs);
