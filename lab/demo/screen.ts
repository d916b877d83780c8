import { frame, plainLegend, plainLine } from './view.ts';
import type { DemoWorld } from './world.ts';

/** Where the demo is seen. */
export interface Screen {
  /** A sentence about what happens; stays on the screen. */
  readonly note: (text: string) => void;
  /** Shows the world until the promise settles. */
  readonly during: <T>(work: Promise<T>) => Promise<T>;
  /** Leaves the last view standing; what follows is printed below. */
  readonly end: () => void;
}

/** How often the view is drawn, and how often a line is printed where there is no terminal. */
const drawEveryMs = 150;
const lineEveryMs = 2000;

interface Drawn {
  lines: number;
}

const draw = (lines: readonly string[], drawn: Drawn): void => {
  const up = drawn.lines > 0 ? `\u001b[${drawn.lines}A` : '';
  process.stdout.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
  drawn.lines = lines.length;
};

/** Draws on a terminal, and prints plain lines elsewhere. */
export const openScreen = (world: DemoWorld, beganMs: number): Screen => {
  const isTerminal = process.stdout.isTTY;
  const notes: string[] = [];
  const drawn: Drawn = { lines: 0 };
  if (!isTerminal) process.stdout.write(`${plainLegend}\n`);
  const show = async (): Promise<void> => {
    const moment = await world.look();
    const elapsedMs = world.nowMs() - beganMs;
    if (isTerminal) draw(frame(world.title, moment, notes, elapsedMs, true), drawn);
    else process.stdout.write(`${plainLine(moment, elapsedMs)}\n`);
  };
  return {
    note: (text) => {
      const stamped = `${((world.nowMs() - beganMs) / 1000).toFixed(1).padStart(5)} s  ${text}`;
      notes.push(stamped);
      if (!isTerminal) process.stdout.write(`${stamped}\n`);
    },
    during: async (work) => {
      const state = { isOver: false };
      const mark = (): void => {
        state.isOver = true;
      };
      const over = work.then(mark, mark);
      while (!state.isOver) {
        await show();
        const pause = Promise.withResolvers<void>();
        const timer = setTimeout(pause.resolve, isTerminal ? drawEveryMs : lineEveryMs);
        await Promise.race([over, pause.promise]);
        clearTimeout(timer);
      }
      return await work;
    },
    end: () => {
      drawn.lines = 0;
    },
  };
};
