/** `dualtone import xivo` and `dualtone xivo …`: a server of XiVO or Wazo taken over, and what Dualtone changed of it put back. */
import { fail } from '../../core/result.ts';
import { usualPlaces } from '../../pairing/plan.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type CommonOptions, type Output, orEnd } from '../target.ts';

export interface XivoOptions extends CommonOptions {
  readonly preview?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly overwriteDrift?: boolean;
  readonly resync?: boolean;
  readonly provd?: string | boolean;
  readonly provdTokenFile?: string;
  readonly database?: boolean;
}

const siteHere = async (options: XivoOptions, output: Output, what: 'enable' | 'disable') => {
  const [{ thisGround }, { siteOf }] = await Promise.all([
    import('../../xivo/ground.ts'),
    import('../../xivo/site.ts'),
  ]);
  const { provd, provdTokenFile, database } = options;
  const given = typeof provd === 'string' ? provd : undefined;
  return orEnd(
    siteOf(
      thisGround(),
      { provd: given, provdTokenFile, noProvd: provd === false, noDatabase: database === false },
      what,
    ),
    options,
    output,
  );
};

/** `dualtone import xivo`. Changes nothing. */
export const importXivo = async (options: XivoOptions, output: Output): Promise<ExitCode> => {
  const [{ thisGround }, { findImport }, { planImport }] = await Promise.all([
    import('../../xivo/ground.ts'),
    import('../../xivo/site.ts'),
    import('../../xivo/import.ts'),
  ]);
  const plan = orEnd(planImport(orEnd(findImport(thisGround()), options, output)), options, output);
  if (options.json === true) {
    output.out(`${JSON.stringify({ ok: true, ...plan })}\n`);
    return EXIT.ok;
  }
  output.out(`This machine is the ${plan.role} of a pair of XiVO's own: ${plan.address}, the other ${plan.peer}.\n`);
  for (const note of plan.notes) output.out(`  ! ${note}\n`);
  output.out('In this order:\n');
  for (const { where, command, why } of plan.steps) output.out(`  ${where.padEnd(8)} ${command}\n           ${why}\n`);
  return EXIT.ok;
};

const resyncNow = async (
  { provd }: Awaited<ReturnType<typeof siteHere>>,
  configs: readonly string[] | null,
  options: XivoOptions,
  output: Output,
): Promise<ExitCode> => {
  const notHere = fail('xivo-no-provd', 'There is no provisioning server here.', 'Give it on the main.');
  const { resyncDevices } = await import('../../xivo/enable/resync.ts');
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  const result = await resyncDevices({
    provd: provd ?? orEnd(notHere, options, output),
    configs,
    atOnce: 5,
    everyMs: 500,
    deviceMs: 60_000,
    signal: cancel.signal,
    onProgress: (done, total) => {
      if (options.json !== true && process.stderr.isTTY) output.err(`\r\u001b[K${done}/${total} devices`);
    },
  });
  if (options.json !== true && process.stderr.isTTY) output.err('\r\u001b[K');
  const { done, failed } = orEnd(result, options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: failed.length === 0, done, failed })}\n`);
  else {
    output.out(`${done} devices have read their configuration again.\n`);
    for (const { device, fault } of failed) output.out(`  ! ${device}: ${fault.message}\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.warning;
};

/** `dualtone xivo enable`. */
export const enable = async (options: XivoOptions, output: Output): Promise<ExitCode> => {
  const site = await siteHere(options, output, 'enable');
  const lines = orEnd(await site.enabling.preview(), options, output);
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  if (options.json !== true) output.out(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
  if (options.preview === true) {
    if (options.json === true) output.out(`${JSON.stringify({ ok: true, preview: true, lines })}\n`);
    return EXIT.ok;
  }
  if (prompter.isThere && !(await prompter.confirm('Change this?'))) return EXIT.refused;
  const { moved, warnings } = orEnd(await site.enabling.enable(), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: warnings.length === 0, lines, moved, warnings })}\n`);
  else {
    output.out(
      `Done; what was there before is kept for \`dualtone xivo disable\`. ${moved.changed.length} configurations of devices changed.\n`,
    );
    for (const text of moved.drift) output.out(`  ! left as it is: ${text}\n`);
    for (const { message, remedy } of warnings) output.out(`  ! ${message} ${remedy}\n`);
  }
  if (options.resync === true && site.provd !== null) return resyncNow(site, moved.changed, options, output);
  return warnings.length === 0 ? EXIT.ok : EXIT.warning;
};

const serving = () =>
  fail(
    'xivo-disable-serving',
    'This node serves, and the pair protects it: disabling it in production takes that away.',
    'Repeat with --force, or hand service over first.',
  );

/** `dualtone xivo disable`. */
export const disable = async (options: XivoOptions, output: Output): Promise<ExitCode> => {
  const site = await siteHere(options, output, 'disable');
  const lines = orEnd(await site.enabling.previewDisable(), options, output);
  if (options.json !== true)
    for (const { what, text } of lines) output.out(`  ${what === 'drift' ? '!' : '~'} ${text}\n`);
  if (options.preview === true) {
    if (options.json === true) output.out(`${JSON.stringify({ ok: true, preview: true, lines })}\n`);
    return EXIT.ok;
  }
  const { standingOf } = await import('../../pairing/machine.ts');
  if ((await standingOf(usualPlaces)).serving && options.force !== true) orEnd(serving(), options, output);
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  if (prompter.isThere && !(await prompter.confirm('Put this back?'))) return EXIT.refused;
  const told = orEnd(await site.enabling.disable(options.overwriteDrift === true), options, output);
  const drifted = told.lines.filter(({ what }) => what === 'drift');
  if (options.json === true) output.out(`${JSON.stringify({ ok: drifted.length === 0, ...told })}\n`);
  else {
    output.out('XiVO is as it was.\n');
    for (const { text } of drifted) output.out(`  ! ${text}\n`);
    for (const text of told.moved.drift) output.out(`  ! left as it is: ${text}\n`);
    for (const { message, remedy } of told.warnings) output.out(`  ! ${message} ${remedy}\n`);
  }
  return drifted.length + told.warnings.length > 0 ? EXIT.warning : EXIT.ok;
};

/** `dualtone xivo resync`: all devices. */
export const resync = async (options: XivoOptions, output: Output): Promise<ExitCode> =>
  resyncNow(await siteHere(options, output, 'enable'), null, options, output);
