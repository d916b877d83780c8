import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { createPipeProgram } from '../../process/pipe-program.ts';
import { type Blueprint, createLines, removeLines } from './rules.ts';

/** The kernel's packet filter, one transaction after the other. */
export interface Kernel {
  /** All of the commands or none, answered when the kernel has taken or refused them. */
  transact(commands: readonly string[]): Promise<Result<void>>;
  close(): Promise<void>;
}

/** `nft -i` keeps every line of its session in memory, about half a kilobyte each. */
const RECYCLE_AFTER = 10_000;

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

/** One long-lived `nft -i`. Faults: `gate-refused`, `gate-not-permitted`, and those of a pipe program (then the outcome is unknown). */
export const createKernel = (timeoutMs: Millis): Kernel => {
  const nft = createPipeProgram({
    argv: ['nft', '-i'],
    env: NFT_ENV,
    timeoutMs,
    recycleAfter: RECYCLE_AFTER,
    complaintIn,
  });
  return {
    transact: async (commands) => {
      const answer = await nft.ask(commands.join('; '));
      if (!answer.ok) return answer;
      return answer.value === '' ? ok(undefined) : refused(answer.value);
    },
    close: () => nft.close(),
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
