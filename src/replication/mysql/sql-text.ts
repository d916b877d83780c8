/** How names and values get into SQL of MySQL and MariaDB. Names always through `quoteName`; values are parameters, or `quoteValue` where the server takes none (CHANGE MASTER, CREATE USER). */

/** An identifier; throws on NUL, which no name can hold. */
export const quoteName = (name: string): string => {
  if (name === '' || name.includes('\0')) throw new Error('an SQL name is empty or holds NUL');
  return `\`${name.replaceAll('`', '``')}\``;
};

/** `` `database`.`table` ``. */
export const qualify = (database: string, table: string): string => `${quoteName(database)}.${quoteName(table)}`;

/** A text constant; right because every session of ours has an `sql_mode` with backslash escapes. Throws on NUL. */
export const quoteValue = (value: string): string => {
  if (value.includes('\0')) throw new Error('an SQL text holds NUL');
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
};

/** A name for `replicate_wild_*`, in which `%` and `_` are wildcards. */
export const wildName = (name: string): string => name.replaceAll(/[\\%_]/g, String.raw`\$&`);

/** `database.table` in its parts; the database's name holds no dot. */
export const splitTable = (name: string): readonly [database: string, table: string] => {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
};
