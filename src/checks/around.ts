/** What checks are given of the node on which they run: everything through here, so that each can be tried with one thing wrong. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { askSnapshot } from '../api/client.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { type Config, controlSocketPath } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { type Run, run as runProgram } from '../process/run.ts';
import { createUnitLook, type LookAtUnits } from '../systemd/units.ts';
import { type AsteriskSurvey, registeredHosts, surveyAsterisk } from './asterisk-survey.ts';
import type { Facts } from './facts.ts';
import { createMemo } from './memo.ts';

/** The other node's checker, through both agents. */
export interface PeerDesk {
  /** Why it cannot be asked: the faults of the talk. */
  facts(): Promise<Result<Facts>>;
  /** How far its wall clock is ahead of this one's, give or take half the round trip. */
  clock(): Promise<Result<{ readonly aheadMs: Millis; readonly roundTripMs: Millis }>>;
}

export interface RunningInterface {
  readonly name: string;
  /** With their prefix lengths. */
  readonly cidrs: readonly string[];
}

export interface Around {
  readonly config: Config;
  /** The file that it was read from; null: not known. */
  readonly configPath: string | null;
  /** Its text when this program read it; null: not known. */
  readonly configText: string | null;
  /** Digest of what the agent runs with (`digestOf`); null: it has not told. */
  configInForce(): string | null;
  /** Name and version of this program. */
  readonly program: string;
  readonly clock: Clock;
  readonly run: Run;
  /** What systemd says of units. */
  readonly units: LookAtUnits;
  /** Interfaces with a link and an address, as the kernel tells them without a program. */
  runningInterfaces(): readonly RunningInterface[];
  /** Where the system's own files begin: `/`. */
  readonly root: string;
  /** What the agent of this node shows, at most nine seconds old. Faults: those of `askSnapshot`. */
  agent(): Promise<Result<NodeSnapshot>>;
  readonly peer: PeerDesk;
  /** One login at the manager for all checks of Asterisk, at most a hundred seconds old. */
  asterisk(): Promise<Result<AsteriskSurvey>>;
  /** Addresses of the phones that are registered at this node's Asterisk. */
  phones(): Promise<Result<readonly string[]>>;
  /** A person asks: nothing that is kept counts any more. */
  refresh(): void;
}

/** Below the time between two looks; each snapshot costs the agent, which has a lease. */
const SNAPSHOT_MS: Millis = 9000;
/** Asterisk lists all telephones in it. */
const SURVEY_MS: Millis = 100_000;

const noPeer: PeerDesk = {
  facts: async () => notHere(),
  clock: async () => notHere(),
};

const notHere = () =>
  fail(
    'checks-no-peer',
    'The other node is asked by the agent only, and it does not run here.',
    'Start the agent: `systemctl start dualtone`.',
  );

export interface AroundOptions {
  readonly config: Config;
  readonly configPath: string | null;
  readonly program: string;
  readonly clock: Clock;
  readonly configText?: string | null;
  readonly configInForce?: () => string | null;
  readonly peer?: PeerDesk;
  readonly run?: Run;
  readonly root?: string;
}

export const createAround = (options: AroundOptions): Around => {
  const { config, configPath, program, clock, peer = noPeer, run = runProgram, root = '/' } = options;
  const agent = createMemo(
    async (): Promise<Result<NodeSnapshot>> => {
      const asked = await askSnapshot(controlSocketPath(config));
      if (!asked.ok) return asked;
      if (asked.value.kind === 'node') return ok(asked.value);
      return fail('checks-not-a-node', 'A checkpoint answers there.', 'Give the configuration of a node.');
    },
    SNAPSHOT_MS,
    clock.now,
    ({ ok: isThere }) => isThere,
  );
  const asterisk = createMemo(
    () => surveyAsterisk(config),
    SURVEY_MS,
    clock.now,
    ({ ok: isThere }) => isThere,
  );
  return {
    config,
    configPath,
    configText: options.configText ?? null,
    configInForce: options.configInForce ?? (() => null),
    program,
    clock,
    run,
    units: createUnitLook(run),
    runningInterfaces: () =>
      Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
        name,
        cidrs: addresses.flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
      })),
    root,
    agent,
    peer,
    phones: () => registeredHosts(config),
    asterisk,
    refresh: () => {
      agent.forget();
      asterisk.forget();
    },
  };
};

/** A file of the system; null where it is not there or cannot be read. */
export const readSystemFile = ({ root }: Pick<Around, 'root'>, path: string): string | null => {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return null;
  }
};
