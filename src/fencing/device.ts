/** One device that can turn the other node's power off: an agent of Debian's `fence-agents`, asked by its standard input. */
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { readSecretFile } from '../files/secret.ts';
import type { Finished, Run } from '../process/run.ts';

export interface FenceDevice {
  readonly name: string;
  /** The program, such as `fence_ipmilan`. */
  readonly agent: string;
  /** `parameter=value`, as the agent reads them. */
  readonly options: readonly string[];
  /** Parameters whose values are in files of mode 0600. */
  readonly secrets: readonly { readonly option: string; readonly file: string }[];
  /** How long one of its actions may take. */
  readonly timeoutMs: Millis;
}

export type Power = 'on' | 'off';
export type Action = 'on' | 'off' | 'status' | 'metadata';

const MAX_OUTPUT_BYTES = 256 * 1024;
const LONGEST_WORD = 300;
const MAKE_SECRET = 'Write what the device knows into it, mode 0600.';

interface Said {
  readonly finished: Finished;
  /** Its last words, without secrets, in one line. */
  readonly words: string;
}

/** The secrets' values by parameter. Faults: `secret-unreadable`, `secret-exposed`, `fence-secret-odd`. */
const secretsOf = ({ secrets }: FenceDevice): Result<readonly (readonly [string, string])[]> => {
  const found: (readonly [string, string])[] = [];
  for (const { option, file } of secrets) {
    const secret = readSecretFile(file, MAKE_SECRET);
    if (!secret.ok) return secret;
    if (/\p{Cc}/u.test(secret.value))
      return fail(
        'fence-secret-odd',
        `The secret in ${file} is more than one line, which an agent would read as other parameters.`,
        'Leave one line in it.',
      );
    found.push([option, secret.value]);
  }
  return ok(found);
};

const hideIn = (text: string, secrets: readonly (readonly [string, string])[]): string =>
  secrets.reduce((shown, [, secret]) => shown.replaceAll(secret, '•••'), text);

/** What an agent wrote last is what it died of; logs of its libraries come before. */
const lastWords = ({ stdout, stderr }: Finished): string => {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim());
  return (lines.findLast((line) => line !== '') ?? '').slice(0, LONGEST_WORD);
};

/** An order must not outlive who gave it: the next agent may have heard the other node meanwhile. */
const WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;
const isMissing = ({ exitCode, stderr }: Finished): boolean =>
  exitCode === 127 && stderr.startsWith('setpriv: failed to execute');

/**
 * Runs the agent once; parameters and secrets go to its standard input, never into an argument or the environment.
 * Faults: those of secrets and of `Run`, `fence-device-silent` where it did not end in time.
 */
const askAgent = async (
  device: FenceDevice,
  action: Action,
  run: Run,
  signal: AbortSignal | undefined,
): Promise<Result<Said>> => {
  const secrets = secretsOf(device);
  if (!secrets.ok) return secrets;
  const lines = [...device.options, ...secrets.value.map(([option, secret]) => `${option}=${secret}`)];
  const ended = await run([...WITH_US, device.agent], {
    timeoutMs: device.timeoutMs,
    input: `${[...lines, `action=${action}`].join('\n')}\n`,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  if (ended.ok && isMissing(ended.value)) return missing(device);
  if (ended.ok) return ok({ finished: ended.value, words: hideIn(lastWords(ended.value), secrets.value) });
  if (ended.error.code === 'program-timeout') return silent(device, action);
  return ended;
};

const silent = ({ name, timeoutMs }: FenceDevice, action: Action): { readonly ok: false; readonly error: Fault } =>
  fail(
    'fence-device-silent',
    `${name} did not answer "${action}" within ${Math.round(timeoutMs / 1000)} s.`,
    'See its network, address and power; `dualtone fence status` asks it again. A slow one needs a longer `timeout`.',
  );

const missing = ({ agent }: FenceDevice): { readonly ok: false; readonly error: Fault } =>
  fail(
    'fence-agent-missing',
    `The fence agent ${agent} is not installed.`,
    `Install it: \`apt-get install fence-agents\` (later than Debian 12: fence-agents-${agent.replace('fence_', '').replaceAll('_', '-')}).`,
  );

const refused = ({ name }: FenceDevice, action: Action, { finished, words }: Said): Fault => ({
  code: 'fence-device-refused',
  message: `${name} could not be asked "${action}": ${words === '' ? `its agent ended with ${finished.exitCode ?? finished.endedBy}` : words}.`,
  remedy: 'See its address, user, password file and plug; `dualtone fence status` asks it again.',
});

/** What a device is asked, each time anew. */
export interface AskDevice {
  /** Faults: those of `askAgent`, `fence-device-refused`. */
  power(device: FenceDevice, signal?: AbortSignal): Promise<Result<Power>>;
  /** That it was told so; whether it is so, says `power`. */
  turn(device: FenceDevice, to: Power, signal?: AbortSignal): Promise<Result<void>>;
  /** The agent's own description, XML. */
  metadata(device: FenceDevice, signal?: AbortSignal): Promise<Result<string>>;
}

export const createAskDevice = (run: Run): AskDevice => ({
  power: async (device, signal) => {
    const said = await askAgent(device, 'status', run, signal);
    if (!said.ok) return said;
    // FenceAgentAPI: 0 on, 2 off, anything else says nothing of the power.
    const { exitCode } = said.value.finished;
    if (exitCode === 0) return ok('on');
    return exitCode === 2 ? ok('off') : { ok: false, error: refused(device, 'status', said.value) };
  },
  turn: async (device, to, signal) => {
    const said = await askAgent(device, to, run, signal);
    if (!said.ok) return said;
    return said.value.finished.exitCode === 0 ? ok(undefined) : { ok: false, error: refused(device, to, said.value) };
  },
  metadata: async (device, signal) => {
    const bare = { ...device, options: [], secrets: [] };
    const said = await askAgent(bare, 'metadata', run, signal);
    if (!said.ok) return said;
    return said.value.finished.exitCode === 0
      ? ok(said.value.finished.stdout)
      : { ok: false, error: refused(device, 'metadata', said.value) };
  },
});
