/** Work of people that takes its time: begun, watched, kept for a while. It goes on when who asked has left. */
import { randomBytes } from 'node:crypto';
import { askWork } from '../../api/client.ts';
import type { CheckWork } from '../../checks/protocol.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import type { Work } from '../../replicator/protocol.ts';
import type { Job, WebWork } from '../contract.ts';

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

const toWork = (work: WebWork): Work | CheckWork => {
  switch (work.name) {
    case 'check':
      return { name: 'check', only: work.only ?? null };
    case 'replicate':
      return { name: 'replicate', stream: work.stream ?? null };
    case 'merge-run': {
      const { configuration = 'ask', accept = [], refuse = [] } = work;
      return { name: 'merge-run', configuration, accept, refuse };
    }
    case 'merge-report':
      return { name: 'merge-report', merge: work.merge ?? null };
    case 'sync-remove':
      return { name: 'sync-remove', preview: work.preview, withKey: work.withKey ?? false, force: work.force ?? false };
    case 'merge-undo':
    case 'merge-preview':
    case 'loss':
    case 'sync-init':
      return work;
  }
};

export const createJobs = (socket: string, clock: Clock, onJob: (job: Job) => void): Jobs => {
  const jobById = new Map<string, Job>();
  const ended = new AbortController();
  const set = (job: Job): void => {
    jobById.set(job.id, job);
    onJob(job);
  };
  const run = async (begun: Job, by: string): Promise<void> => {
    let toldAt = Number.NEGATIVE_INFINITY;
    const result = await askWork(socket, by, toWork(begun.work), ended.signal, (progress) => {
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
