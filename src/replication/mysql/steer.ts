/** What one node's server should do, from what both nodes say: pure. */
import { type Fault, fail } from '../../core/result.ts';
import { type Epoch, type Instant, isRecord, type Millis } from '../../core/words.ts';
import type { Dialect, LinkStatus, Position, ServerId } from './dialect.ts';
import { countOf, type GtidSet, minus, showGtids } from './gtid.ts';

/** What a node says of its server. */
export interface ServerView {
  readonly kind: Dialect['kind'];
  readonly title: string;
  readonly position: Position;
  /** It refuses writes. */
  readonly locked: boolean;
  /** The term under which its node serves, 0 when it does not. */
  readonly holding: Epoch;
  /** On the standby: terms of service of which not all is at home yet. */
  readonly unsettled: number;
  /** It has what the other lacks, and a person said that the other is to have it. */
  readonly offers: boolean;
}

export interface Situation {
  readonly serverId: ServerId;
  readonly own: ServerView;
  /** Null: the other node does not answer. */
  readonly there: ServerView | null;
  readonly link: LinkStatus | null;
}

/** `follow`: fetch from the other; `alone`: fetch from nobody; `stay`: as it is, since the other node is not heard. */
export type Wanted = 'follow' | 'alone' | 'stay';

/**
 * Who begins to serve takes in first what has come, and lets in writes; then only the link changes. The standby follows while it does not serve and nothing that it collected is left; the main follows while something is, also
 * in the first moments in which it serves again.
 */
export const wantedLink = ({ serverId, own, there }: Situation): Wanted => {
  if (own.holding > 0 && own.locked) return 'stay';
  if (serverId === 2) return own.holding > 0 || own.unsettled > 0 ? 'alone' : 'follow';
  if (there === null) return 'stay';
  return there.unsettled > 0 || there.offers || (there.holding > 0 && own.holding === 0) ? 'follow' : 'alone';
};

/** What this server has and the other lacks. */
export const strayed = (own: Position, there: Position): GtidSet => minus(own.executed, there.executed);

const plural = (count: number): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? 'transaction' : 'transactions'}`;

/** Who follows must have nothing of its own: it would be neither seen nor kept. `accepted`: what a person has let through. */
export const strayFault = (own: Position, there: Position, accepted: GtidSet): Fault | null => {
  const stray = minus(strayed(own, there), accepted);
  if (stray.size === 0) return null;
  return fail(
    'mysql-strayed',
    `This node's database has ${plural(countOf(stray))} that the other one lacks (${showGtids(stray)}).`,
    '`dualtone mysql compare` shows the rows in which they differ; `dualtone mysql join` lets the changes of both flow. Nothing is overwritten until then.',
  ).error;
};

export const pendingText = (missing: GtidSet): { readonly count: number; readonly text: string } => {
  const count = countOf(missing);
  return { count, text: plural(count) };
};

/** How old the copy is at most: since when what was asked last was all there. */
export const createAge = () => {
  let wholeAt: Instant | null = null;
  return {
    /** `askedAt`: when the original's position was asked for; `whole`: the copy had all of it. */
    note: (askedAt: Instant, whole: boolean): void => {
      if (whole) wholeAt = askedAt;
    },
    at: (now: Instant): Millis | null => (wholeAt === null ? null : Math.max(0, now - wholeAt)),
    forget: (): void => {
      wholeAt = null;
    },
  };
};

const isCount = (input: unknown): input is number =>
  typeof input === 'number' && Number.isSafeInteger(input) && input >= 0;

const isText = (input: unknown): input is string => typeof input === 'string' && input.length < 100_000;

/** As a node tells it the other. */
export const viewMessage = ({ position, ...rest }: ServerView): unknown => ({
  ...rest,
  log: position.log,
  followed: position.followed,
});

/** The other node's word, checked; null: it is not understood. */
export const viewOf = (dialect: Dialect, input: unknown): ServerView | null => {
  if (!isRecord(input)) return null;
  const { kind, title, locked, holding, unsettled, offers, log, followed } = input;
  if (kind !== 'mariadb' && kind !== 'mysql') return null;
  if (!isText(title) || !isText(log) || !isText(followed) || typeof locked !== 'boolean' || typeof offers !== 'boolean')
    return null;
  if (!isCount(holding) || !isCount(unsettled)) return null;
  const readable = kind !== dialect.kind || (dialect.parse(log) !== null && dialect.parse(followed) !== null);
  return readable
    ? { kind, title, locked, holding, unsettled, offers, position: dialect.position({ log, followed }) }
    : null;
};
