import type { Measured } from '../results.ts';
import { type CostLine, costOf } from '../rivals/cost.ts';
import { type SystemName, systemNames } from '../rivals/system.ts';
import { medianOf, table } from './words.ts';

/** Medians of what a system costs, by host; undefined where it was not measured. */
export interface Cost {
  readonly startedByHost: Readonly<Record<string, number>>;
  readonly memoryByHost: Readonly<Record<string, number>>;
  readonly runs: number;
}

const medians = (records: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> => {
  const names = Object.keys(records[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, medianOf(records.map((record) => record[name] ?? 0))]));
};

/** What a system costs while nothing happens. Pure. */
export const costBy = (measured: readonly Measured<CostLine>[], system: SystemName): Cost | undefined => {
  const lines = measured.map(({ line }) => line).filter(({ what }) => what === costOf(system));
  if (lines.length === 0) return undefined;
  return {
    startedByHost: medians(lines.map(({ started_a_minute }) => started_a_minute)),
    memoryByHost: medians(lines.map(({ memory_mib }) => memory_mib)),
    runs: lines.length,
  };
};

const hosts = ['main', 'standby', 'checkpoint1'] as const;

const byHost = (record: Readonly<Record<string, number>>): string =>
  hosts.map((host) => (record[host] === undefined ? '–' : String(record[host]))).join(' / ');

/** The table of costs; empty without measurements. Pure. */
export const costTable = (
  measured: readonly Measured<CostLine>[],
  titleBySystem: Readonly<Record<SystemName, string>>,
): readonly string[] => {
  const rows = systemNames.flatMap((system) => {
    const cost = costBy(measured, system);
    return cost === undefined
      ? []
      : [[titleBySystem[system], byHost(cost.startedByHost), byHost(cost.memoryByHost), String(cost.runs)]];
  });
  if (rows.length === 0) return [];
  return [
    '### While nothing happens',
    '',
    table(
      ['system', 'programs started a minute: main / standby / third', 'memory, MiB: main / standby / third', 'runs'],
      rows,
    ),
    '',
  ];
};
