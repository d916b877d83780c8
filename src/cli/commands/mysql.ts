/** `dualtone mysql`: this node's MySQL or MariaDB made ready, looked at, compared with the other's, put back. */
import type { Comparison, RowDifference } from '../../replication/mysql/compare.ts';
import type { MysqlItem } from '../../replication/mysql/setup.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, type Output, orEnd } from '../target.ts';
import { askFor, configOf } from './replicate.ts';

const MARK: Readonly<Record<MysqlItem['condition'], string>> = { right: 'ok', missing: '+ ', due: '~ ' };

const line = ({ condition, text, change }: MysqlItem): string =>
  `  ${MARK[condition]} ${text}${change === null ? '' : ` -> ${change}`}\n`;

export interface SetupFlags extends CommonOptions {
  readonly preview?: boolean;
}

const open = async (options: CommonOptions, output: Output) => {
  const config = await configOf(options, output);
  const [{ openMysqlSetup }, { derivePassword, loadKey }] = await Promise.all([
    import('../../replicator/mysql/setup.ts'),
    import('../../peer/key.ts'),
  ]);
  const key = orEnd(loadKey(config.keyFile), options, output);
  return orEnd(await openMysqlSetup(config, derivePassword(key, 'mysql')), options, output);
};

const showItems = (items: readonly MysqlItem[], options: CommonOptions, output: Output): ExitCode => {
  const ready = items.every(({ condition }) => condition === 'right');
  if (options.json === true) output.out(`${JSON.stringify({ ok: ready, items })}\n`);
  else {
    output.out(items.map(line).join(''));
    if (items.some(({ condition }) => condition === 'due'))
      output.out(
        '  Due at the next restart of the server, which Dualtone never does: `systemctl restart mariadb` (or mysql).\n',
      );
  }
  return ready ? EXIT.ok : EXIT.warning;
};

/** `dualtone mysql setup [--preview]`. */
export const setup = async (options: SetupFlags, output: Output): Promise<ExitCode> => {
  const { db, setup: made } = await open(options, output);
  const done = options.preview === true ? await made.look() : await made.apply();
  db.destroy();
  return showItems(orEnd(done, options, output), options, output);
};

/** `dualtone mysql status`. */
export const status = async (options: CommonOptions, output: Output): Promise<ExitCode> =>
  setup({ ...options, preview: true }, output);

/** `dualtone mysql undo`. */
export const undo = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { db, setup: made } = await open(options, output);
  const undone = await made.undo();
  db.destroy();
  const lines = orEnd(undone, options, output);
  output.out(
    options.json === true
      ? `${JSON.stringify({ ok: true, undone: lines })}\n`
      : lines.map((text) => `  - ${text}\n`).join(''),
  );
  return EXIT.ok;
};

const value = (text: string | null): string => (text === null ? 'nothing' : JSON.stringify(text));

const showRow = ({ table, key, only, columns }: RowDifference): string => {
  const head = `  ${table} ${key}${only === null ? '' : only === 'here' ? ' (only here)' : ' (only there)'}\n`;
  return (
    head +
    columns.map(({ name, here, there }) => `      ${name}: here ${value(here)}, there ${value(there)}\n`).join('')
  );
};

/** `dualtone mysql compare`: exit code of a warning where they differ. */
export const compare = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const found = (await askFor({ name: 'mysql', deed: 'compare' }, options, output)) as Comparison;
  const { tables, rows, differing, more, differences, notCompared } = found;
  const same = differing === 0 && notCompared.length === 0;
  if (options.json === true) output.out(`${JSON.stringify({ ok: same, ...found })}\n`);
  else {
    output.out(
      `${rows.toLocaleString('en-US')} rows of ${tables} tables compared; ${more ? 'at least ' : ''}${differing} differ.\n`,
    );
    output.out(differences.map(showRow).join(''));
    if (differing > differences.length) output.out(`  and ${differing - differences.length} more\n`);
    for (const text of notCompared) output.out(`  ! ${text}\n`);
  }
  return same ? EXIT.ok : EXIT.warning;
};

/** `dualtone mysql resume`. */
export const resume = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  await askFor({ name: 'mysql', deed: 'resume' }, options, output);
  output.out(options.json === true ? '{"ok":true}\n' : 'It goes on; `dualtone status` shows how it stands.\n');
  return EXIT.ok;
};

/** `dualtone mysql join`. */
export const join = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const position = await askFor({ name: 'mysql', deed: 'join' }, options, output);
  const text =
    'What only this node has may flow to the other, which keeps its own. A row that both changed may stop it, and is told; `dualtone mysql compare` shows what differs in the end.\n';
  output.out(options.json === true ? `${JSON.stringify({ ok: true, position })}\n` : text);
  return EXIT.ok;
};
