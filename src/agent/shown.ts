import type { ApiSource } from '../api/server.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { rivalOf } from '../core/words.ts';
import type { StreamStatus } from '../replication/stream.ts';
import type { LossView } from '../replicator/protocol.ts';
import { checkNow } from './beside/checker.ts';
import { lossWithAstDb } from './loss.ts';
import type { AgentParts, Works } from './parts.ts';
import { projectNode } from './project.ts';

const nothingCopied = () =>
  fail(
    'no-streams',
    'No stream of database, files or voicemail is configured on this node.',
    'Configure `streams` in its file; see docs/configuration.md.',
  );

const isStatus = (status: unknown): status is StreamStatus =>
  typeof status === 'object' && status !== null && 'lagMs' in status && 'condition' in status;

const lossOf = (parts: AgentParts, { loop }: Works, copied: LossView | null): LossView | null => {
  const { config, settings, clock, astdb } = parts;
  const { lease } = loop.state();
  const told = astdb?.status();
  return lossWithAstDb({
    role: settings.role,
    holding: lease.name === 'held' ? lease.epoch : 0,
    wall: clock.wall(),
    limitMs: config.streams.lossLimitMs,
    astdb: isStatus(told) ? told : null,
    copied,
  });
};

export const streamsOf = (parts: AgentParts, works: Works): NodeSnapshot['streams'] => {
  const { replication, astdb } = parts;
  const status = replication?.status() ?? null;
  return {
    astdb: astdb?.status() ?? null,
    copied: status?.streams ?? [],
    merge: status?.merge ?? null,
    loss: lossOf(parts, works, status?.loss ?? null),
    trouble: replication?.trouble() ?? null,
  };
};

export const listOf = ({ astdb, copied, merge }: NodeSnapshot['streams']): readonly unknown[] => [
  astdb,
  ...copied,
  ...(merge === null ? [] : [{ name: 'merge', ...merge }]),
];

const isLoss = (value: unknown): value is LossView =>
  typeof value === 'object' && value !== null && 'exceedsLimit' in value && 'items' in value;

/** A person asks for work of the replicator. What would be lost is told with AstDB, and also where only that follows. */
export const doWork: (
  parts: AgentParts,
  works: Works,
  ...given: Parameters<ApiSource['work']>
) => Promise<Result<unknown>> = async (parts, works, { work, by }, onProgress, signal) => {
  const { replication } = parts;
  if (work.name === 'check') return checkNow(parts.checker, work.only, signal, () => snapshotOf(parts, works).checks);
  if (work.name !== 'loss') {
    works.records.note('work', { by, ...work });
    return replication === null ? nothingCopied() : replication.work(work, onProgress, signal);
  }
  const told = replication === null ? ok(null) : await replication.work(work, onProgress, signal);
  if (!told.ok) return told;
  const loss = lossOf(parts, works, isLoss(told.value) ? told.value : null);
  return loss === null ? nothingCopied() : ok(loss);
};

export const snapshotOf = (parts: AgentParts, works: Works): NodeSnapshot => {
  const { loop, service, vital } = works;
  const { config, settings, clock, link, board, journal, program } = parts;
  const shown = projectNode(loop.state(), {
    config,
    settings,
    program,
    wall: clock.wall(),
    now: clock.now(),
    servesSince: service.since(),
    samples: board.look().samples.map(({ probe, about, outcome, reason }) => ({ probe, about, outcome, reason })),
    otherProven: link.proven?.(rivalOf(settings.role)) ?? false,
    streams: streamsOf(parts, works),
    switches: parts.switcher?.view() ?? null,
    drill: parts.driller?.view() ?? null,
    journalTrouble: journal.trouble(),
    agent: vital.health(loop.storeTrouble(), link.refused?.() ?? {}),
  });
  return { ...shown, checks: parts.checker?.view(shown) ?? null };
};
