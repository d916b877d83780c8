/** Commands that a person gives to the pair: each is sent to the agent, which answers when it has come about or was refused. */
import type { CommandAnswer } from '../../api/protocol.ts';
import type { Command } from '../../core/event.ts';
import type { Millis } from '../../core/words.ts';
import { MOST_MAINTENANCE_MS } from '../../web/contract.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, Ended, type Output, orEnd, showFault, socketOf } from '../target.ts';
import { guardLoss, type LossOptions } from './loss.ts';

/** A command that could not begin within this time is not obeyed later. */
const VALID_MS = 5000;
/** The core gives a command ten seconds, besides what it may wait for idle telephones. */
const PATIENCE_MS = 20_000;
const LONGEST_REASON = 200;
const REASON_REMEDY = `say in a line of at most ${LONGEST_REASON} letters what is done, for those who wonder at night`;

/** Who gives the command, for the journal. */
export const whoami = (): string => {
  const login = process.env['SUDO_USER'] ?? process.env['LOGNAME'] ?? process.env['USER'];
  return (login ?? `uid ${process.getuid?.() ?? '?'}`).slice(0, 100).replace(/\p{Cc}/gu, '');
};

const give = async (
  socket: string,
  command: Command,
  waitMs: Millis,
  options: CommonOptions,
  output: Output,
): Promise<CommandAnswer> => {
  const { giveCommand } = await import('../../api/client.ts');
  const request = {
    type: 'command',
    by: giver(),
    validMs: VALID_MS,
    epoch: null,
    command,
  } as const;
  return orEnd(await giveCommand(socket, request, PATIENCE_MS + waitMs), options, output);
};

/** For the journal. */
const giver = (): string => `${whoami()} (command line)`;

const show = (answer: CommandAnswer, options: CommonOptions, output: Output): ExitCode => {
  const { ok, text, remedy } = answer;
  if (options.json === true) output.out(`${JSON.stringify(answer)}\n`);
  else if (ok) output.out(`${text}\n`);
  else output.err(`dualtone: ${text}\n${remedy === '' ? '' : `    ${remedy}\n`}`);
  return ok ? EXIT.ok : EXIT.refused;
};

/** Sends `command` and shows the answer. `waitMs`: how much longer than usual it may take. */
export const order = async (
  command: Command,
  waitMs: Millis,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> =>
  show(await give(await socketOf(options, output), command, waitMs, options, output), options, output);

/** Asks for the other node's name on the terminal; null where nobody can be asked. */
const typedName = async (text: string): Promise<string | null> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const { createInterface } = await import('node:readline/promises');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await asked.question(text).catch(() => '');
  asked.close();
  return typed.trim();
};

/** `start` and `takeover`: with the other node unreachable a person vouches for it by typing its name. */
export const begin = async (
  name: 'start' | 'takeover',
  options: LossOptions & { readonly confirm?: string },
  output: Output,
): Promise<ExitCode> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const socket = await socketOf(options, output);
  const snapshot = orEnd(await askSnapshot(socket), options, output);
  const peer = snapshot.kind === 'node' ? snapshot.peer.name : '';
  const wrong = (typed: string): ExitCode => {
    const message = `"${typed}" is not the name of the other node`;
    return showFault(
      { code: 'not-confirmed', message, remedy: `its name is ${peer}; nothing was started` },
      options,
      output,
    );
  };
  if (options.confirm !== undefined && options.confirm !== peer) return wrong(options.confirm);
  const held = await guardLoss(name, giver(), socket, options, output);
  if (held !== null) return held;
  const first = await give(socket, { name, confirmed: false }, 0, options, output);
  if (first.code !== 'peer-unreachable') return show(first, options, output);
  if (options.confirm === undefined) {
    output.err(`dualtone: ${first.text}\n    If it serves, phones will reach either node by chance.\n`);
    const typed = await typedName(`Type the name of the other node (${peer}) to vouch that it does not serve: `);
    if (typed === null) {
      output.err(`    Make sure that it is off or cut off from the phones, then repeat with --confirm ${peer}.\n`);
      return EXIT.refused;
    }
    if (typed !== peer) return wrong(typed);
  }
  return show(await give(socket, { name, confirmed: true }, 0, options, output), options, output);
};

