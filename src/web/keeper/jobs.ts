/** Work of people that takes its time: begun, watched, kept for a while. It goes on when who asked has left. */
import { randomBytes } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import type { Job, WebWork } from '../contract.ts';
import type { DoWork } from './work.ts';

export interface Jobs {
  /** Fault: `web-busy`. */
  begin(work: WebWork, by: string): Result<Job>;
  list(): readonly Job[];
  stop(): void;
}

const MOST_KEPT = 50;
const MOST_RUNNING = 4;
/** Progress is told this often at most. */
const TELL_MS = 500;

export const createJobs = (doWork: DoWork, clock: Clock, onJob: (job: Job) => void): Jobs => {
  const jobById = new Map<string, Job>();
  const ended = new AbortController();
  const set = (job: Job): void => {
    jobById.set(job.id, job);
    onJob(job);
  };
  const run = async (begun: Job, by: string): Promise<void> => {
    let toldAt = Number.NEGATIVE_INFINITY;
    const result = await doWork(begun.work, by, ended.signal, (progress) => {
      if (clock.now() - toldAt < TELL_MS) return;
      toldAt = clock.now();
      set({ ...begun, progress });
    });
    set({ ...begun, state: result.ok ? 'done' : 'failed', result, endedAt: clock.wall() });
  };
  return {
    begin: (work, by) => {
      const running = [...jobById.values()].filter(({ state }) => state === 'running');
      if (running.length >= MOST_RUNNING)
        return fail('web-busy', `${MOST_RUNNING} jobs are running already.`, 'Wait for one of them.');
      if (work.name === 'forecast' && running.some(({ work: { name } }) => name === 'forecast'))
        return fail('web-busy', 'A simulation is running already.', 'Wait for its end; everybody sees its result.');
      const id = randomBytes(8).toString('hex');
      const job: Job = {
        id,
        work,
        by,
        startedAt: clock.wall(),
        state: 'running',
        progress: null,
        result: null,
        endedAt: null,
      };
      const oldest = [...jobById.values()].find(({ state }) => state !== 'running');
      if (jobById.size >= MOST_KEPT && oldest !== undefined) jobById.delete(oldest.id);
      set(job);
      void run(job, by);
      return ok(job);
    },
    list: () => [...jobById.values()],
    stop: () => ended.abort(),
  };
};
