/** What an order to move service would do, in order, and what would hold it up. Nothing is changed, and nothing is asked of people. */
import { existsSync } from 'node:fs';
import { type Move, moveTarget } from '../../api/move.ts';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { type Role, rivalOf } from '../../core/words.ts';
import type { LossView } from '../../replicator/protocol.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { DEFAULT_CONFIG } from '../program.ts';
import { type CommonOptions, type Output, showFault, socketOf } from '../target.ts';

const LOOK_MS = 15_000;

interface Followed {
  readonly name: string;
  readonly text: string;
  readonly ok: boolean;
}

interface Preview {
  readonly move: Move;
  readonly from: Role | null;
  readonly to: Role | null;
  /** Calls up where service is now; negative: not known. */
  readonly calls: number;
  readonly steps: readonly string[];
  readonly home: string | null;
  readonly loss: LossView | null;
  readonly follows: readonly Followed[];
}

/** Machines that would follow, as they are seen from here: looked at, not touched. */
const followsOf = async (target: Role, options: CommonOptions): Promise<readonly Followed[]> => {
  const path = options.config ?? (options.socket === undefined ? DEFAULT_CONFIG : '');
  if (!existsSync(path)) return [];
  const { loadConfig } = await import('../../config/machine.ts');
  const parsed = loadConfig(path);
  if (!parsed.ok) return [];
  const [{ switchesOf }, { run }] = await Promise.all([
    import('../../switcher/switches.ts'),
    import('../../process/run.ts'),
  ]);
  const { config } = parsed;
  const signal = AbortSignal.timeout(LOOK_MS);
  return await Promise.all(
    switchesOf({ ...config, node: { ...config.node, role: target } }, run).map(async (each) => {
      const seen = await each.preview(signal);
      return { name: each.name, ok: seen.ok, text: seen.ok ? seen.value : seen.error.message };
    }),
  );
};

const linesOf = (snapshot: NodeSnapshot, preview: Preview): readonly string[] => {
  const { from, to, calls, steps, home, loss, follows } = preview;
  const named = (role: Role): string => {
    const { name } = snapshot.node.role === role ? snapshot.node : snapshot.peer;
    return name === role ? role : `${name} (${role})`;
  };
  if (to === null) return [from === null ? 'Nobody knows who serves.' : `Service is on ${named(from)} already.`];
  const others = loss?.items ?? [];
  return [
    `Service would move ${from === null ? '' : `from ${named(from)} `}to ${named(to)}. Nothing is changed now.`,
    ...(home === null ? [] : [`  home    ${home}`]),
    ...(others.length === 0 ? ['  data    nothing would be lost'] : others.map(({ text }) => `  data  ! ${text}`)),
    `  calls   ${calls < 0 ? 'not known' : calls === 0 ? 'none is up' : `${calls} are up and would end`}`,
    `  gates   ${from === null ? '' : `that of ${named(from)} closes, then `}that of ${named(to)} opens`,
    `  steps   ${steps.length === 0 ? 'none' : steps.join(', ')}`,
    ...follows.map(({ name, text, ok }) => `  then  ${ok ? ' ' : '!'} ${name}: ${text}`),
  ];
};

/** Exit code 0 where the order would be obeyed as it stands, 1 where it would be refused. */
export const previewMove = async (move: Move, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const socket = await socketOf(options, output);
  const { askSnapshot } = await import('../../api/client.ts');
  const asked = await askSnapshot(socket);
  if (!asked.ok) return showFault(asked.error, options, output);
  const snapshot = asked.value;
  if (snapshot.kind === 'checkpoint') {
    output.err('dualtone: a checkpoint moves no service.\n    run it on a node\n');
    return EXIT.refused;
  }
  const to = moveTarget(move, snapshot);
  const from =
    snapshot.server === 'this' ? snapshot.node.role : snapshot.server === 'other' ? snapshot.peer.role : null;
  const { askLoss } = await import('../../api/loss.ts');
  const preview: Preview = {
    move,
    from: to === null ? from : from === null ? null : rivalOf(to),
    to,
    calls: snapshot.server === 'other' ? snapshot.other.calls : snapshot.health.calls,
    steps: snapshot.plan.steps.map(({ id }) => id),
    home: move === 'failback' ? (snapshot.streams.merge?.text ?? null) : null,
    loss: to === null || snapshot.streams.loss === null ? null : await askLoss(socket, 'preview', to),
    follows: to === null ? [] : await followsOf(to, options),
  };
  if (options.json === true) output.out(`${JSON.stringify(preview)}\n`);
  else output.out(`${linesOf(snapshot, preview).join('\n')}\n`);
  const wouldBeRefused = to === null || preview.loss?.exceedsLimit === true;
  if (wouldBeRefused && to !== null && options.json !== true)
    output.out('  It would be refused without --accept-loss.\n');
  return wouldBeRefused ? EXIT.refused : EXIT.ok;
};
