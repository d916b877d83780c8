/** Keeps a node's voter in etcd and hands on what it decides, for those who bring the clock and the way to etcd: the agent and the simulator. */
import type { Message } from '../message.ts';
import type { Instant, WallTime } from '../words.ts';
import {
  decideEtcd,
  type EtcdDecision,
  type EtcdEvent,
  type EtcdReply,
  type EtcdRequest,
  type EtcdSettings,
  startEtcdVoter,
} from './etcd-voter.ts';

export interface EtcdRunnerParts {
  readonly now: () => { readonly at: Instant; readonly wall: WallTime };
  /** Ends in `replied` or `failed` with its `op`, in bounded time. */
  readonly ask: (request: EtcdRequest) => void;
  /** To this node's core, as from the voter. */
  readonly tell: (message: Message) => void;
  /** Hears each decision before it is carried out. */
  readonly decided?: (decision: EtcdDecision) => void;
}

export interface EtcdRunner {
  /** Forgets all that it saw: an agent begins anew, or knows its settings only now. */
  begin(settings: EtcdSettings): void;
  /** This node's core has something for the voter. */
  told(message: Message): void;
  replied(op: number, reply: EtcdReply): void;
  failed(op: number): void;
  /** That request is still the one under way. */
  awaits(op: number): boolean;
}

export const createEtcdRunner = (settings: EtcdSettings, { now, ask, tell, decided }: EtcdRunnerParts): EtcdRunner => {
  let voter = startEtcdVoter(settings);
  const handle = (event: EtcdEvent): void => {
    const decision = decideEtcd(voter, event);
    ({ voter } = decision);
    decided?.(decision);
    if (decision.request !== null) ask(decision.request);
    for (const message of decision.tells) tell(message);
  };
  return {
    begin(given) {
      voter = startEtcdVoter(given);
    },
    told: (message) => handle({ kind: 'told', ...now(), message }),
    replied: (op, reply) => handle({ kind: 'reply', ...now(), op, reply }),
    failed: (op) => handle({ kind: 'failed', ...now(), op }),
    awaits: (op) => voter.busy?.op === op,
  };
};
