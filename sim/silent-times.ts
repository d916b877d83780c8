/** How long nobody serves for each fault: the table of lease.md, from the same core that runs in production. */

import type { Settings } from '../src/core/settings.ts';
import type { Role } from '../src/core/words.ts';
import { settingsFor, timings } from './presets.ts';
import { bootMachine, createWorld, powerOff, type World } from './world.ts';

interface Row {
  readonly name: string;
  /** Expected median and 99th percentile, ms (lease.md), for `fast` and `quick`. */
  readonly expected: Readonly<Record<'fast' | 'quick', readonly [number, number]>>;
  /** Acts at the time when the pair has settled. */
  readonly act: (w: World) => void;
  /** Count silence only after the former holder's gate has closed. */
  readonly fromClosing?: boolean;
  readonly before?: (w: World) => void;
  /** Each node's power has a device; its forecast is of settings that have one. */
  readonly fenced?: boolean;
  /** The pair has no checkpoint; a forecast tells it by the row that it is like. */
  readonly alone?: boolean;
}

const cutNodes = (w: World): void => {
  w.network.link('main', 'standby').cutUntil = 1e9;
  w.network.link('standby', 'main').cutUntil = 1e9;
};

const isolate = (w: World, direction: 'in' | 'both'): void => {
  for (const other of w.network.names) {
    if (other === 'main') continue;
    w.network.link(other, 'main').cutUntil = 1e9;
    if (direction === 'both') w.network.link('main', other).cutUntil = 1e9;
  }
};

const switchover = (w: World): void => w.agents.main.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });

const crash = (w: World): void => {
  w.agents.main.machine.telephony = 'crashed';
  w.checkers.phonesChanged();
  w.agents.main.look();
};

const restart = (w: World): void => {
  w.agents.main.kill();
  w.timeline.after(200, () => w.agents.main.start());
};

const plannedRestart = (w: World): void => {
  w.agents.main.ending();
  w.timeline.after(100, () => {
    w.agents.main.kill();
    w.timeline.after(450, () => w.agents.main.start());
  });
};

const rebootCheckpoint = (w: World): void => {
  w.checkpoints[0]?.lose();
  w.timeline.after(100, () => w.checkpoints[0]?.start());
};

const bothZero = { fast: [0, 0], quick: [0, 0] } as const;

export const rows: readonly Row[] = [
  { name: 'main loses power', expected: { fast: [560, 650], quick: [190, 250] }, act: (w) => powerOff(w.agents.main) },
  {
    name: 'main cut off, from its gate closing',
    expected: { fast: [41, 140], quick: [31, 110] },
    act: (w) => isolate(w, 'both'),
    fromClosing: true,
  },
  {
    name: 'agent of the main frozen for ever, from its gate closing',
    expected: { fast: [41, 140], quick: [31, 110] },
    act: (w) => w.agents.main.freeze(),
    fromClosing: true,
  },
  {
    name: 'main can send, not receive',
    expected: { fast: [3, 260], quick: [3, 270] },
    act: (w) => isolate(w, 'in'),
  },
  {
    name: 'main loses power, and its fence device hangs',
    expected: { fast: [560, 650], quick: [190, 250] },
    fenced: true,
    act: (w) => {
      for (const device of w.fences) device.mood = 'hangs';
      powerOff(w.agents.main);
    },
  },
  { name: 'standby loses power', expected: bothZero, act: (w) => powerOff(w.agents.standby) },
  { name: 'checkpoint lost', expected: bothZero, act: (w) => w.checkpoints[0]?.lose() },
  {
    name: 'standby loses power after the checkpoint rebooted',
    expected: bothZero,
    before: rebootCheckpoint,
    act: (w) => powerOff(w.agents.standby),
  },
  { name: 'cut between the nodes only', expected: bothZero, act: cutNodes },
  { name: 'agent of the main restarts in 200 ms', expected: { fast: [0, 0], quick: [31, 80] }, act: restart },
  { name: 'agent of the main restarts as planned, in 450 ms', expected: bothZero, act: plannedRestart },
  {
    name: 'agent of the main restarts as planned, no checkpoint',
    expected: bothZero,
    alone: true,
    act: plannedRestart,
  },
  {
    name: 'main loses power as its agent restarts as planned',
    expected: { fast: [960, 1050], quick: [590, 650] },
    act: (w) => {
      w.agents.main.ending();
      w.timeline.after(50, () => powerOff(w.agents.main));
    },
  },
  { name: 'Asterisk of the main crashes', expected: { fast: [4, 6], quick: [4, 6] }, act: crash },
  { name: 'planned switchover', expected: { fast: [4, 6], quick: [4, 6] }, act: switchover },
  {
    name: 'planned switchover, nodes cut from each other',
    expected: { fast: [26, 58], quick: [24, 50] },
    before: cutNodes,
    act: switchover,
  },
  {
    name: 'standby dies in the middle of a switchover',
    expected: { fast: [607, 662], quick: [309, 315] },
    act: (w) => {
      switchover(w);
      w.timeline.after(1.5, () => powerOff(w.agents.standby));
    },
  },
  {
    name: 'main dies in the middle of a switchover',
    expected: { fast: [5, 6], quick: [5, 7] },
    act: (w) => {
      switchover(w);
      w.timeline.after(2.5, () => powerOff(w.agents.main));
    },
  },
  { name: 'all boot together', expected: { fast: [1250, 1500], quick: [875, 1140] }, act: bootAgain },
];

