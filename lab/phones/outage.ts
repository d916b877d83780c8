/** One question that was sent, and what became of it. All moments in ms of `monotonicMs`. */
export interface Ask {
  readonly sentMs: number;
  /** How late the asker itself was with it. */
  readonly lateMs: number;
  readonly answeredMs?: number | undefined;
  readonly status?: number | undefined;
  /** Who answered, as its Server header says. */
  readonly by?: string | undefined;
}

export interface Gap {
  /** Sending of the last ask that was answered before (of the first in the window, where there is none). */
  readonly fromMs: number;
  /** Sending of the first that was answered after; undefined: nothing was, up to the end of the window. */
  readonly toMs: number | undefined;
  /** When that answer came. */
  readonly answeredMs: number | undefined;
  /** `toMs - fromMs`; an open gap reaches to the last ask of the window. */
  readonly lengthMs: number;
  readonly lost: number;
}

export interface Service {
  readonly by: string;
  /** Answers of one server with none of another between. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly answers: number;
}

export interface OutageReport {
  readonly asked: number;
  readonly answered: number;
  /** Never answered, or later than allowed. */
  readonly lost: number;
  readonly late: number;
  /** The longest gap; 0 if nothing was lost. */
  readonly outageMs: number;
  readonly gaps: readonly Gap[];
  /** The longest time in which no answer arrived, however late. Differs from the outage where a queue on the way held asks back. */
  readonly silenceMs: number;
  readonly latencyMedianMs: number;
  readonly latencyMaxMs: number;
  /** How late the asker was itself, at most: an outage shorter than this may be its own. */
  readonly selfLateMsMax: number;
  readonly countByStatus: Readonly<Record<string, number>>;
  readonly services: readonly Service[];
}

export interface Window {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** An answer after more than this is none: a telephone would have asked again by then. */
  readonly answerWithinMs: number;
}

/** Judges the asks of a window. What was sent so shortly before its end that the answer may still come is left out. */
export function judgeOutage(asks: readonly Ask[], window: Window): OutageReport {
  const { sinceMs, untilMs, answerWithinMs } = window;
  const isGood = (ask: Ask): boolean => ask.answeredMs !== undefined && ask.answeredMs - ask.sentMs <= answerWithinMs;
  const inside = asks.filter((ask) => ask.sentMs >= sinceMs && ask.sentMs <= untilMs);
  const decided = inside.filter((ask) => isGood(ask) || ask.sentMs <= untilMs - answerWithinMs);
  const good = decided.filter(isGood);
  const latencies = good.map((ask) => (ask.answeredMs ?? 0) - ask.sentMs).toSorted((a, b) => a - b);
  const gaps = findGaps(decided, isGood);
  const countByStatus: Record<string, number> = {};
  for (const { status } of good) countByStatus[`${status}`] = (countByStatus[`${status}`] ?? 0) + 1;
  return {
    asked: decided.length,
    answered: good.length,
    lost: decided.length - good.length,
    late: decided.filter((ask) => ask.answeredMs !== undefined && !isGood(ask)).length,
    outageMs: gaps.reduce((longest, { lengthMs }) => Math.max(longest, lengthMs), 0),
    gaps,
    silenceMs: longestSilence(decided),
    latencyMedianMs: latencies[Math.floor(latencies.length / 2)] ?? 0,
    latencyMaxMs: latencies.at(-1) ?? 0,
    selfLateMsMax: decided.reduce((latest, { lateMs }) => Math.max(latest, lateMs), 0),
    countByStatus,
    services: findServices(good),
  };
}

function findGaps(asks: readonly Ask[], isGood: (ask: Ask) => boolean): readonly Gap[] {
  const gaps: Gap[] = [];
  let lastGoodMs: number | undefined;
  let lost = 0;
  for (const ask of asks) {
    if (!isGood(ask)) {
      lastGoodMs ??= ask.sentMs;
      lost += 1;
      continue;
    }
    const fromMs = lastGoodMs ?? ask.sentMs;
    if (lost > 0)
      gaps.push({ fromMs, toMs: ask.sentMs, answeredMs: ask.answeredMs, lengthMs: ask.sentMs - fromMs, lost });
    lastGoodMs = ask.sentMs;
    lost = 0;
  }
  const end = asks.at(-1);
  if (lost > 0 && end !== undefined && lastGoodMs !== undefined) {
    gaps.push({ fromMs: lastGoodMs, toMs: undefined, answeredMs: undefined, lengthMs: end.sentMs - lastGoodMs, lost });
  }
  return gaps;
}

function longestSilence(asks: readonly Ask[]): number {
  const arrivals = asks.flatMap(({ answeredMs }) => (answeredMs === undefined ? [] : [answeredMs]));
  const moments = [asks[0]?.sentMs ?? 0, ...arrivals.toSorted((a, b) => a - b), asks.at(-1)?.sentMs ?? 0];
  let longestMs = 0;
  for (let index = 1; index < moments.length; index += 1) {
    longestMs = Math.max(longestMs, (moments[index] ?? 0) - (moments[index - 1] ?? 0));
  }
  return longestMs;
}

function findServices(good: readonly Ask[]): readonly Service[] {
  const services: Service[] = [];
  for (const { by = '', answeredMs = 0 } of good.toSorted((a, b) => (a.answeredMs ?? 0) - (b.answeredMs ?? 0))) {
    const last = services.at(-1);
    if (last?.by === by) services[services.length - 1] = { ...last, toMs: answeredMs, answers: last.answers + 1 };
    else services.push({ by, fromMs: answeredMs, toMs: answeredMs, answers: 1 });
  }
  return services;
}
