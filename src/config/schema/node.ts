import { z } from 'zod';
import { alarmsSchema } from './alarms.ts';
import { drillSchema } from './drill.ts';
import { etcdSchema } from './etcd.ts';
import { fencingSchema } from './fencing.ts';
import { gateSchema } from './gate.ts';
import { needSchema, nrpeSchema } from './nrpe.ts';
import { probesSchema } from './probes.ts';
import { reportingSchema } from './reporting.ts';
import {
  absolutePath,
  address,
  argv,
  cidr,
  duration,
  name,
  networkInterface,
  pin,
  port,
  scriptName,
  size,
  unitName,
} from './scalars.ts';
import { streamsSchema } from './streams.ts';
import { switchesSchema } from './switches.ts';
import { upgradeSchema } from './upgrade.ts';
import { webSchema } from './web.ts';

export const DEFAULT_PORT = 4577;

const listenSchema = z
  .strictObject({
    address: address()
      .optional()
      .describe('Address for datagrams and the stream; the own address of `node` if absent.'),
    port: port().default(DEFAULT_PORT).describe('UDP and TCP port; open it both ways between all that take part.'),
  })
  .prefault({})
  .describe('Where this process hears the others.');

const checkpointSchema = z.strictObject({
  kind: z
    .enum(['voter', 'ping', 'nrpe'])
    .default('voter')
    .describe(
      '`voter`: another Dualtone, which promises. `ping`: an address that answers pings. `nrpe`: an NRPE daemon that says whether it reaches the main. Neither of these can promise.',
    ),
  name: name().describe('Its name, the same as in its own file.'),
  address: address().describe('Its address.'),
  port: port().default(DEFAULT_PORT).describe('Its port; `voter` only.'),
  'key-file': absolutePath()
    .optional()
    .describe(
      'The key of this node and this checkpoint alone, from `dualtone join`; the `key-file` of the pair if absent.',
    ),
  nrpe: nrpeSchema,
});

const arbiterSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('`none`: two nodes and nothing else.') }),
    z.strictObject({
      kind: z
        .literal('checkpoints')
        .describe('`checkpoints`: a majority of the nodes and checkpoints grants the right to serve.'),
      checkpoints: z.array(checkpointSchema).min(1).max(9).describe('The outside points of view.'),
      need: needSchema,
      'when-lost': z
        .enum(['wait', 'likely'])
        .default('wait')
        .describe('All voters stay lost: `wait` for them, or agree to do without (`likely`).'),
      'lost-after': duration(1000).prefault('60s').describe('With `likely`: after this long without an answer.'),
    }),
    etcdSchema,
  ])
  .prefault({ kind: 'none' })
  .describe('The rule that gives the right to serve.');

const stepKeys = (timeout: string) => ({
  timeout: duration(100).prefault(timeout).describe('After this long the outcome is unknown.'),
  'on-failure': z.enum(['continue', 'stop']).default('continue').describe('What the plan does when this fails.'),
});

const prepareSchema = z.strictObject({
  run: argv().describe('Program with its whole path, then arguments; no shell.'),
  timeout: duration(100).prefault('5s').describe('After this long it is given up.'),
});

const serviceKeys = {
  prepare: z
    .array(prepareSchema)
    .max(16)
    .prefault([])
    .describe('Programs that are run before it is started, and only then; none that fails keeps it from starting.'),
  when: z
    .enum(['telephony', 'always', 'active'])
    .default('telephony')
    .describe('`active`: runs on the active node only. `always`: on both. `telephony`: as the key `telephony` says.'),
  ...stepKeys('30s'),
};

const serviceSchema = z.union([
  z.strictObject({
    unit: unitName().describe('A systemd unit; each entry has one of `unit`, `init`, `compose`, `command`.'),
    ...serviceKeys,
  }),
  z.strictObject({ init: scriptName().describe('A script below /etc/init.d.'), ...serviceKeys }),
  z.strictObject({ compose: absolutePath().describe('A directory with a compose project.'), ...serviceKeys }),
  z.strictObject({
    command: z
      .strictObject({
        name: name().describe('Its name in the plan.'),
        start: argv().describe('Starts it; exit code 0 is done.'),
        stop: argv().describe('Stops it.'),
        status: argv().describe('Exit code 0: it runs; 3: it does not.'),
      })
      .describe('Programs that start, stop and look.'),
    ...serviceKeys,
  }),
]);

