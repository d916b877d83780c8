/** Persons' commands on their way through the core: each gets exactly one answer. */
import type { CommandAnswer, Request } from '../api/protocol.ts';
import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { Instant } from '../core/words.ts';

export interface Commands {
  give(request: Extract<Request, { type: 'command' }>): Promise<CommandAnswer>;
  replied(reply: Extract<Effect, { kind: 'reply' }>): void;
  /** The agent ends: nobody waits in vain. */
  stop(): void;
}

const STOPPED: CommandAnswer = {
  ok: false,
  code: 'agent-stopped',
  text: 'The agent was stopped before the command came about.',
  remedy: 'Look at `dualtone status`, then give it again.',
};

export const createCommands = (post: (makeEvent: (at: Instant) => Event) => void): Commands => {
  const waiting = new Map<string, (answer: CommandAnswer) => void>();
  let count = 0;
  let stopped = false;
  return {
    give: ({ by, validMs, epoch, command }) =>
      new Promise((resolve) => {
        if (stopped) return resolve(STOPPED);
        count += 1;
        const id = `c${count}`;
        waiting.set(id, resolve);
        post((at) => ({ kind: 'command', at, id, by, expiresAt: at + validMs, epoch, command }));
      }),
    replied: ({ id, ok, code, text, remedy }) => {
      waiting.get(id)?.({ ok, code, text, remedy });
      waiting.delete(id);
    },
    stop: () => {
      stopped = true;
      for (const resolve of waiting.values()) resolve(STOPPED);
      waiting.clear();
    },
  };
};
