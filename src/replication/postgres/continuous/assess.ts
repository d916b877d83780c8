/** From what a look at both nodes shows to what is to be done next. Pure. */
import type { Fault } from '../../../core/result.ts';
import type { SlotLook } from './slot.ts';
import type { SubscriptionLook } from './subscription.ts';

export interface ReceiverLook {
  /** The guard of this node allows it. */
  readonly mayReceive: boolean;
  readonly subscription: SubscriptionLook | null;
  /** Of the source; null: it is not reached, and `unreachable` says why. */
  readonly source: SourceLook | null;
  readonly unreachable: Fault | null;
  /** Digest of the way to the other node. */
  readonly way: string;
  readonly slotName: string;
}

export interface SourceLook {
  readonly slot: SlotLook | null;
  /** As `schema.table`, unquoted; empty: it offers nothing yet. */
  readonly published: readonly string[];
  /** Of both schemas, in plain words; empty: they agree. */
  readonly differences: readonly Fault[];
  readonly fingerprint: string;
}

/**
 * `rest`: switch off what runs; `pause`: the same, and say why; `begin`: copy anew and follow from there; `resume`: switch
 * on; `follow`: nothing to do; `wait`: nothing can be done.
 */
export type Verdict =
  | { readonly act: 'rest' | 'follow' | 'resume'; readonly why: string }
  | { readonly act: 'begin'; readonly why: string }
  | { readonly act: 'pause' | 'wait'; readonly why: string; readonly fault: Fault | null };

const sameTables = (one: readonly string[], other: readonly string[]): boolean => {
  const there = new Set(other);
  return one.length === there.size && one.every((table) => there.has(table));
};

/** Why what was begun cannot go on; null: it can. */
const brokenBy = (subscription: SubscriptionLook, source: SourceLook, look: ReceiverLook): string | null => {
  if (subscription.slot !== look.slotName) return 'the subscription leads to another slot';
  if (source.slot === null) return 'the other node has no place kept for this one';
  if (source.slot.walStatus === 'lost') return 'this node was away for longer than the other keeps changes';
  if (!sameTables(source.published, subscription.tables)) return 'other tables follow than before';
  if (subscription.fingerprint !== source.fingerprint) return 'the schema has changed on both nodes';
  if (subscription.way !== look.way) return 'the way to the other node has changed';
  if (subscription.served) return 'this node has served meanwhile';
  if (subscription.truncated) return 'a table was emptied at the other node';
  return null;
};

/** Decides one step. */
export const assess = (look: ReceiverLook): Verdict => {
  const { subscription, source } = look;
  if (!look.mayReceive) return { act: 'rest', why: 'This node takes nothing in now.' };
  if (source === null)
    return { act: 'wait', why: look.unreachable?.message ?? 'The other node is not reached.', fault: look.unreachable };
  const [first] = source.differences;
  if (first !== undefined) {
    const others = source.differences.length - 1;
    const why = `Paused until both schemas agree: ${first.message}${others > 0 ? ` And ${others} more.` : ''}`;
    return { act: 'pause', why, fault: first };
  }
  if (source.published.length === 0) return { act: 'wait', why: 'The other node offers nothing yet.', fault: null };
  if (subscription === null) return { act: 'begin', why: 'it is the first time' };
  const broken = brokenBy(subscription, source, look);
  if (broken !== null) return { act: 'begin', why: broken };
  return subscription.enabled
    ? { act: 'follow', why: 'Changes follow.' }
    : { act: 'resume', why: 'Changes follow again.' };
};
