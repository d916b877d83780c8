/** The agent's own health: how late its loop is, what it costs, what it said last. */
import type { AgentHealth } from '../api/snapshot.ts';
import type { Instant, Millis, WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';

const MINUTE_MS = 60_000;
const NOTICES_KEPT = 20;

export interface VitalSigns {
  /** The loop came late by so much; true when that is worth a notice (at most once a minute). */
  late(byMs: Millis): boolean;
  noticed(wall: WallTime, level: string, text: string): void;
  health(memoryTrouble: string | null, refused: Readonly<Record<string, number>>): AgentHealth;
}

/** `worrisomeMs`: a lateness worth a notice. */
export const createVitalSigns = (clock: Clock, worrisomeMs: Millis): VitalSigns => {
  const startedAt = clock.wall();
  const startedCpu = process.cpuUsage();
  const begun = clock.now();
  let worst = { ms: 0, at: 0 as Instant };
  let toldAt = Number.NEGATIVE_INFINITY;
  let notices: { readonly wall: WallTime; readonly level: string; readonly text: string }[] = [];
  return {
    late: (byMs) => {
      const now = clock.now();
      if (byMs > worst.ms || now - worst.at > MINUTE_MS) worst = { ms: byMs, at: now };
      if (byMs < worrisomeMs || now - toldAt < MINUTE_MS) return false;
      toldAt = now;
      return true;
    },
    noticed: (wall, level, text) => {
      notices = [...notices, { wall, level, text }].slice(-NOTICES_KEPT);
    },
    health: (memoryTrouble, refused) => {
      const now = clock.now();
      const { user, system } = process.cpuUsage(startedCpu);
      return {
        pid: process.pid,
        startedAt,
        memoryMb: Math.round(process.memoryUsage.rss() / 1e5) / 10,
        cpuPercent: Math.round(((user + system) / 1000 / Math.max(1, now - begun)) * 1000) / 10,
        worstLagMs: now - worst.at > MINUTE_MS ? 0 : Math.round(worst.ms * 10) / 10,
        memoryTrouble,
        refused,
        notices,
      };
    },
  };
};
