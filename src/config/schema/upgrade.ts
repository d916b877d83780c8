import { z } from 'zod';
import { argv, duration, name } from './scalars.ts';

/** What `dualtone upgrade` runs on a node while it is passive. */
export const upgradeSchema = z
  .strictObject({
    programs: z
      .array(
        z.strictObject({
          name: name().describe('Its name in the record and the journal.'),
          run: argv().describe('Program with its whole path, then arguments; no shell. It must not ask anything.'),
          timeout: duration(1000).prefault('1h').describe('After this long it is stopped, and counts as failed.'),
        }),
      )
      .max(16)
      .prefault([])
      .describe('In this order, each only while this node is passive; with none, a person upgrades by hand.'),
    'ready-time': duration(1000)
      .prefault('2m')
      .describe('Afterwards agent and telephony must be well within this time.'),
  })
  .prefault({})
  .describe('The guided upgrade of the pair; see docs/upgrade.md.');
