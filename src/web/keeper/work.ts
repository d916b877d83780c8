/** Work of people, by whoever does it: the agent and its processes, or the simulator beside the keeper. */
import { askWork } from '../../api/client.ts';
import type { CheckWork } from '../../checks/protocol.ts';
import type { Config } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import type { StreamProgress } from '../../replication/stream.ts';
import type { Work } from '../../replicator/protocol.ts';
import type { WebWork } from '../contract.ts';
import { forecast } from './forecast.ts';

/** Ends when it is done, or when `signal` is aborted. */
export type DoWork = (
  work: WebWork,
  by: string,
  signal: AbortSignal,
  onProgress: (progress: StreamProgress) => void,
) => Promise<Result<unknown>>;

const toWork = (work: Exclude<WebWork, { name: 'forecast' }>): Work | CheckWork => {
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

/** `program`: how this program is started, without its arguments. */
export const createWorker =
  (socket: string, config: Config, program: readonly string[]): DoWork =>
  (work, by, signal, onProgress) =>
    work.name === 'forecast'
      ? forecast(program, config, signal, onProgress)
      : askWork(socket, by, toWork(work), signal, onProgress);
