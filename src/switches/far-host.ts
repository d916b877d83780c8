/** Another machine by SSH, where Dualtone's key may run one program with a few verbs (`examples/forced/`), and nothing else. */
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Run } from '../process/run.ts';
import { sshFault } from '../ssh/faults.ts';
import { checkTarget, type SshTarget, sessionOptions, sshArgv } from '../ssh/target.ts';

export interface FarHost {
  readonly name: string;
  /** One verb and its words; standard output. Faults: `far-refused`, `far-failed`, those of SSH and of `run`. */
  ask(words: readonly string[], bounds: FarBounds): Promise<Result<string>>;
}

export interface FarBounds {
  readonly timeoutMs: Millis;
  readonly signal: AbortSignal;
  readonly input?: string;
}

const SSH_FAILED = 255;
/** What the forced command ends with for a verb that it does not know. */
const REFUSED = 64;
const MOST_ANSWER = 256 * 1024;
const WORD = /^[\w./@:=+-]+$/;

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';

/** By SSH with a key that has a forced command there. */
export const createFarHost = (name: string, target: SshTarget, run: Run): FarHost => ({
  name,
  ask: async (words, { timeoutMs, signal, input }) => {
    const checked = checkTarget(target);
    if (!checked.ok) return checked;
    const odd = words.find((word) => !WORD.test(word));
    if (odd !== undefined) throw new Error(`not a plain word: ${odd}`);
    const argv = [...sshArgv(target), ...sessionOptions(target), target.hostAlias, ...words];
    const options = { timeoutMs, signal, maxOutputBytes: MOST_ANSWER };
    const ended = await run(argv, input === undefined ? options : { ...options, input });
    if (!ended.ok) return ended;
    const { exitCode, stdout, stderr } = ended.value;
    if (exitCode === 0) return ok(stdout);
    if (exitCode === SSH_FAILED) {
      return (
        sshFault(stderr) ??
        fail('far-failed', `${name} was not reached: ${lastLine(stderr)}.`, 'Try `ssh` to it by hand.')
      );
    }
    if (exitCode === REFUSED) {
      return fail(
        'far-refused',
        `${name} does not let this key run \`${words[0] ?? ''}\`.`,
        'Install the forced command of this version there; see docs/xivo.md.',
      );
    }
    return fail(
      'far-failed',
      `${name}: \`${words.join(' ')}\` ended with ${exitCode}: ${lastLine(stderr)}.`,
      'Run it there by hand to see why.',
    );
  },
});
