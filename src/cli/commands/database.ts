/** `dualtone database`: this node's PostgreSQL made ready for replication, looked at, or put back. Works without the agent. */
import { resolve } from 'node:path';
import type { ItemLook } from '../../replication/postgres/setup/item.ts';
import type { SetupLook } from '../../replication/postgres/setup/setup.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printable } from '../render/printable.ts';
import { type CommonOptions, type Output, orEnd } from '../target.ts';
import { configOf } from './replicate.ts';

const MARK: Readonly<Record<ItemLook['condition'], string>> = {
  right: 'ok',
  missing: '+ ',
  due: '~ ',
  drifted: '! ',
  refused: 'x ',
};

const line = ({ condition, text, change, effect }: ItemLook): string => {
  const when = change === null || effect === 'at-once' ? '' : ` (by ${effect})`;
  return `  ${MARK[condition]} ${printable(`${text}${change === null ? '' : ` -> ${change}${when}`}`)}\n`;
};

export interface SetupFlags extends CommonOptions {
  readonly preview?: boolean;
  readonly overwriteDrift?: boolean;
}

const open = async (options: SetupFlags, output: Output) => {
  const config = await configOf(options, output);
  const [{ databaseSetup, ensurePassword }, { derivePassword, loadKey }] = await Promise.all([
    import('../../replicator/setup.ts'),
    import('../../peer/key.ts'),
  ]);
  const key = orEnd(loadKey(config.keyFile), options, output);
  orEnd(ensurePassword(config, derivePassword(key, 'database')), options, output);
  return { config, setup: orEnd(await databaseSetup(config, options.overwriteDrift === true), options, output) };
};

const appointments = () =>
  Promise.all([
    import('../../replication/postgres/setup/appointment.ts'),
    import('../../process/run.ts'),
    import('../../process/own-program.ts'),
  ]);

const showPending = async (pending: readonly string[], output: Output): Promise<void> => {
  if (pending.length === 0) return;
  const [{ appointedRestart }, { run }] = await appointments();
  output.out(`Due at the next restart of PostgreSQL, which Dualtone never does in passing: ${pending.join(', ')}.\n`);
  const when = await appointedRestart(run);
  if (when !== null)
    output.out(`    It is appointed for ${printable(when)}; \`dualtone database restart --cancel\` takes that back.\n`);
  else output.out('    `dualtone database restart` does it now, with `--at 03:00` then; calls go through it.\n');
};

const readiness = ({ complete, pendingRestart }: SetupLook): string => {
  if (!complete) return 'The database is not ready yet.\n';
  return pendingRestart.length === 0
    ? 'The database is ready.\n'
    : 'The database is ready; a restart of PostgreSQL is pending.\n';
};

/** `dualtone database setup [--preview]`. */
export const setup = async (options: SetupFlags, output: Output): Promise<ExitCode> => {
  const { config, setup: made } = await open(options, output);
  if (options.preview === true) {
    const items = orEnd(await made.preview(), options, output);
    if (options.json === true) output.out(`${JSON.stringify({ ok: true, items })}\n`);
    else output.out(items.length === 0 ? 'Nothing is to be done.\n' : items.map(line).join(''));
    return EXIT.ok;
  }
  const outcome = orEnd(await made.apply(), options, output);
  const { installChangeLog } = await import('../../replicator/setup.ts');
  const logged = config.node.role === 'standby' ? orEnd(await installChangeLog(config), options, output) : 0;
  if (options.json === true) {
    output.out(`${JSON.stringify({ ok: true, ...outcome, logged })}\n`);
    return EXIT.ok;
  }
  for (const done of outcome.done) output.out(`  + ${done}\n`);
  if (logged > 0) output.out(`  Local changes of ${logged} tables are logged, so that they come home.\n`);
  await showPending(outcome.look.pendingRestart, output);
  output.out(readiness(outcome.look));
  return EXIT.ok;
};

/** `dualtone database status`. */
export const status = async (options: SetupFlags, output: Output): Promise<ExitCode> => {
  const { setup: made } = await open(options, output);
  const look = orEnd(await made.look(), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: look.complete, ...look })}\n`);
  else {
    output.out(look.items.map(line).join(''));
    await showPending(look.pendingRestart, output);
  }
  return look.complete ? EXIT.ok : EXIT.warning;
};

/** `dualtone database undo`. */
export const undo = async (options: SetupFlags, output: Output): Promise<ExitCode> => {
  const { setup: made } = await open(options, output);
  const outcome = orEnd(await made.undo(), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: outcome.left.length === 0, ...outcome })}\n`);
  else {
    for (const text of outcome.undone) output.out(`  - ${text}\n`);
    for (const text of outcome.left) output.out(`  ! ${text}\n`);
    await showPending(outcome.pendingRestart, output);
  }
  return outcome.left.length === 0 ? EXIT.ok : EXIT.refused;
};

export interface RestartFlags extends SetupFlags {
  readonly force?: boolean;
  readonly at?: string;
  readonly cancel?: boolean;
}

/** At that time this very command is run; whether the node serves is looked at then. */
const restartAt = async (at: string, options: RestartFlags, output: Output): Promise<ExitCode> => {
  const [{ appointRestart, restartTimeOf, stampOf }, { run }, { ownProgram }] = await appointments();
  const when = orEnd(restartTimeOf(at, new Date()), options, output);
  const argv = [
    ownProgram(),
    'database',
    'restart',
    ...(options.force === true ? ['--force'] : []),
    ...(options.config === undefined ? [] : ['--config', resolve(options.config)]),
  ];
  orEnd(await appointRestart(when, argv, run), options, output);
  const unless = options.force === true ? '' : ', unless this node serves then';
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, at: when.toISOString() })}\n`);
  else output.out(`PostgreSQL will be restarted at ${stampOf(when)}${unless}. \`--cancel\` takes it back.\n`);
  return EXIT.ok;
};

/** `dualtone database restart`, now or at a time. */
export const restart = async (options: RestartFlags, output: Output): Promise<ExitCode> => {
  if (options.cancel === true) {
    const [{ cancelRestart }, { run }] = await appointments();
    orEnd(await cancelRestart(run), options, output);
    output.out(options.json === true ? '{"ok":true}\n' : 'No restart of PostgreSQL is appointed.\n');
    return EXIT.ok;
  }
  if (options.at !== undefined) return await restartAt(options.at, options, output);
  const { setup: made } = await open(options, output);
  orEnd(await made.restartNow(options.force === true), options, output);
  output.out(options.json === true ? '{"ok":true}\n' : 'PostgreSQL was restarted.\n');
  return EXIT.ok;
};