const timingSchema = z
  .strictObject({
    heartbeat: duration(10).prefault('100ms').describe('`h`: a holder renews, a passive node says hello, this often.'),
    promise: duration(50).prefault('600ms').describe("`P`: a voter's promise; the same on all that take part."),
    lease: duration(40).prefault('560ms').describe('`D`: the lease, from before its request was sent.'),
    restart: duration(0)
      .prefault('400ms')
      .describe('`R`: by this much promise and lease are longer while an agent restarts; 0: they are not.'),
    'gate-lag': duration(1).prefault('12ms').describe('`g`: how late the kernel may notice that a timeout is over.'),
    'clock-ppm': z
      .int()
      .min(1)
      .max(100_000)
      .default(500)
      .describe('`ρ`: how far a clock may be off its rate, parts per million.'),
    ask: duration(10).prefault('80ms').describe('A request that has not won by then is withdrawn.'),
    'head-start': duration()
      .prefault('150ms')
      .describe('The standby that hears a well main lets it go first for so long, after both have listened.'),
    'lone-wait': duration()
      .prefault('5s')
      .describe('Without an arbiter: a node that starts and hears nobody listens so long before it serves.'),
    slots: z
      .int()
      .min(3)
      .max(256)
      .default(16)
      .describe('Ticket slots in the kernel gate; more than lease / heartbeat.'),
  })
  .prefault({})
  .describe('Times of the lease.');

const watchSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('lease').describe('`lease`: the standby takes over when the lease is out.') }),
    z.strictObject({
      kind: z.literal('looks').describe('`looks`: it counts bad looks at the main, as the original scripts did.'),
      every: duration(1000).prefault('60s').describe('How often it looks.'),
      'bad-looks': z.int().min(1).max(1000).default(1).describe('Bad looks in a row before a takeover.'),
      pings: z.int().min(1).max(20).default(3).describe('Pings of one look; it is bad when all fail.'),
      'ping-gap': duration(100).prefault('10s').describe('Time between the pings of one look.'),
    }),
  ])
  .prefault({ kind: 'lease' })
  .describe('How the standby watches the main.');

const failbackSchema = z
  .strictObject({
    policy: z
      .enum(['auto', 'when-idle', 'manual'])
      .default('when-idle')
      .describe('Back to the main: at once after `hold`, when no call is up, or by a person only.'),
    hold: duration().prefault('60s').describe('The main must have been well for so long.'),
    'max-wait': duration().prefault('30m').describe('With `when-idle`: after so long it goes back, calls or not.'),
  })
  .prefault({})
  .describe('When service returns to the main.');

const hookSchema = z.strictObject({
  name: name().describe('Its name in the plan and the journal.'),
  run: argv().describe('Program with its whole path, then arguments; no shell.'),
  when: z.enum(['activate', 'passivate', 'both']).default('both').describe('In which direction it runs.'),
  position: z
    .enum(['first', 'telephony', 'last'])
    .default('last')
    .describe(
      'Before all other steps of an activation; right after Asterisk and the address, as what makes trunks register; or after all.',
    ),
  ...stepKeys('10s'),
});

const checksSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('A process beside the agent tries the prerequisites of a takeover all the time; see docs/checks.md.'),
    accept: z
      .array(name())
      .max(100)
      .prefault([])
      .describe('Ids of checks whose failing is accepted here: shown, and not counted for readiness.'),
    names: z
      .array(
        z
          .string()
          .max(253)
          .regex(
            /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
            'a host name',
          ),
      )
      .max(20)
      .prefault([])
      .describe('Names in the DNS by which phones find the active node: how long they may be kept is checked.'),
  })
  .prefault({})
  .describe('What is tried before it matters.');

const nodeKeys = {
  name: name().describe('Name for people.'),
  address: address().describe('Address on the voice network.'),
};

