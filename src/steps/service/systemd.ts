import { fail, ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import type { Bounds, ServiceLook, ServiceManager } from './manager.ts';
import { lastWords, mustSucceed } from './scripted.ts';

/** `asterisk` as systemd understands it: `asterisk.service`. */
export const wholeUnitName = (unit: string): string =>
  /\.(service|socket|target|timer|mount|path|slice)$/.test(unit) ? unit : `${unit}.service`;

const PROPERTIES = 'LoadState,ActiveState,SubState,Result,ConditionResult';

const parse = (unit: string, stdout: string): Result<ServiceLook> => {
  const valueByName = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const load = valueByName.get('LoadState') ?? '';
  const active = valueByName.get('ActiveState') ?? '';
  if (load === 'not-found' || load === 'masked' || active === '') {
    return fail(
      'service-unknown',
      `systemd says that the unit ${unit} is ${load === '' ? 'unknown' : load}.`,
      load === 'masked' ? `systemctl unmask ${unit}` : 'Correct its name in the configuration, or install it.',
    );
  }
  const met = valueByName.get('ConditionResult') !== 'no' ? '' : ', a condition of the unit is not met';
  const detail = `${active} (${valueByName.get('SubState') ?? ''}, ${valueByName.get('Result') ?? ''})`;
  if (active === 'active' || active === 'reloading') return ok({ state: 'running', detail });
  if (active === 'inactive' || active === 'failed') return ok({ state: 'stopped', detail: `${detail}${met}` });
  return ok({ state: 'changing', detail });
};

/** A systemd unit. */
export const createSystemdUnit = (run: Run, unit: string): ServiceManager => {
  const systemctl = (bounds: Bounds, ...args: readonly string[]): Promise<Result<void>> =>
    mustSucceed(run, ['systemctl', ...args], bounds);
  return {
    name: unit,
    look: async (bounds) => {
      const result = await run(['systemctl', 'show', '--property', PROPERTIES, unit], bounds);
      if (!result.ok) return result;
      if (result.value.exitCode === 0) return parse(unit, result.value.stdout);
      return fail(
        'service-unseen',
        `systemctl ${lastWords(result.value)}.`,
        'Is systemd running here? Otherwise describe the service by `init` or `command`.',
      );
    },
    start: async (bounds) => {
      // A unit that failed too often is refused for a while; a takeover does not wait for that.
      await systemctl(bounds, 'reset-failed', unit);
      return systemctl(bounds, 'start', unit);
    },
    stop: (bounds) => systemctl(bounds, 'stop', unit),
    restart: async (bounds) => {
      await systemctl(bounds, 'reset-failed', unit);
      return systemctl(bounds, 'restart', unit);
    },
    kill: (bounds) => systemctl(bounds, 'kill', '--signal=KILL', unit),
    describe: (what) => `systemctl ${what} ${unit}`,
  };
};
