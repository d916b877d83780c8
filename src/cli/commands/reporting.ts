/** `dualtone reporting`: looks at the targets itself, so that it answers with the agent dead too. */
import type { Config } from '../../config/config.ts';
import { isReporting } from '../../config/config.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, Ended, type Output, showFault } from '../target.ts';
import { configOf } from './replicate.ts';

/** Counting millions of rows takes its time. */
const ENOUGH_MS = 600_000;

const reportingConfig = async (options: CommonOptions, output: Output): Promise<Config> => {
  const config = await configOf(options, output);
  if (isReporting(config)) return config;
  const { reportingOff } = await import('../../reporting/compose.ts');
  throw new Ended(showFault(reportingOff.error, options, output));
};

/** `dualtone reporting status` and `report`. Exit code 1: a target is not reached; 5: something is missing, twice or not taken. */
export const report = async (isFull: boolean, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const config = await reportingConfig(options, output);
  const { passOptionsOf, targetsOf } = await import('../../reporting/compose.ts');
  const { isWhole, reportLines, reportOn } = await import('../../reporting/report.ts');
  const signal = AbortSignal.timeout(ENOUGH_MS);
  const reports = await Promise.all(
    targetsOf(config).map((target) => reportOn(passOptionsOf(config, target), isFull, signal)),
  );
  if (options.json === true)
    output.out(`${JSON.stringify({ ok: reports.every(isWhole), targets: reports }, null, 2)}\n`);
  else output.out(`${reports.flatMap(reportLines).join('\n')}\n`);
  if (reports.some(({ fault }) => fault !== null)) return EXIT.refused;
  return reports.every(isWhole) ? EXIT.ok : EXIT.warning;
};

/** `dualtone reporting sql`: role, tables and rights, for the reporting database’s administrator. */
export const sql = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { reporting } = await reportingConfig(options, output);
  if (reporting.postgres === null) {
    output.err('dualtone: no reporting database is configured.\n    Configure `reporting.postgres`.\n');
    return EXIT.refused;
  }
  const { reportingSql } = await import('../../reporting/postgres/schema-sql.ts');
  const text = reportingSql(reporting.postgres.schema, reporting.tables, reporting.postgres.user);
  output.out(options.json === true ? `${JSON.stringify({ sql: text })}\n` : text);
  return EXIT.ok;
};
