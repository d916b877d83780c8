/** What is looked at before a row is overwritten: whether the two databases fit, and whether the target can take it. */
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Database } from './connection.ts';
import { compareSchemas, type Side } from './fingerprint.ts';
import { qualify } from './identifier.ts';

export interface PreflightLimits {
  /** A difference between the servers' clocks beyond this is told. */
  readonly clockMs: Millis;
}

export interface Preflight {
  /** Any of these: nothing is overwritten. */
  readonly refusals: readonly Fault[];
  /** To be told, and no reason to stop. */
  readonly warnings: readonly Fault[];
  /** Target's clock minus the source's, as well as the round trip allows. */
  readonly clockAheadMs: number;
}

interface Facts {
  readonly version: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly recovery: boolean;
  readonly readOnly: boolean;
  readonly temp: boolean;
  readonly now: number;
  /** Of this process, in the middle of the question. */
  readonly askedAt: number;
}

const OLDEST = 13;

const FACTS = `SELECT current_setting('server_version') AS version, pg_encoding_to_char(d.encoding) AS encoding,
  d.datcollate AS collate, d.datctype AS ctype, pg_is_in_recovery() AS recovery,
  current_setting('default_transaction_read_only')::boolean AS "readOnly",
  has_database_privilege(d.oid, 'TEMP') AS temp, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
  FROM pg_database d WHERE d.datname = current_database()`;

const readFacts = async (database: Database, now: () => number): Promise<Result<Facts>> => {
  const before = now();
  const rows = await database.query<Omit<Facts, 'askedAt'>>(FACTS);
  if (!rows.ok) return rows;
  const [facts] = rows.value;
  if (facts === undefined) throw new Error('pg_database does not hold the current database');
  return ok({ ...facts, askedAt: (before + now()) / 2 });
};

/** Which rights the connection's role lacks: `SELECT on table x`. Faults: those of `Database.query`. */
const lackingRights = async (
  { name, plan }: Side,
  database: Database,
  onTables: readonly string[],
  onSequences: readonly string[],
): Promise<Result<readonly Fault[]>> => {
  const rows = await database.query<{ readonly name: string; readonly right: string }>(
    `SELECT t AS name, r AS right FROM unnest($1::text[]) t, unnest($2::text[]) r WHERE NOT has_table_privilege(t, r)
     UNION ALL SELECT s, r FROM unnest($3::text[]) s, unnest($4::text[]) r WHERE NOT has_sequence_privilege(s, r)`,
    [
      plan.tables.map(({ table }) => qualify(plan.schema, table.name)),
      onTables,
      plan.sequences.map((sequence) => qualify(plan.schema, sequence)),
      onSequences,
    ],
  );
  if (!rows.ok) return rows;
  const lacking = rows.value.map((entry) => `${entry.right} on ${entry.name}`);
  if (lacking.length === 0) return ok([]);
  const shown = `${lacking.slice(0, 5).join(', ')}${lacking.length > 5 ? ` and ${lacking.length - 5} more` : ''}`;
  return ok([
    fail(
      'database-rights-missing',
      `In ${name} Dualtone's role lacks ${shown}.`,
      'Run `dualtone database setup` on that node again: it grants what is missing.',
    ).error,
  ]);
};

const canServe = (target: Side, facts: Facts): readonly Fault[] => [
  ...(facts.recovery || facts.readOnly
    ? [
        fail(
          'database-takes-no-changes',
          `${target.name} ${facts.recovery ? 'is itself recovering from another server' : 'is set read-only'} and takes no changes.`,
          'Promote it, or set default_transaction_read_only off.',
        ).error,
      ]
    : []),
  ...(facts.temp
    ? []
    : [
        fail(
          'database-no-temporary',
          `In ${target.name} Dualtone's role may not make temporary tables.`,
          'Run `dualtone database setup` on that node again: it grants TEMPORARY on the database.',
        ).error,
      ]),
];

const versionFaults = (side: Side, database: Database, facts: Facts): readonly Fault[] =>
  database.major >= OLDEST
    ? []
    : [
        fail(
          'database-version',
          `${side.name} runs PostgreSQL ${facts.version}, and Dualtone knows it from ${OLDEST} on.`,
          'Upgrade PostgreSQL there.',
        ).error,
      ];

const differences = (source: Side, target: Side, from: Facts, to: Facts): Pick<Preflight, 'refusals' | 'warnings'> => ({
  refusals:
    from.encoding === to.encoding
      ? []
      : [
          fail(
            'database-encoding-differs',
            `${source.name} stores text as ${from.encoding}, ${target.name} as ${to.encoding}.`,
            'Make the database of the standby again with the encoding of the main (UTF8 is right).',
          ).error,
        ],
  warnings:
    from.collate === to.collate && from.ctype === to.ctype
      ? []
      : [
          fail(
            'database-locale-differs',
            `${source.name} sorts by ${from.collate} (${from.ctype}), ${target.name} by ${to.collate} (${to.ctype}).`,
            'Lists may come in another order there; make the database of the standby again to have the same.',
          ).error,
        ],
});

const versionNote = (source: Side, target: Side, from: Facts, to: Facts, majors: readonly [number, number]) =>
  majors[0] === majors[1]
    ? []
    : [
        fail(
          'database-version-differs',
          `${source.name} runs PostgreSQL ${from.version}, ${target.name} ${to.version}.`,
          'Rows are copied all the same; bring both to the same version.',
        ).error,
      ];

const clockNote = (source: Side, target: Side, aheadMs: number, limitMs: Millis): readonly Fault[] =>
  Math.abs(aheadMs) <= limitMs
    ? []
    : [
        fail(
          'database-clock-differs',
          `The clock of ${target.name} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${source.name}.`,
          'See to the time service (chrony, systemd-timesyncd) on both nodes.',
        ).error,
      ];

/**
 * Compares and asks; changes nothing. The databases' own part of it takes three round trips each.
 * Faults: those of `Database.query`.
 */
export const preflight = async (
  source: Side & { readonly database: Database },
  target: Side & { readonly database: Database },
  limits: PreflightLimits,
  now: () => number,
): Promise<Result<Preflight>> => {
  const [from, to] = await Promise.all([readFacts(source.database, now), readFacts(target.database, now)]);
  if (!from.ok) return from;
  if (!to.ok) return to;
  const [read, write] = await Promise.all([
    lackingRights(source, source.database, ['SELECT'], ['SELECT']),
    lackingRights(target, target.database, ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], ['SELECT', 'UPDATE']),
  ]);
  if (!read.ok) return read;
  if (!write.ok) return write;
  const clockAheadMs = to.value.now - to.value.askedAt - (from.value.now - from.value.askedAt);
  const found = differences(source, target, from.value, to.value);
  const schema = compareSchemas(source, target);
  return ok({
    refusals: [
      ...versionFaults(source, source.database, from.value),
      ...versionFaults(target, target.database, to.value),
      ...canServe(target, to.value),
      ...found.refusals,
      ...schema,
      // Rights on tables that are not there would be a second voice about the same.
      ...(schema.length === 0 ? [...read.value, ...write.value] : []),
    ],
    warnings: [
      ...source.plan.warnings,
      ...versionNote(source, target, from.value, to.value, [source.database.major, target.database.major]),
      ...found.warnings,
      ...clockNote(source, target, clockAheadMs, limits.clockMs),
    ],
    clockAheadMs,
  });
};
