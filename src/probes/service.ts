import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { type Run, run as runProgram } from '../process/run.ts';
import { type Answer, failed, type Subject, silent, staleAfter, type WatchedProbe, well } from './answer.ts';
import { firstLine } from './command.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface ServiceProbeOptions extends Subject, Pace {
  /** systemd units, asked for together; all must be active. */
  readonly units: readonly string[];
  /** How often it is asked while all is well; default: each period. */
  readonly wellEveryMs?: Millis | undefined;
  /** Default: `systemctl` of the path. */
  readonly systemctl?: string | undefined;
}

/** A start of `systemctl` costs some milliseconds of a core, so it is not asked more often. */
const shortestPeriodMs: Millis = 1_000;

/**
 * Are the units active, as systemd sees it? One that is inactive or failed is crashed: its process is gone for certain.
 * Starting and stopping ones are `failed`; a unit that systemd does not know is our own mistake, so `silent`.
 */
export const createServiceProbe = (options: ServiceProbeOptions, clock: Clock, run: Run = runProgram): WatchedProbe => {
  const { units, systemctl = 'systemctl', timeoutMs } = options;
  for (const unit of units)
    if (!/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}$/.test(unit)) throw new Error(`"${unit}" is no unit.`);
  const argv = [systemctl, 'show', '--no-pager', '--property=Id,LoadState,ActiveState,SubState', '--', ...units];
  const periodMs = Math.max(options.periodMs, shortestPeriodMs);
  const wellEveryMs = Math.max(options.wellEveryMs ?? 0, periodMs);
  let due = Number.NEGATIVE_INFINITY;
  const paced = createPacedProbe(
    { ...options, periodMs, overlapping: false, skip: () => clock.now() < due },
    async (signal) => {
      const ended = await run(argv, { timeoutMs: timeoutMs * 2 + 1_000, signal });
      if (!ended.ok) return silent(ended.error.message);
      if (ended.value.exitCode !== 0)
        return silent(`systemctl: ${firstLine(ended.value.stderr) || `exit code ${ended.value.exitCode}`}`);
      const answer = judgeUnits(units, ended.value.stdout);
      due = answer.outcome === 'ok' ? clock.now() + wellEveryMs - periodMs / 2 : Number.NEGATIVE_INFINITY;
      return answer;
    },
    clock,
  );
  return { ...paced, staleAfterMs: staleAfter(wellEveryMs, timeoutMs) };
};

/** The worst of the units, from the blocks that `systemctl show` prints in the order asked for. */
export const judgeUnits = (units: readonly string[], text: string): Answer => {
  const blocks = text.trim().split(/\n\s*\n/);
  if (blocks.length !== units.length) return silent('systemctl said nothing that we understand');
  const answers = units.map((unit, index) => judgeUnit(unit, blocks[index] ?? ''));
  return (
    answers.find((answer) => answer.crashed === true) ??
    answers.find((answer) => answer.outcome === 'failed') ??
    answers.find((answer) => answer.outcome === 'silent') ??
    well(units.length === 1 ? `${units[0]} is active` : `${units.length} services are active`)
  );
};

const judgeUnit = (unit: string, block: string): Answer => {
  const property = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
  const active = property('ActiveState');
  if (property('LoadState') === 'not-found') return silent(`systemd knows no unit ${unit}`);
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
      return failed(`${unit} is ${active} (${property('SubState')})`);
    default:
      return silent(`systemd says nothing of ${unit}`);
  }
};
