/** Who made this machine part of a pair, or took it out: in its journal, also where no agent runs to write it. */
import { existsSync, readFileSync } from 'node:fs';
import { type Places, pathsOf } from '../../pairing/plan.ts';
import { whoami } from './order.ts';

const LONGEST = 200;

/** Whoever gave the command, or for whom the page did. */
export const askedBy = (): string =>
  (process.env['DUALTONE_ASKED_BY'] ?? `${whoami()} (command line)`).slice(0, LONGEST);

/** The journal of whichever file is there; a machine that is both has its node's. */
const journalOf = async (places: Places): Promise<string> => {
  const [{ parseConfig, parseCheckpointConfig }, { journalPath }] = await Promise.all([
    import('../../config/parse.ts'),
    import('../../config/config.ts'),
  ]);
  const { config, checkpointConfig } = pathsOf(places);
  const parsed = existsSync(config)
    ? parseConfig(readFileSync(config, 'utf8'))
    : existsSync(checkpointConfig)
      ? parseCheckpointConfig(readFileSync(checkpointConfig, 'utf8'))
      : null;
  return parsed?.ok === true ? journalPath(parsed.config) : `${places.stateDir}/journal`;
};

const append = async (places: Places, data: Readonly<Record<string, string>>): Promise<void> => {
  const [{ createJournal }, { systemClock }, path] = await Promise.all([
    import('../../journal/journal.ts'),
    import('../../time/clock.ts'),
    journalOf(places),
  ]);
  const journal = createJournal({ path, maxAgeMs: 365 * 86_400_000, maxSizeBytes: 1024 ** 3, memoryEntries: 10 });
  const { wall, now } = systemClock;
  journal.append({ wall: wall(), at: now(), epoch: 0, kind: 'audit', reasons: [], data });
  await journal.flush();
  journal.close();
};

/** The agent keeps it; where none runs, this program does. Nothing fails because of it: what it tells of is done. */
export const noteAct = async (places: Places, what: string, detail: string): Promise<void> => {
  const by = askedBy();
  const text = detail.slice(0, LONGEST);
  const { socket } = pathsOf(places);
  if (existsSync(socket)) {
    const { tellAudit } = await import('../../api/client.ts');
    const told = await tellAudit(socket, by, what, text);
    if (told.ok || told.error.code !== 'agent-unreachable') return;
  }
  await append(places, { by, what, detail: text });
};