const wrongUsage = (output: Output, what: string, remedy: string): Ended => {
  output.err(`dualtone: ${what}.\n    ${remedy}\n`);
  return new Ended(EXIT.usage);
};

interface Bounds {
  readonly leastMs: Millis;
  readonly mostMs: Millis;
}

const ANY: Bounds = { leastMs: 0, mostMs: Number.POSITIVE_INFINITY };

/** A span such as `30m`, or the end with exit code 2. */
export const spanOption = async (
  text: string,
  option: string,
  output: Output,
  { leastMs, mostMs } = ANY,
): Promise<Millis> => {
  const { parseDuration, printDuration } = await import('../../config/schema/scalars.ts');
  const ms = parseDuration(text);
  if (ms === null)
    throw wrongUsage(output, `${option} ${text} is not a span of time`, 'write for example 90s, 30m or 2h');
  if (ms < leastMs)
    throw wrongUsage(output, `${option} ${text} is too short`, `give at least ${printDuration(leastMs)}`);
  if (ms > mostMs) throw wrongUsage(output, `${option} ${text} is too long`, `give at most ${printDuration(mostMs)}`);
  return ms;
};

/** `maintenance on`. */
export const beginMaintenance = async (
  options: CommonOptions & { readonly for?: string; readonly reason?: string },
  output: Output,
): Promise<ExitCode> => {
  const bounds = { leastMs: 1000, mostMs: MOST_MAINTENANCE_MS };
  const forMs = await spanOption(options.for ?? '', '--for', output, bounds);
  const reason = options.reason?.trim() ?? '';
  if (reason === '' || reason.length > LONGEST_REASON || /\p{Cc}/u.test(reason))
    throw wrongUsage(output, 'the reason is empty, too long, or not one line of text', REASON_REMEDY);
  return order({ name: 'maintenance-on', forMs, reason }, 0, options, output);
};

export interface MoveOptions extends LossOptions {
  readonly preview?: boolean;
  readonly whenIdle?: boolean;
  readonly maxWait?: string;
}

/** Before a wait that may be long: what is waited for, and how to have it at once. Null where no call is up. */
export const waitNotice = (calls: number, maxWait: string): string | null => {
  if (calls === 0) return null;
  const what =
    calls < 0
      ? `How many calls are up is not known, so service moves only when ${maxWait} are over`
      : `${calls === 1 ? '1 call is' : `${calls} calls are`} up: service moves when there is none, after ${maxWait} at the latest`;
  return `${what}.\n    To have it at once, give the order again without --when-idle.\n`;
};

const tellWait = async (socket: string, maxWait: string, output: Output): Promise<void> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const asked = await askSnapshot(socket);
  // The order itself says what is wrong.
  if (!asked.ok || asked.value.kind !== 'node') return;
  const { server, other, health } = asked.value;
  const notice = waitNotice(server === 'other' ? other.calls : health.calls, maxWait);
  if (notice !== null) output.err(`dualtone: ${notice}`);
};

/** `switchover` and `failback`. */
export const move = async (
  name: 'switchover' | 'failback',
  options: MoveOptions,
  output: Output,
): Promise<ExitCode> => {
  if (options.preview === true) return (await import('./move-preview.ts')).previewMove(name, options, output);
  const whenIdle = options.whenIdle === true;
  if (options.maxWait !== undefined && !whenIdle) {
    output.err(
      'dualtone: --max-wait says how long to wait for idle telephones.\n    give it together with --when-idle\n',
    );
    return EXIT.usage;
  }
  const maxWait = options.maxWait ?? '30m';
  const maxWaitMs = whenIdle ? await spanOption(maxWait, '--max-wait', output) : 0;
  const socket = await socketOf(options, output);
  const held = await guardLoss(name, giver(), socket, options, output);
  if (held !== null) return held;
  if (whenIdle && options.json !== true) await tellWait(socket, maxWait, output);
  return order({ name, whenIdle, maxWaitMs }, maxWaitMs, options, output);
};
