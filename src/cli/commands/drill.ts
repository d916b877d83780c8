/** `dualtone drill`: rehearsals of a takeover, and their reports. */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { DrillAsk, DrillPreview, DrillRun, DrillView } from '../../drill/protocol.ts';
import { isDrillKind } from '../../drill/protocol.ts';
import type { DrillReport } from '../../drill/report.ts';
import { createDrillStore, type DrillStore } from '../../drill/store.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type CommonOptions, Ended, journalOf, type Output, orEnd, showFault, socketOf } from '../target.ts';
import { whoami } from './order.ts';

export interface DrillCommandOptions extends CommonOptions {
  readonly dry?: boolean;
  readonly preview?: boolean;
  readonly yes?: boolean;
  readonly withCalls?: boolean;
  readonly acceptLoss?: boolean;
  readonly anyTime?: boolean;
  readonly withPower?: boolean;
  /** `--no-wait`. */
  readonly wait?: boolean;
}

const ASK_MS = 40_000;
const LOOK_MS = 200;
/** While the main is silent its own agent answers nobody. */
const PATIENCE_MS = 20_000;

const ask = async (what: DrillAsk, options: CommonOptions, output: Output): Promise<unknown> => {
  const { askDrill } = await import('../../api/client.ts');
  const socket = await socketOf(options, output);
  return orEnd(await askDrill(socket, `${whoami()} (command line)`, what, ASK_MS), options, output);
};

const storeOf = async (options: CommonOptions, output: Output): Promise<DrillStore> =>
  createDrillStore(dirname(await journalOf(options, output)));

const NOT_A_NODE = { code: 'not-a-node', message: 'A checkpoint makes no drills', remedy: 'run it on a node' };
const OFF = {
  code: 'drills-off',
  message: 'No drill is made here: `drill.enabled` is off',
  remedy: 'set it on both nodes, and restart the agents one after the other',
};

const drillOf = (
  snapshot: NodeSnapshot | { readonly kind: 'checkpoint' },
  options: CommonOptions,
  output: Output,
): DrillView => {
  if (snapshot.kind === 'checkpoint') throw new Ended(showFault(NOT_A_NODE, options, output));
  if (snapshot.drill === null) throw new Ended(showFault(OFF, options, output));
  return snapshot.drill;
};

const view = async (options: CommonOptions, output: Output): Promise<DrillView> => {
  const { askSnapshot } = await import('../../api/client.ts');
  return drillOf(orEnd(await askSnapshot(await socketOf(options, output)), options, output), options, output);
};

const isPreview = (value: unknown): value is DrillPreview =>
  typeof value === 'object' && value !== null && 'lines' in value && 'against' in value;

/** Shows what would be done; gives what stands against it. */
const preview = async (
  begin: Extract<DrillAsk, { name: 'begin' }>,
  options: DrillCommandOptions,
  output: Output,
): Promise<DrillPreview> => {
  const told = await ask({ ...begin, name: 'preview' }, options, output);
  if (!isPreview(told))
    throw new Ended(
      showFault(
        {
          code: 'api-strange',
          message: 'The agent answered something else',
          remedy: 'use the `dualtone` of the same version',
        },
        options,
        output,
      ),
    );
  if (options.json === true) {
    if (options.preview === true) output.out(`${JSON.stringify(told)}\n`);
    return told;
  }
  output.err(`A ${told.kind} drill:\n${told.lines.map((line) => `  ${line}`).join('\n')}\n`);
  for (const { text, remedy } of told.against) output.err(`  ! ${text}\n    ${remedy}\n`);
  return told;
};

const idOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : '';

