import { z } from 'zod';
import { host, url } from './alarms.ts';
import { absolutePath, duration, port, size } from './scalars.ts';

/** A name as PostgreSQL has it in the catalogue. */
const sqlName = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[^\0"]+$/u);

const tableSchema = z.strictObject({
  table: sqlName().describe('Its name, here and at the reporting database.'),
  key: sqlName().default('id').describe('Its number: an integer from a sequence.'),
  time: sqlName().describe('The column that says when the event was.'),
  omit: z.array(sqlName()).max(50).prefault([]).describe('Columns that mean nothing elsewhere, and are not sent.'),
});

const caFile = () => absolutePath().nullable().prefault(null);

const postgresSchema = z
  .strictObject({
    host: host().describe('Its name or address.'),
    port: port().default(5432).describe('Its port.'),
    database: sqlName().default('xivo_stats').describe('Its name.'),
    schema: sqlName().default('public').describe('Where its tables are.'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/)
      .default('dualtone_reporting')
      .describe('The role there; `dualtone reporting sql` gives it no more rights than it needs.'),
    'password-file': absolutePath()
      .default('/etc/dualtone/reporting.secret')
      .describe('The password of that role; mode 0600.'),
    tls: z
      .enum(['verify', 'none'])
      .default('verify')
      .describe('Encrypted, with a certificate that names the host; or in the clear.'),
    'ca-file': caFile().describe("With `verify`: whose certificates are accepted (PEM), also the server's own."),
    'connect-time': duration(100).prefault('5s').describe('How long a connection may take.'),
    'time-limit': duration(1000).prefault('30s').describe('A statement that takes longer is ended.'),
  })
  .nullable()
  .prefault(null)
  .describe('The reporting database; null: none.');

const elasticSchema = z
  .strictObject({
    url: url().describe('Its address, such as https://elastic.example.org:9200.'),
    'ca-file': caFile().describe("Whose certificates are accepted (PEM); null: the system's."),
    user: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^:]+$/)
      .nullable()
      .prefault(null)
      .describe('Login; null: none.'),
    'password-file': absolutePath().nullable().prefault(null).describe('Its password; mode 0600.'),
    'api-key-file': absolutePath()
      .nullable()
      .prefault(null)
      .describe('Instead of a login: an API key as it is sent (base64); mode 0600.'),
    index: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.-]{0,100}$/, 'the beginning of the name of an index')
      .default('xivo')
      .describe('Indices are called this, a dash, and the table.'),
    timeout: duration(1000).prefault('30s').describe('After so long a request has failed.'),
  })
  .nullable()
  .prefault(null)
  .describe('Elasticsearch or OpenSearch; null: none.');

/** Queue log and channel events of this node to where reports are made; the same on both nodes. */
export const reportingSchema = z
  .strictObject({
    postgres: postgresSchema,
    elasticsearch: elasticSchema,
    tables: z
      .array(tableSchema)
      .min(1)
      .max(20)
      .prefault([
        { table: 'queue_log', time: 'time' },
        { table: 'cel', time: 'eventtime', omit: ['call_log_id'] },
      ])
      .describe('What is sent.'),
    begin: z
      .enum(['now', 'all'])
      .default('now')
      .describe('The first time: only what comes from now on, or all that is there.'),
    era: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Raised on both nodes after a database was restored: sending begins anew.'),
    every: duration(100).prefault('2s').describe('How often it looks for new events.'),
    'batch-rows': z.int().min(1).max(10_000).default(500).describe('Events at once at most.'),
    'batch-size': size(64 * 1024)
      .prefault('4MiB')
      .describe('Their length at most.'),
    'behind-after': duration(1000).prefault('15m').describe('Nothing has gone for so long: an alarm.'),
  })
  .prefault({})
  .describe('Events of queues and channels to a reporting database and to Elasticsearch. See docs/reporting.md.');
