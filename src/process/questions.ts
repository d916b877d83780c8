/** What another process was asked for, beside this one or on the other node, and has not answered yet: each under a number of its own. */
import { randomInt } from 'node:crypto';
import type { Fault, Result } from '../core/result.ts';

export interface Asked<Progress> {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The asker gave up: what it hears at once, or null where the answer, which then says so, is waited for. */
  readonly onAbort: (id: string) => Failure | null;
}

export interface Questions<Progress = never> {
  /** How many have no answer yet. */
  open(): number;
  /** `tell` hands the question over, its id in decimal digits; where it cannot, the answer is `refused`. */
  ask(tell: (id: string) => boolean, refused: () => Failure, asked: Asked<Progress>): Promise<Result<unknown>>;
  progressed(id: string, progress: Progress): void;
  answered(id: string, result: Result<unknown>): void;
  /** Nobody is there any more who could answer. */
  failAll(failure: Failure): void;
}

export interface Failure {
  readonly ok: false;
  readonly error: Fault;
}

interface Open<Progress> {
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly settle: (result: Result<unknown>) => void;
}

export const createQuestions = <Progress = never>(): Questions<Progress> => {
  const openById = new Map<string, Open<Progress>>();
  // What was asked in a former life of this process may still be answered: never under a number of this one.
  let lastId = randomInt(2 ** 47);
  return {
    open: () => openById.size,
    ask: (tell, refused, { signal, onProgress, onAbort }) => {
      lastId += 1;
      const id = String(lastId);
      if (!tell(id)) return Promise.resolve(refused());
      return new Promise((resolve) => {
        const aborted = (): void => {
          const given = onAbort(id);
          if (given !== null) settle(given);
        };
        const settle = (result: Result<unknown>): void => {
          signal.removeEventListener('abort', aborted);
          openById.delete(id);
          resolve(result);
        };
        openById.set(id, { onProgress, settle });
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
    progressed: (id, progress) => openById.get(id)?.onProgress?.(progress),
    answered: (id, result) => openById.get(id)?.settle(result),
    failAll: (failure) => {
      for (const { settle } of openById.values()) settle(failure);
    },
  };
};
