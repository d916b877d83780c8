/** How far the pair is protected against two active nodes, with the configuration and the state as they are (E6). */

import { inMaintenance } from './draft.ts';
import { inForce } from './in-force.ts';
import type { Settings } from './settings.ts';
import type { State } from './state.ts';

export interface Protection {
  readonly level: 'not-at-all' | 'likely' | 'always';
  /** The one line of `status`. */
  readonly text: string;
  /** Why it is not more, most decisive first; empty with `always`. */
  readonly reasons: readonly string[];
  /** What is left even so. */
  readonly exceptions: readonly string[];
}

/** What the core does not know of a node, and this line must. */
export interface ProtectionFacts {
  /** The kernel drops packets without a lease (`gate.enforce`). */
  readonly gateEnforced: boolean;
  /** A link, a gateway or a ping target tells this node when it is the one cut off. */
  readonly watchesOwnNetwork: boolean;
}

interface Weakness {
  readonly level: 'not-at-all' | 'likely';
  readonly text: string;
}

const weakness = (level: Weakness['level'], text: string): Weakness => ({ level, text });

const arbiterWeakness = (settings: Settings, state: State, facts: ProtectionFacts): Weakness | null => {
  const { arbiter, watch } = settings;
  // Silence decides nothing then: a device does, or a person.
  if (settings.fencing !== null) return null;
  if (watch.kind === 'looks' && watch.need !== undefined && arbiter.kind === 'none')
    return weakness(
      'likely',
      'the checkpoints cannot promise: both nodes ask them, and the main stops by its own count when they do not reach it',
    );
  if (arbiter.kind === 'none') {
    return facts.watchesOwnNetwork
      ? weakness('likely', 'no checkpoint votes: a cut between the two nodes alone makes both serve')
      : weakness(
          'not-at-all',
          'no checkpoint votes and nothing tells a node that it is cut off: any cut makes both serve',
        );
  }
  if (state.disk.loose) {
    return weakness(
      'likely',
      arbiter.kind === 'etcd'
        ? 'etcd stays lost and is left out by agreement: a cut between the nodes makes both serve'
        : 'the checkpoints stay lost and are left out by agreement: a cut between the nodes makes both serve',
    );
  }
  return null;
};

const manualWeakness = ({ disk, lease }: State): Weakness | null => {
  if (inForce(disk.orders).mode !== 'manual') return null;
  return lease.name === 'held' && lease.heldOpen
    ? weakness(
        'likely',
        'manual mode: no lease runs out, and a start with the other node unreachable rests on a person’s word',
      )
    : weakness('likely', 'manual mode: a start with the other node unreachable rests on a person’s word');
};

const weaknesses = (settings: Settings, state: State, facts: ProtectionFacts): readonly Weakness[] => {
  const found: (Weakness | null)[] = [
    arbiterWeakness(settings, state, facts),
    manualWeakness(state),
    settings.onIsolation === 'serve'
      ? weakness('likely', 'on-isolation is serve: an active node without its lease goes on')
      : null,
    facts.gateEnforced
      ? null
      : weakness('likely', 'gate.enforce is off: an agent that hangs or is killed leaves its telephony answering'),
    settings.telephony === 'warm' && settings.arbiter.kind === 'none' && !facts.gateEnforced
      ? weakness('not-at-all', 'a warm Asterisk without a gate answers on both nodes')
      : null,
  ];
  return found.filter((each) => each !== null);
};

/** Without votes, what stands still is turned off before another serves. */
const pauseExceptions = ({ timing, fencing }: Settings, byVotes: boolean): readonly string[] => {
  if (fencing !== null && !byVotes) return [];
  const until = fencing?.unheardMs ?? null;
  const turnedOff = until === null ? '' : `, until a device has turned it off, ${until} ms after the other took over`;
  return [`a virtual machine that was paused may serve for up to ${timing.leaseMs} ms after it wakes${turnedOff}`];
};

const exceptionsOf = (settings: Settings, state: State, facts: ProtectionFacts): readonly string[] => {
  const { arbiter, timing, fencing } = settings;
  const byVotes = arbiter.kind !== 'none' && !state.disk.loose;
  const found = [
    ...pauseExceptions(settings, byVotes),
    ...(fencing === null || byVotes ? [] : ['a fence device that says off of a machine that is on']),
    ...(facts.gateEnforced
      ? ['another program that empties the whole firewall opens the gate until it is put back, within milliseconds']
      : []),
    ...(arbiter.kind !== 'none' && arbiter.whenLost === 'likely' && !state.disk.loose && fencing === null
      ? [
          `when ${arbiter.kind === 'etcd' ? 'etcd' : 'every checkpoint'} stays lost for ${Math.round(arbiter.lostAfterMs / 1000)} s, the nodes do without: then only likely`,
        ]
      : []),
    ...(arbiter.kind === 'etcd'
      ? [
          `an etcd cluster put back to an old backup within ${Math.round(timing.promiseMs / 2)} ms: it takes longer to stop and start one`,
        ]
      : []),
    ...(arbiter.kind !== 'none' ? [`a clock more than ${timing.clockPpm} ppm off its rate`] : []),
    ...(timing.heartbeatMs < 100
      ? ['preset quick: a burst of loss over 100 ms may cost a takeover, though never two active nodes']
      : []),
    ...(inMaintenance(state) ? ['maintenance: nothing moves by itself until it ends'] : []),
  ];
  return found;
};

const LINE: Readonly<Record<Protection['level'], string>> = {
  always: 'Protected against two active nodes: always',
  likely: 'Protected against two active nodes: likely',
  'not-at-all': 'Protected against two active nodes: not at all',
};

/** One line, why it is not more, and every exception. */
export const protectionOf = (settings: Settings, state: State, facts: ProtectionFacts): Protection => {
  const found = weaknesses(settings, state, facts);
  const level = found.some((each) => each.level === 'not-at-all')
    ? 'not-at-all'
    : found.length > 0
      ? 'likely'
      : 'always';
  const decisive = found.find((each) => each.level === level);
  const byVotes = settings.arbiter.kind !== 'none' && !state.disk.loose;
  const always = byVotes
    ? 'a node serves only with a majority of votes or the other’s word, and the kernel enforces it'
    : 'a node serves only by the other’s word, or after a device has turned the silent other one off';
  const why = decisive === undefined ? always : decisive.text;
  return {
    level,
    text: `${LINE[level]} (${why}).`,
    reasons: found.map((each) => each.text),
    exceptions: exceptionsOf(settings, state, facts),
  };
};
