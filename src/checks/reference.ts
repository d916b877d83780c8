/** The table of docs/checks.md, from the checks themselves. Run as a program it brings the page up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createCatalogue } from './catalogue.ts';
import type { CheckAbout } from './check.ts';

export const BEGIN = '<!-- from here on written by `node src/checks/reference.ts` -->';

const span = (ms: number): string =>
  ms < 120_000 ? `${ms / 1000} s` : ms < 7_200_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = ({ id, severity, scope, about, everyMs, remedy }: CheckAbout): string =>
  `| \`${id}\` | ${severity} | ${scope} | ${cell(about)} | ${span(everyMs)} | ${cell(remedy)} |`;

/** The part of the page that follows from the checks. */
export const reference = (): string => {
  const families = createCatalogue().families();
  const tables = families.map(
    ({ family, definitions }) =>
      `## ${family}\n\n| id | severity | of | what holds | tried each | usual remedy |\n|---|---|---|---|---|---|\n${definitions.map(row).join('\n')}\n`,
  );
  return `${BEGIN}\n\n${tables.join('\n')}`;
};

if (import.meta.main) {
  const path = new URL('../../docs/checks.md', import.meta.url);
  const head = readFileSync(path, 'utf8').split(BEGIN)[0] ?? '';
  writeFileSync(path, `${head}${reference()}`);
}
