import type { Role } from '../../src/core/words.ts';
import type { OutageReport } from '../phones/outage.ts';
import { type Cell, cellCount, cellMs } from './world.ts';

const overlap = (fromMs: number, toMs: number, sinceMs: number, untilMs: number): number =>
  Math.max(0, Math.min(toMs, untilMs) - Math.max(fromMs, sinceMs));

/** The report of the window's last cells as a bar; the window ends at `untilMs`. Servers are told apart by the end of their name. Pure. */
export const cellsOf = (report: OutageReport, untilMs: number): readonly Cell[] => {
  const sinceMs = untilMs - cellCount * cellMs;
  return Array.from({ length: cellCount }, (_, index): Cell => {
    const fromMs = sinceMs + index * cellMs;
    const toMs = fromMs + cellMs;
    const silentMs = report.gaps.reduce((sum, gap) => sum + overlap(gap.fromMs, gap.toMs ?? untilMs, fromMs, toMs), 0);
    if (silentMs > cellMs / 2) return 'nobody';
    const here = report.services.find((service) => overlap(service.fromMs - 20, service.toMs + 20, fromMs, toMs) > 0);
    return (['main', 'standby'] satisfies Role[]).find((role) => here?.by.endsWith(` ${role}`)) ?? 'unknown';
  });
};
