/** One long-lived connection by SSH with its forwards: watched, begun again after a loss, ended with us. */
import { rmSync } from 'node:fs';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import { type LineChild, startLineChild } from '../process/line-child.ts';
import { run } from '../process/run.ts';
import { sshEnded } from './faults.ts';
import { checkTarget, type SshTarget, sshArgv } from './target.ts';

/** A port of the loopback, or a unix socket. */
export type TunnelEnd = { readonly port: number } | { readonly socket: string };

export interface Forward {
  /** `here`: who connects to `from` at this node reaches `to` at the other; `there`: the other way round. */
  readonly listens: 'here' | 'there';
  readonly from: TunnelEnd;
  readonly to: TunnelEnd;
}

export interface TunnelOptions {
  readonly target: SshTarget;
  readonly forwards: readonly Forward[];
  readonly clock: { now(): Instant; at(at: Instant, fire: () => void): () => void };
  /** Told at each change of `up` and of the trouble. */
  readonly onChange: () => void;
  /** Between attempts: doubled from the first to the last. Default 250 ms and 10 s. */
  readonly backOffMs?: { readonly first: Millis; readonly last: Millis };
}

export interface Tunnel {
  /** Fault: `ssh-target-unusable`. */
  start(): Result<void>;
  /** All forwards stand. */
  up(): boolean;
  /** Why it is not up, or was not at the last attempt; null while it is up. */
  trouble(): Fault | null;
  stop(): Promise<void>;
}

const endText = (end: TunnelEnd): string => {
  if ('port' in end) return `127.0.0.1:${end.port}`;
  if (!/^\/[\w./@+,=-]+$/.test(end.socket)) throw new Error(`not a plain path: ${end.socket}`);
  return end.socket;
};

/** The command line of the tunnel. It dies with its parent, so that no orphan holds the ports. */
export const tunnelArgv = (target: SshTarget, forwards: readonly Forward[]): readonly string[] => [
  'setpriv',
  '--pdeathsig',
  'KILL',
  '--',
  ...sshArgv(target),
  '-N',
  // Says when the session stands and when a remote forward was granted: there is no other way to know.
  '-v',
  '-o',
  'ExitOnForwardFailure=yes',
  '-o',
  'StreamLocalBindUnlink=yes',
  '-o',
  'StreamLocalBindMask=0177',
  '-o',
  `ControlMaster=${target.controlPath === null ? 'no' : 'yes'}`,
  '-o',
  `ControlPath=${target.controlPath ?? 'none'}`,
  ...forwards.flatMap(({ listens, from, to }) => [listens === 'here' ? '-L' : '-R', `${endText(from)}:${endText(to)}`]),
  target.hostAlias,
];

/** Follows what ssh says until all stands. */
const createReader = (remoteForwards: number) => {
  let rest = '';
  let entered = false;
  let granted = 0;
  const complaints: string[] = [];
  const line = (text: string): void => {
    if (text.startsWith('debug1: Entering interactive session')) entered = true;
    else if (text.startsWith('debug1: remote forward success')) granted += 1;
    else if (!/^(debug\d:|OpenSSH_|Authenticated to )/.test(text) && text.trim() !== '') {
      complaints.push(text.slice(0, 300));
      if (complaints.length > 40) complaints.shift();
    }
  };
  return {
    take: (chunk: string): void => {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-2000);
      for (const text of lines) line(text.replace(/\r$/, ''));
    },
    stands: () => entered && granted >= remoteForwards,
    complaints: () => [...complaints, rest].join('\n'),
  };
};

const tooSlow = () =>
  fail(
    'ssh-tunnel-slow',
    'The other node accepted the connection but the tunnel did not stand in time.',
    'See the load and the log of sshd there.',
  ).error;

const STABLE_MS = 10_000;

interface Attempt {
  readonly child: LineChild;
  readonly ended: Promise<void>;
}

/** Starts one attempt; `stands` at most once, `gone` exactly once. */
const attempt = (
  options: TunnelOptions,
  listener: { readonly stands: () => void; readonly gone: (fault: Fault) => void },
): Attempt => {
  const { target, forwards, clock } = options;
  if (target.controlPath !== null) rmSync(target.controlPath, { force: true });
  const reader = createReader(forwards.filter(({ listens }) => listens === 'there').length);
  let stood = false;
  let slow = false;
  // Twice: to connect, and for all that follows.
  const cancel = clock.at(clock.now() + 2 * target.connectTimeoutMs, () => {
    slow = true;
    child.kill();
  });
  const child = startLineChild(
    tunnelArgv(target, forwards),
    {},
    {
      said: (text) => {
        reader.take(text);
        if (stood || !reader.stands()) return;
        stood = true;
        cancel();
        listener.stands();
      },
      gone: (failure) => {
        cancel();
        // What it said last may come after its end.
        setImmediate(() => {
          if (failure.error.code !== 'pipe-program-ended') listener.gone(failure.error);
          else listener.gone(slow ? tooSlow() : sshEnded(reader.complaints()).error);
        });
      },
    },
  );
  return { child, ended: child.ended };
};

const RELEASE_TIMEOUT_MS: Millis = 10_000;

/** What the forced command at the other node understands, besides rsync. */
export const releaseCommand = (port: number): string => `dualtone release ${port}`;

/**
 * A session that was lost without a word still holds its ports at the other node, for hours: it is ended there. What cannot be done now
 * is tried after the next refusal.
 */
const releasePorts = async ({ target, forwards }: TunnelOptions): Promise<void> => {
  for (const { listens, from } of forwards) {
    if (listens === 'here' || !('port' in from)) continue;
    const argv = [...sshArgv(target), '-o', 'ControlPath=none', target.hostAlias, releaseCommand(from.port)];
    await run(argv, { timeoutMs: RELEASE_TIMEOUT_MS });
  }
};

/** A tunnel that is begun again with growing pauses until it is stopped. Nothing runs before `start`. */
export const createTunnel = (options: TunnelOptions): Tunnel => {
  const { clock, onChange } = options;
  const { first, last } = options.backOffMs ?? { first: 250, last: 10_000 };
  let current: Attempt | null = null;
  let upSince: Instant | null = null;
  let trouble: Fault | null = null;
  let pauseMs = first;
  let stopped = true;
  let cancelPause: () => void = () => undefined;

  const begin = (): void => {
    current = attempt(options, {
      stands: () => {
        if (stopped) return;
        upSince = clock.now();
        trouble = null;
        onChange();
      },
      gone: (fault) => {
        current = null;
        if (stopped) return;
        if (upSince !== null && clock.now() - upSince >= STABLE_MS) pauseMs = first;
        upSince = null;
        const changed = trouble?.code !== fault.code || trouble.message !== fault.message;
        trouble = fault;
        const again = (): void => {
          if (!stopped) cancelPause = clock.at(clock.now() + pauseMs, begin);
          pauseMs = Math.min(pauseMs * 2, last);
        };
        if (fault.code === 'ssh-forward-refused') void releasePorts(options).finally(again);
        else again();
        if (changed) onChange();
      },
    });
  };

  return {
    start: () => {
      const checked = checkTarget(options.target);
      if (!checked.ok || !stopped) return checked;
      stopped = false;
      begin();
      return ok(undefined);
    },
    up: () => upSince !== null,
    trouble: () => trouble,
    stop: async () => {
      stopped = true;
      upSince = null;
      cancelPause();
      const running = current;
      running?.child.kill();
      await running?.ended;
      if (options.target.controlPath !== null) rmSync(options.target.controlPath, { force: true });
    },
  };
};
