/** `dualtone check`: every prerequisite tried now, from both sides, with a remedy for what fails. */
import type { CheckResult, ChecksView } from '../../checks/report.ts';
import type { Config } from '../../config/config.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { DEFAULT_CONFIG, PROGRAM } from '../program.ts';
import { type CommonOptions, type Output, showFault, socketOf } from '../target.ts';
import { whoami } from './order.ts';
import { configOf } from './replicate.ts';

export interface CheckOptions extends CommonOptions {
  readonly only?: string;
  readonly history?: boolean;
}

/** Where no agent answers, or it has no checker, the checks run in this process. */
const NO_AGENT = new Set([
  'agent-unreachable',
  'agent-silent',
  'agent-gone',
  'checks-off',
  'checker-not-running',
  'checker-ended',
  'api-garbage',
]);

const ASK_MS = 120_000;

const alone = async (options: CheckOptions, output: Output, why: string): Promise<ChecksView> => {
  const config: Config = await configOf(options, output);
  if (options.json !== true) output.err(`${why}\nWhat this program can try by itself:\n`);
  const { checkOnce } = await import('../../checks/once.ts');
  return checkOnce(config, options.config ?? DEFAULT_CONFIG, PROGRAM, options.only ?? null);
};

/** Of one check: its own outcome; of all: the readiness of the pair. */
const exitOf = ({ readiness, own, other }: ChecksView, only: string | undefined): ExitCode => {
  if (only !== undefined) {
    const results = [...(own?.results ?? []), ...(other?.results ?? [])].filter(({ id }) => id === only);
    const failing = results.filter(({ finding, accepted }) => finding.outcome === 'fail' && !accepted);
    if (failing.some(({ severity }) => severity === 'critical')) return EXIT.alarm;
    const unknown = results.some(({ finding }) => finding.outcome === 'unknown');
    return failing.length > 0 || unknown || results.length === 0 ? EXIT.warning : EXIT.ok;
  }
  if (readiness.state === 'ready') return EXIT.ok;
  return readiness.state === 'not-ready' ? EXIT.alarm : EXIT.warning;
};

const filtered = (view: ChecksView, only: string | undefined): ChecksView => {
  if (only === undefined) return view;
  const keep = ({ id }: CheckResult): boolean => id === only;
  const own = view.own === null ? null : { ...view.own, results: view.own.results.filter(keep) };
  const other = view.other === null ? null : { ...view.other, results: view.other.results.filter(keep) };
  return { ...view, own, other };
};

const show = async (view: ChecksView, options: CheckOptions, output: Output): Promise<ExitCode> => {
  const shown = filtered(view, options.only);
  if (options.json === true) output.out(`${JSON.stringify(shown, null, 2)}\n`);
  else output.out((await import('../render/checks.ts')).renderChecks(shown, output.style, options.only !== undefined));
  return exitOf(view, options.only);
};

const showHistory = async (options: CheckOptions, output: Output): Promise<ExitCode> => {
  const { stateDir } = await configOf(options, output);
  const { readHistory, sharesOf } = await import('../../checks/history.ts');
  const entries = readHistory(`${stateDir}/checks.jsonl`).filter(
    ({ what }) => options.only === undefined || what === options.only,
  );
  const shares = sharesOf(entries, options.only ?? 'readiness', Date.now());
  if (options.json === true) output.out(`${JSON.stringify({ shares, entries }, null, 2)}\n`);
  else output.out((await import('../render/checks.ts')).renderHistory(entries, shares, output.style));
  return EXIT.ok;
};

const isKnown = async (only: string): Promise<boolean> => {
  const { createCatalogue } = await import('../../checks/catalogue.ts');
  return createCatalogue()
    .all()
    .some(({ id }) => id === only);
};

/** `dualtone check [--only NAME] [--history]`. */
export const check = async (options: CheckOptions, output: Output): Promise<ExitCode> => {
  if (options.only !== undefined && options.only !== 'readiness' && !(await isKnown(options.only))) {
    output.err(
      `dualtone: there is no check ${options.only}.\n    see docs/checks.md, or \`dualtone check\` for their names\n`,
    );
    return EXIT.usage;
  }
  if (options.history === true) return showHistory(options, output);
  const { askWork } = await import('../../api/client.ts');
  const work = { name: 'check', only: options.only ?? null } as const;
  const by = `${whoami()} (command line)`;
  const signal = AbortSignal.timeout(ASK_MS);
  const told = await askWork(await socketOf(options, output), by, work, signal, () => undefined);
  if (told.ok) return show(told.value as ChecksView, options, output);
  if (NO_AGENT.has(told.error.code)) return show(await alone(options, output, told.error.message), options, output);
  return showFault(told.error, options, output);
};
