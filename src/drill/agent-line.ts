/** The agent of this node as the process that makes drills has it: by its control socket, as a person would. */
import { setTimeout as sleep } from 'node:timers/promises';
import { askSnapshot, askWork, giveCommand, watchSnapshots } from '../api/client.ts';
import { askLoss } from '../api/loss.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Command } from '../core/event.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis, Role } from '../core/words.ts';
import type { LossView } from '../replicator/protocol.ts';

export interface AgentLine {
  /** The latest, not older than some seconds; null: there is none. */
  snapshot(): NodeSnapshot | null;
  /** How old it is. */
  agoMs(): Millis;
  /** A new one. Faults: those of `askSnapshot`. */
  look(): Promise<Result<NodeSnapshot>>;
  /** Faults: what the agent refuses with. */
  order(command: Command, by: string): Promise<Result<void>>;
  /** What a move to that node would lose; null: nothing follows. */
  loss(target: Role, by: string): Promise<LossView | null>;
  /** Everything is tried on both nodes. */
  check(by: string): Promise<void>;
  close(): void;
}

const WATCH_MS: Millis = 50;
const STALE_MS: Millis = 3000;
const VALID_MS: Millis = 5000;
const PATIENCE_MS: Millis = 20_000;
/** Well within what a person's question waits. */
const CHECK_MS: Millis = 25_000;

export const createAgentLine = (socket: string): AgentLine => {
  const off = new AbortController();
  let latest: NodeSnapshot | null = null;
  let at = Number.NEGATIVE_INFINITY;
  const watch = async (): Promise<void> => {
    while (!off.signal.aborted) {
      await watchSnapshots(socket, WATCH_MS, off.signal, (snapshot) => {
        if (snapshot.kind !== 'node') return;
        latest = snapshot;
        at = performance.now();
      });
      await sleep(WATCH_MS);
    }
  };
  void watch();
  const agoMs = (): Millis => performance.now() - at;
  return {
    snapshot: () => (agoMs() < STALE_MS ? latest : null),
    agoMs,
    look: async () => {
      const asked = await askSnapshot(socket);
      if (!asked.ok) return asked;
      return asked.value.kind === 'node' ? ok(asked.value) : fail('not-a-node', 'This is a checkpoint.', 'Ask a node.');
    },
    order: async (command, by) => {
      const given = await giveCommand(
        socket,
        { type: 'command', by, validMs: VALID_MS, epoch: null, command },
        PATIENCE_MS,
      );
      if (!given.ok) return given;
      const { code, text, remedy } = given.value;
      return given.value.ok ? ok(undefined) : fail(code, text, remedy);
    },
    loss: async (target, by) => {
      const known = latest ?? null;
      return known === null || known.streams.loss === null ? null : askLoss(socket, by, target);
    },
    check: async (by) => {
      await askWork(socket, by, { name: 'check', only: null }, AbortSignal.timeout(CHECK_MS), () => undefined);
    },
    close: () => off.abort(),
  };
};
