/** What happens when, in true time (milliseconds, no clock of any machine). A binary heap; equal times keep their order. */
export interface Timeline {
  now: number;
  at(time: number, run: () => void): void;
  after(delayMs: number, run: () => void): void;
  /** Runs everything due up to `end`, then stands at `end`. */
  runUntil(end: number): void;
  readonly executed: () => number;
}

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Entry, b: Entry): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

const siftUp = (heap: Entry[], from: number): void => {
  const entry = heap[from] as Entry;
  let i = from;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!before(entry, above)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = entry;
};

const siftDown = (heap: Entry[]): void => {
  const entry = heap[0] as Entry;
  const { length } = heap;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= length) break;
    if (child + 1 < length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
    if (!before(heap[child] as Entry, entry)) break;
    heap[i] = heap[child] as Entry;
    i = child;
  }
  heap[i] = entry;
};

export const createTimeline = (): Timeline => {
  const heap: Entry[] = [];
  let order = 0;
  let executed = 0;
  let atOnce = 0;
  const pop = (): Entry => {
    const top = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length > 0) {
      heap[0] = last;
      siftDown(heap);
    }
    return top;
  };
  const timeline: Timeline = {
    now: 0,
    at(time, run) {
      order += 1;
      heap.push({ time: Math.max(time, timeline.now), order, run });
      siftUp(heap, heap.length - 1);
    },
    after(delayMs, run) {
      timeline.at(timeline.now + delayMs, run);
    },
    runUntil(end) {
      while (heap.length > 0 && (heap[0] as Entry).time <= end) {
        const entry = pop();
        atOnce = entry.time - timeline.now < 1e-5 ? atOnce + 1 : 0;
        if (atOnce > 5000) {
          const text = `the simulated world does not come to rest at ${timeline.now} ms`;
          throw new Error(text, { cause: 'restless' });
        }
        timeline.now = entry.time;
        executed += 1;
        entry.run();
      }
      timeline.now = end;
    },
    executed: () => executed,
  };
  return timeline;
};
