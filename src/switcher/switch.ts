/** One machine outside the pair that follows service, whatever it is. */
import type { Result } from '../core/result.ts';
import type { Epoch, Millis } from '../core/words.ts';

export interface Switch {
  readonly name: string;
  /**
   * One try towards this node, which serves under `epoch`; what came about, for the journal. Repeatable.
   * `continued`: this node served last as well, and nobody need be interrupted.
   */
  activate(continued: boolean, signal: AbortSignal, epoch: Epoch): Promise<Result<string>>;
  /** One try once the other node serves; null: nothing is to be done here then. */
  readonly passivate: ((signal: AbortSignal) => Promise<Result<string>>) | null;
  /** Looks from here and changes nothing: whether this node could be moved to now. What was seen. */
  preview(signal: AbortSignal): Promise<Result<string>>;
  /** While this node is active: looks whether all is still so, and mends it. What was mended; null: all was right. */
  look(signal: AbortSignal, epoch: Epoch): Promise<Result<string | null>>;
  readonly lookMs: Millis;
}
