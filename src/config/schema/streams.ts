import { z } from 'zod';
import { absolutePath, address, argv, duration, name, port, schedule, unitName } from './scalars.ts';

/** A table or column name, or a pattern with `*`, as PostgreSQL writes names in the catalogue. */
const tablePattern = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[^\0"]+$/u);
const column = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[^\0"]+$/u);

const describedTable = () =>
  tablePattern().describe('Its name, with schema where it is not `public`; `*` stands for any letters.');
const columnsOfTable = () =>
  z.strictObject({
    table: describedTable(),
    columns: z.array(column()).min(1).max(100).describe('Names of columns.'),
  });

const scheduleSchema = z
  .strictObject({
    at: schedule()
      .default('0 * * * *')
      .describe('When a run begins: minute, hour, day, month, weekday, as in a crontab.'),
    missed: z
      .enum(['run', 'skip'])
      .default('run')
      .describe('A run that fell into a time when this node could not: made up for once, or left out.'),
  })
  .prefault({})
  .describe('Scheduled runs.');

const accessKeys = {
  port: port().default(5432).describe('Its port.'),
  database: z.string().min(1).max(63).default('asterisk').describe('Its name.'),
  user: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/)
    .default('dualtone')
    .describe('The role that Dualtone uses, with no more rights than it needs.'),
};

const reloadDeeds = {
  run: argv()
    .nullable()
    .prefault(null)
    .describe('A program that is run first; one that is not installed is passed over.'),
  restart: z.array(unitName()).max(50).prefault([]).describe('Systemd units that are restarted where they run.'),
  asterisk: z
    .array(z.string().regex(/^[a-z0-9_]{1,60}(\.so)?$/))
    .max(50)
    .prefault([])
    .describe('Modules of Asterisk that are reloaded where it runs; those that are not loaded are passed over.'),
};

const tableReloadRule = () =>
  z.strictObject({
    tables: z.array(tablePattern()).min(1).max(100).describe('When one of these changed; `*` stands for any letters.'),
    ...reloadDeeds,
  });

const fileReloadRule = () =>
  z.strictObject({
    paths: z
      .array(z.string().min(1).max(500))
      .min(1)
      .max(100)
      .describe('When one of these files changed, with whole path; `*` stands for any letters, also for `/`.'),
    ...reloadDeeds,
  });

const databaseSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'snapshot', 'continuous'])
      .default('off')
      .describe('Not at all, whole at times, or each change at once.'),
    socket: absolutePath().default('/var/run/postgresql').describe("Directory of this node's own PostgreSQL socket."),
    ...accessKeys,
    'password-file': absolutePath()
      .default('/etc/dualtone/database.secret')
      .describe('The password of that role, the same on both nodes; mode 0600.'),
    via: z
      .enum(['tls', 'ssh'])
      .default('tls')
      .describe("How the other node's PostgreSQL is reached: encrypted by itself, or through SSH opened by the main."),
    'ca-file': absolutePath()
      .nullable()
      .prefault(null)
      .describe("With `tls`: whose certificates are accepted; null pins the other server's own at set-up."),
    schema: z.string().min(1).max(63).default('public').describe('The schema that is copied.'),
    schedule: scheduleSchema,
    'lock-time': duration(10)
      .prefault('500ms')
      .describe('How long a run waits for a lock on the passive node before it gives up.'),
    'time-limit': duration(1000).prefault('15m').describe('A run that takes longer is ended.'),
    'connect-time': duration(100).prefault('3s').describe('How long a connection may take.'),
    exclude: z.array(tablePattern()).max(500).prefault([]).describe('Tables left out; `*` stands for any letters.'),
    'keep-columns': z
      .array(columnsOfTable())
      .max(200)
      .prefault([])
      .describe('Columns in which each node keeps its own values.'),
    'keep-rows': z
      .array(
        z.strictObject({
          table: describedTable(),
          where: z.record(column(), z.string().max(1000)).describe('Column and value.'),
        }),
      )
      .max(200)
      .prefault([])
      .describe('Rows that each node keeps for itself: those whose columns have these values.'),
    status: z
      .array(columnsOfTable())
      .max(200)
      .prefault([])
      .describe('Columns that users change themselves (do-not-disturb, forwards): merged back at failback.'),
    events: z
      .array(
        z.strictObject({
          table: describedTable(),
          key: column().default('id').describe('Its primary key.'),
          time: column().nullable().prefault(null).describe('When the event was; null: told by its parent.'),
          parent: z
            .strictObject({
              table: describedTable(),
              column: column().describe('Its column with the key of the event.'),
            })
            .nullable()
            .prefault(null)
            .describe('The events that its rows belong to, and the column that says to which.'),
        }),
      )
      .max(50)
      .prefault([])
      .describe('Tables of events that each node writes for itself: merged back at failback.'),
    reload: z
      .array(tableReloadRule())
      .max(100)
      .prefault([])
      .describe('What the passive node reloads after a run that changed something, because it caches it.'),
  })
  .prefault({})
  .describe('PostgreSQL.');

