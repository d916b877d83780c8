/** `dualtone merge`: what the standby collected while it served, brought to the main. On the main. */
import type { MergePreview, MergeReport } from '../../replication/merge/report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions, Output } from '../target.ts';
import { Ended } from '../target.ts';
import { askFor } from './replicate.ts';

const show = (lines: readonly string[], data: object, options: CommonOptions, output: Output): void =>
  output.out(options.json === true ? `${JSON.stringify({ ok: true, ...data })}\n` : `${lines.join('\n')}\n`);

const numberOf = (text: string | undefined, output: Output): number | null => {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  output.err(`dualtone: "${text}" is no number of a merge.\n    \`dualtone merge report\` shows the last one\n`);
  throw new Ended(EXIT.usage);
};

export const preview = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const found = (await askFor({ name: 'merge-preview' }, options, output)) as MergePreview;
  const { previewLines } = await import('../../replication/merge/report.ts');
  show(previewLines(found), { ...found }, options, output);
  return found.failed.length === 0 ? EXIT.ok : EXIT.refused;
};

const showReport = async (report: MergeReport, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { reportLines } = await import('../../replication/merge/report.ts');
  show(reportLines(report), { ...report }, options, output);
  return report.failed.length === 0 ? EXIT.ok : EXIT.refused;
};

export interface RunFlags extends CommonOptions {
  readonly acceptAll?: boolean;
  readonly refuseAll?: boolean;
}

export const run = async (options: RunFlags, output: Output): Promise<ExitCode> => {
  if (options.acceptAll === true && options.refuseAll === true) {
    output.err('dualtone: --accept-all and --refuse-all say opposite things.\n    give one of them\n');
    return EXIT.usage;
  }
  const configuration = options.acceptAll === true ? 'accept' : options.refuseAll === true ? 'refuse' : 'ask';
  const report = (await askFor({ name: 'merge-run', configuration }, options, output)) as MergeReport;
  return showReport(report, options, output);
};

export const undo = async (number: string | undefined, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const merge = numberOf(number, output) ?? 0;
  return showReport((await askFor({ name: 'merge-undo', merge }, options, output)) as MergeReport, options, output);
};

export const report = async (number: string | undefined, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const asked = { name: 'merge-report', merge: numberOf(number, output) } as const;
  return showReport((await askFor(asked, options, output)) as MergeReport, options, output);
};
