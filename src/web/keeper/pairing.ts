/**
 * Pairing from the page, by the commands of the command line in a process of their own: `init`, `rejoin`, `join`. It may restart the
 * agent, and with it this keeper, and goes on all the same. A token is told once, to who asked, and is kept nowhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Places } from '../../pairing/plan.ts';
import { type Progress, readProgress } from '../../pairing/progress.ts';
import type { Clock } from '../../ports.ts';
import { createLineReader } from '../../process/json-lines.ts';
import { childEnv } from '../../process/programs.ts';
import type { InviteRequest, JoinRequest, PairingTokens, PairingView, PairingWork } from '../contract.ts';
import type { Audit } from './guard.ts';

export interface Pairing {
  view(): PairingView;
  /** Faults: `pairing-running`, `pairing-confirm`, `pairing-elsewhere`, and those of the command. */
  invite(request: InviteRequest, by: string): Promise<Result<PairingTokens>>;
  /** Begins it; the view tells its end. Faults: `pairing-running`, `pairing-confirm`, `pairing-elsewhere`. */
  join(request: JoinRequest, by: string): Promise<Result<PairingView>>;
  /** Nothing is changed then. Fault: `pairing-not-running`. */
  cancel(by: string): Promise<Result<PairingView>>;
}

export interface PairingParts {
  /** How this program is started, without its arguments. */
  readonly program: readonly string[];
  readonly configPath: string;
  readonly config: Config;
  /** As they are now. */
  readonly names: () => { readonly node: string; readonly peer: string };
  readonly clock: Clock;
  readonly audit: Audit;
}

const VALID_MINUTES = 10;
/** As the commands of pairing call it. */
const FILE_NAME = 'dualtone.yaml';

type Line = Readonly<Record<string, unknown>>;

const isLine = (input: unknown): input is Line => typeof input === 'object' && input !== null;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(textOf) : []);

const running = () => fail('pairing-running', 'A pairing is under way on this node.', 'Wait for its end, or end it.');

const unconfirmed = (name: string) =>
  fail('pairing-confirm', `The name ${name} was not typed.`, 'Type it as it stands, where you mean it.');

const endedEarly = (why: string): Fault =>
  fail(
    'pairing-ended',
    `The pairing ended early: ${why}.`,
    'Give the command in a terminal to see more: see docs/pairing.md.',
  ).error;

const faultIn = ({ code, message, remedy }: Line): Fault => ({
  code: textOf(code) || 'pairing-ended',
  message: textOf(message),
  remedy: textOf(remedy),
});

/** To be given on that machine, with the token on its standard input: the token knows where to go. */
const commandFor = (kind: string): string => `dualtone join ${kind === 'checkpoint' ? '--checkpoint ' : ''}-`;

const tokensIn = (line: Line): PairingTokens => {
  const address = textOf(line['address']);
  const list = Array.isArray(line['tokens']) ? line['tokens'].filter(isLine) : [];
  return {
    until: Date.parse(textOf(line['until'])),
    address,
    tokens: list.map((each) => {
      const kind = each['kind'] === 'checkpoint' ? 'checkpoint' : 'node';
      return { for: textOf(each['for']), kind, token: textOf(each['token']), command: commandFor(kind) };
    }),
  };
};

interface Running {
  readonly child: ChildProcess;
  /** Its first line; null: it ended without one. */
  readonly first: Promise<Line | null>;
}

/** Apart from this process and its group: it outlives a restart of the agent that it causes. */
const start = (argv: readonly string[], by: string, input: string | null, onLine: (line: Line) => void): Running => {
  const [program = '', ...args] = argv;
  const env = childEnv({ DUALTONE_ASKED_BY: by });
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env, detached: true });
  const first = Promise.withResolvers<Line | null>();
  const read = createLineReader(
    (line) => {
      if (!isLine(line)) return;
      onLine(line);
      first.resolve(line);
    },
    () => undefined,
  );
  child.stdout?.setEncoding('utf8').on('data', read);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input === null ? '' : `${input}\n`);
  child.once('error', () => first.resolve(null));
  child.once('close', () => first.resolve(null));
  // Nor does this process wait for it with its own end.
  child.unref();
  if (child.stdout instanceof Socket) child.stdout.unref();
  return { child, first: first.promise };
};

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close').catch(() => undefined);
};

const LOOK_MS = 50;
const LOOKS = 200;

/** Of a process that is no child of this one. Within ten seconds, or the view says that it goes on. */
const endOther = async (pid: number, isRunning: () => boolean): Promise<void> => {
  process.kill(pid, 'SIGTERM');
  for (let look = 0; look < LOOKS && isRunning(); look += 1) await sleep(LOOK_MS);
};

const placesOf = ({ configPath, config }: PairingParts): Places => ({
  etcDir: dirname(configPath),
  stateDir: config.stateDir,
  runDir: config.runDir,
});

const workOf = (progress: Progress | null): PairingWork | null => {
  if (progress === null) return null;
  const { pid: _, startedAt: __, ...work } = progress;
  return work;
};