/** A name of MySQL that its lists of filters can hold. */
const mysqlName = /^[^\0`,./\\]{1,64}$/u;

const mysqlSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('MySQL or MariaDB follows by its own replication, which `dualtone mysql setup` makes ready.'),
    socket: absolutePath()
      .default('/run/mysqld/mysqld.sock')
      .describe("This node's own server; the default also finds /run/mariadbd/mysqld.sock (MariaDB from 11.8 on)."),
    port: port().default(3306).describe('Its port, for the other node.'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,24}$/)
      .default('dualtone')
      .describe(
        'The account that Dualtone uses; beside it there is one with `_fetch`, by which the other server fetches.',
      ),
    'password-file': absolutePath()
      .default('/etc/dualtone/mysql.secret')
      .describe('The password of that account, the same on both nodes; mode 0600.'),
    via: z
      .enum(['tls', 'ssh'])
      .default('tls')
      .describe('How the servers reach each other: encrypted by themselves, or through SSH opened by the main.'),
    'ca-file': absolutePath()
      .nullable()
      .prefault(null)
      .describe("With `tls`: whose certificates are accepted; null pins the other server's own."),
    databases: z
      .array(z.string().regex(mysqlName))
      .min(1)
      .max(50)
      .prefault(['asterisk'])
      .describe('The databases that follow, by name.'),
    exclude: z
      .array(z.string().regex(/^[^\0`,./\\]{1,64}\.[^\0`,./\\]{1,64}$/u, 'database.table'))
      .max(200)
      .prefault([])
      .describe('Tables of them that do not, as `database.table`.'),
    'semi-sync-wait': duration(1)
      .nullable()
      .prefault('500ms')
      .describe('A commit waits so long for the passive node to have it, then goes on without; null: never waits.'),
    'catch-up': duration(1)
      .prefault('3s')
      .describe('Who begins to serve takes no writes so long at most, until it has what the other wrote last.'),
    'connect-time': duration(100).prefault('3s').describe('How long a connection may take.'),
    'config-file': absolutePath()
      .nullable()
      .prefault(null)
      .describe("Where set-up writes the server's settings; null: `zz-dualtone.cnf` where Debian's server reads."),
  })
  .prefault({})
  .describe('MySQL or MariaDB.');

const filesSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Files follow by rsync over SSH.'),
    directories: z.array(absolutePath()).max(200).prefault([]).describe('What follows; deletions follow too.'),
    exclude: z.array(z.string().min(1).max(200)).max(200).prefault([]).describe('Patterns of rsync that are left out.'),
    'on-change': z.boolean().default(true).describe('As soon as something changes, besides the schedule.'),
    settle: duration(10).prefault('200ms').describe('After a change, how long it waits for more.'),
    schedule: scheduleSchema,
    'bandwidth-kbps': z.int().min(0).default(0).describe('KiB a second at most; 0: no limit.'),
    'time-limit': duration(1000).prefault('10m').describe('A run that takes longer is ended.'),
    reload: z
      .array(fileReloadRule())
      .max(100)
      .prefault([])
      .describe('What the passive node reloads after files came that it caches.'),
  })
  .prefault({})
  .describe('Files.');

const ariSchema = z.strictObject({
  port: port().default(8088).describe('`bindport` of http.conf.'),
  prefix: z
    .string()
    .max(100)
    .regex(/^(\/[\w.-]+)*$/)
    .default('')
    .describe('`prefix` of http.conf.'),
  user: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .default('dualtone')
    .describe('Section of ari.conf, not read-only.'),
  'secret-file': absolutePath()
    .default('/etc/dualtone/ari.secret')
    .describe('A file with nothing but its password; mode 0600 or 0400.'),
});

/** Streams of replicated data, with the way between the nodes. */
export const streamsSchema = z
  .strictObject({
    link: z
      .enum(['direct', 'ssh'])
      .default('direct')
      .describe("The pair's own stream: straight to the other node's port, or through SSH opened by the main."),
    ssh: z
      .strictObject({
        user: name().default('root').describe('Who logs in at the other node.'),
        address: address().nullable().prefault(null).describe('Its address for SSH; null: `peer.address`.'),
        port: port().default(22).describe('Its port.'),
        'key-file': absolutePath()
          .default('/etc/dualtone/sync_ed25519')
          .describe("Dualtone's own key, made by `dualtone sync init`."),
        'known-hosts-file': absolutePath()
          .default('/etc/dualtone/sync_known_hosts')
          .describe("The other node's host key, pinned by `dualtone sync init`."),
      })
      .prefault({})
      .describe('The way for files, and for all else where only SSH is open.'),
    astdb: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe("Asterisk's own database follows the active node; needs `probes.ami`."),
        include: z
          .array(z.string().min(1).max(100))
          .max(200)
          .prefault(['*'])
          .describe('Families that follow; `*` stands for any letters.'),
        exclude: z.array(z.string().min(1).max(100)).max(200).prefault([]).describe('Families that do not.'),
        resync: duration(1000).prefault('30s').describe('A full comparison this often, besides each change.'),
        ari: ariSchema
          .nullable()
          .prefault(null)
          .describe(
            "This node's Asterisk REST interface, on loopback: with it phones that registered at the other node are reachable at once.",
          ),
      })
      .prefault({})
      .describe('Registrations of phones, do-not-disturb, forwards, queue members and whatever else Asterisk keeps.'),
    database: databaseSchema,
    mysql: mysqlSchema,
    files: filesSchema,
    voicemail: z
      .strictObject({
        enabled: z.boolean().default(false).describe('Messages and greetings follow, and come back at failback.'),
        directory: absolutePath().default('/var/spool/asterisk/voicemail').describe('The spool.'),
        locks: z.enum(['lockfile', 'flock']).default('lockfile').describe("Asterisk's `lockmode` in asterisk.conf."),
      })
      .prefault({})
      .describe('Voicemail.'),
    collected: z
      .array(absolutePath())
      .max(50)
      .prefault([])
      .describe('Directories (recordings, custom sounds) whose new files follow, and come back at failback.'),
    'keep-paths': z
      .array(absolutePath())
      .max(200)
      .prefault([])
      .describe(
        'Files and directories below those of `collected` that each node keeps: they neither follow nor come back.',
      ),
    merge: z
      .strictObject({
        automatic: z.boolean().default(true).describe('What the standby collected is brought back before failback.'),
        wait: duration(1000)
          .prefault('10m')
          .describe('How long an automatic failback waits for it at most before a person is asked.'),
        keep: duration(3_600_000).prefault('30d').describe('How long a merge can be undone.'),
      })
      .prefault({})
      .describe('What was left on the standby while it served.'),
    'loss-limit': duration(0)
      .prefault('60s')
      .describe("A person's takeover or failback that would lose more than so much needs --accept-loss."),
  })
  .prefault({})
  .describe('Replicated data.');
