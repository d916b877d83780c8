import { z } from 'zod';
import { absolutePath, address, argv, duration, name, port } from './scalars.ts';

const about = (fallback: 'telephony' | 'optional' | 'network' | 'rival') =>
  z
    .enum(['telephony', 'optional', 'network', 'rival'])
    .default(fallback)
    .describe('What a failure means: telephony is unfit, at worst degraded, the own network, or the rival.');

/** `period` and `timeout` are filled in from `probes` before the schema sees them (preset, then the file). */
const pace = {
  period: duration(10).prefault('100ms').describe('How often it asks; `probes.period` if absent.'),
  timeout: duration(10).prefault('250ms').describe('How long it waits for an answer; `probes.timeout` if absent.'),
};

/** Shorter: who is slow answers late, which is well too, and only who is dead answers nothing. */
const telephonyPace = {
  period: pace.period,
  timeout: duration(10)
    .prefault('150ms')
    .describe('How long it waits for any answer; a late one is a sign of life too. `probes.timeout` if that is set.'),
};

const slowPace = {
  period: duration(100).prefault('5s').describe('How often it asks.'),
  timeout: duration(10).prefault('2s').describe('How long it waits for an answer.'),
};

const amiSchema = z.strictObject({
  host: address().default('127.0.0.1').describe('Address of the manager interface.'),
  port: port().default(5038).describe('Its port.'),
  user: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .default('dualtone')
    .describe('Section of manager.conf.'),
  'secret-file': absolutePath()
    .default('/etc/dualtone/ami.secret')
    .describe('A file with nothing but the secret; mode 0600 or 0400.'),
  ...telephonyPace,
  about: about('telephony'),
});

const sipSchema = z.strictObject({
  name: name().optional().describe('Its name; `sip-` and the transport if absent.'),
  transport: z.enum(['udp', 'tcp', 'tls']).default('udp').describe('How OPTIONS is sent.'),
  host: address().default('127.0.0.1').describe('Address of the SIP transport.'),
  port: port().default(5060).describe('Its port; 5061 is usual with `tls`.'),
  ...telephonyPace,
  about: about('telephony'),
});

/** The section `probes`. */
export const probesSchema = z
  .strictObject({
    period: duration(10)
      .prefault('100ms')
      .describe('Default of the quick probes (ami, sip, tcp, icmp), and how often a look is made.'),
    timeout: duration(10)
      .prefault('250ms')
      .describe('Default of the quick probes; ami and sip have 150 ms where it is not set.'),
    ami: amiSchema.nullable().prefault(null).describe('Asterisk manager: login, ping, number of calls, events.'),
    sip: z.array(sipSchema).max(16).prefault([]).describe('SIP OPTIONS; any final answer is well.'),
    tcp: z
      .array(
        z.strictObject({
          name: name().describe('Its name.'),
          host: address().default('127.0.0.1').describe('Address to connect to.'),
          port: port().describe('Port to connect to.'),
          ...pace,
          about: about('telephony'),
        }),
      )
      .max(32)
      .prefault([])
      .describe('TCP connections.'),
    icmp: z
      .array(
        z.strictObject({
          name: name().describe('Its name.'),
          host: address().describe('Address to ping.'),
          ...pace,
          about: about('network'),
        }),
      )
      .max(32)
      .prefault([])
      .describe('Pings.'),
    command: z
      .array(
        z.strictObject({
          name: name().describe('Its name.'),
          run: argv().describe('Exit code 0 is well; program with its whole path, then arguments; no shell.'),
          ...slowPace,
          about: about('optional'),
        }),
      )
      .max(32)
      .prefault([])
      .describe('Programs of yours.'),
    service: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Watch the state of `services`.'),
        period: duration(50).prefault('500ms').describe('How often.'),
        timeout: duration(50).prefault('2s').describe('How long to wait for an answer.'),
      })
      .prefault({})
      .describe('State of the services by systemd or their own status.'),
  })
  .prefault({})
  .describe('What is asked, and how often.');
