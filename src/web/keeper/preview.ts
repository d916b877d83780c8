/** What a command would do, told before it is given. Pure; the agent's own answer decides. */
import { moveTarget } from '../../api/move.ts';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { LossView } from '../../replicator/protocol.ts';
import type { CommandPreview, WebCommand } from '../contract.ts';

/** Longer unheard, and the other node counts as silent. */
const SILENT_MS = 2500;

const isSilent = ({ other }: NodeSnapshot): boolean => other.heardMsAgo === null || other.heardMsAgo > SILENT_MS;

type Told = Pick<CommandPreview, 'text' | 'code' | 'serves'>;

const nothing = (text: string): Told => ({ text, code: 'nothing-to-do', serves: null });
const refused = (text: string): Told => ({ text, code: 'would-be-refused', serves: null });
const orders = (text: string): Told => ({ text, code: 'changes-orders', serves: null });

const callsText = (calls: number): string =>
  calls < 0 ? 'How many calls are up is not known.' : calls === 0 ? 'No call is up.' : `${calls} calls are up.`;

/** Calls on the node that serves now. */
const callsUp = ({ server, health, other }: NodeSnapshot): number =>
  server === 'this' ? health.calls : server === 'other' ? other.calls : server === 'nobody' ? 0 : -1;

const nameOf = ({ node, peer }: NodeSnapshot, role: string): string =>
  role === node.role ? `${node.name} (${role})` : `${peer.name} (${role})`;

const serveHere = (snapshot: NodeSnapshot): Told => {
  const { node, server } = snapshot;
  if (server === 'this') return nothing(`${node.name} serves already.`);
  const serves = node.role;
  if (server === 'other' && !isSilent(snapshot)) {
    const text = `${nameOf(snapshot, snapshot.peer.role)} hands service over to ${node.name}. ${callsText(callsUp(snapshot))}`;
    return { text, code: 'moves-service', serves };
  }
  return { text: `${node.name} begins to serve.`, code: 'starts-service', serves };
};

const move = (name: 'switchover' | 'failback', snapshot: NodeSnapshot): Told => {
  const { server, other } = snapshot;
  if (server === 'nobody' || server === 'both')
    return refused('It is not clear who serves, so there is nothing to hand over.');
  const target = moveTarget(name, snapshot);
  if (target === null) return nothing('The main serves already.');
  if (server === 'this' && (isSilent(snapshot) || other.well !== true))
    return refused(`${snapshot.peer.name} is not heard, or not well: it could not serve now.`);
  const text = `Service moves to ${nameOf(snapshot, target)}, in order. ${callsText(callsUp(snapshot))}`;
  return { text, code: 'moves-service', serves: target };
};

const told = (command: WebCommand, snapshot: NodeSnapshot): Told => {
  const { mode, maintenance, needsAcknowledgement, server, node } = snapshot;
  switch (command.name) {
    case 'start':
      return mode === 'manual'
        ? serveHere(snapshot)
        : refused('In automatic mode the pair itself starts and stops service.');
    case 'stop':
      if (mode !== 'manual') return refused('In automatic mode the pair itself starts and stops service.');
      if (server !== 'this' && server !== 'both') return nothing(`${node.name} does not serve.`);
      return {
        text: `${node.name} stops serving, and nobody serves then. ${callsText(callsUp(snapshot))}`,
        code: 'stops-service',
        serves: null,
      };
    case 'takeover':
      return serveHere(snapshot);
    case 'switchover':
    case 'failback':
      return move(command.name, snapshot);
    case 'mode':
      if (mode === command.mode) return nothing(`The pair is in ${mode} mode already.`);
      return command.mode === 'manual'
        ? orders('Nothing moves by itself any more: only a person starts and stops service.')
        : orders('The pair looks after itself again: it takes over and gives back as configured.');
    case 'maintenance-on':
      return orders(`Nothing moves by itself for ${Math.round(command.forMs / 60_000)} minutes.`);
    case 'maintenance-off':
      return maintenance === null ? nothing('There is no maintenance.') : orders('The maintenance ends now.');
    case 'acknowledge':
      return needsAcknowledgement
        ? orders('Automatic failback is allowed again.')
        : nothing('Nothing waits for an acknowledgement.');
  }
};

/** Nothing but a person's word tells a dead node from a cut cable. */
const confirmOf = (command: WebCommand, snapshot: NodeSnapshot, { code }: Told): string | null => {
  const begins = (command.name === 'start' || command.name === 'takeover') && code === 'starts-service';
  const alone = isSilent(snapshot) && (snapshot.mode === 'manual' || snapshot.explanation.needed === 0);
  return begins && alone ? snapshot.peer.name : null;
};

const stepsOf = ({ plan, node }: NodeSnapshot, { code, serves }: Told): readonly string[] => {
  const ids = plan.steps.map(({ id }) => id);
  if (code === 'stops-service') return ids.toReversed();
  if (code !== 'moves-service' && code !== 'starts-service') return [];
  return serves === node.role ? ids : ids.toReversed();
};

/** `loss`: what the move would lose, null where nothing moves. */
export const previewOf = (command: WebCommand, snapshot: NodeSnapshot, loss: LossView | null): CommandPreview => {
  const said = told(command, snapshot);
  const moves = said.serves !== null;
  return {
    command,
    ...said,
    calls: callsUp(snapshot),
    steps: stepsOf(snapshot, said),
    loss: moves ? loss : null,
    needsAcceptLoss: moves && command.name !== 'start' && loss?.exceedsLimit === true,
    needsConfirm: confirmOf(command, snapshot, said),
    epoch: snapshot.epoch,
  };
};
