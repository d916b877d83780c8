import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Instant, Millis } from '../core/words.ts';
import type { StepOutcome } from '../ports.ts';
import { createPipeProgram, type PipeProgram } from '../process/pipe-program.ts';
import type { Run } from '../process/run.ts';
import { failed, outcomeOf } from './outcome.ts';

/** Addresses on an interface, each held for a limited time. */
export interface AddressHolder {
  /** Those (with prefix length) that this machine does not have. */
  missing(): readonly string[];
  /** Takes all, or prolongs what is there; null when the kernel did it. */
  take(lifetime: string): Promise<StepOutcome | null>;
  /** Prolongs what was taken, in the background; where `ip` is slow, only the latest wish counts. */
  prolong(lifetime: string): void;
  /** Gives all up, also what does not show: an interface without a link hides its addresses. */
  giveUp(): Promise<StepOutcome | null>;
  close(): Promise<void>;
}

export interface AddressHolderOptions {
  readonly addresses: readonly string[];
  readonly interface: string;
  readonly run: Run;
  /** Addresses (without prefix length) that the machine has; the kernel's, by default. */
  readonly present?: () => ReadonlySet<string>;
  /** `ip -force -batch -`, by default. */
  readonly ip?: PipeProgram;
}

const COMMAND_TIMEOUT_MS = 1000;
/** Beyond this the right has no end (manual mode). */
const FOR_EVER_MS = 24 * 3600 * 1000;

/** Errors come before the complaint about the tag; the numbers of failed lines say nothing. */
export const complaintOfIp = (said: string, tag: string): string =>
  said
    .split('\n')
    .filter((line) => line !== '' && !line.includes(tag) && !line.startsWith('Command failed'))
    .join(' ');

/** An address without its prefix length. */
export const hostOf = (cidr: string): string => cidr.slice(0, cidr.indexOf('/'));

/** `getifaddrs`, 0.1 ms; interfaces without a link are left out. */
const presentNow = (): ReadonlySet<string> =>
  new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));

/** Whole seconds that cover the right to serve, as the kernel counts them; it removes the address then, whatever the agent does. */
export const lifetimeOf = (untilAt: Instant, now: Instant): string => {
  const leftMs: Millis = untilAt - now;
  return leftMs > FOR_EVER_MS ? 'forever' : String(Math.max(1, Math.ceil(leftMs / 1000)));
};

const createIp = (): PipeProgram =>
  createPipeProgram({
    argv: ['ip', '-force', '-batch', '-'],
    timeoutMs: COMMAND_TIMEOUT_MS,
    recycleAfter: 100_000,
    complaintIn: complaintOfIp,
  });

/** Does the work for one wish at a time, and then for the latest of those that came meanwhile. */
const latestOnly = (work: (wish: string) => Promise<void>) => {
  let latest: string | null = null;
  let busy = false;
  const go = async (): Promise<void> => {
    busy = true;
    for (let wish = latest; wish !== null; wish = latest) {
      latest = null;
      await work(wish);
    }
    busy = false;
  };
  return {
    wish: (wish: string): void => {
      latest = wish;
      if (!busy) void go();
    },
    forget: (): void => {
      latest = null;
    },
  };
};

/** One long-lived `ip -batch`: 0.4 ms a command, where a process of its own takes 3 ms and holds up the agent for 2 of them. */
export const createAddressHolder = (options: AddressHolderOptions): AddressHolder => {
  const { addresses, interface: device, run, present = presentNow, ip = createIp() } = options;

  const missing = (): readonly string[] => {
    const have = present();
    return addresses.filter((cidr) => !have.has(hostOf(cidr)));
  };
  const replace = (cidr: string, lifetime: string): string => {
    // A deprecated IPv6 address is never chosen as the source of the node's own traffic.
    const rest = isIPv6(hostOf(cidr)) ? 'preferred_lft 0 nodad' : `preferred_lft ${lifetime}`;
    return `address replace ${cidr} dev ${device} valid_lft ${lifetime} ${rest}`;
  };
  /** By a fresh process, which knows nothing stale of the interfaces. */
  const again = async (line: string): Promise<StepOutcome | null> => {
    const result = await run(['ip', ...line.split(' ')], { timeoutMs: COMMAND_TIMEOUT_MS });
    if (!result.ok) return outcomeOf(result.error);
    return result.value.exitCode === 0 ? null : failed(`ip ${line}: ${result.value.stderr.trim()}`);
  };
  const take = async (line: string): Promise<StepOutcome | null> => {
    const answer = await ip.ask(line);
    if (answer.ok && answer.value === '') return null;
    return !answer.ok && answer.error.code === 'program-missing' ? outcomeOf(answer.error) : again(line);
  };
  const prolonging = latestOnly(async (lifetime) => {
    await Promise.all(addresses.map((cidr) => ip.ask(replace(cidr, lifetime))));
  });
  return {
    missing,
    take: async (lifetime) => {
      const outcomes = await Promise.all(addresses.map((cidr) => take(replace(cidr, lifetime))));
      return outcomes.find((outcome) => outcome !== null) ?? null;
    },
    prolong: prolonging.wish,
    giveUp: async () => {
      prolonging.forget();
      const asked = await Promise.all(addresses.map((cidr) => ip.ask(`address del ${cidr} dev ${device}`)));
      const absent = missing();
      const left = addresses.filter((cidr) => !absent.includes(cidr));
      const fault = asked.find((each) => !each.ok && each.error.code === 'program-missing');
      if (fault?.ok === false && left.length > 0) return outcomeOf(fault.error);
      const outcomes = await Promise.all(left.map((cidr) => again(`address del ${cidr} dev ${device}`)));
      return outcomes.find((outcome) => outcome !== null) ?? null;
    },
    close: () => ip.close(),
  };
};
