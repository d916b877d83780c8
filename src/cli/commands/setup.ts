/** `dualtone setup`: a guided first run, from two fresh machines to a pair that passes its checks, or says what is missing. */
import { pathsOf } from '../../pairing/plan.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import type { Output } from '../target.ts';
import { check } from './check.ts';
import { type InitOptions, init, type JoinOptions, join } from './pair.ts';
import { readCheckpoint, readPlace, surroundingsOf } from './pair-options.ts';

export interface SetupOptions extends InitOptions {
  /** Address of the machine whose pair is joined. */
  readonly join?: string;
  readonly withCheckpoint?: boolean;
}

const WELCOME = `This makes two servers a pair: if one dies, the other goes on. It shows everything before it changes anything,
and \`dualtone disable\` undoes it. A third machine that only votes (a checkpoint) is what makes two active
nodes impossible; it may be added now or later.
`;

/** Presets and profiles with a word each, for those who see them for the first time. */
const PRESETS = 'fast (takes over in under a second), quick, classic (as XiVO), blog2012, remsys';
const PROFILES = 'asterisk (Asterisk alone), xivo, wazo';

const oneOf =
  (...words: readonly string[]) =>
  (answer: string): string | null =>
    words.includes(answer) ? null : `Give one of ${words.join(', ')}.`;

/** What `init` does not ask, because it has a default that is right for most. */
const furtherAnswers = async (options: SetupOptions): Promise<InitOptions> => {
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const profile =
    options.profile ??
    (await prompter.ask(`What the nodes run: ${PROFILES}`, 'asterisk', oneOf('asterisk', 'xivo', 'wazo')));
  // An arbiter in etcd brings its own times, and needs no checkpoint.
  if (options.etcd !== undefined) return { ...options, profile };
  const preset =
    options.preset ??
    (await prompter.ask(`How fast: ${PRESETS}`, 'fast', oneOf('fast', 'quick', 'classic', 'blog2012', 'remsys')));
  const check = (answer: string): string | null => {
    const read = answer === '' ? null : readCheckpoint(answer);
    return read === null || read.ok ? null : `${read.error.message} ${read.error.remedy}`;
  };
  const checkpoint =
    options.checkpoint === undefined
      ? await prompter.ask('A checkpoint, such as cp1=10.0.0.3, or empty', '', check)
      : '';
  return { ...options, profile, preset, ...(checkpoint === '' ? {} : { checkpoint: [checkpoint] }) };
};

const asksToJoin = async (options: SetupOptions): Promise<string | null> => {
  if (options.join !== undefined) return options.join;
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const check = (answer: string): string | null => {
    const read = answer === '' ? null : readPlace(answer);
    return read === null || read.ok ? null : `${read.error.message} ${read.error.remedy}`;
  };
  const answer = await prompter.ask(
    'Address of the machine where this was begun already, or empty: it begins here',
    '',
    check,
  );
  return answer === '' ? null : answer;
};

/** A fresh pair decides who serves, and both sides begin to check: sooner than this, or never. */
const SETTLE_MS = 10_000;

/** Checks that are tried before two fresh agents have met would name what is missing for a moment only. */
const settled = async (socket: string): Promise<void> => {
  const { watchSnapshots } = await import('../../api/client.ts');
  const over = new AbortController();
  const end = (): void => over.abort();
  const timer = setTimeout(end, SETTLE_MS);
  process.once('SIGINT', end);
  await watchSnapshots(socket, 500, over.signal, (snapshot) => {
    if (snapshot.kind !== 'node') return end();
    const isServed = snapshot.server === 'this' || snapshot.server === 'other';
    if (isServed && (snapshot.checks === null || snapshot.checks.other !== null)) end();
  });
  process.off('SIGINT', end);
  clearTimeout(timer);
};

/** The checks of both nodes, and what is missing; a checkpoint has none of its own. */
const finish = async (options: SetupOptions, output: Output): Promise<ExitCode> => {
  const { places, starts, system } = surroundingsOf(options, output, createPrompter(false));
  if (options.withCheckpoint === true) return EXIT.ok;
  if (!starts || system === null) {
    if (options.json !== true)
      output.err('Nothing was started: start `dualtone agent` on both nodes, then `dualtone check`.\n');
    return EXIT.ok;
  }
  const { socket } = pathsOf(places);
  if (options.json !== true) output.err('\nWaiting until the two have met …\n');
  await settled(socket);
  if (options.json !== true) output.err('What a takeover needs, tried now:\n\n');
  return check({ ...(options.json === true ? { json: true } : {}), socket }, output);
};

/** `dualtone setup`. */
export const setup = async (options: SetupOptions, output: Output): Promise<ExitCode> => {
  if (options.json !== true) output.err(`${WELCOME}\n`);
  const other = await asksToJoin(options);
  if (other === null) {
    const begun = await init(await furtherAnswers(options), output);
    return begun === EXIT.ok || begun === EXIT.warning ? finish(options, output) : begun;
  }
  const { checkpoint: _, ...rest } = options;
  const joining: JoinOptions = { ...rest, ...(options.withCheckpoint === true ? { checkpoint: true } : {}) };
  const joined = await join(other, '-', joining, output);
  return joined === EXIT.ok ? finish(options, output) : joined;
};
