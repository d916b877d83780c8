/** JSON as PostgreSQL's `jsonb` writes it, kept exactly: a number that JavaScript would round stays as it was written. */

/** A row as `to_jsonb` gives it; values are compared and written back, never interpreted. */
export type JsonRow = Readonly<Record<string, unknown>>;

interface ExactJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}

const exact = JSON as unknown as ExactJson;

const rawOf = (value: unknown): string | null =>
  exact.isRawJSON(value) ? String((value as { readonly rawJSON: unknown }).rawJSON) : null;

/** Throws on what is no JSON: it comes from PostgreSQL. */
const parseJson = (text: string): unknown =>
  exact.parse(text, (_key, value, context) =>
    typeof value === 'number' && context.source !== undefined && String(value) !== context.source
      ? exact.rawJSON(context.source)
      : value,
  );

const isPlain = (value: unknown): value is JsonRow =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && rawOf(value) === null;

export const parseRow = (text: string): JsonRow => {
  const row = parseJson(text);
  if (!isPlain(row)) throw new Error('a row is no JSON object');
  return row;
};

/** The same text for the same value, whatever the order of its keys. */
export const canonical = (value: unknown): string => {
  if (value === undefined) return 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isPlain(value)) return JSON.stringify(value);
  const parts = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${parts.join(',')}}`;
};

/** A column that is missing equals null. */
export const sameJson = (a: unknown, b: unknown): boolean => a === b || canonical(a) === canonical(b);

/** For people: short, one line. */
export const shownValue = (value: unknown): string => {
  const text =
    value === null || value === undefined ? 'nothing' : typeof value === 'string' ? `"${value}"` : canonical(value);
  const line = text.replaceAll(/\p{Cc}+/gu, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 57)}…`;
};
