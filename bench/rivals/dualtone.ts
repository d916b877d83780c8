import { createPair } from '../../lab/pair/pair.ts';
import { lacks, type Views } from '../../lab/pair/readiness.ts';
import { usualSetup } from '../../lab/pair/setup.ts';
import { agentUnit, checkpointUnit, pbxUnit } from '../../lab/units.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { forbidSystems, type Ground, revive } from './ground.ts';
import type { System } from './system.ts';

const watched = { withinMs: 8000, staysMs: 700 };

/** A Dualtone pair with one checkpoint. */
export const createDualtone = (ground: Ground, preset: 'fast' | 'quick'): System => {
  const setup = { ...usualSetup, preset };
  const pair = createPair(ground.lab, ground.pbx, setup);
  const views = async (): Promise<Views> => {
    const [main, standby] = await Promise.all([pair.snapshot('main'), pair.snapshot('standby')]);
    return { main, standby };
  };
  return {
    name: `dualtone-${preset}`,
    watchByFault: {
      'power-loss': watched,
      'asterisk-crash': { ...watched, staysMs: 3000 },
      'asterisk-hang': watched,
      isolation: { withinMs: 8000, staysMs: 0, whole: true },
      switchover: watched,
      'cut-between': { withinMs: 6000, staysMs: 0, whole: true },
    },
    sharesRegistrations: true,
    unitsByHost: { main: [agentUnit], standby: [agentUnit], checkpoint1: [checkpointUnit] },
    install: async () => {
      const forbidden = await forbidSystems(ground);
      return forbidden.ok ? await pair.install(setup) : forbidden;
    },
    restore: async () => await revive(ground, { main: [pbxUnit, agentUnit], standby: [pbxUnit, agentUnit] }),
    missing: async () => {
      const seen = await views();
      const lacking = lacks(seen, setup);
      // It gives back on a person's word only.
      if (lacking.length > 0 && seen.main?.server === 'other' && seen.main.health.verdict === 'up') {
        await pair.order('main', ['failback']);
      }
      return lacking;
    },
    switchover: async (): Promise<Result<void>> => {
      const ordered = await pair.order('main', ['switchover']);
      if (!ordered.ok) return ordered;
      const { code, stderr } = ordered.value;
      return code === 0
        ? ok(undefined)
        : fail('order-other', `switchover ended with ${code}: ${stderr}`, 'try it by hand');
    },
  };
};
