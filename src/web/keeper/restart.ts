/** The agent starts again with the file as it is: where that costs nobody a call, and only there. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import type { ConfigView, RestartAnswer } from '../contract.ts';
import type { Audit } from './guard.ts';

export interface RestartParts {
  readonly run: Run;
  readonly view: () => Promise<Result<ConfigView>>;
  readonly snapshot: () => NodeSnapshot | null;
  readonly audit: Audit;
}

const UNIT = 'dualtone.service';
const ASK_MS = 5000;

const refused = (code: string, message: string, remedy: string): Result<never> => fail(code, message, remedy);

/** Null: nothing is in the way. */
const objection = (snapshot: NodeSnapshot | null, view: ConfigView): Result<never> | null => {
  if (snapshot === null)
    return refused('agent-silent', 'The agent of this node has said nothing yet.', `See \`systemctl status ${UNIT}\`.`);
  if (view.problems.length > 0)
    return refused('restart-invalid', 'The agent would not start with its file as it is.', 'Mend the file first.');
  if (snapshot.server !== 'other')
    return refused(
      'restart-serves',
      snapshot.server === 'this' ? 'This node serves.' : 'It is not known that the other node serves.',
      'The node that does not serve starts again first; then move service, and it is the turn of the other.',
    );
  return view.timesChange
    ? refused(
        'restart-times',
        'Times of the lease change: until all machines have the same, they refuse each other.',
        'Give the same to both nodes and all checkpoints, then start them again one after the other, in a terminal.',
      )
    : null;
};

/** Faults: `agent-silent`, `restart-invalid`, `restart-serves`, `restart-times`, `restart-elsewhere`, `restart-failed`, those of `run`. */
export const createRestart =
  ({ run, view, snapshot, audit }: RestartParts) =>
  async (by: string): Promise<Result<RestartAnswer>> => {
    const shown = await view();
    if (!shown.ok) return shown;
    const now = snapshot();
    const obstacle = objection(now, shown.value);
    if (obstacle !== null) return obstacle;
    const asked = await run(['systemctl', 'show', '--property=MainPID', '--value', UNIT], { timeoutMs: ASK_MS });
    if (!asked.ok) return asked;
    if (asked.value.stdout.trim() !== String(now?.agent.pid))
      return fail('restart-elsewhere', `The agent is not run by ${UNIT} here.`, 'Start it again as it was started.');
    audit(by, 'restart', 'had the agent start again');
    // Not waited for: its end is the end of this process too.
    const done = await run(['systemctl', '--no-block', 'restart', UNIT], { timeoutMs: ASK_MS });
    if (!done.ok) return done;
    return done.value.exitCode === 0
      ? ok({ node: now?.node.name ?? '' })
      : fail(
          'restart-failed',
          `systemctl refused: ${done.value.stderr.trim().slice(0, 200)}.`,
          `See \`systemctl status ${UNIT}\`.`,
        );
  };
