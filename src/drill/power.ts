/** Power in a drill: while service is away and the main is passive, its devices turn it off and on again, each level by itself. */
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Config } from '../config/config.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import { type AskDevice, createAskDevice } from '../fencing/device.ts';
import { type Level, turnOffByLevels } from '../fencing/levels.ts';
import { run } from '../process/run.ts';

/** The devices of the other node, as a drill uses them. */
export interface PowerDesk {
  /** The names of the devices of each level. */
  readonly levels: readonly string[];
  /** That it may be off by this drill, for whoever comes after a death; what the main saw until now is fetched before. */
  begin(): Promise<Result<void>>;
  /** It is on again, and takes part anew. */
  end(): Promise<void>;
  /** All devices of the level are told, and read afterwards; `detail` says what each said. */
  off(level: number): Promise<{ readonly isOff: boolean; readonly detail: string }>;
  /** What went wrong; null: each was told. */
  on(level: number): Promise<string | null>;
}

/** What the proof needs of the drill around it. */
export interface PowerAround {
  readonly config: Config;
  now(): Instant;
  snapshot(): NodeSnapshot | null;
  sleep(ms: Millis): Promise<void>;
  tell(stage: 'power', text: string): void;
  readonly stop: AbortSignal;
}

const LOOK_MS: Millis = 50;
const ACTION_MS: Millis = 120_000;
/** An agent whose machine is off is unheard at once; what is heard for longer is another machine. */
const UNHEARD_WITHIN_MS: Millis = 10_000;
const UNHEARD_MS: Millis = 2000;
const HEARD_MS: Millis = 1000;

export const createPowerDevices = (
  levels: readonly Level[],
  ask: AskDevice = createAskDevice(run),
): Pick<PowerDesk, 'levels' | 'off' | 'on'> => ({
  levels: levels.map(({ devices }) => devices.map(({ name }) => name).join(' and ')),
  off: async (index) => {
    const level = levels[index];
    if (level === undefined) return { isOff: false, detail: 'there is no such level' };
    const desk = { ask, now: () => 0, expiresAt: 1, signal: AbortSignal.timeout(ACTION_MS) };
    const { outcome, detail } = await turnOffByLevels([level], desk);
    return { isOff: outcome === 'off', detail };
  },
  on: async (index) => {
    const troubles: string[] = [];
    for (const device of levels[index]?.devices ?? []) {
      const told = await ask.turn(device, 'on', AbortSignal.timeout(ACTION_MS));
      if (!told.ok) troubles.push(told.error.message.replace(/\.$/, ''));
    }
    return troubles.length === 0 ? null : troubles.join('; ');
  },
});

const until = async (around: PowerAround, withinMs: Millis, test: () => boolean): Promise<boolean> => {
  const end = around.now() + withinMs;
  while (!test()) {
    if (around.now() >= end) return false;
    await around.sleep(LOOK_MS);
  }
  return true;
};

const isUnheard = ({ snapshot }: PowerAround): boolean => {
  const other = snapshot()?.other;
  return other !== undefined && (other.heardMsAgo === null || other.heardMsAgo > UNHEARD_MS);
};

const isBack = ({ snapshot }: PowerAround): boolean => {
  const other = snapshot()?.other;
  return other?.well === true && (other.heardMsAgo ?? HEARD_MS) < HEARD_MS;
};

/** Until it has booted and is well, no longer than `drill.limit`. */
export const mainIsBack = (around: PowerAround): Promise<boolean> =>
  until(around, around.config.drill.limitMs, () => isBack(around));

const spanOf = (ms: Millis): string => `${(ms / 1000).toFixed(1)} s`;

const notProved = (why: string) => fail('drill-power-failed', why, 'See `dualtone fence status` and docs/fencing.md.');

const notOn = (names: string, why: string) =>
  fail(
    'drill-power-not-on',
    `The main was turned off, and is not back: ${why}.`,
    `Turn it on by hand (${names}); then, when it is well: \`dualtone failback\`.`,
  );

/** One level: off, read, unheard, on, back. The sentence says how long each took. Faults: `drill-power-failed`, `drill-power-not-on`. */
const proveLevel = async (around: PowerAround, desk: PowerDesk, index: number): Promise<Result<string>> => {
  const names = desk.levels[index] ?? '';
  const level = `level ${index + 1} (${names})`;
  around.tell('power', `The main is turned off and on again by ${names}.`);
  const begun = await desk.begin();
  if (!begun.ok) return begun;
  const from = around.now();
  const { isOff, detail } = await desk.off(index);
  const offAt = around.now();
  const isSilent = isOff && (await until(around, UNHEARD_WITHIN_MS, () => isUnheard(around)));
  // Whatever came of it: what may be off is turned on.
  const trouble = await desk.on(index);
  const onAt = around.now();
  // Somebody may have turned it on, or it was never off.
  if (!(await mainIsBack(around))) return notOn(names, trouble ?? 'it was not heard well within `drill.limit`');
  await desk.end();
  if (!isOff) return notProved(`The main was not turned off by ${level}: ${detail}.`);
  if (!isSilent) return notProved(`${names} said off, and the main was heard on: it is another machine's, or wrong.`);
  if (trouble !== null) return notProved(`${names} did not turn the main on again, though it is: ${trouble}.`);
  return ok(
    `${level}: the main was off after ${spanOf(offAt - from)} and silent, and well again ${spanOf(around.now() - onAt)} after it was turned on`,
  );
};

/** Every level by itself; ends with the first that is not proved, or when a person stops the drill. */
export const provePower = async (
  around: PowerAround,
  desk: PowerDesk,
  proved: (text: string) => void,
): Promise<Fault | null> => {
  for (const index of desk.levels.keys()) {
    if (around.stop.aborted) return null;
    const level = await proveLevel(around, desk, index);
    if (!level.ok) return level.error;
    proved(level.value);
  }
  return null;
};
