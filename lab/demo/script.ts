import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import type { Screen } from './screen.ts';
import type { DemoWorld } from './world.ts';

/** What the demo measured, in ms. */
export interface DemoResult {
  readonly powerLossMs: number;
  readonly failbackMs: number;
}

const until = async (what: string, isSo: () => Promise<boolean>, withinMs: number): Promise<Result<void>> => {
  const deadlineMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs)
      return fail('demo-stuck', `${what} did not come about`, 'run it again, with --stay to look around');
    await sleep(50);
  }
  return ok(undefined);
};

const serves = (world: DemoWorld, role: Role) => async (): Promise<boolean> => (await world.serving()) === role;

const measured = async (world: DemoWorld, sinceMs: number): Promise<number> => {
  // The last answers must have had their time.
  await sleep(600);
  return await world.outageSince(sinceMs);
};

/** Healthy, power cut, takeover, power back, failback. Faults: `demo-stuck`, those of the world. */
export const play = async (world: DemoWorld, screen: Screen): Promise<Result<DemoResult>> => {
  screen.note('The main serves. Telephones are registered and call through it.');
  await screen.during(sleep(4000));
  screen.note('NOW the power of the main is cut.');
  const cutMs = world.nowMs() - 100;
  const cut = await world.cutPower();
  if (!cut.ok) return cut;
  const taken = await screen.during(until('the takeover', serves(world, 'standby'), 20_000));
  if (!taken.ok) return taken;
  const powerLossMs = await screen.during(measured(world, cutMs));
  screen.note(`The standby serves. Telephones had no answer for ${Math.round(powerLossMs)} ms.`);
  await screen.during(sleep(5000));
  screen.note('The main gets its power back, boots, and stays passive.');
  const booted = await screen.during(world.givePower());
  if (!booted.ok) return booted;
  const ready = await screen.during(until('the return of the main', async () => await world.isReady('main'), 30_000));
  if (!ready.ok) return ready;
  await screen.during(sleep(2000));
  screen.note('A person gives service back to the main: dualtone failback');
  const backMs = world.nowMs() - 100;
  const ordered = await screen.during(world.failback());
  if (!ordered.ok) return ordered;
  const back = await screen.during(until('the failback', serves(world, 'main'), 20_000));
  if (!back.ok) return back;
  const failbackMs = await screen.during(measured(world, backMs));
  screen.note(`The main serves again. Telephones had no answer for ${Math.round(failbackMs)} ms.`);
  await screen.during(sleep(3000));
  return ok({ powerLossMs, failbackMs });
};
