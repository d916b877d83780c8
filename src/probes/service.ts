import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { run } from '../process/run.ts';
import { createUnitLook, type LookAtUnits, type UnitProperties } from '../systemd/units.ts';
import { type Answer, failed, type Subject, silent, staleAfter, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface ServiceProbeOptions extends Subject, Pace {
  /** systemd units, asked for together; all must be active. */
  readonly units: readonly string[];
  /** How often it is asked while all is well; default: each period. */
  readonly wellEveryMs?: Millis | undefined;
}

/** Where systemd is asked by `systemctl` each question costs some milliseconds of a core, so it is not asked more often. */
const shortestPeriodMs: Millis = 1_000;

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState'] as const;

/**
 * Are the units active, as systemd sees it? One that is inactive or failed is crashed: its process is gone for certain.
 * Starting and stopping ones are `failed`; a unit that systemd does not know is our own mistake, so `silent`. A systemd that does not
 * answer in time is busy, as on a machine under load: that says nothing of the units.
 */
export const createServiceProbe = (
  options: ServiceProbeOptions,
  clock: Clock,
  look: LookAtUnits = createUnitLook(run),
): WatchedProbe => {
  const { units, timeoutMs } = options;
  for (const unit of units)
    if (!/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}$/.test(unit)) throw new Error(`"${unit}" is no unit.`);
  const periodMs = Math.max(options.periodMs, shortestPeriodMs);
  const wellEveryMs = Math.max(options.wellEveryMs ?? 0, periodMs);
  let due = Number.NEGATIVE_INFINITY;
  const paced = createPacedProbe(
    { ...options, periodMs, overlapping: false, unanswered: 'silent', skip: () => clock.now() < due },
    async (signal) => {
      const looked = await look(units, PROPERTIES, { timeoutMs: timeoutMs * 2 + 1_000, signal });
      if (!looked.ok) return silent(looked.error.message);
      const answer = judgeUnits(units, looked.value);
      due = answer.outcome === 'ok' ? clock.now() + wellEveryMs - periodMs / 2 : Number.NEGATIVE_INFINITY;
      return answer;
    },
    clock,
  );
  return { ...paced, staleAfterMs: staleAfter(wellEveryMs, timeoutMs) };
};

/** The worst of the units, from what systemd tells of each. */
export const judgeUnits = (units: readonly string[], told: readonly UnitProperties[]): Answer => {
  const answers = units.map((unit, index) => judgeUnit(unit, told[index] ?? new Map()));
  return (
    answers.find((answer) => answer.crashed === true) ??
    answers.find((answer) => answer.outcome === 'failed') ??
    answers.find((answer) => answer.outcome === 'silent') ??
    well(units.length === 1 ? `${units[0]} is active` : `${units.length} services are active`)
  );
};

const judgeUnit = (unit: string, valueByName: UnitProperties): Answer => {
  const active = valueByName.get('ActiveState') ?? '';
  if (valueByName.get('LoadState') === 'not-found') return silent(`systemd knows no unit ${unit}`);
  switch (active) {
    case 'active':
    case 'reloading':
    case 'refreshing':
      return well(`${unit} is ${active}`);
    case 'inactive':
    case 'failed':
      return { outcome: 'failed', crashed: true, reason: `${unit} is ${active}` };
    case 'activating':
    case 'deactivating':
    case 'maintenance':
      return failed(`${unit} is ${active} (${valueByName.get('SubState') ?? ''})`);
    default:
      return silent(`systemd says nothing of ${unit}`);
  }
};
