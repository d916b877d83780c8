import { z } from 'zod';
import { absolutePath, duration, name } from './scalars.ts';

const parameter = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

const deviceSchema = z.strictObject({
  name: name().describe('Its name in the journal and in messages.'),
  agent: z
    .string()
    .regex(/^fence_[a-z0-9_]{1,60}$/, "the name of one of Debian's fence agents, such as fence_ipmilan")
    .describe('The program that speaks to it, from the Debian package `fence-agents`.'),
  options: z
    .array(
      z
        .string()
        .max(512)
        .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}=[^\p{Cc}]*$/u, 'a parameter and its value, such as ip=10.0.0.5'),
    )
    .max(64)
    .prefault([])
    .describe('Its parameters as `name=value`; `dualtone fence metadata` lists them. No password: see `secrets`.'),
  secrets: z
    .array(
      z.strictObject({
        option: z.string().regex(parameter, 'the name of a parameter').describe('Its parameter, such as `password`.'),
        file: absolutePath().describe('The file that holds its value in one line; mode 0600 or 0400.'),
      }),
    )
    .max(8)
    .prefault([])
    .describe('Parameters whose values are in files. They reach the agent by its standard input.'),
  timeout: duration(1000, 600_000).prefault('30s').describe('How long one action may take; then it is stopped.'),
});

/** Devices that turn the other node off. */
export const fencingSchema = z
  .strictObject({
    levels: z
      .array(
        z.strictObject({
          devices: z
            .array(deviceSchema)
            .min(1)
            .max(4)
            .describe('All of them must say off: two power supplies are two devices of one level.'),
        }),
      )
      .min(1)
      .max(4)
      .describe('Devices that turn the OTHER node off, in the order in which they are tried; see docs/fencing.md.'),
    'after-off': z
      .enum(['stay-off', 'power-on'])
      .default('stay-off')
      .describe('`stay-off`: a person turns it on again. `power-on`: Dualtone does, once it is proved to be off.'),
    retry: duration(1000).prefault('30s').describe('So long after a try that proved nothing, the next.'),
    'standby-delay': duration(0, 600_000)
      .prefault('20s')
      .describe(
        'Without votes, where neither node served when they lost each other: the standby asks so much later than the main. Longer than its devices take.',
      ),
    unheard: duration(0, 3_600_000)
      .nullable()
      .prefault('3s')
      .describe(
        'With votes: a node that stays unheard for so long after a takeover is turned off, since it may stand still and wake; null: it is left alone.',
      ),
  })
  .nullable()
  .prefault(null)
  .describe('Devices that prove what silence cannot: asked without votes before a takeover, with votes after it.');
