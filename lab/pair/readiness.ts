import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import type { PairSetup } from './setup.ts';

/** What both agents show of themselves at a moment; undefined: the agent does not answer. */
export interface Views {
  readonly main: NodeSnapshot | undefined;
  readonly standby: NodeSnapshot | undefined;
}

/** Heard of within this, the other is there; far above a heartbeat, so that a busy machine costs no wait. */
const recentMs = 1000;

/** The stream's own status; where there is no stream, nothing can be out of step. */
const isInStep = (stream: unknown): boolean =>
  typeof stream !== 'object' || stream === null || !('inStep' in stream) || stream.inStep === true;

const nodeLacks = (node: NodeSnapshot, setup: PairSetup, isLinked: boolean): readonly string[] => {
  const { role } = node.node;
  const open = node.plan.steps.filter(({ status }) => status !== 'done').map(({ id, status }) => `${id} ${status}`);
  const isMute = setup.telephony === 'cold' && role === 'standby';
  const facts: readonly (readonly [boolean, string])[] = [
    [isMute || node.health.verdict === 'up', `its telephony is ${node.health.verdict}: ${node.health.reason}`],
    [(node.other.heardMsAgo ?? recentMs) < recentMs, 'it does not hear the other'],
    [open.length === 0, `its plan to ${node.plan.target} is not done: ${open.join(', ')}`],
    [node.mode === 'automatic', `its mode is ${node.mode}`],
    [node.maintenance === null, 'it is in maintenance'],
    [!node.needsAcknowledgement, 'it waits for an acknowledgement'],
    [node.errand === null, 'it is about a command'],
    [
      !isLinked || setup.telephony === 'cold' || isInStep(node.streams.astdb),
      'its AstDB is not in step with the other’s',
    ],
    [
      !isLinked || ['nothing', 'settled'].includes(node.streams.merge?.condition ?? 'nothing'),
      `what was collected in the last run is not at home: ${node.streams.merge?.text ?? ''}`,
    ],
    ...node.voters.map(
      ({ name, answeredMsAgo }) => [(answeredMsAgo ?? recentMs) < recentMs, `${name} does not answer it`] as const,
    ),
  ];
  return facts.filter(([fine]) => !fine).map(([, text]) => `${role}: ${text}`);
};

/** A passive node to which service could be given now. */
export const couldServe = (node: NodeSnapshot | undefined): boolean =>
  node !== undefined &&
  node.server === 'other' &&
  node.health.verdict === 'up' &&
  (node.other.heardMsAgo ?? recentMs) < recentMs &&
  node.plan.steps.every(({ status }) => status === 'done') &&
  isInStep(node.streams.astdb);

/**
 * What is missing to the state in which every run begins: the main serves, the standby could take over, nothing is under way.
 * `isLinked` false: the way for streams is still to be made.
 */
export const lacks = ({ main, standby }: Views, setup: PairSetup, isLinked = true): readonly string[] => {
  if (main === undefined || standby === undefined) {
    return [...(main === undefined ? ['main: no agent'] : []), ...(standby === undefined ? ['standby: no agent'] : [])];
  }
  const serving: readonly (readonly [boolean, string])[] = [
    [main.server === 'this' && main.phase === 'serving' && main.gate.open, `main: ${main.phaseText}`],
    [standby.server === 'other' && standby.phase === 'passive', `standby: ${standby.phaseText}`],
    [standby.explanation.ifOtherOrThisDied.takesOver, `standby: ${standby.explanation.ifOtherOrThisDied.text}`],
  ];
  return [
    ...serving.filter(([fine]) => !fine).map(([, text]) => text),
    ...nodeLacks(main, setup, isLinked),
    ...nodeLacks(standby, setup, isLinked),
  ];
};
