import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pair } from '../pair/pair.ts';
import { roles } from '../topology.ts';

const commands: readonly (readonly string[])[] = [
  ['dualtone', 'status'],
  ['dualtone', 'status', '--json'],
  ['dualtone', 'journal', '--since', '2m'],
  ['journalctl', '--unit', 'dualtone', '--no-pager', '--lines', '300', '--output', 'short-precise'],
  ['journalctl', '--unit', 'ssh', '--no-pager', '--lines', '60', '--output', 'short-precise'],
  ['tail', '-n', '60', '/var/log/asterisk/messages.log'],
];

/** Keeps what both nodes noted, for a person who wants to know why a run was not as expected: a folder a run, named by the scenario. */
export const keepNotes = async (folder: string, pair: Pair, name: string, report: unknown): Promise<string> => {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  for (const role of roles) {
    const parts: string[] = [];
    for (const argv of commands) {
      const said = await pair.lab.host(role).exec(argv, { timeoutMs: 10_000 });
      parts.push(`$ ${argv.join(' ')}\n${said.ok ? said.value.stdout + said.value.stderr : said.error.message}\n`);
    }
    await writeFile(join(place, `${role}.txt`), parts.join('\n'));
  }
  return place;
};
