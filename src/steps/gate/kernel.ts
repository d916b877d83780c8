import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { createPipeProgram, type PipeProgram } from '../../process/pipe-program.ts';
import { batchOf, generationQuestion, type KernelAnswer, readAnswer } from './netlink.ts';
import { type Blueprint, createLines, type GateOrder, type GateSettings, removeLines, TABLE } from './rules.ts';

/** The kernel's packet filter, one transaction after the other. */
export interface Kernel {
  /** All of the commands or none, answered when the kernel has taken or refused them. */
  transact(commands: readonly string[]): Promise<Result<void>>;
  /** A command that changes nothing; refused where what it asks for is not there. */
  look(command: string): Promise<Result<void>>;
  /** The same as `transact` for one of the gate's own actions, at a twentieth of the cost. */
  act(action: GateOrder): Promise<Result<void>>;
  /** Nobody but us has changed any rule set since the last time that this was asked. False where that is not known. */
  untouched(): Promise<boolean>;
  close(): Promise<void>;
}

/** `nft -i` keeps every line of its session in memory, and goes through all of them at each line. */
const RECYCLE_AFTER = 200;

/** `nft` frees and takes half a megabyte for each table at each transaction; keeping it halves the CPU time. */
const NFT_ENV = { MALLOC_MMAP_THRESHOLD_: '33554432', MALLOC_TRIM_THRESHOLD_: '67108864' };

/** The last thing said is the complaint about the tag; what comes before it is about the line. */
export const complaintIn = (said: string): string => {
  const before = said.slice(0, said.lastIndexOf('Error:'));
  return /Error:.*/.exec(before)?.[0] ?? '';
};

const refused = (complaint: string): { readonly ok: false; readonly error: Fault } => {
  if (complaint.includes('Operation not permitted')) {
    return fail('gate-not-permitted', 'The kernel lets only root change its packet filter.', 'Run the agent as root.');
  }
  return fail(
    'gate-refused',
    `The kernel refused a transaction of the gate: ${complaint}.`,
    'See `nft list ruleset`; where nf_tables is missing, `modprobe nf_tables` or a newer kernel helps.',
  );
};

const unanswered = (said: string): { readonly ok: false; readonly error: Fault } =>
  fail(
    'gate-unanswered',
    `The kernel did not acknowledge a transaction of the gate: ${said === '' ? 'it said nothing' : said.slice(0, 100)}.`,
    'If it happens again, see the journal of the system for a shortage of memory.',
  );

/** What the kernel complains of, in the words that `nft` has for it. */
const complaintOf = (errno: number): string => {
  const name = getSystemErrorName(-errno);
  return errno === EPERM ? 'Operation not permitted' : `${name} for a set of the table "${TABLE}"`;
};
const EPERM = 1;

const NETLINK_PROGRAM = fileURLToPath(new URL('netlink.pl', import.meta.url));

const GENERATION_LINE = `=${generationQuestion.toString('hex')}`;

/** Batches as lines for the program; the few that there are come again and again. */
const createBatchLines = (settings: GateSettings) => {
  const lineByAction = new Map<string, { readonly line: string; readonly count: number }>();
  return (action: GateOrder): { readonly line: string; readonly count: number } => {
    const key = `${action.type} ${'slot' in action ? action.slot : ''} ${'ms' in action ? action.ms : ''}`;
    const known = lineByAction.get(key);
    if (known !== undefined) return known;
    const { bytes, count } = batchOf(action, settings);
    const made = { line: `=${bytes.toString('hex')}`, count };
    // What is left of a ticket, which a repair writes, is another number each time.
    if (lineByAction.size < 100) lineByAction.set(key, made);
    return made;
  };
};

const isChange = (action: GateOrder): boolean =>
  action.type === 'arm' || action.type === 'grant' || (action.type === 'elsewhere' && action.ms > 0);

/** Ours since the number was last known, and nobody else's. */
const createTally = () => {
  let last: number | null = null;
  let ours: number | null = null;
  return {
    /** `count` null: how often the kernel counted it is not known. */
    add: (count: number | null): void => {
      ours = count === null || ours === null ? null : ours + count;
    },
    compare: (generation: number): boolean => {
      const same = last !== null && ours !== null && generation === (last + ours) % 2 ** 32;
      [last, ours] = [generation, 0];
      return same;
    },
  };
};

