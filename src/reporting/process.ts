/** `dualtone reporter`: the process that sends events to where reports are made. It ends when its input does; a dead one costs no call. */
import { type Config, isReporting } from '../config/config.ts';
import { type Fault, ok, type Result } from '../core/result.ts';
import { createParent } from '../process/parent.ts';
import { systemClock } from '../time/clock.ts';
import { passOptionsOf, refuseFollowing, reportingOff, targetsOf } from './compose.ts';
import { refuseDbReplic } from './db-replic.ts';
import { createLane, type Lane, type LaneListener } from './lane.ts';
import type { FromReporter } from './protocol.ts';
import type { Target } from './target.ts';

const NAMES: Readonly<Record<Target['name'], string>> = {
  postgres: 'the reporting database',
  elasticsearch: 'Elasticsearch',
};

const words = ({ message, remedy }: Fault): string => `${message} ${remedy}`;

const listenerOf = (name: string, say: (message: FromReporter) => void): LaneListener => {
  const tell = (level: FromReporter['level'], code: string, text: string): void =>
    say({ type: 'say', level, code, text });
  return {
    onFault: (fault) => tell('warning', fault.code, `Events do not go to ${name}: ${words(fault)}`),
    onWell: () => tell('info', 'reporting-again', `Events go to ${name} again.`),
    onLost: ({ refused, gone }) => {
      if (refused > 0)
        tell(
          'warning',
          'reporting-refused',
          `${refused} events were not taken by ${name}; \`dualtone reporting report\` lists them.`,
        );
      if (gone > 0)
        tell(
          'alarm',
          'reporting-gap',
          `Up to ${gone} events were deleted on this node before they went to ${name}; \`dualtone reporting report\` lists them.`,
        );
    },
    onBehind: (ms, fault) =>
      tell(
        'alarm',
        'reporting-behind',
        `For ${Math.round(ms / 60_000)} min no event has gone to ${name}: ${words(fault)} Nothing is lost while they are on this node.`,
      ),
  };
};

/** Runs until its input ends. Fault: `reporting-off`; says `reporting-two-senders` or `reporting-table-follows` where nothing may be sent. */
export const runReporter = async (config: Config): Promise<Result<void>> => {
  if (!isReporting(config)) return reportingOff;
  const replic = refuseDbReplic();
  const alone = replic.ok ? refuseFollowing(config) : replic;
  const { say, hear } = createParent<{ readonly type: string }, FromReporter>();
  const lanes: readonly Lane[] = alone.ok
    ? targetsOf(config).map((target) =>
        createLane(
          { ...passOptionsOf(config, target), behindMs: config.reporting.behindAfterMs },
          systemClock,
          listenerOf(NAMES[target.name], say),
        ),
      )
    : [];
  // It stays, and says it once: one that ended would be started again and again.
  if (!alone.ok) say({ type: 'say', level: 'alarm', code: alone.error.code, text: words(alone.error) });
  for (const lane of lanes) lane.start();
  await hear(
    () => undefined,
    () => undefined,
  );
  await Promise.all(lanes.map((lane) => lane.stop()));
  return ok(undefined);
};
