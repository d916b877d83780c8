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
  /** Settles when it is up, at once where it is. Faults: `trouble`'s, or `ssh-tunnel-slow`, where it is not within the time. */
  whenUp(withinMs: Millis): Promise<Result<void>>;
  /** What it was refused may be granted now: it is begun anew at once. */
  renew(): void;
  stop(): Promise<void>;
}

const endText = (end: TunnelEnd): string => {
  if ('port' in end) return `127.0.0.1:${end.port}`;
  if (!/^\/[\w./@+,=-]+$/.test(end.socket)) throw new Error(`not a plain path: ${end.socket}`);
  return end.socket;
};

/** The command line of the tunnel. It dies with its parent, so that no orphan holds the ports. */
const tunnelArgv = (target: SshTarget, forwards: readonly Forward[]): readonly string[] => [
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

/** The key is let in, and not for this port: so it stays until another session is begun under other limits. */
const PROHIBITED = /open failed: administratively prohibited/;

/** Follows what ssh says: until all stands, and after that whether the other node opens what is asked for. */
const createReader = (remoteForwards: number) => {
  let rest = '';
  let entered = false;
  let granted = 0;
  let prohibited = 0;
  const complaints: string[] = [];
  const line = (text: string): void => {
    if (text.startsWith('debug1: Entering interactive session')) entered = true;
    else if (text.startsWith('debug1: remote forward success')) granted += 1;
    else if (!/^(debug\d:|OpenSSH_|Authenticated to )/.test(text) && text.trim() !== '') {
      if (PROHIBITED.test(text)) prohibited += 1;
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
    prohibited: () => prohibited,
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
/** Under the same limits it is begun anew this often at most. */
const PROHIBITED_MS = 30_000;

interface Attempt {
  readonly child: LineChild;
  readonly ended: Promise<void>;
}

/** Starts one attempt; `stands` at most once, `gone` exactly once. */
const attempt = (
  options: TunnelOptions,
  listener: {
    readonly stands: () => void;
    /** A connection through it was cut off, which says nothing to whoever came. */
    readonly prohibited: () => void;
    readonly gone: (fault: Fault) => void;
  },
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
        const before = reader.prohibited();
        reader.take(text);
        if (reader.prohibited() > before) listener.prohibited();
        if (stood || !reader.stands()) return;
        stood = true;
        cancel();
        listener.stands();
      },
      gone: (failure) => {
        cancel();
        // Or whoever comes next waits at a socket that nobody hears.
        if (target.controlPath !== null) rmSync(target.controlPath, { force: true });
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
const releaseCommand = (port: number): string => `dualtone release ${port}`;

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

/** Who waits for it to stand. */
const createAudience = (clock: TunnelOptions['clock']) => {
  const waiting = new Set<(result: Result<void>) => void>();
  return {
    tell: (result: Result<void>): void => {
      for (const settle of waiting) settle(result);
    },
    wait: (withinMs: Millis, late: () => Result<void>): Promise<Result<void>> =>
      new Promise((resolve) => {
        const settle = (result: Result<void>): void => {
          cancel();
          waiting.delete(settle);
          resolve(result);
        };
        const cancel = clock.at(clock.now() + withinMs, () => settle(late()));
        waiting.add(settle);
      }),
  };
};

/** Between attempts: longer each time. */
const createPause = ({ clock, backOffMs }: TunnelOptions) => {
  const { first, last } = backOffMs ?? { first: 250, last: 10_000 };
  let ms = first;
  let cancel: () => void = () => undefined;
  return {
    after: (fire: () => void): void => {
      cancel = clock.at(clock.now() + ms, fire);
      ms = Math.min(ms * 2, last);
    },
    shorten: (): void => {
      ms = first;
    },
    cancel: () => cancel(),
  };
};

interface State {
  current: Attempt | null;
  upSince: Instant | null;
  prohibitedAt: Instant;
  trouble: Fault | null;
  stopped: boolean;
  /** The attempt under way is ended for another one: no trouble. */
  renewing: boolean;
}

interface Works {
  readonly options: TunnelOptions;
  readonly state: State;
  readonly pause: ReturnType<typeof createPause>;
  readonly audience: ReturnType<typeof createAudience>;
}

const begin = (works: Works): void => {
  const { options, state, audience } = works;
  if (state.current !== null || state.stopped) return;
  state.renewing = false;
  state.current = attempt(options, {
    stands: () => {
      if (state.stopped) return;
      state.upSince = options.clock.now();
      state.trouble = null;
      audience.tell(ok(undefined));
      options.onChange();
    },
    prohibited: () => {
      // What else goes through it must not be torn down at each try.
      if (options.clock.now() - state.prohibitedAt < PROHIBITED_MS) return;
      state.prohibitedAt = options.clock.now();
      state.current?.child.kill();
    },
    gone: (fault) => {
      state.current = null;
      if (!state.stopped) ended(works, fault);
    },
  });
};

const ended = (works: Works, fault: Fault): void => {
  const { options, state, pause } = works;
  if (state.upSince !== null && options.clock.now() - state.upSince >= STABLE_MS) pause.shorten();
  state.upSince = null;
  if (state.renewing) {
    begin(works);
    return;
  }
  const changed = state.trouble?.code !== fault.code || state.trouble.message !== fault.message;
  state.trouble = fault;
  const again = (): void => {
    if (!state.stopped) pause.after(() => begin(works));
  };
  if (fault.code === 'ssh-forward-refused') void releasePorts(options).finally(again);
  else again();
  if (changed) options.onChange();
};

/** A tunnel that is begun again with growing pauses until it is stopped. Nothing runs before `start`. */
export const createTunnel = (options: TunnelOptions): Tunnel => {
  const { clock, target } = options;
  const state: State = {
    current: null,
    upSince: null,
    prohibitedAt: Number.NEGATIVE_INFINITY,
    trouble: null,
    stopped: true,
    renewing: false,
  };
  const pause = createPause(options);
  const audience = createAudience(clock);
  const works: Works = { options, state, pause, audience };
  const notUp = (): Result<never> => ({ ok: false, error: state.trouble ?? tooSlow() });
  return {
    start: () => {
      const checked = checkTarget(target);
      if (!checked.ok || !state.stopped) return checked;
      state.stopped = false;
      begin(works);
      return ok(undefined);
    },
    up: () => state.upSince !== null,
    trouble: () => state.trouble,
    whenUp: async (withinMs) => (state.upSince === null ? audience.wait(withinMs, notUp) : ok(undefined)),
    renew: () => {
      if (state.stopped) return;
      pause.shorten();
      pause.cancel();
      state.upSince = null;
      state.renewing = state.current !== null;
      if (state.current === null) begin(works);
      else state.current.child.kill();
    },
    stop: async () => {
      state.stopped = true;
      state.upSince = null;
      pause.cancel();
      audience.tell(notUp());
      const running = state.current;
      running?.child.kill();
      await running?.ended;
      if (target.controlPath !== null) rmSync(target.controlPath, { force: true });
    },
  };
};
