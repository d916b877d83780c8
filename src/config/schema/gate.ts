import { z } from 'zod';
import { port, portRange } from './scalars.ts';

/** The lease gate in the kernel. */
export const gateSchema = z
  .strictObject({
    'sip-ports': z.array(port()).max(16).default([5060, 5061]).describe('UDP and TCP ports of SIP.'),
    'iax-port': port().nullable().default(4569).describe('UDP port of IAX2.'),
    'media-ports': portRange().nullable().default('10000-20000').describe('UDP ports of RTP.'),
    enforce: z.boolean().default(true).describe('The kernel drops these ports unless the lease is granted.'),
    refuse: z
      .boolean()
      .default(false)
      .describe(
        'While a passive node hears that the other serves, it answers callers with 503 (and resets TCP), so that they go on to the next address at once. Not with a virtual IP, nor with Asterisk in a container.',
      ),
    'refuse-port': port()
      .default(4579)
      .describe('UDP port of the program that answers so; it is reached by the first SIP port alone.'),
  })
  .prefault({})
  .describe('The lease gate in the kernel.');
