import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Fault, fail, type Result } from '../../src/core/result.ts';

/** What a program on the other end of a pipe can be asked: for each command its arguments and its value. */
export type CommandMap<C> = { readonly [Name in keyof C]: { readonly args: unknown; readonly value: unknown } };

export type Handlers<C extends CommandMap<C>> = {
  readonly [Name in keyof C]: (args: C[Name]['args']) => Result<C[Name]['value']> | Promise<Result<C[Name]['value']>>;
};

/**
 * Serves commands, one JSON object a line: `{"id":1,"do":"register","args":{…}}` is answered by `{"id":1,"ok":true,"value":…}`
 * or `{"id":1,"ok":false,"error":…}`, in any order. Settles when the input ends.
 */
export async function serveLines<C extends CommandMap<C>>(
  handlers: Handlers<C>,
  input: Readable,
  output: Writable,
): Promise<void> {
  const write = (line: object): void => {
    output.write(`${JSON.stringify(line)}\n`);
  };
  const answer = async (line: string): Promise<void> => {
    const command = readCommand(line);
    const handler = command === undefined ? undefined : lookUp(handlers, command.do);
    if (command === undefined || handler === undefined) {
      const fault = fail('lab-command', `No such command: ${line.slice(0, 80)}`, 'See protocol.ts beside the program.');
      write({ id: command?.id, ...fault });
      return;
    }
    try {
      write({ id: command.id, ...(await handler(command.args)) });
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      write({
        id: command.id,
        ...fail('lab-crash', `${command.do} threw: ${message}`, 'This is a mistake in the program.'),
      });
    }
  };
  for await (const line of createInterface({ input })) if (line !== '') void answer(line);
}

type AnyHandler = (args: unknown) => Result<unknown> | Promise<Result<unknown>>;

function lookUp(handlers: object, name: string): AnyHandler | undefined {
  const found: unknown = Object.hasOwn(handlers, name) ? Reflect.get(handlers, name) : undefined;
  return typeof found === 'function' ? (found as AnyHandler) : undefined;
}

function readCommand(line: string): { readonly id: number; readonly do: string; readonly args: unknown } | undefined {
  try {
    const command: unknown = JSON.parse(line);
    if (typeof command !== 'object' || command === null || !('id' in command) || !('do' in command)) return undefined;
    if (typeof command.id !== 'number' || typeof command.do !== 'string') return undefined;
    return { id: command.id, do: command.do, args: 'args' in command ? command.args : undefined };
  } catch {
    return undefined;
  }
}

export interface LinesClient<C extends CommandMap<C>> {
  readonly call: <Name extends keyof C & string>(
    name: Name,
    args: C[Name]['args'],
  ) => Promise<Result<C[Name]['value']>>;
  /** The other end is gone: every command under way and every later one fails so. */
  readonly end: (fault: Fault) => void;
}

/** The asking side of `serveLines`; lines that answer nothing go to `onEvent`. */
export function createLinesClient<C extends CommandMap<C>>(
  input: Writable,
  output: Readable,
  onEvent: (event: unknown) => void = () => undefined,
): LinesClient<C> {
  const settleById = new Map<number, (result: Result<unknown>) => void>();
  let nextId = 1;
  let ended: Fault | undefined;
  createInterface({ input: output }).on('line', (line) => {
    const message = readMessage(line);
    if (message === undefined) return;
    const settle = settleById.get(message.id ?? -1);
    if (settle === undefined) {
      onEvent(message);
      return;
    }
    settleById.delete(message.id ?? -1);
    settle(message.ok ? { ok: true, value: message.value } : { ok: false, error: message.error });
  });
  return {
    call: (name, args) =>
      new Promise((resolve) => {
        if (ended !== undefined) {
          resolve({ ok: false, error: ended });
          return;
        }
        const id = nextId;
        nextId += 1;
        settleById.set(id, resolve);
        input.write(`${JSON.stringify({ id, do: name, args })}\n`);
      }),
    end: (fault) => {
      ended = fault;
      for (const settle of settleById.values()) settle({ ok: false, error: fault });
      settleById.clear();
    },
  };
}

/** A line that is no JSON comes from something else that writes to the same pipe, and means nothing here. */
function readMessage(line: string): ({ readonly id?: number } & Result<unknown>) | undefined {
  try {
    return JSON.parse(line) as { readonly id?: number } & Result<unknown>;
  } catch {
    return undefined;
  }
}
