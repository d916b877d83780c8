/** An event as a document of Elasticsearch: what it is called, when it was, what it holds. Pure but for the zone of this machine. */
import type { Event, SourceTable } from './words.ts';

/** The same event has the same name whoever sends it, so that the target itself keeps a second one out. */
export const documentId = (table: string, { origin, key }: Pick<Event, 'origin' | 'key'>): string =>
  `${origin}/${table}/${key}`;

const FORM = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:([+-]\d\d)(?::?(\d\d))?|Z)?$/;

/**
 * As ISO 8601 in UTC; null where the text is no time. Without a zone it is of this machine's, as Asterisk writes it. Seconds since 1970 (old queue logs)
 * are read too.
 */
export const instantOf = (text: string | null): string | null => {
  if (text === null) return null;
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000).toISOString();
  const [, date, time, hours, minutes] = FORM.exec(text) ?? [];
  if (date === undefined || time === undefined) return null;
  const zone = hours === undefined ? (text.endsWith('Z') ? 'Z' : '') : `${hours}:${minutes ?? '00'}`;
  const parsed = new Date(`${date}T${time.slice(0, 12)}${zone}`);
  return Number.isNaN(parsed.getTime()) ? null : parsed.toISOString();
};

const NUMBERS = new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']);
const JSONS = new Set(['json', 'jsonb']);

const isFiniteNumber = (cell: string): boolean => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell);

/** One cell as JSON: numbers and JSON as they stand, with all their digits, the rest as text. */
const cellText = (cell: string | null, type: string): string => {
  if (cell === null) return 'null';
  if (type === 'boolean') return cell === 't' || cell === 'true' ? 'true' : 'false';
  const isBare = JSONS.has(type) || (NUMBERS.has(type) && isFiniteNumber(cell));
  // A document is one line; line ends within JSON stand between values only.
  return isBare ? cell.replaceAll(/[\r\n]+/g, ' ') : JSON.stringify(cell);
};

/** One line of JSON. `sender`: who reads the row, and where a lost position can be found again. */
export const documentOf = ({ rule, columns }: SourceTable, event: Event, sender: string, node: string): string => {
  const { origin, key, readKey, cells } = event;
  const at = columns.findIndex(({ name }) => name === rule.time);
  const instant = instantOf(cells[at] ?? null);
  const own = { origin, key, sender, 'sender-key': readKey, node, table: rule.table };
  const head = [
    ...(instant === null ? [] : [`"@timestamp":${JSON.stringify(instant)}`]),
    `"dualtone":${JSON.stringify(own)}`,
  ];
  const rest = columns.map(
    ({ name, type }, index) => `${JSON.stringify(name)}:${cellText(cells[index] ?? null, type)}`,
  );
  return `{${[...head, ...rest].join(',')}}`;
};
