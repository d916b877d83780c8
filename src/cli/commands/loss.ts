/** Before a person moves service: what would be lost. An automatic takeover never asks. */
import { type Move, moveTarget } from '../../api/move.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printable } from '../render/printable.ts';
import type { CommonOptions, Output } from '../target.ts';
import { showFault } from '../target.ts';

export interface LossOptions extends CommonOptions {
  readonly acceptLoss?: boolean;
}

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
  const target = moveTarget(move, snapshot);
  if (target === null) return null;
  const { askLoss } = await import('../../api/loss.ts');
  const loss = await askLoss(socket, by, target);
  const isRefused = loss.exceedsLimit && options.acceptLoss !== true && move !== 'start';
  if (options.json !== true) for (const { text } of loss.items) output.err(`  ! ${printable(text)}\n`);
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
