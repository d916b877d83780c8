// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { OutageReport } from './outage.ts';
import { type ProbePlan, startProber } from './prober.ts';

/** A prober on a thread of its own, so that thousands of telephones do not make it late. */
export interface ProberThread {
  /** As `Prober.report`; throws when the thread is gone. */
  readonly report: (sinceMs: number, untilMs?: number) => Promise<OutageReport>;
  readonly stop: () => Promise<void>;
}

interface Question {
  readonly id: number;
  readonly sinceMs: number;
  readonly untilMs: number | undefined;
}

interface Reply {
  readonly id: number;
  readonly report: OutageReport;
}

/** Starts a prober on a thread. Faults: those of its socket; `lab-crash` if the thread dies. */
export async function startProberThread(plan: ProbePlan): Promise<Result<ProberThread>> {
  const worker = new Worker(new URL(import.meta.url), { workerData: plan });
  const replyById = new Map<number, PromiseWithResolvers<OutageReport>>();
  let nextId = 1;
  let started: Result<null>;
  try {
    [started] = (await once(worker, 'message')) as [Result<null>];
  } catch (error) {
    return fail('lab-crash', `The prober ended: ${String(error)}`, 'This is a mistake in the program.');
  }
  if (!started.ok) {
    await worker.terminate();
    return started;
  }
  worker.on('message', ({ id, report }: Reply) => {
    replyById.get(id)?.resolve(report);
    replyById.delete(id);
  });
  const died = (why: unknown): void => {
    for (const reply of replyById.values()) reply.reject(new Error(`the prober's thread ended: ${String(why)}`));
    replyById.clear();
  };
  worker.on('error', died);
  worker.on('exit', died);
  return ok({
    report: (sinceMs, untilMs) => {
      const question: Question = { id: nextId, sinceMs, untilMs };
      const reply = Promise.withResolvers<OutageReport>();
      replyById.set(nextId, reply);
      nextId += 1;
      worker.postMessage(question);
      return reply.promise;
    },
    stop: async () => {
      await worker.terminate();
    },
  });
}

async function serve(): Promise<void> {
  const prober = await startProber(workerData as ProbePlan);
  if (!prober.ok) {
    parentPort?.postMessage(prober);
    return;
  }
  parentPort?.on('message', ({ id, sinceMs, untilMs }: Question) => {
    const reply: Reply = { id, report: prober.value.report(sinceMs, untilMs) };
    parentPort?.postMessage(reply);
  });
  parentPort?.postMessage(ok(null));
}

if (!isMainThread) await serve();
