/** An agent's first start where telephony serves already: it listens, and then holds what serves instead of closing it (ADR 0063). */
import { type Adopted, adoptedAt, listenMs, notAdopted } from '../core/adoption.ts';
import { type Fault, fail, type Result } from '../core/result.ts';
import { type Instant, rivalOf, type VoterName } from '../core/words.ts';
import type { AgentParts, Works } from './parts.ts';

/** Those who were heard before this agent began. */
export interface EarlyEar {
  heard(from: VoterName): void;
}

const otherRuns = (other: string): Fault =>
  fail(
    'adopt-other-runs',
    `The agent of ${other} runs already: only one of the two may go on with what serves before they have met.`,
    'Nothing is to be done: who serves is decided by both.',
  ).error;

const notRemembered = (why: string): Fault =>
  fail('adopt-not-kept', `The memory of it could not be kept: ${why}.`, 'See to the disk.').error;

/** Ends with the first word of the other node, or after so long without one. */
const listen = async (
  { clock, settings, link }: AgentParts,
  onEar: (ear: EarlyEar | null) => void,
): Promise<'silence' | 'heard'> => {
  const rival = rivalOf(settings.role);
  const { promise, resolve } = Promise.withResolvers<'silence' | 'heard'>();
  onEar({ heard: (from) => from === rival && resolve('heard') });
  const cancel = clock.at(clock.now() + listenMs(settings), () =>
    resolve(link.proven?.(rival) === true ? 'heard' : 'silence'),
  );
  const ended = await promise;
  cancel();
  onEar(null);
  return ended;
};

/** What is remembered is kept before the gate is loaded. */
const hold = async ({ store, gate }: AgentParts, adopted: Adopted, now: Instant): Promise<Fault | null> => {
  for (const kept of [store.saveBoot(adopted.boot), store.saveDisk(adopted.disk)])
    if (!kept.ok) {
      store.saveBoot(notAdopted(adopted.boot));
      return notRemembered(kept.error.message);
    }
  const opened = await gate.openServing(adopted.slot, now + adopted.ticketMs);
  if (opened.ok) return null;
  store.saveBoot(notAdopted(adopted.boot));
  return opened.error;
};

const against = async (
  parts: AgentParts,
  taken: Result<void>,
  onEar: (ear: EarlyEar | null) => void,
): Promise<Fault | null> => {
  if (!taken.ok) return taken.error;
  // Also for the time in which this voter has told nobody anything: the silence of a boot, while what serves goes on.
  if ((await listen(parts, onEar)) === 'heard') return otherRuns(parts.config.peer.name);
  const fault = await parts.adoption?.against();
  if (fault !== undefined && fault !== null) return fault;
  const now = parts.clock.now();
  return hold(parts, adoptedAt(parts.settings, now), now);
};

/** True: the gate is loaded and open, and the memory says so. False: there was no order, or this start begins as every other; it was told why. */
export const adoptIfOrdered = async (
  parts: AgentParts,
  { records, say }: Pick<Works, 'records' | 'say'>,
  taken: Result<void>,
  onEar: (ear: EarlyEar | null) => void,
): Promise<boolean> => {
  const fault = await against(parts, taken, onEar);
  if (fault === null) {
    records.note('adopted', { settings: parts.settings.role });
    say('info', 'adopted', 'This node goes on with the telephony that served before its agent began.');
    return true;
  }
  const { code, message, remedy } = fault;
  records.note('adoption-refused', { code, message });
  say('warning', code, `This start begins as every other, with the gate closed: ${message} ${remedy}`);
  return false;
};
