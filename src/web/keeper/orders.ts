/** Commands of people, on their way to the agent: confirmed where that is needed, held up where more than allowed would be lost. */
import { askSnapshot, giveCommand } from '../../api/client.ts';
import { askLoss } from '../../api/loss.ts';
import { moveTarget } from '../../api/move.ts';
import type { CommandAnswer } from '../../api/protocol.ts';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { Command } from '../../core/event.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { LossView } from '../../replicator/protocol.ts';
import type { CommandPreview, CommandRequest, WebCommand } from '../contract.ts';
import { previewOf } from './preview.ts';

/** A command that could not begin within this time is not obeyed later. */
const VALID_MS = 5000;
/** The core gives a command ten seconds, besides what it may wait for idle telephones. */
const PATIENCE_MS = 20_000;
const MAX_WAIT_MS: Millis = 30 * 60_000;

const nodeOf = async (socket: string): Promise<Result<NodeSnapshot>> => {
  const asked = await askSnapshot(socket);
  if (!asked.ok) return asked;
  return asked.value.kind === 'node'
    ? ok(asked.value)
    : fail('not-a-node', 'This is a checkpoint: it votes and does nothing else.', 'Ask the main or the standby.');
};

const lossOf = async (
  command: WebCommand,
  snapshot: NodeSnapshot,
  socket: string,
  by: string,
): Promise<LossView | null> => {
  const { name } = command;
  if (name !== 'takeover' && name !== 'switchover' && name !== 'failback' && name !== 'start') return null;
  const target = snapshot.streams.loss === null ? null : moveTarget(name, snapshot);
  return target === null ? null : askLoss(socket, by, target);
};

/** Faults: `agent-…`. */
export const preview = async (socket: string, by: string, command: WebCommand): Promise<Result<CommandPreview>> => {
  const snapshot = await nodeOf(socket);
  if (!snapshot.ok) return snapshot;
  return ok(previewOf(command, snapshot.value, await lossOf(command, snapshot.value, socket, by)));
};

const toCommand = (command: WebCommand, confirmed: boolean): Command => {
  switch (command.name) {
    case 'start':
    case 'takeover':
      return { name: command.name, confirmed };
    case 'switchover':
    case 'failback': {
      const whenIdle = command.whenIdle === true;
      return { name: command.name, whenIdle, maxWaitMs: whenIdle ? (command.maxWaitMs ?? MAX_WAIT_MS) : 0 };
    }
    case 'mode':
      return { name: 'mode', mode: command.mode };
    case 'maintenance-on':
      return { name: 'maintenance-on', forMs: command.forMs, reason: command.reason };
    case 'stop':
    case 'maintenance-off':
    case 'acknowledge':
      return { name: command.name };
  }
};

const notAccepted = ({ move, text }: LossView): Result<never> =>
  fail(
    'loss-not-accepted',
    `More than \`streams.loss-limit\` would be lost, or be missing for now: ${text.replace(/\.$/, '')}.`,
    move === 'takeover'
      ? 'Replicate on the main first, or accept the loss.'
      : 'Merge on the main first, or accept the loss.',
  );

/** Null: it may be given. */
const heldUp = async (command: WebCommand, socket: string, by: string): Promise<Result<never> | null> => {
  const snapshot = await nodeOf(socket);
  if (!snapshot.ok) return snapshot;
  const { peer } = snapshot.value;
  if ('confirm' in command && command.confirm !== undefined && command.confirm !== peer.name)
    return fail(
      'not-confirmed',
      'What was typed is not the name of the other node.',
      `Its name is ${peer.name}; nothing was started.`,
    );
  const accepted = 'acceptLoss' in command && (command.acceptLoss ?? false);
  if (accepted || command.name === 'start') return null;
  const loss = await lossOf(command, snapshot.value, socket, by);
  return loss?.exceedsLimit === true ? notAccepted(loss) : null;
};

/** Waits until it has come about or was refused. Faults: those of the answer, `not-confirmed`, `loss-not-accepted`, `agent-…`. */
export const give = async (
  socket: string,
  by: string,
  { command, epoch }: CommandRequest,
): Promise<Result<CommandAnswer>> => {
  const held = await heldUp(command, socket, by);
  if (held !== null) return held;
  const confirmed = 'confirm' in command && command.confirm !== undefined;
  const waitMs = 'maxWaitMs' in command && command.whenIdle === true ? (command.maxWaitMs ?? MAX_WAIT_MS) : 0;
  const request = {
    type: 'command',
    by,
    validMs: VALID_MS,
    epoch: epoch ?? null,
    command: toCommand(command, confirmed),
  } as const;
  const answer = await giveCommand(socket, request, PATIENCE_MS + waitMs);
  if (!answer.ok || answer.value.ok) return answer;
  const { code, text, remedy } = answer.value;
  return fail(code, text, remedy);
};
