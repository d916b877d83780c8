/** One measurement in a process of its own, so that none is warmed up by another. Prints one line of JSON. */
import { runCampaign } from '../../sim/campaign.ts';
import { runSteady } from '../../sim/steady.ts';
import { ownProcessorMs } from '../machine.ts';
import { holdsTakeover, recordPair } from './recording.ts';
import { replay, replaysTrue } from './replay.ts';
import type { Work, WorkReport } from './work.ts';

const timed = (work: () => number): WorkReport => {
  const from = process.cpuUsage();
  const fromMs = performance.now();
  const done = work();
  const wallMs = performance.now() - fromMs;
  const { user, system } = process.cpuUsage(from);
  return { done, processorMs: (user + system) / 1000, wallMs, wholeProcessorMs: ownProcessorMs() };
};

const healthyMs = 20_000;
const rounds = 200;

const events = (): WorkReport => {
  const recordings = recordPair({ seed: 1, preset: 'fast', healthyMs });
  if (!holdsTakeover(recordings)) throw new Error('the recording holds no takeover');
  if (!recordings.every(replaysTrue)) throw new Error('the core did not decide as it did when it was recorded');
  const once = (): number => {
    for (const recording of recordings) replay(recording);
    return recordings.reduce((sum, recording) => sum + recording.events.length, 0);
  };
  for (let round = 0; round < 20; round += 1) once();
  return timed(() => {
    let sum = 0;
    for (let round = 0; round < rounds; round += 1) sum += once();
    return sum;
  });
};

const seeds = (): WorkReport =>
  timed(() => {
    const { runs, failed } = runCampaign({ from: 1, seeds: 300 });
    if (failed.length > 0) throw new Error(`seed ${failed[0]?.seed} fails`);
    return runs;
  });

const hour = (): WorkReport =>
  timed(() => {
    const { hours, changes } = runSteady({ seed: 1, hours: 1, preset: 'fast', loss: 0, burstMs: 0 });
    if (changes > 0) throw new Error('service changed hands in a healthy hour');
    return hours;
  });

const workByName: Readonly<Record<Work, () => WorkReport>> = { events, seeds, hour };

const name = process.argv[2] as Work;
process.stdout.write(`${JSON.stringify(workByName[name]())}\n`);
