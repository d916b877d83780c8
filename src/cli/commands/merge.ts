/** `dualtone merge`: what the standby collected while it served, brought to the main. On the main. */
import type { MergePreview, MergeReport } from '../../replication/merge/report.ts';
import { ENTRY } from '../../replicator/protocol.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printable } from '../render/printable.ts';
import type { CommonOptions, Output } from '../target.ts';
import { Ended } from '../target.ts';
import { askFor } from './replicate.ts';

const show = (lines: readonly string[], data: object, options: CommonOptions, output: Output): void =>
  output.out(
    options.json === true ? `${JSON.stringify({ ok: true, ...data })}\n` : `${lines.map(printable).join('\n')}\n`,
  );

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

const shownId = (id: string): string => JSON.stringify(id.slice(0, 80));

export interface RunFlags extends CommonOptions {
  readonly acceptAll?: boolean;
  readonly refuseAll?: boolean;
  readonly accept?: readonly string[];
  readonly refuse?: readonly string[];
}

const usage = (problem: string, remedy: string, output: Output): ExitCode => {
  output.err(`dualtone: ${problem}\n    ${remedy}\n`);
  return EXIT.usage;
};

export const run = async (options: RunFlags, output: Output): Promise<ExitCode> => {
  const { accept = [], refuse = [] } = options;
  if (options.acceptAll === true && options.refuseAll === true)
    return usage('--accept-all and --refuse-all say opposite things.', 'give one of them', output);
  const both = accept.find((id) => refuse.includes(id));
  if (both !== undefined) return usage(`${shownId(both)} is to be both accepted and refused.`, 'name it once', output);
  const odd = [...accept, ...refuse].find((id) => !ENTRY.test(id));
  if (odd !== undefined)
    return usage(
      `${shownId(odd)} is no id of a change.`,
      '`dualtone merge report` lists what waits, each with its id',
      output,
    );
  const configuration = options.acceptAll === true ? 'accept' : options.refuseAll === true ? 'refuse' : 'ask';
  const report = (await askFor({ name: 'merge-run', configuration, accept, refuse }, options, output)) as MergeReport;
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