/** Tells each stage, until the drill is over and its report is here. */
const follow = async (id: string, options: CommonOptions, output: Output): Promise<void> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const socket = await socketOf(options, output);
  const store = await storeOf(options, output);
  let told = '';
  let heardAt = performance.now();
  for (;;) {
    const asked = await askSnapshot(socket);
    if (asked.ok) heardAt = performance.now();
    else if (performance.now() - heardAt > PATIENCE_MS) throw new Ended(showFault(asked.error, options, output));
    const run = asked.ok && asked.value.kind === 'node' ? (asked.value.drill?.run ?? null) : null;
    if (run?.id === id && run.text !== told) {
      told = run.text;
      if (options.json !== true) output.err(`  ${run.text}\n`);
    }
    if (asked.ok && run?.id !== id && store.report(id) !== null) return;
    if (asked.ok && run === null && performance.now() - heardAt > PATIENCE_MS) return;
    await sleep(LOOK_MS);
  }
};

const exitOf = ({ outcome }: DrillReport): ExitCode =>
  outcome === 'passed' || outcome === 'stopped' ? EXIT.ok : EXIT.refused;

/** `dualtone drill [kind]`. */
export const begin = async (
  given: string | undefined,
  options: DrillCommandOptions,
  output: Output,
): Promise<ExitCode> => {
  const kind = options.dry === true ? 'dry' : (given ?? 'switchover');
  if (!isDrillKind(kind)) return EXIT.usage;
  const { withCalls = false, acceptLoss = false, anyTime = false, withPower = false } = options;
  const what = { name: 'begin', kind, withCalls, acceptLoss, anyTime, ...(withPower ? { withPower } : {}) } as const;
  const shown = kind === 'dry' && options.preview !== true ? null : await preview(what, options, output);
  const [first] = shown?.against ?? [];
  if (options.preview === true) return first === undefined ? EXIT.ok : EXIT.refused;
  if (first !== undefined) {
    if (options.json !== true) output.err('dualtone: the drill was not begun.\n');
    else output.out(`${JSON.stringify({ ok: false, code: first.code, message: first.text, remedy: first.remedy })}\n`);
    return EXIT.refused;
  }
  if (shown !== null && options.yes !== true) {
    const prompter = createPrompter(options.json !== true);
    if (!prompter.isThere) {
      const message = 'A drill moves service, and nobody is there to say yes';
      return showFault({ code: 'not-confirmed', message, remedy: 'repeat it with --yes' }, options, output);
    }
    if (!(await prompter.confirm('Make this drill now?'))) {
      output.err('dualtone: nothing was done.\n');
      return EXIT.refused;
    }
  }
  const id = idOf(await ask(what, options, output));
  if (options.wait === false) {
    output.out(options.json === true ? `${JSON.stringify({ ok: true, id })}\n` : `Drill ${id} has begun.\n`);
    return EXIT.ok;
  }
  await follow(id, options, output);
  return report(id, options, output);
};

/** `drill stop`. */
export const stop = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const id = idOf(await ask({ name: 'stop' }, options, output));
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, id })}\n`);
  else output.out(`Drill ${id} is being stopped: service goes back at once. See \`dualtone drill status\`.\n`);
  return EXIT.ok;
};

const runLine = ({ id, kind, by, text }: DrillRun): string =>
  `A ${kind} drill is being made (${id}, asked for by ${by}): ${text}`;

/** `drill status`. */
export const status = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { run, last, nextAt } = await view(options, output);
  if (options.json === true) {
    output.out(`${JSON.stringify({ run, last, nextAt })}\n`);
    return EXIT.ok;
  }
  const { OUTCOME_WORD, timeOf } = await import('../../drill/words.ts');
  output.out(`${run === null ? 'No drill is being made.' : runLine(run)}\n`);
  if (last !== null)
    output.out(`Last: ${last.kind}, ${timeOf(last.startedAt)}, ${OUTCOME_WORD[last.outcome]}: ${last.text}\n`);
  else output.out('Last: none is known here.\n');
  if (nextAt !== null) output.out(`Next: ${timeOf(nextAt)}, by schedule.\n`);
  return EXIT.ok;
};

