import { isIP } from 'node:net';
import { z } from 'zod';
import { LANGUAGES } from '../../language/translator.ts';
import { absolutePath, address, argv, duration, name, port } from './scalars.ts';

const wrong = (message: string, remedy: string) => ({ code: 'custom' as const, message, params: { remedy } });

/** A host by name or address. Alarms may need a name server: the pair itself never waits for them. */
export const host = () =>
  z
    .string()
    .max(253)
    .meta({ format: 'host' })
    .check((ctx) => {
      const isName = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(
        ctx.value,
      );
      if (!isName && isIP(ctx.value) === 0)
        ctx.issues.push({
          ...wrong(`"${ctx.value}" is not a host`, 'write a name such as mail.example.org, or an address'),
          input: ctx.value,
        });
    });

/** One mailbox, without a display name: nothing in it can end a header. */
const mailbox = () =>
  z
    .string()
    .max(254)
    .meta({ format: 'e-mail' })
    .check((ctx) => {
      if (!/^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(ctx.value))
        ctx.issues.push({
          ...wrong(`"${ctx.value}" is not an e-mail address`, 'write the address alone, such as duty@example.org'),
          input: ctx.value,
        });
    });

/** An address of the web. What may be a secret stands in a file instead. */
export const url = () =>
  z
    .string()
    .max(2000)
    .meta({ format: 'url' })
    .check((ctx) => {
      const { value } = ctx;
      const parsed = URL.canParse(value) && /^https?:\/\/[^\s]+$/.test(value) ? new URL(value) : null;
      if (parsed !== null && parsed.username === '' && parsed.password === '') return;
      ctx.issues.push({
        ...wrong(
          `"${value.slice(0, 60)}" is not an address of the web without a password`,
          'write https://host/path; where it holds a secret, put it into a file and give url-file',
        ),
        input: value,
      });
    });

