/** Links between the nodes and the checkpoints: loss, delay, duplication, reordering, one-way and two-way cuts. */
import type { Message } from '../src/core/message.ts';
import type { VoterName } from '../src/core/words.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface Weather {
  cutUntil: number;
  loss: number;
  lossUntil: number;
  /** Packets take up to this long, are doubled and overtake each other, until `slowUntil`. */
  slowMs: number;
  slowUntil: number;
}

export interface Network {
  send(from: VoterName, to: VoterName, message: Message): void;
  link(from: VoterName, to: VoterName): Weather;
  readonly names: readonly VoterName[];
  /** All links are well from now on; what is under way still arrives. */
  heal(): void;
  /** A steady loss on all links, besides the weather. */
  baseLoss: number;
}

const fair = (): Weather => ({ cutUntil: 0, loss: 0, lossUntil: 0, slowMs: 0, slowUntil: 0 });

export const createNetwork = (
  names: readonly VoterName[],
  timeline: Timeline,
  random: Random,
  deliver: (to: VoterName, from: VoterName, message: Message) => void,
): Network => {
  const links = new Map<VoterName, Map<VoterName, Weather>>();
  for (const from of names) links.set(from, new Map(names.map((to) => [to, fair()])));
  const link = (from: VoterName, to: VoterName): Weather => {
    const weather = links.get(from)?.get(to);
    if (weather === undefined) throw new Error(`no link from ${from} to ${to}`);
    return weather;
  };
  const carry = (from: VoterName, to: VoterName, message: Message, delayMs: number): void =>
    timeline.after(delayMs, () => deliver(to, from, message));
  const network: Network = {
    names,
    link,
    baseLoss: 0,
    send(from, to, message) {
      const weather = link(from, to);
      const { now } = timeline;
      if (now < weather.cutUntil) return;
      if (network.baseLoss > 0 && random.chance(network.baseLoss)) return;
      if (now < weather.lossUntil && random.chance(weather.loss)) return;
      const slow = now < weather.slowUntil;
      carry(from, to, message, 0.15 + random.next() * 0.6 + (slow ? random.next() ** 2 * weather.slowMs : 0));
      if (slow && random.chance(0.1)) carry(from, to, message, 0.2 + random.next() * weather.slowMs);
    },
    heal() {
      for (const row of links.values()) for (const weather of row.values()) Object.assign(weather, fair());
    },
  };
  return network;
};
