/** How names and values get into SQL. Names always through `quoteName`; values are parameters, or `quoteValue` where PostgreSQL takes none (COPY). */

/** An identifier of SQL; throws on NUL, which no name can hold. */
export const quoteName = (name: string): string => {
  if (name === '' || name.includes('\0')) throw new Error('an SQL name is empty or holds NUL');
  return `"${name.replaceAll('"', '""')}"`;
};

/** `"schema"."name"`. */
export const qualify = (schema: string, name: string): string => `${quoteName(schema)}.${quoteName(name)}`;

/** A list of columns: `"a", "b"`; with `of` each gets it in front: `t."a", t."b"`. */
export const quoteNames = (names: readonly string[], of = ''): string =>
  names.map((name) => (of === '' ? quoteName(name) : `${of}.${quoteName(name)}`)).join(', ');

/**
 * A text constant, for the few places without parameters (inside COPY, DO and CREATE SUBSCRIPTION).
 * Right whatever `standard_conforming_strings` says; throws on NUL, which no text can hold.
 */
export const quoteValue = (value: string): string => {
  if (value.includes('\0')) throw new Error('an SQL text holds NUL');
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "''");
  return escaped.includes('\\') ? `E'${escaped}'` : `'${escaped}'`;
};

/** A block of statements, as one. Its body is a text constant: a dollar tag of ours might stand in a name of somebody's. */
export const doBlock = (body: string): string => `do ${quoteValue(`begin ${body} end`)}`;
