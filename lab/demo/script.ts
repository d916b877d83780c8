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

/** Everything that takes time ends early when the demo is stopped. */
const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};

const until = async (
  what: string,
  isSo: () => Promise<boolean>,
  withinMs: number,
  signal: AbortSignal,
): Promise<Result<void>> => {
  const deadlineMs = performance.now() + withinMs;
  while (!signal.aborted && !(await isSo())) {
    if (performance.now() > deadlineMs) {
      return fail('demo-stuck', `${what} did not come about`, 'run it again, with --stay to look around');
    }
    await pause(50, signal);
  }
  return ok(undefined);
};

const serves = (world: DemoWorld, role: Role) => async (): Promise<boolean> => (await world.serving()) === role;

/** The page restarts the agents: where the main's lease ran out meanwhile, the standby serves, and the story would begin at its end. */
const mainFirst = async (world: DemoWorld, signal: AbortSignal): Promise<Result<void>> => {
  const settled = await until('a pair that serves', async () => (await world.serving()) !== undefined, 20_000, signal);
  if (!settled.ok) return settled;
  if ((await world.serving()) === 'standby') {
    const ready = await until('a main that could serve', async () => await world.isReady('main'), 20_000, signal);
    if (!ready.ok) return ready;
    const ordered = await world.failback();
    if (!ordered.ok) return ordered;
  }
  const begun = await until('service on the main', serves(world, 'main'), 20_000, signal);
  return begun.ok ? await until('a standby that could serve', () => world.isReady('standby'), 20_000, signal) : begun;
};

/** What happens, in order; each sees to it that the next can follow. */
const scenes = (world: DemoWorld, screen: Screen, signal: AbortSignal) => {
  let sinceMs = 0;
  const outage = async (): Promise<number> => {
    // The last answers must have had their time.
    await pause(600, signal);
    return await world.outageSince(sinceMs);
  };
  const mark = (): void => {
    sinceMs = world.nowMs() - 100;
  };
  const measured = { powerLossMs: 0, failbackMs: 0 };
  const wait = async (ms: number): Promise<Result<void>> => {
    await screen.during(pause(ms, signal));
    return ok(undefined);
  };
  const list: readonly (() => Promise<Result<void>>)[] = [
    async () => await mainFirst(world, signal),
    async () => {
      screen.note('The main serves. Telephones are registered and call through it.');
      return await wait(4000);
    },
    async () => {
      screen.note('NOW the power of the main is cut.');
      mark();
      const cut = await world.cutPower();
      return cut.ok ? await screen.during(until('the takeover', serves(world, 'standby'), 20_000, signal)) : cut;
    },
    async () => {
      measured.powerLossMs = await screen.during(outage());
      screen.note(`The standby serves. Telephones had no answer for ${Math.round(measured.powerLossMs)} ms.`);
      return await wait(5000);
    },
    async () => {
      screen.note('The main gets its power back, boots, and stays passive.');
      const booted = await screen.during(world.givePower());
      const isReady = async (): Promise<boolean> => await world.isReady('main');
      return booted.ok ? await screen.during(until('the return of the main', isReady, 30_000, signal)) : booted;
    },
    async () => await wait(2000),
    async () => {
      screen.note('A person gives service back to the main: dualtone failback');
      mark();
      const ordered = await screen.during(world.failback());
      return ordered.ok ? await screen.during(until('the failback', serves(world, 'main'), 20_000, signal)) : ordered;
    },
    async () => {
      measured.failbackMs = await screen.during(outage());
      screen.note(`The main serves again. Telephones had no answer for ${Math.round(measured.failbackMs)} ms.`);
      return await wait(3000);
    },
  ];
  return { list, measured };
};

/** Healthy, power cut, takeover, power back, failback. Faults: `demo-stuck`, `demo-stopped`, those of the world. */
export const play = async (world: DemoWorld, screen: Screen, signal: AbortSignal): Promise<Result<DemoResult>> => {
  const { list, measured } = scenes(world, screen, signal);
  for (const scene of list) {
    if (signal.aborted) return fail('demo-stopped', 'the demo was stopped', 'run it again');
    const done = await scene();
    if (!done.ok) return done;
  }
  return ok(measured);
};
