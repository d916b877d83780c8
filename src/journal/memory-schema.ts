import { z } from 'zod';
import type { BootMemory, DiskMemory } from '../core/memory.ts';

const whole = z.int().min(0);
const instant = z.number();

/** `BootMemory` as it must look when it is read. */
export const bootSchema: z.ZodType<BootMemory> = z.strictObject({
  promise: z.strictObject({ holder: z.enum(['main', 'standby']), epoch: whole, until: instant }).nullable(),
  highest: whole,
  releasedMain: whole,
  releasedStandby: whole,
  lastRequestAt: instant,
  silentUntil: instant,
  holding: whole,
  seq: whole,
  heldOpen: z.boolean(),
});

/** `DiskMemory` as it must look when it is read. */
export const diskSchema: z.ZodType<DiskMemory> = z.strictObject({
  epochCeiling: whole,
  orders: z.strictObject({
    revision: whole,
    mode: z.enum(['automatic', 'manual']),
    maintenanceMs: z.number().min(0),
    maintenanceReason: z.string(),
  }),
  maintenanceUntilWall: z.number(),
  loose: z.boolean(),
  serving: z.boolean(),
  switches: z.array(z.number()),
  needsAcknowledgement: z.boolean(),
  pinned: z.boolean(),
  leftManual: z.boolean(),
});
