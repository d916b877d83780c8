/** All checks once, in this process: for the command line where no agent runs. */
import type { Config } from '../config/config.ts';
import { systemClock } from '../time/clock.ts';
import { createAround } from './around.ts';
import { createCatalogue } from './catalogue.ts';
import { bind } from './check.ts';
import { readinessOf } from './readiness.ts';
import type { ChecksView, NodeReport } from './report.ts';
import { createRunner } from './runner.ts';
import { standingOf } from './standing.ts';

/** `only`: this check alone. What needs the agent or the other node is `unknown`, and says so. */
export const checkOnce = async (
  config: Config,
  configPath: string,
  program: string,
  only: string | null,
): Promise<ChecksView> => {
  const clock = systemClock;
  const around = createAround({ config, configPath, program, clock });
  const chosen = createCatalogue()
    .all()
    .filter(({ id }) => only === null || id === only);
  const runner = createRunner({
    checks: chosen.map((definition) => bind(definition, around)),
    accepted: config.checks.accept,
    clock,
    chance: () => 0.5,
    since: () => null,
    onResult: () => undefined,
  });
  // Asked before the first turn, so that none runs twice.
  const done = runner.runNow(null);
  runner.start();
  await done;
  await runner.stop();
  const { name, role } = config.node;
  const own: NodeReport = { node: name, role, at: clock.wall(), results: runner.results() };
  const snapshot = await around.agent();
  const standing = snapshot.ok
    ? standingOf(snapshot.value, own, null, null)
    : {
        server: 'nobody' as const,
        thisName: name,
        otherName: config.peer.name,
        takeover: null,
        loss: null,
        own,
        other: null,
        otherHeardMsAgo: null,
      };
  return {
    readiness: readinessOf(standing),
    since: null,
    own,
    other: null,
    otherHeardMsAgo: null,
    history: [],
    trouble: snapshot.ok ? 'its checker does not answer' : 'no agent runs here',
  };
};