const busyFault = (timeoutMs: Millis): { readonly ok: false; readonly error: Fault } =>
  fail(
    'pipe-program-timeout',
    `The former transaction of the gate was not over within ${timeoutMs} ms; this one was not begun.`,
    'If it happens again, look at the load of the machine.',
  );

/** One after the other; what waits longer than `timeoutMs` is not begun any more. */
const createTurns = (timeoutMs: Millis) => {
  let last: Promise<void> | null = null;
  /** Over in time. */
  const over = async (former: Promise<void>): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, timeoutMs, false);
    void former.then(() => resolve(true));
    const inTime = await promise;
    clearTimeout(timer);
    return inTime;
  };
  return async <T>(program: PipeProgram, work: () => Promise<Result<T>>): Promise<Result<T>> => {
    const former = last;
    const { promise: mine, resolve: end } = Promise.withResolvers<void>();
    last = mine;
    const release = (): void => {
      if (last === mine) last = null;
      end();
    };
    if (former !== null && !(await over(former))) {
      void former.then(release);
      return busyFault(timeoutMs);
    }
    const result = await work();
    // What was given up may still take effect until its program is gone.
    if (result.ok) release();
    else void program.quiet().then(release);
    return result;
  };
};

/**
 * Rules are made by a long-lived `nft -i`; tickets and grants go through a netlink socket, which a small program holds. One at
 * a time over both, in the order in which they were given. Faults: `gate-refused`, `gate-not-permitted`, `gate-unanswered`, and
 * those of a pipe program (with the latter two the outcome is unknown).
 */
export const createKernel = (settings: GateSettings, timeoutMs: Millis): Kernel => {
  const nft = createPipeProgram({
    argv: ['nft', '-i'],
    env: NFT_ENV,
    timeoutMs,
    recycleAfter: RECYCLE_AFTER,
    complaintIn,
  });
  const netlink = createPipeProgram({
    argv: ['perl', NETLINK_PROGRAM],
    timeoutMs,
    recycleAfter: Number.POSITIVE_INFINITY,
    complaintIn: (said, tag) => said.slice(0, said.lastIndexOf(tag)).trim(),
  });
  const tally = createTally();
  const inTurn = createTurns(timeoutMs);
  const lineOf = createBatchLines(settings);
  const tell = async (line: string): Promise<Result<KernelAnswer>> => {
    const told = await netlink.ask(line);
    if (!told.ok) return told;
    const answer = readAnswer(told.value === '' ? [] : told.value.split(' '));
    return answer === null ? unanswered(told.value) : ok(answer);
  };
  const say = (line: string): Promise<Result<void>> =>
    inTurn(nft, async () => {
      const answer = await nft.ask(line);
      if (!answer.ok) return answer;
      return answer.value === '' ? ok(undefined) : refused(answer.value);
    });
  return {
    transact: (commands) => {
      tally.add(null);
      return say(commands.join('; '));
    },
    look: say,
    act: (action) =>
      inTurn(netlink, async () => {
        const { line, count } = lineOf(action);
        // To arm and to grant is always a change; the kernel does not count a transaction that changes nothing.
        tally.add(isChange(action) ? 1 : null);
        const answer = await tell(line);
        if (answer.ok && answer.value.errno === 0 && answer.value.done === count) return ok(undefined);
        tally.add(null);
        if (!answer.ok) return answer;
        return answer.value.errno === 0 ? unanswered('') : refused(complaintOf(answer.value.errno));
      }),
    untouched: async () => {
      const same = await inTurn(netlink, async () => {
        const answer = await tell(GENERATION_LINE);
        const { generation } = answer.ok ? answer.value : { generation: null };
        return ok(generation !== null && tally.compare(generation));
      });
      return same.ok && same.value;
    },
    close: async () => {
      await Promise.all([nft.close(), netlink.close()]);
    },
  };
};

/** Makes the rules and does `extra`, in one transaction; what cannot be replaced in place (`stale`) is thrown away first. */
export const install = async (
  kernel: Kernel,
  blueprint: Blueprint,
  stale: readonly string[],
  extra: readonly string[],
): Promise<Result<void>> => {
  const commands = [...createLines(blueprint), ...extra];
  const replaced = await kernel.transact([...stale, ...commands]);
  if (replaced.ok || replaced.error.code !== 'gate-refused') return replaced;
  return kernel.transact([...removeLines, ...commands]);
};
