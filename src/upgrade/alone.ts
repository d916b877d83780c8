/**
 * A program of an upgrade runs once at a time on this machine: whoever asks a second time, or again after the terminal or the command that
 * started it has gone, is told so instead of starting it beside itself.
 */
import { fail } from '../core/result.ts';
import type { Run } from '../process/run.ts';

/** Of `flock`: somebody else has it. No program of an upgrade is known to end with it. */
const HELD = 213;

/** `place`: a folder that stays, here `state-dir`; its lock is let go by the kernel, whoever dies. Fault besides those of `Run`: `upgrade-running`. */
export const createRunAlone =
  (place: string, run: Run): Run =>
  async (argv, options) => {
    // Closed before the program starts: what that leaves behind, such as a service, holds nothing.
    const lock = ['flock', '--nonblock', '--close', '--conflict-exit-code', String(HELD), place];
    const ended = await run([...lock, ...argv], options);
    if (!ended.ok || ended.value.exitCode !== HELD) return ended;
    return fail(
      'upgrade-running',
      'A program of an upgrade of this node still runs, begun by another `dualtone upgrade`.',
      'Wait until `dualtone journal` says that it is done; then run `dualtone upgrade` again.',
    );
  };
