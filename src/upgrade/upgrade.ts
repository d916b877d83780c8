/** Goes through the upgrade of this node: programs while it is passive, then whether all is well. Moving service is the caller's affair. */
import type { CommandAnswer } from '../api/protocol.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Command } from '../core/event.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Run } from '../process/run.ts';
import { type Next, nextOf, type Standing } from './guide.ts';
import type { RecordStore, UpgradeRecord } from './record.ts';

export interface Program {
  readonly name: string;
  readonly run: readonly string[];
  readonly timeoutMs: Millis;
}

export interface UpgradeOptions {
  readonly programs: readonly Program[];
  readonly readyMs: Millis;
  /** A person says that the packages are done. */
  readonly isDoneByHand: boolean;
  /** The other node was upgraded before. */
  readonly isLast: boolean;
  /** Its telephony runs on a passive node too, so that it can be seen to be well. */
  readonly isWarm: boolean;
}

/** What it needs of the machine. */
export interface Ground {
  readonly store: RecordStore;
  /** What the agent shows now. Faults: those of `askSnapshot`. */
  look(): Promise<Result<NodeSnapshot>>;
  order(command: Command): Promise<Result<CommandAnswer>>;
  /** Into the journal, and to the person. */
  note(text: string): Promise<void>;
  readonly run: Run;
  wait(ms: Millis): Promise<void>;
  /** Milliseconds that only grow. */
  now(): Millis;
  /** A person, or the end of a terminal, asked for the end: what runs is let through, since a package half there helps nobody. */
  isToEnd(): boolean;
}

/** Beyond the programs' own limits. */
const MAINTENANCE_MARGIN_MS: Millis = 10 * 60_000;
const LOOK_EVERY_MS: Millis = 500;

const standingOf = (snapshot: NodeSnapshot, record: UpgradeRecord, programs: readonly Program[]): Standing => ({
  role: snapshot.node.role,
  peer: snapshot.peer.name,
  server: snapshot.server,
  peerIsWell: snapshot.other.heardMsAgo !== null && snapshot.other.well === true,
  programs: programs.map(({ name }) => name),
  done: record.done,
  verified: record.verified,
});

/** What comes next, without doing it. Faults: those of `look` and of the record. */
export const lookAhead = async (ground: Ground, options: UpgradeOptions): Promise<Result<Next>> => {
  const [record, snapshot] = [ground.store.read(), await ground.look()];
  if (!record.ok) return record;
  if (!snapshot.ok) return snapshot;
  const standing = standingOf(snapshot.value, record.value, options.programs);
  return ok(nextOf(standing, options.isDoneByHand, options.isLast));
};

/** Nothing moves by itself to a node whose packages are half there; a maintenance that a person began is left to that person. */
const beginMaintenance = async (ground: Ground, { programs }: UpgradeOptions): Promise<Result<void>> => {
  const [record, snapshot] = [ground.store.read(), await ground.look()];
  if (!record.ok) return record;
  if (!snapshot.ok) return snapshot;
  if (snapshot.value.maintenance !== null && !record.value.maintenance) return ok(undefined);
  const forMs = programs.reduce((sum, { timeoutMs }) => sum + timeoutMs, MAINTENANCE_MARGIN_MS);
  // Kept first: a maintenance that nobody ends is worse than one that is ended twice.
  const kept = ground.store.write({ ...record.value, maintenance: true });
  if (!kept.ok) return kept;
  const reason = `${snapshot.value.node.name} is upgraded`;
  const answer = await ground.order({ name: 'maintenance-on', forMs, reason });
  if (!answer.ok) return answer;
  const { ok: isOn, text, remedy } = answer.value;
  return isOn ? ok(undefined) : fail('upgrade-not-now', `The pair does not pause: ${text}`, remedy);
};

const runProgram = async (ground: Ground, program: Program): Promise<Result<void>> => {
  await ground.note(`upgrade: ${program.name} begins`);
  if (ground.isToEnd()) return interrupted();
  const ended = await ground.run(program.run, { timeoutMs: program.timeoutMs, maxOutputBytes: 1024 ** 2 });
  if (!ended.ok && ended.error.code === 'upgrade-running') return ended;
  const why = ended.ok
    ? `it ended with ${ended.value.exitCode ?? ended.value.endedBy}: ${lastLine(ended.value.stderr || ended.value.stdout)}`
    : ended.error.message;
  if (!ended.ok || ended.value.exitCode !== 0) {
    await ground.note(`upgrade: ${program.name} failed: ${why}`);
    return fail(
      'upgrade-program-failed',
      `The program ${program.name} failed: ${why.replace(/\.$/, '')}.`,
      'Mend it and run `dualtone upgrade` again, which goes on with this program; the pair pauses meanwhile: `dualtone maintenance off` ends that.',
    );
  }
  await ground.note(`upgrade: ${program.name} is done`);
  const record = ground.store.read();
  return record.ok ? ground.store.write({ ...record.value, done: [...record.value.done, program.name] }) : record;
};

