/** Options of the commands that make a pair, read and checked; what is wrong is said before anything happens. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import { DEFAULT_PORT } from '../../config/schema/node.ts';
import { cidr, parseDuration } from '../../config/schema/scalars.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Role } from '../../core/words.ts';
import { interfaceOf, ownAddresses } from '../../pairing/machine.ts';
import { usualManager } from '../../pairing/manager.ts';
import { type Places, pathsOf, usualPlaces } from '../../pairing/plan.ts';
import type { Surroundings } from '../../pairing/surroundings.ts';
import { usualSystem } from '../../pairing/system.ts';
import type { At } from '../../pairing/words.ts';
import { run } from '../../process/run.ts';
import { PROGRAM } from '../program.ts';
import type { Prompter } from '../prompt.ts';
import type { CommonOptions, Output } from '../target.ts';

export interface PlaceOptions extends CommonOptions {
  readonly etcDir?: string;
  readonly stateDir?: string;
  readonly runDir?: string;
  /** False with --no-system. */
  readonly system?: boolean;
  /** False with --no-start. */
  readonly start?: boolean;
  readonly yes?: boolean;
}

const wrong = (what: string, remedy: string) => fail('option-wrong', `${what}.`, remedy);

/** Old words on input; the glossary's inside. */
const ROLE_BY_WORD: Readonly<Record<string, Role>> = {
  main: 'main',
  standby: 'standby',
  master: 'main',
  slave: 'standby',
};

/** Fault: `option-wrong`. */
export const readRole = (word: string): Result<Role> => {
  const role = ROLE_BY_WORD[word.toLowerCase()];
  return role === undefined ? wrong(`"${word}" is not a role`, 'Give main or standby.') : ok(role);
};

/** Fault: `option-wrong`. */
export const readAddress = (text: string): Result<string> =>
  isIP(text) !== 0 && !text.includes('%')
    ? ok(text)
    : wrong(`"${text}" is not an address`, 'Write the address in numbers, such as 10.0.0.1 or fd00::1.');

/** `10.0.0.10/24`. Fault: `option-wrong`. */
export const readCidr = (text: string): Result<string> =>
  cidr().safeParse(text).success
    ? ok(text)
    : wrong(`"${text}" is not an address with its prefix length`, 'Write for example 10.0.0.10/24 or fd00::10/64.');

/** An address that this machine has. Fault: `option-wrong`. */
export const readOwnAddress = (text: string): Result<string> => {
  const address = readAddress(text);
  if (!address.ok || interfaceOf(address.value) !== null) return address;
  const own = ownAddresses().map((each) => each.address);
  return wrong(`This machine does not have the address ${text}`, `Give one of its own: ${own.join(', ')}.`);
};

/** Fault: `option-wrong`. */
export const readPort = (text: string): Result<number> =>
  /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535
    ? ok(Number(text))
    : wrong(`"${text}" is not a port`, 'Give a number from 1 to 65535.');

/** `10.0.0.1`, `10.0.0.1:4578`, `fd00::1`, `[fd00::1]:4578`. Fault: `option-wrong`. */
export const readPlace = (text: string): Result<{ address: string; port: number | null }> => {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(text) ?? [];
  const whole = readAddress(text);
  if (whole.ok) return ok({ address: whole.value, port: null });
  const address = readAddress(bracketed ?? plain ?? '');
  if (!address.ok) return readAddress(text) as Result<never>;
  if (port === undefined) return ok({ address: address.value, port: null });
  const number = readPort(port);
  return number.ok ? ok({ address: address.value, port: number.value }) : number;
};

/** `cp1=10.0.0.3`, with `:4577` where it has another port. Fault: `option-wrong`. */
export const readCheckpoint = (text: string): Result<At> => {
  const [, name = '', where = ''] = /^([a-z0-9][a-z0-9._-]{0,31})=(.+)$/.exec(text) ?? [];
  const place =
    name === ''
      ? wrong(`"${text}" is not a checkpoint`, 'Give its name and its address, such as cp1=10.0.0.3.')
      : readPlace(where);
  return place.ok ? ok({ name, address: place.value.address, port: place.value.port ?? DEFAULT_PORT }) : place;
};

/** Fault: `option-wrong`. */
export const readLife = (text: string): Result<number> => {
  const ms = parseDuration(text);
  return ms !== null && ms >= 10_000 && ms <= 86_400_000
    ? ok(ms)
    : wrong(`"${text}" is not a time for a token`, 'Give 10s to 24h, such as 10m.');
};

const placesOf = ({ etcDir, stateDir, runDir }: PlaceOptions): Places => ({
  etcDir: etcDir ?? usualPlaces.etcDir,
  stateDir: stateDir ?? usualPlaces.stateDir,
  runDir: runDir ?? usualPlaces.runDir,
});

/** The agent that runs goes on with another machine in the other node's place. Faults: `reload-…`, `agent-…`, those of the file. */
const takeUp = async (places: Places): Promise<Result<void>> => {
  const [{ loadConfig }, { keepConfig }, { giveCommand }, { whoami }] = await Promise.all([
    import('../../config/machine.ts'),
    import('../config-cache.ts'),
    import('../../api/client.ts'),
    import('./order.ts'),
  ]);
  const { config, socket } = pathsOf(places);
  const parsed = loadConfig(config);
  if (!parsed.ok)
    return fail('reload-unprepared', 'The new configuration is not valid.', 'Run `dualtone config check`.');
  keepConfig('node', config, parsed.config, parsed.notes);
  const answered = await giveCommand(socket, { type: 'reload', by: whoami() }, RELOAD_MS);
  if (!answered.ok) return answered;
  const { ok: isDone, code, text, remedy } = answered.value;
  return isDone ? ok(undefined) : fail(code, text, remedy);
};

const RELOAD_MS = 5000;

/** Directories of one's own, as in tests and training, leave the system alone. */
export const surroundingsOf = (options: PlaceOptions, output: Output, prompter: Prompter): Surroundings => {
  const places = placesOf(options);
  const touchesSystem = options.system !== false && places.etcDir === usualPlaces.etcDir;
  const say = (line: string): void => (options.json === true ? undefined : output.err(`${line}\n`));
  return {
    places,
    system: touchesSystem ? usualSystem(join(import.meta.dirname, '..', '..', '..')) : null,
    manager: touchesSystem ? usualManager : null,
    starts: options.start !== false,
    takeUp: () => takeUp(places),
    program: PROGRAM,
    run,
    say,
    confirm: async (lines) => {
      for (const line of lines) say(line);
      return options.yes === true || prompter.confirm('Go on?');
    },
  };
};