/** `drill list`: from the files, also with the agent dead. */
export const list = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const all = (await storeOf(options, output)).list();
  if (options.json === true) output.out(`${JSON.stringify(all)}\n`);
  else {
    const { summaryWords } = await import('../../drill/words.ts');
    if (all.length === 0) output.out('No drill was made yet.\n');
    for (const each of all) {
      const [id = '', time = '', kind = '', outcome = '', there = '', back = ''] = summaryWords(each);
      const ways = there === '' ? '' : `  there ${there}, back ${back}`;
      output.out(`${id}  ${time}  ${kind.padEnd(10)}  ${outcome}${ways}\n`);
    }
  }
  return EXIT.ok;
};

const reportOf = (store: DrillStore, id: string | undefined, options: CommonOptions, output: Output): DrillReport => {
  const wanted = id ?? store.list()[0]?.id;
  const found = wanted === undefined ? null : store.report(wanted);
  if (found !== null) return found;
  const message =
    wanted === undefined
      ? 'No drill was made yet'
      : `There is no report of a drill ${JSON.stringify(wanted.slice(0, 40))}`;
  throw new Ended(
    showFault(
      { code: 'drill-unknown', message, remedy: 'see `dualtone drill list`; an id is such as 20261122-030000' },
      options,
      output,
    ),
  );
};

const print = async (report: DrillReport, output: Output): Promise<void> => {
  const { factsOf, OUTCOME_WORD, secondsOf, stepsOf } = await import('../../drill/words.ts');
  const { linesOfPicture } = await import('../../drill/picture.ts');
  const { style, out } = output;
  const colour = report.outcome === 'passed' ? style.good : report.outcome === 'stopped' ? style.warning : style.alarm;
  out(`Drill ${report.id}, ${report.kind}: ${colour(OUTCOME_WORD[report.outcome])}. ${report.text}\n`);
  if (report.remedy !== '') out(`    ${report.remedy}\n`);
  for (const { name, text } of factsOf(report)) out(`  ${name.padEnd(27)} ${text}\n`);
  out('Steps\n');
  for (const { time, text } of stepsOf(report)) out(`  ${time.padStart(9)}  ${text}\n`);
  const picture = linesOfPicture(report);
  if (picture.length > 0) out('What telephones saw (█ answered, ▓ by its own word, · no answer)\n');
  for (const line of picture) out(`  ${line}\n`);
  const [former] = report.former;
  if (former !== undefined && report.kind !== 'dry')
    out(`The last of this kind, ${former.id}: there ${secondsOf(former.thereMs)}, back ${secondsOf(former.backMs)}.\n`);
};

/** `drill report [id]`; its exit code tells whether it passed. */
export const report = async (
  id: string | undefined,
  options: CommonOptions & { readonly html?: boolean },
  output: Output,
): Promise<ExitCode> => {
  const found = reportOf(await storeOf(options, output), id, options, output);
  if (options.json === true) output.out(`${JSON.stringify(found)}\n`);
  else if (options.html === true) output.out((await import('../../drill/paper.ts')).paperOf(found));
  else await print(found, output);
  return exitOf(found);
};

/** `drill verify [id]`. */
export const verify = async (id: string | undefined, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const journal = await journalOf(options, output);
  const found = reportOf(createDrillStore(dirname(journal)), id, options, output);
  const [{ openJournalReader }, { proveReport }] = await Promise.all([
    import('../../journal/reader.ts'),
    import('../../drill/proof.ts'),
  ]);
  const reader = orEnd(openJournalReader(journal), options, output);
  const proof = orEnd(proveReport(found, reader), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...proof })}\n`);
  else {
    output.out(
      `The report of ${proof.id} is as it was written: entry ${proof.seq} of the journal has its digest ${proof.digest}.\n`,
    );
    output.out(
      proof.isBetween
        ? 'The hashes that it names are in this journal, whose chain is whole.\n'
        : `The journal’s chain is whole; the hashes that the report names are those of ${found.journal.node}.\n`,
    );
  }
  return EXIT.ok;
};
