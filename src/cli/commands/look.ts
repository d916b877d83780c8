/** `status`, `watch`, `explain`: commands that look and change nothing. */
import type { NodeSnapshot, Snapshot } from '../../api/snapshot.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, journalOf, type Output, orEnd, showFault, socketOf } from '../target.ts';

const EXIT_BY_LEVEL = { good: EXIT.ok, warning: EXIT.warning, alarm: EXIT.alarm } as const;

/** For those who know a pair by XiVO's words: where a role is meant, and not where a machine is called so. */
const inOldWords = (text: string): string =>
  text.replaceAll(
    /(\(|\b[Tt]he )(main|standby)\b/g,
    (_, before: string, role: string) => before + (role === 'main' ? 'master' : 'slave'),
  );

export const status = async (
  options: CommonOptions & { readonly oldWords?: boolean },
  output: Output,
): Promise<ExitCode> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const snapshot = orEnd(await askSnapshot(await socketOf(options, output)), options, output);
  if (options.json === true) output.out(`${JSON.stringify(snapshot, null, 2)}\n`);
  else {
    const text = (await import('../render/status.ts')).renderStatus(snapshot, output.style);
    output.out(options.oldWords === true ? inOldWords(text) : text);
  }
  const exit = EXIT_BY_LEVEL[snapshot.headline.level];
  if (exit !== EXIT.ok || snapshot.kind === 'checkpoint') return exit;
  if (snapshot.checks?.readiness.state === 'not-ready') return EXIT.warning;
  const { streamTroubles } = await import('../render/streams.ts');
  return streamTroubles(snapshot).length === 0 ? EXIT.ok : EXIT.warning;
};

const CLEAR = '\u001B[H\u001B[2J';

/** Shows each snapshot: the whole screen on a terminal, a line for each change of the headline in a pipe. */
const createScreen = async (options: CommonOptions, output: Output, isTerminal: boolean) => {
  const { renderHeadline, renderStatus } = await import('../render/status.ts');
  const { stamp } = await import('../render/time.ts');
  let last = '';
  return (snapshot: Snapshot): void => {
    if (options.json === true) return output.out(`${JSON.stringify(snapshot)}\n`);
    if (isTerminal) return output.out(`${CLEAR}${renderStatus(snapshot, output.style)}\n  Ctrl-C ends.\n`);
    const { who, ready } = snapshot.headline;
    // Ages within the sentence change all the time and are no news.
    const key = `${who} ${ready}`.replace(/\d+/g, '#');
    if (key !== last) output.out(`${stamp(snapshot.wall)}  ${renderHeadline(snapshot, output.style)}\n`);
    last = key;
  };
};

export const watch = async (
  options: CommonOptions & { readonly every?: string },
  output: Output,
): Promise<ExitCode> => {
  const { watchSnapshots } = await import('../../api/client.ts');
  const isTerminal = process.stdout.isTTY;
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  const show = await createScreen(options, output, isTerminal);
  const watched = await watchSnapshots(await socketOf(options, output), isTerminal ? 250 : 100, ended.signal, show);
  return watched.ok ? EXIT.ok : showFault(watched.error, options, output);
};

const explainNow = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { askSnapshot } = await import('../../api/client.ts');
  const snapshot = orEnd(await askSnapshot(await socketOf(options, output)), options, output);
  if (snapshot.kind === 'checkpoint') {
    const message = 'this is a checkpoint: it votes, and decides nothing else';
    return showFault({ code: 'not-a-node', message, remedy: 'ask the main or the standby' }, options, output);
  }
  if (options.json === true) {
    const { explanation, protection, headline }: NodeSnapshot = snapshot;
    output.out(`${JSON.stringify({ headline, explanation, protection }, null, 2)}\n`);
  } else output.out((await import('../render/explain.ts')).renderExplanation(snapshot, output.style));
  return EXIT.ok;
};

const explainPast = async (seq: number, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const { openJournalReader } = await import('../../journal/reader.ts');
  const reader = orEnd(openJournalReader(await journalOf(options, output)), options, output);
  const entry = reader.read({ sinceSeq: seq - 1, limit: 1 })[0];
  if (entry === undefined || entry.seq !== seq) {
    const message = `the journal has no entry ${seq}`;
    return showFault({ code: 'no-entry', message, remedy: 'see `dualtone journal` for the numbers' }, options, output);
  }
  if (options.json === true) output.out(`${JSON.stringify(entry, null, 2)}\n`);
  else output.out((await import('../render/explain.ts')).renderPast(entry, output.style));
  return EXIT.ok;
};

export const explain = (options: CommonOptions & { readonly seq?: string }, output: Output): Promise<ExitCode> => {
  if (options.seq === undefined) return explainNow(options, output);
  const seq = Number(options.seq);
  if (Number.isSafeInteger(seq) && seq > 0) return explainPast(seq, options, output);
  output.err(
    `dualtone: --seq ${options.seq} is not the number of an entry.\n    see \`dualtone journal\` for the numbers\n`,
  );
  return Promise.resolve(EXIT.usage);
};
