import { type RemsysLine, remsysCells } from '../remsys/remsys.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, medianOf, msText, notMeasured, table } from './words.ts';

const titleByWhat: Readonly<Record<string, string>> = {
  'scaled/power-loss': 'A loses its power; NRPE, five looks of 2 s, TTL 1 s; the original beside',
  'ttl-30/power-loss': 'A loses its power; voters, preset `fast`, TTL 30 s',
  'ttl-30/asterisk-crash': 'Asterisk of A dies, A lives; voters, preset `fast`, TTL 30 s',
  'passive/refused': 'B serves, A is passive and refuses (`gate.refuse`)',
  'passive/silent': 'B serves, A is passive and silent',
};

/** Median and most; a dash where it was not asked. */
const cellText = (values: readonly (number | null)[]): string => {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  return known.length === 0 ? '–' : `${msText(medianOf(known))} / ${msText(Math.max(...known))}`;
};

const rowOf = (what: string, lines: readonly RemsysLine[]): readonly string[] => [
  titleByWhat[what] ?? what,
  cellText(lines.map((line) => line.served_ms)),
  cellText(lines.map((line) => line.original_ms)),
  cellText(lines.map((line) => line.name_outage_ms)),
  cellText(lines.map((line) => line.srv_outage_ms)),
  // Where every call waits for its timer there is no gap between calls.
  what.startsWith('passive/') ? '–' : cellText(lines.map((line) => line.trunk_outage_ms)),
  cellText(lines.map((line) => line.trunk_setup_ms)),
  msText(Math.max(...lines.map((line) => line.two_serving_ms))),
  String(lines.length),
];

const head = [
  'what happens',
  'B serves',
  'the original decides',
  'follows the name: outage',
  'two targets by SRV: outage',
  'provider with both addresses: outage',
  'a call of the provider rings after',
  'two serving, most',
  'runs',
];

/** Two sites: names, SRV and a provider. Pure. */
export const remsysSection = (measured: readonly Measured<RemsysLine>[]): string => {
  const linesOf = (what: string): readonly RemsysLine[] =>
    measured.map(({ line }) => line).filter((line) => line.what === what);
  const present = remsysCells.filter(({ what }) => linesOf(what).length > 0);
  return [
    '## Two sites, by name',
    '',
    'The scheme of REMSYS: no address moves, the sites are 15 to 19 ms apart each way. One telephone follows a CNAME and keeps it for its TTL; another asks for NAPTR and SRV and goes on to the second target when the first',
    'refuses or has not answered after 4 s (RFC 3261 allows 32 s); the provider tries A, and B when A refuses or after 400 ms, in the rows of a passive A after the 32 s of RFC 3261. Median / most, in ms. Goals: 45 s by name with a TTL of 30 s, 10 s by SRV.',
    '',
    ...(present.length === 0
      ? [notMeasured]
      : [
          table(
            head,
            present.map(({ what }) => rowOf(what, linesOf(what))),
          ),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('remsys --runs 3'),
  ].join('\n');
};
