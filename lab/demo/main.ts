/** `npm run demo`: the main loses its power, and the telephones go on. */
import { once } from 'node:events';
import type { Result } from '../../src/core/result.ts';
import { usualSetup } from '../pair/setup.ts';
import { type OpenedPages, openPlugs, pagesText } from '../plugs/open.ts';
import { machineFault } from '../requirements.ts';
import { openStage, type Stage } from '../scenarios/stage.ts';
import { startCallers } from './callers.ts';
import { labWorld } from './lab-world.ts';
import { openScreen } from './screen.ts';
import { type DemoResult, play } from './script.ts';
import { simulatedWorld } from './simulated-world.ts';
import type { DemoWorld } from './world.ts';

export interface DemoOptions {
  readonly endpoints: number;
  /** Leaves the lab up, to play with. */
  readonly stay: boolean;
  /** On the simulator also where the lab would do. */
  readonly simulated: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const sum = ({ powerLossMs, failbackMs }: DemoResult, world: DemoWorld): string =>
  [
    '',
    `  ${world.title}`,
    '  what happened                      telephones had no answer for',
    `  the main lost its power            ${Math.round(powerLossMs)} ms`,
    `  a person gave service back         ${Math.round(failbackMs)} ms`,
    '',
  ].join('\n');

const toPlayWith = (runId: string): string =>
  [
    `The lab ${runId} stays. To play with it:`,
    `    bin/dualtone lab shell main ${runId}        a shell on the main; there:`,
    '        dualtone status          who serves, and could the other take over?',
    '        dualtone switchover      give service to the other node',
    '        dualtone journal         what was decided, and why',
    `    bin/dualtone lab shell standby ${runId}     the same on the standby`,
    '    bin/dualtone lab status',
    `    bin/dualtone lab down ${runId}`,
  ].join('\n');

const playOn = async (world: DemoWorld, options: DemoOptions): Promise<Result<DemoResult>> => {
  const screen = openScreen(world, world.nowMs());
  const result = await play(world, screen, options.signal);
  screen.end();
  if (result.ok) options.say(sum(result.value, world));
  return result;
};

const onSimulator = async (options: DemoOptions, why: string): Promise<Result<DemoResult>> => {
  options.say(`This demo runs on the SIMULATOR, in real time: ${why}.`);
  const world = simulatedWorld();
  const result = await playOn(world, options);
  await world.close();
  return result;
};

/** The page, with the plugs; the demo goes on without where it cannot be opened. */
const openPage = async (stage: Stage, options: DemoOptions): Promise<OpenedPages | undefined> => {
  const opened = await openPlugs(stage.lab);
  options.say(opened.ok ? pagesText(opened.value) : `The page is not there: ${opened.error.message}.`);
  return opened.ok ? opened.value : undefined;
};

const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};

const onStage = async (stage: Stage, options: DemoOptions): Promise<Result<DemoResult>> => {
  const page = await openPage(stage, options);
  const callers = await startCallers(stage.observers.phones, options.endpoints);
  const world = labWorld(stage, callers);
  const result = await playOn(world, options);
  if (options.stay) {
    await callers.stop();
    await stage.observers.stop();
    options.say(toPlayWith(stage.lab.runId));
    if (page !== undefined) {
      options.say(`${pagesText(page)}\nCtrl-C ends the plugs; the lab stays.`);
      await untilAborted(options.signal);
      await page.close();
    }
    return result;
  }
  await page?.close();
  const closed = await world.close();
  return result.ok && !closed.ok ? closed : result;
};

/** Runs the demo in the lab, or, where the machine cannot hold one, on the simulator, and says so. */
export const demo = async (options: DemoOptions): Promise<Result<DemoResult>> => {
  const machine = await machineFault();
  if (options.simulated) return await onSimulator(options, 'as asked for');
  if (!machine.ok)
    return await onSimulator(options, `${machine.error.message}; ${machine.error.remedy} for the real thing`);
  options.say('Building the lab: two Asterisk servers, telephones, a provider …');
  const stage = await openStage({
    endpoints: options.endpoints,
    needs: {},
    first: usualSetup,
    signal: options.signal,
    log: (line) => options.say(`  ${line}`),
    ...(options.stay ? { keep: true } : {}),
  });
  return stage.ok ? await onStage(stage.value, options) : stage;
};
