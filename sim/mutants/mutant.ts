/**
 * Guards of the core, each with the text that takes it away. A run against the mutated source must fail: a guard whose
 * mutant nothing catches is either not needed, and goes, or the simulator lacks a fault, and gets it.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** A second guard that alone would hide the first one's absence. */
  readonly also?: Pick<Mutant, 'file' | 'find' | 'replace'>;
  /** Seeds after which it must have been caught, at the latest. */
  readonly seeds: number;
  /** The first of them, default 1. Where a guard is missed once in a hundred thousand: the seed that found it missing. */
  readonly from?: number;
  /** Only these faults are drawn: what the guard is for, where all together seldom come to it. */
  readonly faults?: readonly string[];
  /** Only pairs of this kind are drawn. */
  readonly pair?: PairKind;
}

/** `likely`: does without checkpoints that stay lost. `looks`: its checkpoints cannot promise. `etcd`: its arbiter. `fenced`: each node's power has a device. `adopted`: its main goes on with what served before. */
export type PairKind = 'likely' | 'without-votes' | 'looks' | 'etcd' | 'fenced' | 'adopted';

/** Without votes, the last guard before a gate opens; the earlier ones are for what it sees too late. */
export const cutOffWins = {
  file: 'src/core/lease.ts',
  find: " && d.s.health.network !== 'down';",
  replace: ';',
} as const;
