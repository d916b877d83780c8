/** Where the four commands stand: what they read, run and say. Tests give their own. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { askSnapshot } from '../api/client.ts';
import { type Config, controlSocketPath } from '../config/config.ts';
import { loadConfig } from '../config/machine.ts';
import type { Result } from '../core/result.ts';
import { readText } from '../files/replace.ts';
import { type Run, run } from '../process/run.ts';
import { wazoOriginal } from '../profiles/wazo/original.ts';
import { type Original, xivoOriginal } from '../profiles/xivo/original.ts';
import { type HaConf, parseHaConf } from './ha-conf.ts';

/** Exit codes of all four: 1 is the original's for wrong usage and for failure; the others are new. */
export const EXIT = { done: 0, failed: 1, agentDecides: 3, alreadyRuns: 4 } as const;

/** Of Dualtone's agent on this machine: `configured` while it is meant to run and does not answer. */
export type AgentHere = 'none' | 'answers' | 'configured';

export interface Ground {
  readonly run: Run;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly original: Original;
  /** Every path is read and written below it; empty: this machine. */
  readonly root: string;
  /** Dualtone's configuration of this node, where there is a usable one. */
  readonly config: () => Config | null;
  readonly socket: string;
  readonly agent: () => Promise<AgentHere>;
  /** Addresses of this machine, the loopback's too. */
  readonly addresses: () => readonly string[];
  readonly signal: AbortSignal;
}

const CONFIG = '/etc/dualtone/dualtone.yaml';
const SOCKET = '/run/dualtone/control.sock';
const ASK_MS = 3000;

/** An agent that is enabled comes back by itself: who acts meanwhile would fight it. */
const lookForAgent = async (socket: string, start: Run): Promise<AgentHere> => {
  const asked = await askSnapshot(socket, ASK_MS);
  if (asked.ok || asked.error.code !== 'agent-unreachable') return 'answers';
  const enabled = await start(['systemctl', 'is-enabled', '--quiet', 'dualtone.service'], { timeoutMs: 10_000 });
  return enabled.ok && enabled.value.exitCode === 0 ? 'configured' : 'none';
};

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** cron gives /usr/bin and /bin; half of what is called lies in sbin, and what is missing there would be passed over in silence. */
export const withSystemPath =
  (start: Run, path = process.env['PATH'] ?? ''): Run =>
  (argv, options) =>
    start(argv, { ...options, env: { PATH: path === '' ? SYSTEM_PATH : `${path}:${SYSTEM_PATH}`, ...options.env } });

const readConfig = (file: string): Config | null => {
  const loaded = existsSync(file) ? loadConfig(file) : null;
  return loaded?.ok === true ? loaded.config : null;
};

/** This machine. */
export const thisGround = (): Ground => {
  const config = readConfig(CONFIG);
  const socket = process.env['DUALTONE_SOCKET'] ?? (config === null ? SOCKET : controlSocketPath(config));
  const start = withSystemPath(run);
  return {
    run: start,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    original: existsSync('/usr/bin/wazo-service') ? wazoOriginal : xivoOriginal,
    root: '',
    config: () => config,
    socket,
    agent: () => lookForAgent(socket, start),
    addresses: () => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
    signal: new AbortController().signal,
  };
};

/** The role by XiVO's own file. Faults: `xivo-ha-conf-odd`, `file-unreadable`. */
export const readHaConf = ({ root, original }: Ground): Result<HaConf> => {
  const text = readText(root + original.haConf);
  return text.ok ? parseHaConf(text.value) : text;
};

/** Holds a name until the end of this process, whatever ends it; null when another copy of the command has it. */
export const holdName = (name: string): Promise<Server | null> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    // Abstract: no file that a killed process leaves.
    server.listen(`\0dualtone-${name}`, () => {
      server.unref();
      resolve(server);
    });
  });