function bootAgain(w: World): void {
  for (const voter of w.checkpoints) voter.lose();
  for (const agent of [w.agents.main, w.agents.standby]) powerOff(agent);
  for (const voter of w.checkpoints) w.timeline.after(w.random.between(0, 400), () => voter.start());
  for (const agent of [w.agents.main, w.agents.standby])
    w.timeline.after(w.random.between(0, 400), () => bootMachine(agent));
}

type SettingsOf = (role: Role) => Settings;

const presetSettings = (preset: 'fast' | 'quick', { fenced = false, alone = false }: Row): SettingsOf =>
  settingsFor({
    timing: timings[preset],
    checkpoints: alone ? 0 : 1,
    failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 },
    fenced,
  });

const oneRun = (row: Row, settingsOf: SettingsOf, seed: number): number => {
  const w = createWorld({ seed, settingsOf });
  w.bootAll();
  w.timeline.runUntil(2500);
  row.before?.(w);
  w.timeline.runUntil(4000 + w.random.between(0, 200));
  // What comes before must cost nothing either.
  const at = row.before === undefined ? w.timeline.now : 2500;
  row.act(w);
  w.timeline.runUntil(w.timeline.now + 6000);
  w.checkers.finish();
  const [violation] = w.checkers.violations;
  // The table means nothing then; the cause tells a violation from a broken program.
  if (violation !== undefined) throw new Error(`${row.name}, seed ${seed}: ${violation.text}`, { cause: violation });
  const gaps = w.checkers.gaps.filter((gap) => gap.to > at);
  return gaps.reduce((sum, gap) => sum + gap.to - Math.max(gap.from, at), 0);
};

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0;

const measure = (row: Row, settingsOf: SettingsOf, runs: number): { readonly p50: number; readonly p99: number } => {
  const times = Array.from({ length: runs }, (_none, i) => oneRun(row, settingsOf, i + 1)).toSorted((a, b) => a - b);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
};

/** What outage to expect for which fault with these settings, before they are deployed: time with nobody serving. */
export const forecast = (settingsOf: SettingsOf, runs: number, json: boolean, print: (line: string) => void): void => {
  const isFenced = settingsOf('main').fencing !== null;
  for (const row of rows) {
    if ((row.fenced === true && !isFenced) || row.alone === true) continue;
    const { p50, p99 } = measure(row, settingsOf, runs);
    if (json) print(JSON.stringify({ fault: row.name, runs, p50, p99 }));
    else print(`${row.name.padEnd(58)}${p50.toFixed(0).padStart(6)} /${p99.toFixed(0).padStart(6)} ms`);
  }
};

/** Prints the table; a median or p99 more than half as much again (and 15 ms) above lease.md's counts as a failure. */
export const silentTimes = (runs: number, json: boolean, print: (line: string) => void): number => {
  let worse = 0;
  for (const row of rows) {
    for (const preset of ['fast', 'quick'] as const) {
      const { p50, p99 } = measure(row, presetSettings(preset, row), runs);
      const [want50, want99] = row.expected[preset];
      // Where no silence at all is promised, none is allowed.
      const ok = want99 === 0 ? p99 < 1 : p50 <= want50 * 1.5 + 15 && p99 <= want99 * 1.5 + 15;
      if (!ok) worse += 1;
      if (json)
        print(JSON.stringify({ fault: row.name, preset, runs, p50, p99, expected: { p50: want50, p99: want99 }, ok }));
      else {
        const figures = `${p50.toFixed(0).padStart(5)} /${p99.toFixed(0).padStart(5)} ms   lease.md ${want50} / ${want99}`;
        print(`${row.name.padEnd(58)} ${preset.padEnd(6)}${figures}${ok ? '' : '   WORSE'}`);
      }
    }
  }
  return worse === 0 ? 0 : 1;
};
