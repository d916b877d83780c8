/** Which orders fit the moment, and how each is filled in. Pure. */
import { type CommandPreview, type Job, MOST_MAINTENANCE_MS, type Role, type WebCommand } from '../../contract.ts';
import { OLD_MS, type PairFacts } from '../state/nodes.ts';

export type OrderName =
  | 'switchover'
  | 'failback'
  | 'takeover'
  | 'start'
  | 'stop'
  | 'manual'
  | 'automatic'
  | 'maintenance-on'
  | 'maintenance-off'
  | 'acknowledge';

/** What a person fills in. */
export interface Draft {
  readonly whenIdle: boolean;
  readonly maxWaitMinutes: number;
  readonly minutes: number;
  readonly reason: string;
  readonly acceptLoss: boolean;
  readonly confirm: string;
}

export const EMPTY: Draft = {
  whenIdle: false,
  maxWaitMinutes: 30,
  minutes: 60,
  reason: '',
  acceptLoss: false,
  confirm: '',
};

/** Orders that make sense now, by what this node says; the preview has the last word. */
export const ordersFor = ({ own, other }: PairFacts): readonly OrderName[] => {
  const { snapshot } = own;
  if (snapshot === null || own.isOld) return [];
  const { server, mode, maintenance, needsAcknowledgement } = snapshot;
  const isHeard = snapshot.other.heardMsAgo !== null && snapshot.other.heardMsAgo <= OLD_MS;
  const serverRole: Role | null = server === 'this' ? own.role : server === 'other' ? other.role : null;
  const found: readonly (OrderName | null)[] = [
    needsAcknowledgement ? 'acknowledge' : null,
    serverRole === 'main' && isHeard ? 'switchover' : null,
    serverRole === 'standby' && isHeard ? 'failback' : null,
    mode === 'automatic' && server !== 'this' ? 'takeover' : null,
    mode === 'manual' && server !== 'this' ? 'start' : null,
    mode === 'manual' && (server === 'this' || server === 'both') ? 'stop' : null,
    maintenance === null ? 'maintenance-on' : 'maintenance-off',
    mode === 'manual' ? 'automatic' : 'manual',
  ];
  return found.filter((name) => name !== null);
};

/** Orders that move or end service: shown in another colour. */
export const isDangerous = (name: OrderName): boolean =>
  name === 'switchover' || name === 'failback' || name === 'takeover' || name === 'start' || name === 'stop';

const acceptedLoss = ({ acceptLoss }: Draft) => (acceptLoss ? { acceptLoss } : {});
const confirmed = ({ confirm }: Draft) => (confirm.trim() === '' ? {} : { confirm: confirm.trim() });

/** The command as the server takes it. */
export const commandOf = (name: OrderName, draft: Draft): WebCommand => {
  switch (name) {
    case 'switchover':
    case 'failback':
      return draft.whenIdle
        ? { name, whenIdle: true, maxWaitMs: Math.round(draft.maxWaitMinutes * 60_000), ...acceptedLoss(draft) }
        : { name, ...acceptedLoss(draft) };
    case 'takeover':
    case 'start':
      return { name, ...confirmed(draft), ...acceptedLoss(draft) };
    case 'manual':
    case 'automatic':
      return { name: 'mode', mode: name };
    case 'maintenance-on':
      return { name, forMs: Math.round(draft.minutes * 60_000), reason: draft.reason.trim() };
    case 'stop':
    case 'maintenance-off':
    case 'acknowledge':
      return { name };
  }
};

/** What still keeps the order from being given; empty: nothing. Keys of the dictionary. */
export const missingOf = (
  name: OrderName,
  draft: Draft,
  preview: CommandPreview | null,
): readonly (
  | 'order.missing-preview'
  | 'order.missing-minutes'
  | 'order.missing-wait'
  | 'order.missing-reason'
  | 'order.missing-accept'
  | 'order.missing-confirm'
)[] => [
  ...(preview === null ? (['order.missing-preview'] as const) : []),
  ...(name === 'maintenance-on' && !(draft.minutes >= 1 && draft.minutes * 60_000 <= MOST_MAINTENANCE_MS)
    ? (['order.missing-minutes'] as const)
    : []),
  ...(draft.whenIdle && !(draft.maxWaitMinutes >= 1 && draft.maxWaitMinutes <= 24 * 60)
    ? (['order.missing-wait'] as const)
    : []),
  ...(name === 'maintenance-on' && draft.reason.trim() === '' ? (['order.missing-reason'] as const) : []),
  ...(preview?.needsAcceptLoss === true && !draft.acceptLoss ? (['order.missing-accept'] as const) : []),
  ...(preview !== null && preview.needsConfirm !== null && draft.confirm.trim() !== preview.needsConfirm
    ? (['order.missing-confirm'] as const)
    : []),
];

/** Jobs that still run, of one kind of work. */
export const runningJobs = (jobs: readonly Job[], name: Job['work']['name']): readonly Job[] =>
  jobs.filter(({ state, work }) => state === 'running' && work.name === name);