/** Sections and keys of a node's file, in the order in which `config show` prints them. */
export const nodeSections = {
  node: z
    .strictObject({
      role: z
        .enum(['main', 'standby'])
        .describe('What this server is configured to be; `master` and `slave` are understood.'),
      ...nodeKeys,
      'known-as': address()
        .nullable()
        .prefault(null)
        .describe('Its address as the other node knows it, where it is behind NAT; null: the same.'),
    })
    .describe('This server.'),
  peer: z
    .strictObject({
      ...nodeKeys,
      port: port().default(DEFAULT_PORT).describe('Its UDP and TCP port.'),
      pin: pin()
        .nullable()
        .prefault(null)
        .describe('Digest of its own key, from `dualtone join`: the stream is TLS 1.3 between the two keys.'),
    })
    .describe('The other one.'),
  listen: listenSchema,
  'key-file': absolutePath()
    .default('/etc/dualtone/pair.key')
    .describe('The key that both nodes and all checkpoints share; mode 0600 or 0400.'),
  'identity-file': absolutePath()
    .default('/etc/dualtone/identity.key')
    .describe("This machine's own key, with `peer.pin`; mode 0600 or 0400."),
  preset: z
    .enum(['classic', 'blog2012', 'remsys', 'fast', 'quick', 'etcd'])
    .default('fast')
    .describe('Sets defaults of several keys at once; every one may be given here again.'),
  profile: z
    .enum(['asterisk', 'xivo', 'wazo'])
    .default('asterisk')
    .describe('What a node consists of: defaults of its services, probes, and rules of `streams`.'),
  telephony: z
    .enum(['warm', 'cold'])
    .default('warm')
    .describe('On the passive node Asterisk runs and is mute (`warm`), or is stopped (`cold`).'),
  arbiter: arbiterSchema,
  'on-isolation': z
    .enum(['stop', 'serve'])
    .default('stop')
    .describe('An active node without its lease stops, or goes on at the risk of two.'),
  'virtual-ip': z
    .strictObject({
      addresses: z.array(cidr()).min(1).max(8).describe('Addresses that follow the active node.'),
      interface: networkInterface().describe('Where they live.'),
      announcements: z
        .int()
        .min(1)
        .max(100)
        .default(5)
        .describe('Gratuitous ARPs (or neighbour advertisements) after a move.'),
      'announce-every': duration(10).prefault('500ms').describe('Time between them.'),
      ...stepKeys('2s'),
    })
    .nullable()
    .prefault(null)
    .describe('Addresses held as a kernel lease.'),
  gate: gateSchema,
  services: z
    .array(serviceSchema)
    .max(64)
    .prefault([])
    .describe('The services of a node, in the order in which they start.'),
  probes: probesSchema,
  network: z
    .strictObject({
      gateway: address().nullable().prefault(null).describe('Pinged to tell whether this node itself is cut off.'),
      interface: networkInterface().nullable().prefault(null).describe('Its link is watched.'),
    })
    .prefault({})
    .describe("This node's own network."),
  health: z
    .strictObject({
      'bad-looks': z
        .int()
        .min(1)
        .max(1000)
        .default(3)
        .describe('Bad looks in a row before `down`; a crash counts at once.'),
      'good-looks': z.int().min(1).max(1000).default(2).describe('Good looks in a row before `up` again.'),
    })
    .prefault({})
    .describe('From looks to a verdict.'),
  timing: timingSchema,
  watch: watchSchema,
  failback: failbackSchema,
  unfit: z
    .strictObject({
      policy: z
        .enum(['takeover', 'restart-first'])
        .default('takeover')
        .describe('Unfit telephony on a living node: hand over, or restart it in place first.'),
      'restart-wait': duration(100, 3_600_000)
        .prefault('10s')
        .describe('With `restart-first`: how long it has to become well.'),
      'last-resort': duration(100)
        .prefault('5s')
        .describe(
          'An unfit node waits so long, with nobody serving and no fit rival, before it serves as well as it can.',
        ),
    })
    .prefault({})
    .describe('What happens when telephony is unfit.'),
  flapping: z
    .strictObject({
      'max-switches': z
        .int()
        .min(1)
        .max(1000)
        .default(3)
        .describe(
          'With more takings-over of the standby than this within the window, it keeps service until a person acknowledges.',
        ),
      window: duration(1000).prefault('1h').describe('The window.'),
    })
    .prefault({})
    .describe('Cap on voluntary moves.'),
  fencing: fencingSchema,
  hooks: z.array(hookSchema).max(32).prefault([]).describe('Programs of yours that run as steps.'),
  streams: streamsSchema,
  switches: switchesSchema,
  alarms: alarmsSchema,
  reporting: reportingSchema,
  checks: checksSchema,
  drill: drillSchema,
  upgrade: upgradeSchema,
  web: webSchema,
  'state-dir': absolutePath().default('/var/lib/dualtone').describe('What must outlive a boot; mode 0700.'),
  'run-dir': absolutePath().default('/run/dualtone').describe('What must not outlive a boot; on tmpfs.'),
  journal: z
    .strictObject({
      'max-age': duration(3_600_000)
        .prefault('400d')
        .describe('Older entries are dropped, a segment an hour; the chain stays verifiable.'),
      'max-size': size(1024 ** 2)
        .prefault('256MiB')
        .describe('The oldest entries are dropped above this size, and above half of the disk.'),
      'memory-entries': z
        .int()
        .min(10)
        .max(1_000_000)
        .default(10_000)
        .describe('Entries kept in memory while the disk refuses; above it the oldest are counted and dropped.'),
    })
    .prefault({})
    .describe('The journal, a directory in `state-dir`.'),
  'control-socket': z
    .strictObject({
      path: absolutePath()
        .optional()
        .describe('The socket of the command line; `control.sock` in `run-dir` if absent.'),
      group: z.string().min(1).max(32).nullable().prefault(null).describe('A Unix group that may use it besides root.'),
    })
    .prefault({})
    .describe('Where the command line reaches the agent.'),
};

/** A node's file. */
export const nodeSchema = z.strictObject(nodeSections);