/** A file of mode 0600, or a credential that systemd gives the service. */
const secret = () =>
  z
    .string()
    .max(4096)
    .meta({ format: 'secret' })
    .check((ctx) => {
      const isPath = ctx.value.startsWith('/') && !ctx.value.includes('\0') && !ctx.value.split('/').includes('..');
      if (!isPath && !/^credential:[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(ctx.value))
        ctx.issues.push({
          ...wrong(
            'neither a path nor a credential',
            'write the path of a file of mode 0600, or credential:NAME for LoadCredential=NAME in the unit; never the secret itself',
          ),
          input: ctx.value,
        });
    });

const severity = () => z.enum(['info', 'warning', 'alarm']);
/** Who waits longer was not told; a digest once a day is what somebody may want. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const timeout = (text: string) => duration(100).prefault(text).describe('After so long a try has failed.');
const nameKey = { name: name().describe('Its name, for `rules` and `dualtone alarm test`.') };
const caFile = () =>
  absolutePath().nullable().prefault(null).describe("Whose certificates are accepted (PEM); null: the system's.");

const emailSchema = z.strictObject({
  kind: z.literal('email').describe('`email`: by SMTP.'),
  ...nameKey,
  host: host().describe('The mail server.'),
  port: port().default(587).describe('Its port: 587 with `starttls`, 465 with `implicit`, 25 with `none`.'),
  tls: z
    .enum(['starttls', 'implicit', 'none'])
    .default('starttls')
    .describe('Encrypted by STARTTLS, which must then succeed; from the first byte; or not at all.'),
  'server-name': host().nullable().prefault(null).describe('The name in its certificate, where that is not `host`.'),
  'ca-file': caFile(),
  user: z.string().min(1).max(256).nullable().prefault(null).describe('Login; null: none.'),
  'password-file': secret()
    .nullable()
    .prefault(null)
    .describe('Its password: a file of mode 0600, or `credential:NAME` of systemd.'),
  from: mailbox().describe('The sender.'),
  to: z.array(mailbox()).min(1).max(50).describe('Who is told.'),
  timeout: timeout('30s'),
});

const webhookSchema = z.strictObject({
  kind: z.literal('webhook').describe('`webhook`: a signed HTTP request.'),
  ...nameKey,
  url: url().nullable().prefault(null).describe('Where it goes; this or `url-file`.'),
  'url-file': secret()
    .nullable()
    .prefault(null)
    .describe('The same from a file or credential, where it is a secret itself.'),
  'key-file': secret().nullable().prefault(null).describe('The key of the signature; null: unsigned.'),
  'ca-file': caFile(),
  timeout: timeout('15s'),
});

const syslogSchema = z.strictObject({
  kind: z.literal('syslog').describe('`syslog`: a record for each alarm.'),
  ...nameKey,
  transport: z
    .enum(['local', 'udp', 'tcp', 'tls'])
    .default('local')
    .describe('The local socket, datagrams, a connection, or an encrypted one (RFC 5425).'),
  socket: absolutePath().default('/dev/log').describe('With `local`: the socket.'),
  address: address().nullable().prefault(null).describe('With `udp`, `tcp` and `tls`: the receiver.'),
  port: port().default(514).describe('Its port; with `tls` usually 6514.'),
  'server-name': host()
    .nullable()
    .prefault(null)
    .describe('With `tls`: the name in its certificate, where that is not its address.'),
  'ca-file': caFile(),
  facility: z
    .enum(['user', 'daemon', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'])
    .default('daemon')
    .describe('The facility of the records.'),
  format: z
    .enum(['rfc5424', 'rfc3164'])
    .default('rfc5424')
    .describe('The form of the records; journald reads the older one, `rfc3164`.'),
  timeout: timeout('10s'),
});

const commandSchema = z.strictObject({
  kind: z.literal('command').describe('`command`: a program of yours, the event as JSON on its standard input.'),
  ...nameKey,
  run: argv().describe('Program with its whole path, then arguments; no shell. Exit code 0: it is told.'),
  timeout: timeout('30s'),
});

const ruleSchema = z.strictObject({
  severity: severity().default('info').describe('At least so grave.'),
  codes: z
    .array(z.string().regex(/^[a-z0-9*-]{1,64}$/, 'a code, or letters of it with *'))
    .min(1)
    .max(100)
    .prefault(['*'])
    .describe('Codes of alarms; `*` stands for any letters.'),
  channels: z
    .array(name())
    .max(16)
    .optional()
    .describe('Who is told: names of `channels`; an empty list: nobody; absent: all.'),
  group: duration(0, DAY_MS).optional().describe('Of its own; else that of `alarms`.'),
  repeat: z.enum(['usual', 'never']).default('usual').describe('Whether what stays is told again.'),
  'repeat-after': duration(60_000).optional().describe('Of its own; else `alarms.repeat`.'),
  recovery: z.boolean().default(true).describe('Whether its end is told.'),
});

const heartbeatSchema = z
  .strictObject({
    url: url().nullable().prefault(null).describe('What is called; this or `url-file`.'),
    'url-file': secret().nullable().prefault(null).describe('The same from a file or credential.'),
    method: z.enum(['GET', 'POST']).default('GET').describe('How.'),
    every: duration(5000).prefault('1m').describe('How often.'),
    timeout: timeout('10s'),
    'ca-file': caFile(),
  })
  .nullable()
  .prefault(null)
  .describe("An outside dead man's switch: called while this machine's agent is healthy, and only then.");

/** Who is told when something is wrong; the same on nodes and checkpoints. */
export const alarmsSchema = z
  .strictObject({
    site: z
      .string()
      .min(1)
      .max(60)
      .regex(/^[^\p{Cc}]+$/u, 'text on one line')
      .nullable()
      .prefault(null)
      .describe('What the pair is called in subjects; null: the names of the nodes.'),
    language: z.enum(LANGUAGES).default('en').describe('The language of what people are told: English or French.'),
    channels: z
      .array(z.discriminatedUnion('kind', [emailSchema, webhookSchema, syslogSchema, commandSchema]))
      .max(16)
      .prefault([])
      .describe('Ways by which people are told.'),
    rules: z
      .array(ruleSchema)
      .max(64)
      .prefault([])
      .describe(
        'Who is told of what; the first that fits decides. None: everyone hears of alarms, warnings, and who serves.',
      ),
    group: duration(0, DAY_MS).prefault('10s').describe('What comes within this of the first goes into one message.'),
    repeat: duration(60_000).prefault('1h').describe('What stays is told again after this.'),
    settle: duration(0, HOUR_MS)
      .prefault('30s')
      .describe('Gone for so long it is over; what comes back sooner was never gone.'),
    silent: duration(1000, HOUR_MS)
      .prefault('30s')
      .describe("The other node's agent (at a checkpoint: both) may be silent for so long."),
    heartbeat: heartbeatSchema,
  })
  .prefault({})
  .describe('Who is told when something is wrong. See docs/alarms.md.');
