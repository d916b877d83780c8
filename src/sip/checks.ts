import { isToken } from './cursor.ts';
import { type Field, parseParties } from './fields.ts';
import { secondsMax } from './limits.ts';

type Check = (value: string) => string | undefined;

const problemOf = (field: Field<unknown>): string | undefined => ('problem' in field ? field.problem : undefined);

const numberUpTo =
  (max: number): Check =>
  (value) =>
    /^[0-9]+$/.test(value) && Number(value) <= max ? undefined : `not a number from 0 to ${max}`;

const tokens: Check = (value) =>
  value === '' || value.split(',').every((item) => isToken(item.trim())) ? undefined : 'not a list of plain words';

const mediaType: Check = (value) =>
  /^[^\s/;]+\s*\/\s*[^\s/;]+\s*(?:;.*)?$/.test(value) ? undefined : 'not a media type';

const sipDate: Check = (value) =>
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/.test(
    value,
  )
    ? undefined
    : 'not a date in GMT as RFC 1123 writes it';

const contacts: Check = (value) => {
  const field = parseParties(value);
  if ('problem' in field) return field.problem;
  for (const { paramByName } of field.value) {
    const expires = paramByName.get('expires');
    const problem = expires === undefined ? undefined : numberUpTo(secondsMax)(expires);
    if (problem !== undefined) return `expires: ${problem}`;
    if (!/^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(paramByName.get('q') ?? '1')) return 'q is not from 0 to 1';
  }
  return undefined;
};

const routes: Check = (value) =>
  value.includes('<') ? problemOf(parseParties(value)) : 'a route needs its URI in angle brackets';

const warning: Check = (value) =>
  /^[0-9]{3} \S+ "/.test(value) ? undefined : 'not a code of three digits, agent and text';

/** What a header must look like wherever it appears; a text is the problem. Headers not named here are free. */
export const checkByName: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['Contact', contacts],
  ['Content-Length', numberUpTo(2 ** 31)],
  ['Content-Type', mediaType],
  ['Date', sipDate],
  ['Expires', numberUpTo(secondsMax)],
  ['Max-Forwards', numberUpTo(255)],
  ['Min-Expires', numberUpTo(secondsMax)],
  ['Proxy-Require', tokens],
  ['Record-Route', routes],
  ['Require', tokens],
  ['Retry-After', (value) => numberUpTo(secondsMax)(/^[0-9]+/.exec(value)?.[0] ?? value)],
  ['Route', routes],
  ['Supported', tokens],
  ['Unsupported', tokens],
  ['Warning', warning],
]);

/** Headers that mean one thing only; a second one is an attack or a mistake. */
export const onceOnly: ReadonlySet<string> = new Set([
  'CSeq',
  'Call-ID',
  'Content-Length',
  'Content-Type',
  'Date',
  'Expires',
  'From',
  'Max-Forwards',
  'To',
]);
