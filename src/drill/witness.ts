/** Asks the address that telephones use, ten times a second, as long as a drill lasts. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../config/config.ts';
import type { Millis } from '../core/words.ts';
import { createQuickSipAsker } from '../probes/sip-quick-asker.ts';
import { type Sample, type Sight, STEP_MS } from './samples.ts';

export interface Witness {
  /** Asks until `stop`, at most so long; a second call goes on with what there is. */
  start(mostMs: Millis): void;
  /** What was seen since the start, by this node's wall clock. */
  samples(): readonly Sample[];
  stop(): void;
}

const ANSWER_MS: Millis = 400;
/** What is older tells nothing of a gate. */
const FRESH_MS: Millis = 400;

/** Where telephones ask: the virtual address, or without one the other node. */
export const targetOf = ({ virtualIp, peer, gate }: Config): { readonly host: string; readonly port: number } => ({
  host: virtualIp?.addresses[0]?.split('/')[0] ?? peer.address,
  port: gate.sipPorts[0] ?? 5060,
});

const isHere = (host: string): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === host));

/** `gate`: whether this node's gate is open, and how long ago the agent said so. */
export const createWitness = (
  config: Config,
  gate: () => { readonly isOpen: boolean; readonly agoMs: Millis },
): Witness => {
  const { host, port } = targetOf(config);
  // From the node's own address: one that comes and goes would take the questions with it.
  const open = () => createQuickSipAsker({ transport: 'udp', host, port, localAddress: config.node.address });
  let asker: ReturnType<typeof open> | null = null;
  const found: Sample[] = [];
  let timer: NodeJS.Timeout | null = null;
  let endAt = 0;
  const sight = (): Sight => {
    if (!isHere(host)) return 'network';
    const { isOpen, agoMs } = gate();
    return isOpen && agoMs < FRESH_MS ? 'own' : 'blind';
  };
  const ask = async (): Promise<void> => {
    const at = Date.now();
    const seen = sight();
    asker ??= open();
    const asked = asker;
    const answer = await asked.ask({ timeoutMs: ANSWER_MS, signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) asked.renew();
    // A passive node that refuses callers says so; it serves nobody.
    found.push({ at, answered: answer.ok && answer.value !== 503, sight: seen });
  };
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    void asker?.close();
    asker = null;
  };
  return {
    start: (mostMs) => {
      endAt = performance.now() + mostMs;
      timer ??= setInterval(() => {
        if (performance.now() > endAt) return stop();
        void ask();
      }, STEP_MS);
    },
    samples: () => found.toSorted((a, b) => a.at - b.at),
    stop,
  };
};
