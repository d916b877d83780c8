/** Checkpoints that cannot promise (NRPE): both nodes ask all of them, at their own pace, whether they reach the main's agent, or one that serves. */
import type { Sample } from '../src/core/event.ts';
import type { Settings } from '../src/core/settings.ts';
import type { Role, VoterName } from '../src/core/words.ts';
import type { AgentProcess } from './agent-process.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface Lookout {
  readonly name: VoterName;
  /** What it says whatever it sees; null: the truth. */
  lie: 'ok' | 'failed' | null;
  dead: boolean;
}

type Outcome = Sample['outcome'];

export interface Lookouts {
  readonly all: readonly Lookout[];
  /** The agent begins a look at once, as it does when it has started, and looks on at its pace. */
  begin(role: Role): void;
}

/** The names of the pair's lookouts. */
export const lookoutNames = ({ watch }: Settings): readonly VoterName[] =>
  watch.kind === 'looks' && watch.need !== undefined ? ['lookout-1', 'lookout-2', 'lookout-3'] : [];

export const createLookouts = (
  settings: Settings,
  agents: Readonly<Record<Role, AgentProcess>>,
  network: Network,
  timeline: Timeline,
  random: Random,
): Lookouts => {
  const all = lookoutNames(settings).map((name): Lookout => ({ name, lie: null, dead: false }));
  const everyMs = settings.watch.kind === 'looks' ? settings.watch.lookMs : 0;
  const passes = (from: VoterName, to: VoterName): boolean => timeline.now >= network.link(from, to).cutUntil;
  const reach = (a: VoterName, b: VoterName): boolean => passes(a, b) && passes(b, a);
  const mustServe = all.length > 0 && random.chance(0.5);
  const mainIsThere = (): boolean => {
    const { machine, status, state } = agents.main;
    const isAlive = machine.up && !machine.paused && status === 'running';
    return isAlive && (!mustServe || state.lease.name === 'held');
  };
  const answer = (role: Role, { name, lie, dead }: Lookout): Outcome => {
    if (dead || !reach(role, name)) return 'silent';
    return lie ?? (reach(name, 'main') && mainIsThere() ? 'ok' : 'failed');
  };
  /** Rises with each start of the agent: the looks of a former one end. */
  const rounds: Record<Role, number> = { main: 0, standby: 0 };
  const look = (role: Role, round: number): void => {
    if (round !== rounds[role] || agents[role].status === 'dead') return;
    timeline.after(everyMs, () => look(role, round));
    // Who stands still asks nothing.
    if (agents[role].status !== 'running') return;
    const outcomes = all.map((each) => answer(role, each));
    // Who does not answer is waited for.
    const tookMs = random.between(2, outcomes.includes('silent') ? 0.5 * everyMs : 12);
    timeline.after(tookMs, () => {
      if (round === rounds[role]) agents[role].lookAtMain(outcomes);
    });
  };
  return {
    all,
    begin(role) {
      rounds[role] += 1;
      if (all.length > 0) look(role, rounds[role]);
    },
  };
};