const interrupted = () =>
  fail(
    'upgrade-interrupted',
    'The upgrade was told to end.',
    'Run `dualtone upgrade` again, which goes on where it was; the pair pauses meanwhile: `dualtone maintenance off` ends that.',
  );

const lastLine = (text: string): string =>
  (text.trim().split('\n').at(-1) ?? '').replaceAll(/\p{Cc}/gu, '').slice(0, 200);

/** The agent answers, this node is passive, its telephony is well; null: it is so. */
const notWell = async (ground: Ground, isWarm: boolean): Promise<string | null> => {
  const asked = await ground.look();
  if (!asked.ok) return asked.error.message;
  const { server, health, other, phaseText } = asked.value;
  if (server !== 'other') return 'the other node is not seen to serve';
  if (other.well !== true) return 'the other node is not well';
  return health.verdict === 'up' || !isWarm ? null : `telephony is ${health.verdict} (${health.reason || phaseText})`;
};

const verify = async (ground: Ground, { readyMs, isWarm }: UpgradeOptions): Promise<Result<void>> => {
  const untilMs = ground.now() + readyMs;
  for (;;) {
    const why = await notWell(ground, isWarm);
    if (why === null) break;
    if (ground.now() >= untilMs)
      return fail(
        'upgrade-not-well',
        `After the upgrade this node is not well: ${why.replace(/\.$/, '')}.`,
        'Mend it and run `dualtone upgrade` again; service stays where it is, and the pair pauses until `dualtone maintenance off`.',
      );
    await ground.wait(LOOK_EVERY_MS);
  }
  const record = ground.store.read();
  if (!record.ok) return record;
  if (record.value.maintenance) {
    const ended = await ground.order({ name: 'maintenance-off' });
    if (!ended.ok) return ended;
  }
  await ground.note('upgrade: this node is upgraded and well');
  return ground.store.write({ ...record.value, verified: true, maintenance: false });
};

/**
 * Does what is to be done on this node until a person, or the other node, is next. Resumable after anything: what is done is on disk, what
 * is seen decides. Faults: `upgrade-not-now`, `upgrade-program-failed`, `upgrade-not-well`, `upgrade-running`, `upgrade-interrupted`, those of
 * the record and of the agent.
 */
export const goOn = async (ground: Ground, options: UpgradeOptions): Promise<Result<Next>> => {
  // A program may have restarted the agent; before the first one it has to be there.
  for (let patienceMs = 0; ; patienceMs = options.readyMs) {
    const ahead = await lookPatiently(ground, options, ground.now() + patienceMs);
    if (!ahead.ok) return ahead;
    const next = ahead.value;
    if (next.do === 'refuse') return { ok: false, error: next.fault };
    if (next.do !== 'run' && next.do !== 'verify') return ahead;
    const done = next.do === 'run' ? await runPaused(ground, options, next.program) : await verify(ground, options);
    if (!done.ok) return done;
    if (ground.isToEnd()) return interrupted();
  }
};

const lookPatiently = async (ground: Ground, options: UpgradeOptions, untilMs: Millis): Promise<Result<Next>> => {
  for (;;) {
    const ahead = await lookAhead(ground, options);
    // An agent that has just begun has not heard the other node yet.
    const isThere = ahead.ok ? ahead.value.do !== 'refuse' : !ahead.error.code.startsWith('agent-');
    if (isThere || ground.now() >= untilMs) return ahead;
    await ground.wait(LOOK_EVERY_MS);
  }
};

const runPaused = async (ground: Ground, options: UpgradeOptions, name: string): Promise<Result<void>> => {
  const paused = await beginMaintenance(ground, options);
  if (!paused.ok) return paused;
  const program = options.programs.find((each) => each.name === name);
  return program === undefined ? ok(undefined) : await runProgram(ground, program);
};
