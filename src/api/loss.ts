/** What a move would lose, asked of the agent; where it cannot be told, that is said as a loss. */
import type { Millis, Role } from '../core/words.ts';
import type { LossView } from '../replicator/protocol.ts';
import { askWork } from './client.ts';

const TELL_MS: Millis = 20_000;

const isLoss = (value: unknown): value is LossView =>
  typeof value === 'object' && value !== null && 'exceedsLimit' in value && 'items' in value;

const untold = (target: Role, why: string): LossView => ({
  move: target === 'main' ? 'failback' : 'takeover',
  exceedsLimit: true,
  text: why,
  items: [{ stream: 'all', text: `What would be lost cannot be told: ${why.replace(/\.$/, '')}.` }],
});

/** `target` would serve. Never fails: what cannot be told exceeds the limit. */
export const askLoss = async (socket: string, by: string, target: Role): Promise<LossView> => {
  const told = await askWork(socket, by, { name: 'loss' }, AbortSignal.timeout(TELL_MS), () => undefined);
  if (!told.ok) return untold(target, told.error.message);
  return isLoss(told.value) ? told.value : untold(target, 'the agent answered something else');
};
