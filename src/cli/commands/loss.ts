/** Before a person moves service: what would be lost. An automatic takeover never asks. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { Role } from '../../core/words.ts';
import type { LossView } from '../../replicator/protocol.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions, Output } from '../target.ts';
import { showFault } from '../target.ts';

export interface LossOptions extends CommonOptions {
  readonly acceptLoss?: boolean;
}

export type Move = 'takeover' | 'switchover' | 'failback' | 'start';

const TELL_MS = 20_000;

/** Which node would serve; null where nobody can say, or it does already. */
const targetOf = (move: Move, { node, peer, server }: NodeSnapshot): Role | null => {
  const serving = server === 'this' ? node.role : server === 'other' ? peer.role : null;
  const target =
    move === 'failback' ? 'main' : move !== 'switchover' ? node.role : serving === 'main' ? 'standby' : 'main';
  if (target === serving || (move === 'switchover' && serving === null)) return null;
  // With nobody serving a node knows of itself alone.
  return serving === null && target !== node.role ? null : target;
};

const isLoss = (value: unknown): value is LossView =>
  typeof value === 'object' && value !== null && 'exceedsLimit' in value && 'items' in value;

const untold = (target: Role, why: string): LossView => ({
  move: target === 'main' ? 'failback' : 'takeover',
  exceedsLimit: true,
  text: why,
  items: [{ stream: 'all', text: `What would be lost cannot be told: ${why.replace(/\.$/, '')}.` }],
});

const askLoss = async (socket: string, by: string, target: Role): Promise<LossView> => {
  const { askWork } = await import('../../api/client.ts');
  const told = await askWork(socket, by, { name: 'loss' }, AbortSignal.timeout(TELL_MS), () => undefined);
  if (!told.ok) return untold(target, told.error.message);
  return isLoss(told.value) ? told.value : untold(target, 'the agent answered something else');
};

/**
 * Says what the move would lose; gives an exit code where it must not be made without `--accept-loss`, null where it may. `start` is
 * told and never held up: with the other node dead there is nothing to wait for.
 */
export const guardLoss = async (
  move: Move,
  by: string,
  socket: string,
  options: LossOptions,
  output: Output,
): Promise<ExitCode | null> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const asked = await askSnapshot(socket);
  if (!asked.ok) return showFault(asked.error, options, output);
  const snapshot = asked.value;
  if (snapshot.kind === 'checkpoint' || snapshot.streams.loss === null) return null;
  const target = targetOf(move, snapshot);
  if (target === null) return null;
  const loss = await askLoss(socket, by, target);
  const isRefused = loss.exceedsLimit && options.acceptLoss !== true && move !== 'start';
  if (options.json !== true) for (const { text } of loss.items) output.err(`  ! ${text}\n`);
  if (!isRefused) return null;
  const message = 'More than `streams.loss-limit` would be lost, or be missing for now; service was not moved';
  const remedy =
    loss.move === 'takeover'
      ? 'run `dualtone replicate` on the main first, or repeat with --accept-loss'
      : 'run `dualtone merge run` on the main first, or repeat with --accept-loss';
  if (options.json !== true) return showFault({ code: 'loss-not-accepted', message, remedy }, options, output);
  output.out(`${JSON.stringify({ ok: false, code: 'loss-not-accepted', message, remedy, loss })}\n`);
  return EXIT.refused;
};
