/** The streams as a table that fits a terminal of 80 columns, with what is wrong below its row; then the merge, and what a move would lose. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { isRecord } from '../../core/words.ts';
import type { StreamCondition, StreamStatus } from '../../replication/stream.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { span } from './time.ts';

const WIDTH = 80;
const INDENT = 14;

type StreamsView = NodeSnapshot['streams'];

const isStatus = (value: unknown): value is StreamStatus => isRecord(value) && 'condition' in value && 'lagMs' in value;

/** Cuts a text at spaces, so that each line fits beside the indentation. */
export const wrapped = (text: string, width = WIDTH - INDENT): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

const below = (text: string): readonly string[] => wrapped(text).map((line) => `${' '.repeat(INDENT)}${line}`);

const cells = (name: string, way: string, condition: string, behind: string, last: string, next: string): string =>
  `  ${name.padEnd(12)}${way.padEnd(5)}${condition.padEnd(12)}${behind.padEnd(10)}${last.padEnd(25)}${next}`.trimEnd();

/** Of two units the greater, so that it fits a column. */
const brief = (ms: number): string => span(ms).split(' ').slice(0, 2).join(' ');

const WORD: Readonly<Record<StreamCondition, string>> = {
  off: 'off',
  waiting: 'waiting',
  running: 'running',
  'in-step': 'in step',
  behind: 'behind',
  blocked: 'BLOCKED',
  failed: 'FAILED',
};

const conditionText = ({ condition, progress }: StreamStatus): string => {
  if (condition !== 'running' || progress === null || progress.total === null || progress.total === 0)
    return WORD[condition];
  // While it runs it is not whole, and two digits fit the column.
  return `running ${Math.min(99, Math.floor((100 * progress.done) / progress.total))}%`;
};

const lastText = ({ lastSuccess, tookMs }: StreamStatus, wall: number): string => {
  if (lastSuccess === null) return 'never';
  return `${brief(Math.max(0, wall - lastSuccess))} ago${tookMs === null ? '' : `, took ${brief(tookMs)}`}`;
};

const nextText = ({ nextRun }: StreamStatus, wall: number): string =>
  nextRun === null ? '-' : nextRun <= wall ? 'now' : `in ${brief(nextRun - wall)}`;

const rowOf = (status: StreamStatus, wall: number, style: Style): string => {
  const { name, direction, condition, lagMs } = status;
  const way = direction === 'none' ? '-' : direction;
  const behind = lagMs === null ? '-' : brief(lagMs);
  // Of what is continuous the last success is now, and nothing runs at times.
  const isContinuous = status.nextRun === null && status.tookMs === null;
  const last = isContinuous && condition === 'in-step' ? '-' : lastText(status, wall);
  const text = cells(name, way, conditionText(status), behind, last, nextText(status, wall));
  if (condition === 'failed') return style.alarm(text);
  return condition === 'blocked' || condition === 'behind' ? style.warning(text) : text;
};

/** What a person should know besides the row; nothing while all is well. */
const detailOf = ({ condition, text, lastError, warnings = [] }: StreamStatus): readonly string[] => {
  if ((condition === 'failed' || condition === 'blocked') && lastError !== null)
    return [...below(lastError.message), ...below(lastError.remedy)];
  const isSaid = condition === 'in-step' || condition === 'running' || text === '' || warnings.includes(text);
  return isSaid ? [] : below(text);
};

const MOST_WARNINGS = 5;

/** What does not follow although the rest does. */
const warningsOf = ({ warnings = [] }: StreamStatus): readonly string[] => [
  ...warnings.slice(0, MOST_WARNINGS).flatMap((text) => below(`! ${text}`)),
  ...(warnings.length > MOST_WARNINGS ? below(`! and ${warnings.length - MOST_WARNINGS} more`) : []),
];

const astdbDetail = (status: StreamStatus): readonly string[] => {
  const { connected, connection, limit } = status as StreamStatus & Readonly<Record<string, unknown>>;
  const why = typeof connection === 'string' ? `: ${connection}` : '';
  return [
    ...detailOf(status),
    ...(connected === false ? below(`no connection to the other node${why}`) : []),
    ...(typeof limit === 'string' ? below(limit) : []),
  ];
};

const pair = (name: string, text: string): readonly string[] =>
  wrapped(text).map((line, index) => `  ${(index === 0 ? name : '').padEnd(12)}${line}`);

const lossLines = ({ loss }: StreamsView, style: Style): readonly string[] => {
  if (loss === null || loss.items.length === 0) return [];
  const lines = loss.items.flatMap(({ text }) => pair('', text));
  const head = `if service moved now, ${loss.exceedsLimit ? 'more than streams.loss-limit' : 'this'} would be missing:`;
  return [...pair('loss', head), ...lines].map((line) => (loss.exceedsLimit ? style.warning(line) : line));
};

/** Lines of `status`; none where nothing follows. */
export const streamLines = ({ streams, wall }: NodeSnapshot, style: Style): readonly string[] => {
  const { astdb, copied, merge } = streams;
  const rows = [
    ...(isStatus(astdb) ? [rowOf(astdb, wall, style), ...astdbDetail(astdb)] : []),
    ...copied.flatMap((status) => [
      rowOf(status, wall, style),
      ...detailOf(status),
      ...warningsOf(status).map((line) => style.warning(line)),
    ]),
  ];
  if (rows.length === 0) return [];
  return [
    '',
    style.strong(cells('stream', 'way', 'condition', 'behind by', 'last good run', 'next run')),
    ...rows,
    ...(merge === null ? [] : pair('merge', `${merge.text}${merge.last === null ? '' : ` (${merge.last})`}`)),
    ...lossLines(streams, style),
    '',
  ];
};

/** What wants a person's eye: a stream that failed, a replicator that does not run, a merge that is stuck. */
export const streamTroubles = ({ streams }: NodeSnapshot): readonly string[] => [
  ...(streams.trouble === null ? [] : [`database, files and voicemail do not follow: ${streams.trouble}`]),
  ...streams.copied
    .filter(({ condition }) => condition === 'failed')
    .map(({ name, lastError, text }) => `${name} does not follow: ${lastError?.message ?? text}`),
  ...(streams.merge?.condition === 'blocked' ? [`what the standby collected is not home: ${streams.merge.text}`] : []),
];
