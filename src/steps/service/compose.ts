import { ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import type { Bounds, ServiceManager } from './manager.ts';
import { mustSucceed } from './scripted.ts';

/** A compose project in a directory. */
export const createCompose = (run: Run, directory: string): ServiceManager => {
  const compose = (...args: readonly string[]): readonly string[] => [
    'docker',
    'compose',
    '--project-directory',
    directory,
    ...args,
  ];
  const lines = async (bounds: Bounds, ...args: readonly string[]): Promise<Result<readonly string[]>> => {
    const argv = compose(...args);
    const result = await run(argv, bounds);
    if (!result.ok) return result;
    if (result.value.exitCode !== 0) {
      const refused = await mustSucceed(async () => result, argv, bounds);
      if (!refused.ok) return refused;
    }
    return ok(result.value.stdout.split('\n').filter((line) => line !== ''));
  };
  const actions = {
    // Containers that exist are started as they are: a takeover is no moment for a new image.
    start: ['up', '--detach', '--no-recreate'],
    stop: ['stop'],
    restart: ['restart'],
  } as const;
  return {
    name: directory,
    look: async (bounds) => {
      const [wanted, running] = await Promise.all([
        lines(bounds, 'config', '--services'),
        lines(bounds, 'ps', '--services', '--status', 'running'),
      ]);
      if (!wanted.ok) return wanted;
      if (!running.ok) return running;
      const absent = wanted.value.filter((service) => !running.value.includes(service));
      if (absent.length === 0) return ok({ state: 'running', detail: 'all services run' });
      const state = running.value.length === 0 ? 'stopped' : 'changing';
      return ok({ state, detail: `not running: ${absent.join(', ')}` });
    },
    start: (bounds) => mustSucceed(run, compose(...actions.start), bounds),
    stop: (bounds) => mustSucceed(run, compose(...actions.stop), bounds),
    restart: (bounds) => mustSucceed(run, compose(...actions.restart), bounds),
    kill: (bounds) => mustSucceed(run, compose('kill'), bounds),
    describe: (what) => compose(...actions[what]).join(' '),
  };
};