/** The one pairing that was begun here, and what is known of it. */
const createRun = (parts: PairingParts) => {
  const { program, clock, audit } = parts;
  const { etcDir, stateDir, runDir } = placesOf(parts);
  let work: PairingWork | null = null;
  let child: ChildProcess | null = null;
  const set = (change: Partial<PairingWork>): void => {
    if (work !== null) work = { ...work, ...change };
  };
  /** The first line of `init` is the tokens; the last of each command says how it ended. */
  const heard = (line: Line): void => {
    if (line['ok'] === false) return set({ state: 'failed', fault: faultIn(line) });
    if (line['type'] === 'tokens') return;
    const joined = line['type'] === 'paired' ? namesIn(line['joined']) : [textOf(line['as'])];
    set({ state: 'done', joined, missing: namesIn(line['missing']) });
  };
  const over = (what: PairingWork['what'], by: string, why: string): void => {
    child = null;
    if (work?.state === 'running') set({ state: 'failed', fault: endedEarly(why) });
    const how = work?.state === 'done' ? `done, ${work.joined.join(', ')}` : (work?.fault?.code ?? '');
    audit(by, 'pairing', `${what} from the page: ${how}`);
  };
  return {
    work: () => work,
    child: () => child,
    set,
    begin: (what: PairingWork['what'], by: string, args: readonly string[], input: string | null): Running => {
      const nobody = { until: null, invited: [], joined: [], missing: [], fault: null };
      work = { what, by, since: clock.wall(), state: 'running', ...nobody };
      const places = ['--etc-dir', etcDir, '--state-dir', stateDir, '--run-dir', runDir];
      const begun = start([...program, ...args, '--yes', '--json', ...places], by, input, heard);
      child = begun.child;
      begun.child.once('error', (error) => over(what, by, error.message));
      begun.child.once('close', (code, signal) => over(what, by, signal ?? `exit code ${code ?? '?'}`));
      return begun;
    },
  };
};

const inviteArgs = ({ replace, validMinutes = VALID_MINUTES, checkpoint, port }: InviteRequest): readonly string[] => [
  replace === true ? 'rejoin' : 'init',
  '--valid',
  `${validMinutes}m`,
  ...(checkpoint === undefined ? [] : ['--checkpoint', `${checkpoint.name}=${checkpoint.address}`]),
  ...(port === undefined ? [] : ['--pairing-port', String(port)]),
];

export const createPairing = (parts: PairingParts): Pairing => {
  const { configPath, names, audit } = parts;
  const run = createRun(parts);
  /** Begun in a terminal, or before this keeper was: an agent that starts again takes its keeper with it, and not the pairing. */
  const other = (): Progress | null => readProgress(placesOf(parts));
  const isOtherRunning = (): boolean => other()?.state === 'running';
  /** Whichever began last; what a command of this keeper's has written began after it was asked for. */
  const work = (): PairingWork | null => {
    const [own, told] = [run.work(), workOf(other())];
    return own === null || (told !== null && told.since >= own.since) ? told : own;
  };
  const view = (): PairingView => ({ work: work(), ...names() });
  /** Null: it may begin. */
  const objection = (typed: string | undefined, wanted: string | null): Result<never> | null => {
    if (run.child() !== null || isOtherRunning()) return running();
    if (basename(configPath) !== FILE_NAME)
      return fail(
        'pairing-elsewhere',
        `The file of this node is not called ${FILE_NAME}.`,
        'Pair in a terminal, where options say what is where.',
      );
    return wanted !== null && typed !== wanted ? unconfirmed(wanted) : null;
  };
  return {
    view,
    invite: async (request, by) => {
      const replace = request.replace === true;
      const refused = objection(request.confirm, replace ? names().peer : null);
      if (refused !== null) return refused;
      const what = replace ? 'replace' : 'invite';
      audit(by, 'pairing', `${what} from the page: tokens for ${request.validMinutes ?? VALID_MINUTES} min`);
      const line = await run.begin(what, by, inviteArgs(request), null).first;
      if (line === null) return { ok: false, error: run.work()?.fault ?? endedEarly('it said nothing') };
      if (line['type'] !== 'tokens') return { ok: false, error: faultIn(line) };
      const tokens = tokensIn(line);
      run.set({ until: tokens.until, invited: tokens.tokens.map(({ for: as, kind }) => ({ for: as, kind })) });
      return ok(tokens);
    },
    join: async ({ token, address, confirm }, by) => {
      const refused = objection(confirm, names().node);
      if (refused !== null) return refused;
      audit(by, 'pairing', 'join from the page');
      run.begin('join', by, ['join', ...(address === undefined ? [] : [address]), '-'], token);
      return ok(view());
    },
    cancel: async (by) => {
      const child = run.child();
      const going = other();
      if (child === null && going?.state !== 'running')
        return fail('pairing-not-running', 'No pairing is under way on this node.', 'There is nothing to end.');
      audit(by, 'pairing', 'ended from the page');
      child?.kill('SIGTERM');
      if (child !== null) await ended(child);
      else if (going !== null) await endOther(going.pid, isOtherRunning);
      return ok(view());
    },
  };
};
