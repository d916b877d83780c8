import { z } from 'zod';
import { dnsSchema } from './dns.ts';
import { absolutePath, address, argv, duration, name, port } from './scalars.ts';

const user = () =>
  z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'the name of a user there')
    .default('root');

const compiles = (text: string): boolean => {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
};

/** A regular expression. */
const pattern = () =>
  z
    .string()
    .min(1)
    .max(200)
    .check((ctx) => {
      if (compiles(ctx.value)) return;
      ctx.issues.push({
        code: 'custom',
        message: `"${ctx.value}" is not a regular expression`,
        params: { remedy: 'put a backslash before signs that stand for themselves, such as \\( and \\[' },
        input: ctx.value,
      });
    });

const edgeSide = (role: string) =>
  z
    .strictObject({
      xivo: address().describe("The node's own address, as it stands in Edge's `.env`."),
      'contact-centre': address()
        .nullable()
        .prefault(null)
        .describe('Its contact centre, likewise; null: there is none.'),
    })
    .describe(`What Edge points to while the ${role} is active.`);

const edgeSchema = z
  .strictObject({
    address: address().describe('Address of the Edge host for SSH.'),
    port: port().default(22).describe('Its SSH port.'),
    user: user().describe('Who logs in there, with the forced command `dualtone-edge`.'),
    main: edgeSide('main'),
    standby: edgeSide('standby'),
    'file-time': duration(1000).prefault('10s').describe('How long it may take to read or write its file.'),
    'up-time': duration(1000).prefault('2m').describe('How long `edge-dcomp up -d` may take.'),
    settings: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'the beginning of a key'))
      .max(20)
      .prefault(['TURN_', 'EDGE_'])
      .describe(
        "Beginnings of the keys of Edge's settings, which both nodes and both contact centres must have alike.",
      ),
    'settings-file': absolutePath()
      .default('/etc/docker/xivo/custom.env')
      .describe('The file of this node that has them.'),
  })
  .nullable()
  .prefault(null)
  .describe('The Edge host that relays users to the active side; both nodes have the same.');

const centreHost = (role: string) =>
  z
    .strictObject({
      address: address().describe('Address of the host, for SSH and for `ready-port`.'),
      port: port().default(22).describe('Its SSH port.'),
      users: z
        .string()
        .max(253)
        .regex(
          /^(https?:\/\/)?[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(\/[\w./~-]*)?$/,
          'a name such as cc.example.org, or an address of the web',
        )
        .nullable()
        .prefault(null)
        .describe(
          'What users enter in their browser while this side is active; the public page tells it. Null: `address`. With Edge: its name, on both sides.',
        ),
    })
    .nullable()
    .prefault(null)
    .describe(`The contact-centre host of the ${role}; null: none.`);

const centreSchema = z
  .strictObject({
    main: centreHost('main'),
    standby: centreHost('standby'),
    user: user().describe('Who logs in there, with the forced command `dualtone-cc`.'),
    service: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a service of the compose project')
      .default('xuc')
      .describe('What is restarted on the side that became active.'),
    'services-time': duration(0)
      .prefault('60s')
      .describe(
        "How long the restart waits for the other services of this node's plan to run; then it is done all the same.",
      ),
    'restart-time': duration(1000).prefault('2m').describe('How long its restart may take.'),
    'ready-time': duration(1000).prefault('5m').describe('From then on, how long until it must be ready.'),
    'ready-port': port().default(8090).describe('It is ready when it accepts connections here.'),
    'ready-log': pattern()
      .nullable()
      .prefault(null)
      .describe(
        'Instead of the port: it is ready when a line of its log since the restart fits this regular expression.',
      ),
    passive: z
      .enum(['run', 'stop'])
      .default('run')
      .describe('On the passive side the service runs on, or is stopped, and started when that side becomes active.'),
  })
  .nullable()
  .prefault(null)
  .describe('Contact-centre hosts, one beside each node.');

const berofosSchema = z
  .strictObject({
    boxes: z
      .array(
        z.strictObject({
          name: name().describe('Its name in the journal.'),
          address: address().describe('Its address.'),
          port: port().default(80).describe('Its HTTP port.'),
          'login-file': absolutePath()
            .nullable()
            .prefault(null)
            .describe('A file with nothing but `user:password`, mode 0600; null: it asks for none.'),
        }),
      )
      .min(1)
      .max(16)
      .describe('All boxes; they are switched at once.'),
    timeout: duration(100).prefault('3s').describe('Of one request.'),
    watchdog: z
      .boolean()
      .default(false)
      .describe(
        'The active main arms the watchdog of each box again and again; without it a box falls to the standby.',
      ),
    'watchdog-every': duration(1000)
      .prefault('15s')
      .describe("How often it is armed; well below the box's own time (`wdogitime`)."),
  })
  .nullable()
  .prefault(null)
  .describe('bero*fos boxes: relays that join the telephone lines to the active node.');

const programsSchema = z
  .array(
    z.strictObject({
      name: name().describe('Its name in the journal.'),
      run: argv().describe(
        'Program with its whole path, then arguments; no shell. Exit code 0 is done, 127 not installed.',
      ),
      timeout: duration(100).prefault('30s').describe('After this long it is ended, and tried again.'),
    }),
  )
  .max(16)
  .prefault([])
  .describe('Programs that are run once on the node that became active, beside its plan: they may take their time.');

/** Other machines that callers are moved by. */
export const switchesSchema = z
  .strictObject({
    'key-file': absolutePath()
      .default('/etc/dualtone/switch_ed25519')
      .describe('The key with which this node logs in at these hosts; mode 0600. Each node has its own.'),
    'known-hosts-file': absolutePath()
      .default('/etc/dualtone/switch_known_hosts')
      .describe('Their host keys, each under its address, as `ssh-keyscan` writes them for port 22.'),
    'retry-most': duration(1000)
      .prefault('30s')
      .describe('What failed is tried again after a second, then ever more slowly up to this.'),
    look: duration(1000)
      .prefault('60s')
      .describe('How often the active node looks whether all still points to it, and mends what does not.'),
    dns: dnsSchema,
    edge: edgeSchema,
    'contact-centre': centreSchema,
    berofos: berofosSchema,
    programs: programsSchema,
  })
  .prefault({})
  .describe('Other machines by which callers and users move, after telephony and beside it. See docs/xivo.md.');
