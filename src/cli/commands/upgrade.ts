/**
 * `dualtone upgrade`: the pair's packages, one node after the other, while it is passive. What is needed after the first program is loaded
 * before it: a file that is loaded late may be another version's.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { askSnapshot, giveCommand, tellAudit } from '../../api/client.ts';
import { controlSocketPath } from '../../config/config.ts';
import { fail, ok } from '../../core/result.ts';
import { run } from '../../process/run.ts';
import { createRunAlone } from '../../upgrade/alone.ts';
import type { Next } from '../../upgrade/guide.ts';
import { createRecordStore, type RecordStore } from '../../upgrade/record.ts';
import { type Ground, goOn, lookAhead, type UpgradeOptions } from '../../upgrade/upgrade.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter } from '../prompt.ts';
import { type Output, orEnd } from '../target.ts';
import type { LossOptions } from './loss.ts';
import { begin, move, whoami } from './order.ts';
import { configOf } from './replicate.ts';

export interface UpgradeCommandOptions extends LossOptions {
  readonly preview?: boolean;
  readonly yes?: boolean;
  readonly done?: boolean;
  readonly last?: boolean;
  readonly anew?: boolean;
}

const VALID_MS = 5000;
const PATIENCE_MS = 20_000;

const ENDS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** A terminal that goes, or Ctrl-C, must not leave packages half there: what runs comes to its end first. */
const createPatience = (options: UpgradeCommandOptions, output: Output) => {
  let toEnd = false;
  const onEnd = (): void => {
    if (!toEnd && options.json !== true) output.err('It ends as soon as what runs now has ended.\n');
    toEnd = true;
  };
  for (const signal of ENDS) process.on(signal, onEnd);
  return {
    isToEnd: () => toEnd,
    over: (): void => {
      for (const signal of ENDS) process.off(signal, onEnd);
    },
  };
};

const groundOf = (
  socket: string,
  stateDir: string,
  isToEnd: () => boolean,
  options: UpgradeCommandOptions,
  output: Output,
): Ground => {
  const by = `${whoami()} (command line)`;
  return {
    store: createRecordStore(stateDir),
    look: async () => {
      const asked = await askSnapshot(socket);
      if (!asked.ok) return asked;
      if (asked.value.kind === 'node') return ok(asked.value);
      return fail(
        'upgrade-not-now',
        'This is a checkpoint.',
        'Checkpoints are upgraded one by one, whenever you like.',
      );
    },
    order: (command) =>
      giveCommand(socket, { type: 'command', by, validMs: VALID_MS, epoch: null, command }, PATIENCE_MS),
    note: async (text) => {
      if (options.json !== true) output.out(`${text}\n`);
      // A journal that cannot be told ends no upgrade.
      await tellAudit(socket, by, 'upgrade', text);
    },
    run: createRunAlone(stateDir, run),
    wait: (ms) => sleep(ms),
    now: () => performance.now(),
    isToEnd,
  };
};

const tellOf = (next: Next, programs: readonly string[]): string => {
  switch (next.do) {
    case 'run':
      return `This node is passive: ${programs.join(', ')} would run here now, the pair pausing meanwhile; then it is seen whether all is well.`;
    case 'by-hand':
      return 'This node is passive. `upgrade.programs` names none: upgrade its packages by hand now, then run `dualtone upgrade --done`.';
    case 'verify':
      return 'The packages are done here: it would be seen now whether all is well.';
    case 'move':
      return next.order === 'failback'
        ? 'This node is upgraded: service would come back to it.'
        : 'This node is upgraded: service would move here, so that the main can be upgraded (or, with --last, stay).';
    case 'elsewhere':
      return next.text;
    case 'refuse':
      return next.fault.message;
  }
};

/** Service moves only where a person says so, now or by an option. */
const moveHere = async (
  orderName: 'takeover' | 'failback',
  store: RecordStore,
  options: UpgradeCommandOptions,
  output: Output,
): Promise<ExitCode> => {
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const question =
    orderName === 'failback'
      ? 'Bring service back to this node now?'
      : 'Move service here now, so that the main can be upgraded? (no, if it was before)';
  if (options.yes !== true && !(prompter.isThere && (await prompter.confirm(question)))) {
    output.out('This node is upgraded; service stays where it is. Run `dualtone upgrade` again to move it.\n');
    return EXIT.ok;
  }
  const moved = await (orderName === 'failback'
    ? move('failback', options, output)
    : begin('takeover', options, output));
  // What was remembered has served: with the next upgrade everything begins anew.
  if (moved === EXIT.ok) store.forget();
  return moved;
};

/** `dualtone upgrade`. */
export const upgrade = async (options: UpgradeCommandOptions, output: Output): Promise<ExitCode> => {
  const config = await configOf(options, output);
  await import('../../api/loss.ts');
  const patience = createPatience(options, output);
  const ground = groundOf(
    options.socket ?? controlSocketPath(config),
    config.stateDir,
    patience.isToEnd,
    options,
    output,
  );
  if (options.anew === true) ground.store.forget();
  const work: UpgradeOptions = {
    programs: config.upgrade.programs,
    readyMs: config.upgrade.readyTimeMs,
    isDoneByHand: options.done === true,
    isLast: options.last === true,
    isWarm: config.telephony === 'warm',
  };
  const gone = options.preview === true ? await lookAhead(ground, work) : await goOn(ground, work);
  patience.over();
  const next = orEnd(gone, options, output);
  const text = tellOf(
    next,
    work.programs.map(({ name }) => name),
  );
  if (next.do === 'move' && options.preview !== true) return moveHere(next.order, ground.store, options, output);
  if (next.do === 'elsewhere' && options.preview !== true) ground.store.forget();
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, next: next.do, text })}\n`);
  else output.out(`${text}\n`);
  return EXIT.ok;
};
