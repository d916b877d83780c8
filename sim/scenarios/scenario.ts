/**
 * Plays a scenario written in words against the real core, and tells what came of it. One line, one deed:
 * first what configures the pair (`preset fast`), then what happens (`settle`, `power off main`), `run 3s` for time to pass, and
 * `expect serving standby within 700ms`, `expect serving main for 5s`, `expect nobody serving for 2s`.
 */
import type { Role } from '../../src/core/words.ts';
import { createWorld, type World } from '../world.ts';
import { deedByName } from './deeds.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { configure, newPair, type Pair, type Pings, pingsOf, settingsOf, spanOf } from './pair.ts';

export interface Played {
  /** What was decided and why, in order. */
  readonly narrative: readonly string[];
  /** Expectations that did not come true, and whatever the checkers saw. */
  readonly failures: readonly string[];
}

const STEP_MS = 1;

const serves = (w: World, role: Role): boolean => w.agents[role].machine.isOpen() && !w.cutFromPhones[role];
const servingNow = (w: World): readonly Role[] => (['main', 'standby'] as const).filter((role) => serves(w, role));

/** The standby's looks at the main: pings so far apart, delivered as one look with the last. */
const startPings = (w: World, { everyMs, count, gapMs }: Pings): void => {
  const echo = (): 'ok' | 'failed' => {
    const there = w.network.link('standby', 'main').cutUntil <= w.timeline.now;
    const back = w.network.link('main', 'standby').cutUntil <= w.timeline.now;
    return w.agents.main.machine.up && there && back ? 'ok' : 'failed';
  };
  const look = (): void => {
    const outcomes: ('ok' | 'failed')[] = [];
    for (let i = 0; i < count; i += 1) {
      w.timeline.after(i * gapMs, () => {
        outcomes.push(echo());
        if (outcomes.length === count) w.agents.standby.lookAtRival(outcomes);
      });
    }
    w.timeline.after(everyMs, look);
  };
  w.timeline.after(2000, look);
};

interface Stage {
  readonly w: World;
  readonly narrator: Narrator;
  readonly failures: string[];
}

const openStage = (pair: Pair, narrator: Narrator): World => {
  const w = createWorld({ seed: pair.seed, settingsOf: settingsOf(pair), observer: narrator.observer });
  narrator.watch(w);
  // A site may choose to risk two; then it is told, not held against the run.
  if (pair.change.onIsolation === 'serve') Object.assign(w.watched, { neverTwo: false, covered: false });
  const pings = pingsOf(pair);
  if (pings !== null) startPings(w, pings);
  return w;
};

/** `serving ROLE within SPAN`, `serving ROLE for SPAN`, `nobody serving for SPAN`. */
const expectation = ({ w, narrator, failures }: Stage, text: string): void => {
  const words = /^(?:serving (main|standby|both)|(nobody) serving) (within|for) (\S+)$/.exec(text);
  if (words === null) throw new Error(`not an expectation: ${text}`);
  const wanted = words[1] === 'both' ? 'main standby' : (words[1] ?? '');
  const begun = w.timeline.now;
  const end = begun + spanOf(words[4] ?? '');
  const holds = (): boolean => servingNow(w).join(' ') === wanted;
  const within = words[3] === 'within';
  while (w.timeline.now < end && holds() !== within) w.timeline.runUntil(Math.min(end, w.timeline.now + STEP_MS));
  if (holds() && within) return narrator.tell(`ok: ${text} (after ${Math.round(w.timeline.now - begun)} ms)`);
  if (holds() && w.timeline.now >= end) return narrator.tell(`ok: ${text}`);
  const found = servingNow(w).join(' and ') || 'nobody';
  failures.push(`${text}: serving is ${found} after ${Math.round(w.timeline.now - begun)} ms`);
  narrator.tell(`NOT SO: ${text}; serving: ${found}`);
};

/** Both boot, and the main serves: told in one line. */
const settle = ({ w, narrator, failures }: Stage): void => {
  w.bootAll();
  w.timeline.runUntil(3000);
  if (servingNow(w).join(' ') !== 'main') failures.push('the main does not serve 3 s after both have booted');
  narrator.tellInstead('> settle (both have booted; the main serves, the standby is passive)');
};

const play = (stage: Stage, line: string): void => {
  const { w, narrator } = stage;
  const [first = '', second = '', ...rest] = line.split(/\s+/);
  if (first === 'run') return w.timeline.runUntil(w.timeline.now + spanOf(second));
  if (first === 'settle') return settle(stage);
  if (first === 'expect') return expectation(stage, line.slice('expect '.length));
  const two = deedByName[`${first} ${second}`];
  const deed = two ?? deedByName[first];
  if (deed === undefined) throw new Error(`nothing is done by the words: ${line}`);
  narrator.tell(`> ${line}`);
  deed(w, two === undefined ? [second, ...rest] : rest);
};

/** Plays the lines above `----`; the same text gives the same story. Throws on words that nobody knows. */
export const playScenario = (text: string): Played => {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  const pair = newPair();
  const narrator = createNarrator();
  let stage: Stage | null = null;
  for (const line of lines.filter((each) => each !== '')) {
    if (stage === null && configure(pair, line)) continue;
    stage ??= { w: openStage(pair, narrator), narrator, failures: [] };
    play(stage, line);
  }
  if (stage === null) throw new Error('nothing happens in it');
  const { w, failures } = stage;
  w.checkers.finish();
  const two = Math.round(w.checkers.twoServingMs());
  narrator.tell(two === 0 ? 'end: at no instant did two serve' : `end: two served for ${two} ms`);
  failures.push(...w.checkers.violations.map((v) => `${v.kind} at ${Math.round(v.atMs)} ms: ${v.text}`));
  return { narrative: narrator.lines(), failures };
};
