import { type PartLine, partVariants } from '../agent/parts.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, medianOf, notMeasured, table } from './words.ts';

const percent = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(2));

/** What an agent's own processor time is made of. Pure. */
export const partsSection = (measured: readonly Measured<PartLine>[]): string => {
  const linesOf = (what: string) => measured.filter(({ line }) => line.what === what).map(({ line }) => line);
  const rows = partVariants.map(({ what }) => {
    const lines = linesOf(what);
    const [serving, passive] = [lines.map((line) => line.serving_percent), lines.map((line) => line.passive_percent)];
    return [what, percent(medianOf(serving)), percent(medianOf(passive)), String(lines.length)];
  });
  const bare = medianOf(measured.map(({ line }) => line.bare_percent));
  return [
    '### What it is made of',
    '',
    'Agents at `fast` with stand-ins for Asterisk, in namespaces: each part is left out in turn, and what is missed is what it costs. The agents’ own',
    'processes alone, in percent of a processor, median; from 25 s after their start, for 40 s.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(
            ['what runs', 'active node', 'passive node', 'runs'],
            [...rows, ['a bare Node.js program with as many datagrams', percent(bare), '–', String(measured.length)]],
          ),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('agent-parts --runs 5'),
  ].join('\n');
};
