/** `dualtone nagios`: a plugin for Nagios, Icinga, Naemon, checkmk: one line, performance data, exit code 0 to 3. */
import type { Snapshot } from '../../api/snapshot.ts';
import { type CommonOptions, type Output, socketOf } from '../target.ts';

type Level = 0 | 1 | 2 | 3;

const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** In plugin output a bar begins the performance data. */
const plain = (text: string): string =>
  text
    .replaceAll('|', '/')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();

const datum = (name: string, value: number | null, unit = ''): string =>
  value === null || !Number.isFinite(value) || value < 0 ? '' : `'${name}'=${value}${unit}`;

const secondsOf = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1000);

const dataOf = (snapshot: Snapshot): readonly string[] => {
  const { agent } = snapshot;
  const own = [datum('memory', agent.memoryMb, 'MB'), datum('late', secondsOf(agent.worstLagMs), 's')];
  if (snapshot.kind === 'checkpoint') return [datum('epoch', snapshot.highest), ...own];
  const { epoch, health, other, streams, server } = snapshot;
  return [
    datum('active', server === 'this' ? 1 : 0),
    datum('epoch', epoch),
    datum('calls', health.calls),
    datum('peer_heard', secondsOf(other.heardMsAgo), 's'),
    ...streams.copied.map(({ name, lagMs }) => datum(`lag_${name}`, secondsOf(lagMs), 's')),
    ...own,
  ];
};

const levelOf = (snapshot: Snapshot): Level => {
  const { level } = snapshot.headline;
  if (level === 'alarm') return 2;
  const ready = snapshot.kind === 'node' ? (snapshot.checks?.readiness.state ?? 'ready') : 'ready';
  if (ready === 'not-ready') return 2;
  return level === 'warning' || ready === 'degraded' ? 1 : 0;
};

const textOf = (snapshot: Snapshot): string => {
  const { who, ready } = snapshot.headline;
  const reasons = snapshot.kind === 'node' ? (snapshot.checks?.readiness.reasons ?? []) : [];
  return [who, ready, ...reasons.slice(0, 3)].join('; ');
};

/** What a plugin prints, and its exit code. */
export const pluginOutput = (snapshot: Snapshot): { readonly exit: Level; readonly line: string } => {
  const exit = levelOf(snapshot);
  const data = dataOf(snapshot).filter((each) => each !== '');
  return { exit, line: `DUALTONE ${WORDS[exit]} - ${plain(textOf(snapshot))} | ${data.join(' ')}` };
};

/** An agent that is not there is critical: that node can neither serve nor take over. Who may not ask knows nothing. */
export const nagios = async (options: CommonOptions, output: Output): Promise<number> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const asked = await askSnapshot(await socketOf(options, output), 5000);
  const mayNot = !asked.ok && asked.error.message.includes('you may not');
  const { exit, line } = asked.ok
    ? pluginOutput(asked.value)
    : { exit: mayNot ? 3 : 2, line: `DUALTONE ${mayNot ? 'UNKNOWN' : 'CRITICAL'} - ${plain(asked.error.message)}` };
  output.out(options.json === true ? `${JSON.stringify({ exit, line })}\n` : `${line}\n`);
  return exit;
};
