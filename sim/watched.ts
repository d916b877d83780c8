/** What the checkers see of the world, and what is held against a run. */
import type { Role, VoterName } from '../src/core/words.ts';
import type { AgentProcess } from './agent-process.ts';
import type { CheckpointProcess } from './checkpoint-process.ts';
import type { Timeline } from './timeline.ts';

export interface Watched {
  readonly timeline: Timeline;
  readonly agents: Readonly<Record<Role, AgentProcess>>;
  readonly checkpoints: readonly CheckpointProcess[];
  /** Who votes besides the nodes: the checkpoints, or etcd. */
  readonly votersBesides: readonly VoterName[];
  /** Two serving is held against the run: arbiter `checkpoints` that are not left out, and no paused machine. */
  neverTwo: boolean;
  /** Every open gate must be covered by promises: besides, automatic mode throughout. */
  covered: boolean;
  /** Votes decide, and always count. */
  readonly guarded: boolean;
  /** Nothing happens in this run but that wall clocks are set. */
  onlyClocks: boolean;
  /** No disk refused to keep an epoch. */
  epochsKept: boolean;
  /** Arbiter `none`: who is cut off must not begin to serve. */
  readonly noVotes: boolean;
  /** True time since when the node is cut off from everybody; infinite while it is not. */
  readonly cutOffSince: Record<Role, number>;
  /** True time at which the node last sent a request to hand over. */
  readonly requestSentAt: Record<Role, number>;
  phonesReach(role: Role): boolean;
}
