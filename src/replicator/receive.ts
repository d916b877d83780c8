/** `dualtone sync serve`: whether this node may be overwritten now, by what its own agent has kept; and what is served. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { serveForced } from '../replication/files/serve.ts';
import { isAuthorizedBy } from '../ssh/authorized.ts';
import { listsIn } from './merge/collected.ts';
import { AUTHORIZED_KEYS, allowedPorts, lineFor } from './sync/init.ts';

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
};

const notNow = (why: string) =>
  fail(
    'files-not-received',
    `This node takes nothing in now: ${why}.`,
    'See `dualtone status` here; what it collected comes home by `dualtone merge run` on the main.',
  );

const holdingOf = (boot: unknown): number | null => {
  const memory = typeof boot === 'object' && boot !== null ? (boot as { memory?: unknown }).memory : null;
  const holding = typeof memory === 'object' && memory !== null ? (memory as { holding?: unknown }).holding : null;
  return typeof holding === 'number' ? holding : null;
};

/** By the agent's own memory, so that it holds with the replicator dead. Fault: `files-not-received`. */
export const mayReceive = (config: Pick<Config, 'runDir' | 'stateDir'>): Result<void> => {
  const holding = holdingOf(readJson(`${config.runDir}/boot.json`));
  if (holding === null) return notNow('its agent has not run since the boot');
  if (holding > 0) return notNow(`it serves under epoch ${holding}`);
  const terms = readJson(`${config.stateDir}/terms.json`);
  const open = Array.isArray(terms) && terms.some((term: { settled?: unknown } | null) => term?.settled === false);
  return open ? notNow('what it collected while it served is not at home yet') : ok(undefined);
};

/** Runs the forced command of the other node's key. Resolves with the exit code. */
export const serveSync = (config: Config, original: string | undefined): Promise<number> => {
  const { files, voicemail, collected } = config.streams;
  const receive = [
    ...(files.enabled ? files.directories : []),
    ...(voicemail.enabled ? [voicemail.directory] : []),
    ...collected,
  ];
  return serveForced(original, {
    receive,
    // Beside what comes home, the lists of what lay here before.
    send: [...receive, listsIn(config.stateDir)],
    mayReceive: () => mayReceive(config),
    limitsFit: (print) => isAuthorizedBy(AUTHORIZED_KEYS, print, (key) => lineFor(config, key)),
    listenPorts: allowedPorts(config).listenPorts,
    runDir: config.runDir,
    complain: (line) => void process.stderr.write(`${line}\n`),
  });
};
