import { z } from 'zod';
import { duration, schedule } from './scalars.ts';

const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d';

/** `22:00-05:30`, `sun 02:00-05:00`, `mon-fri 01:00-04:00`; local time, over midnight where the end comes first. */
export const WINDOW = new RegExp(`^(?:(${DAY})(?:-(${DAY}))? )?(${TIME})-(${TIME})$`);

/** Rehearsals of a takeover. */
export const drillSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Drills may be made. The gate then lets this node itself ask whether the virtual address answers.'),
    schedule: schedule()
      .nullable()
      .prefault(null)
      .describe(
        'When the standby begins one by itself: minute, hour, day, month, weekday as in a crontab, local time; null: never.',
      ),
    kind: z
      .enum(['dry', 'switchover', 'takeover'])
      .default('switchover')
      .describe('What the scheduled one is: asks only, moves service in order, or has the main fall silent.'),
    windows: z
      .array(z.string().regex(WINDOW, 'a window such as `22:00-05:30`, `sun 02:00-05:00` or `mon-fri 01:00-04:00`'))
      .max(20)
      .prefault([])
      .describe('Service may be moved by a drill only then, unless a person says otherwise; none: at any time.'),
    stay: duration(1000, 600_000).prefault('10s').describe('So long the standby serves before service comes back.'),
    limit: duration(10_000, 3_600_000)
      .prefault('2m')
      .describe('At the latest so long after it moved, service goes back, or the drill says that it cannot.'),
    'outage-limit': duration(100, 60_000)
      .prefault('3s')
      .describe('A drill in which the address was silent for longer has failed.'),
    'remind-after': duration()
      .prefault('0ms')
      .describe('An alarm each day where none that moved service has passed for so long, such as 35d; 0: none.'),
    keep: z.int().min(1).max(1000).default(100).describe('Reports that are kept.'),
  })
  .prefault({})
  .describe('Rehearsals of a takeover; see docs/drill.md.');
