import { fileURLToPath } from 'node:url';
import { ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import { type LinesChild, startLinesChild } from '../phones/child.ts';
import type { Testimony, WitnessCommands } from './protocol.ts';

/** A running witness, as the lab speaks to it. */
export interface Witness {
  /** What the node was seen to do in a window of `monotonicMs`. Fault: `lab-gone`. */
  readonly report: (sinceMs: number, untilMs: number) => Promise<Result<Testimony>>;
  readonly stop: () => Promise<void>;
}

export interface WitnessOptions {
  /** The plain host in whose network it lives. */
  readonly at: Host;
  /** The virtual IP, and the link address of the node that it shall always lead to from there; or the node's own address. */
  readonly server: string;
  readonly linkAddress?: string;
  readonly user: string;
  readonly signal: AbortSignal;
}

/** Starts a witness. The permanent neighbour entry is not moved by gratuitous ARP. Faults: `program-failed`, those of the child. */
export const startWitness = async (options: WitnessOptions): Promise<Result<Witness>> => {
  const { at, server, linkAddress, user, signal } = options;
  if (linkAddress !== undefined) {
    const pin = ['ip', 'neigh', 'replace', server, 'lladdr', linkAddress, 'nud', 'permanent', 'dev', 'eth0'];
    const pinned = await at.execChecked(pin);
    if (!pinned.ok) return pinned;
  }
  const child: Result<LinesChild<WitnessCommands>> = await startLinesChild<WitnessCommands>({
    enter: at.enter,
    program: fileURLToPath(new URL('main.ts', import.meta.url)),
    signal,
  });
  if (!child.ok) return child;
  const { call, stop } = child.value;
  const started = await call('start', { localAddress: at.address.v4, server, user });
  if (started.ok) return ok({ report: async (sinceMs, untilMs) => await call('report', { sinceMs, untilMs }), stop });
  await stop();
  return started;
};
