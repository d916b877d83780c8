/** Verifies a journal in a thread of its own: reading hundreds of megabytes must hold up no other check. */
import { Worker } from 'node:worker_threads';
import { fail, messageOf, type Result } from '../core/result.ts';
import type { Verified } from '../journal/reader.ts';

export type VerifyResult = Verified;

const notVerified = (why: string): Result<never> =>
  fail('journal-not-verified', `The journal could not be verified: ${why}.`, 'Run `dualtone journal verify`.');

/** Faults: those of `openJournalReader` and `verify`, `journal-not-verified`. */
export const verifyAside = (directory: string, signal: AbortSignal): Promise<VerifyResult> =>
  new Promise((resolve) => {
    const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), {
      workerData: directory,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const end = (result: VerifyResult): void => {
      signal.removeEventListener('abort', onAbort);
      void worker.terminate();
      resolve(result);
    };
    const onAbort = (): void => end(notVerified('it was called off'));
    signal.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (result: VerifyResult) => end(result));
    worker.once('error', (error) => end(notVerified(messageOf(error))));
    worker.once('exit', () => end(notVerified('it ended without a word')));
  });
