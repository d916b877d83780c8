/** From the core's state and the configuration to what the agent shows of itself. Pure but for what it is given. */

import type { AgentHealth, Headline, NodeSnapshot, SampleView, Server } from '../api/snapshot.ts';
import { SNAPSHOT_VERSION } from '../api/snapshot.ts';
import { type Config, journalPath, neededReports, watchesOwnNetwork } from '../config/config.ts';
import { createDraft } from '../core/draft.ts';
import { type Explanation, explain, missingText } from '../core/explain.ts';
import { inForce } from '../core/in-force.ts';
import { protectionOf } from '../core/protection.ts';
import { rivalServes } from '../core/rival-view.ts';
import type { Settings } from '../core/settings.ts';
import type { State } from '../core/state.ts';
import { type Epoch, type Instant, type Millis, rivalOf, type WallTime } from '../core/words.ts';

/** What the core does not know and the snapshot shows. */
export interface Surroundings {
  readonly config: Config;
  readonly settings: Settings;
  readonly program: string;
  readonly wall: WallTime;
  readonly now: Instant;
  readonly servesSince: WallTime | null;
  readonly samples: readonly SampleView[];
  readonly otherProven: boolean;
  readonly streams: NodeSnapshot['streams'];
  readonly switches: NodeSnapshot['switches'];
  readonly drill: NodeSnapshot['drill'];
  readonly journalTrouble: string | null;
  readonly agent: AgentHealth;
}

export interface Serving {
  readonly server: Server;
  readonly epoch: Epoch;
}

/** Who serves, as far as this node knows: itself by its gate, the other by its own word not older than a promise. */
export const servingOf = (settings: Settings, state: State, now: Instant): Serving => {
  const here = state.lease.name === 'held' && (state.phase.name === 'serving' || state.phase.name === 'draining');
  const there = rivalServes(createDraft(settings, state, now));
  const own = state.lease.name === 'held' ? state.lease.epoch : 0;
  if (here && there > 0) return { server: 'both', epoch: Math.max(own, there) };
  if (here) return { server: 'this', epoch: own };
  return there > 0 ? { server: 'other', epoch: there } : { server: 'nobody', epoch: 0 };
};

const since = (at: Instant, now: Instant): Millis | null => (at > 0 ? Math.max(0, Math.round(now - at)) : null);

const readyText = ({ settings, config }: Surroundings, server: Server, { ifOtherOrThisDied }: Explanation): string => {
  if (server === 'nobody') return ifOtherOrThisDied.text;
  const other =
    server === 'other'
      ? `${config.node.name} (${settings.role}, this node)`
      : `${config.peer.name} (${rivalOf(settings.role)})`;
  if (ifOtherOrThisDied.takesOver) return `${other} can take over`;
  return `${other} could NOT take over now: ${missingText(ifOtherOrThisDied.missing)}`;
};

const headlineOf = (around: Surroundings, state: State, server: Server, explanation: Explanation): Headline => {
  const { config, settings } = around;
  const here = `${config.node.name} (${settings.role}, this node)`;
  const there = `${config.peer.name} (${rivalOf(settings.role)})`;
  const ready = readyText(around, server, explanation);
  if (state.phase.name === 'halted')
    return { level: 'alarm', who: `${here} has HALTED itself`, ready: state.phase.because };
  switch (server) {
    case 'both':
      return { level: 'alarm', who: 'BOTH NODES SERVE', ready: 'one of them yields at once; see `dualtone explain`' };
    case 'nobody':
      return { level: 'alarm', who: 'NOBODY is known to serve', ready: explanation.text };
    case 'this': {
      const ill = state.health.verdict === 'down' ? `, though its telephony is DOWN (${state.health.reason})` : '';
      const level = ill !== '' ? 'alarm' : explanation.ifOtherOrThisDied.takesOver ? 'good' : 'warning';
      return { level, who: `${here} serves${ill}`, ready };
    }
    case 'other':
      return { level: explanation.ifOtherOrThisDied.takesOver ? 'good' : 'warning', who: `${there} serves`, ready };
  }
};

const phaseText = (state: State, now: Instant): string => {
  const { phase } = state;
  switch (phase.name) {
    case 'passive':
      return 'passive';
    case 'serving':
      return state.gateOpen ? 'active' : 'active, its gate opens';
    case 'draining': {
      const left = Math.max(0, Math.round((phase.until - now) / 1000));
      return phase.whenIdle
        ? `active, hands over when idle, at the latest in ${left} s: ${phase.because}`
        : `active, hands over: ${phase.because}`;
    }
    case 'closing':
      return `closing its gate (${phase.why})`;
    case 'halted':
      return `halted: ${phase.because}`;
  }
};

const leaseOf = ({ lease }: State, now: Instant): NodeSnapshot['lease'] => {
  if (lease.name !== 'held') return { name: lease.name, leftMs: null, heldOpen: false };
  return { name: 'held', leftMs: lease.heldOpen ? null : Math.round(lease.leaseUntil - now), heldOpen: lease.heldOpen };
};

const otherOf = ({ rival }: State, proven: boolean, now: Instant): NodeSnapshot['other'] => ({
  heardMsAgo: since(rival.heardAt, now),
  proven,
  well: rival.status?.well ?? null,
  holding: rival.status?.holding ?? 0,
  calls: rival.status?.calls ?? -1,
  relayedMsAgo: rival.relayedAt > rival.heardAt ? since(rival.relayedAt, now) : null,
});

/** The snapshot of a node, without its checks, which are made of it. */
export const projectNode = (state: State, around: Surroundings): Omit<NodeSnapshot, 'checks'> => {
  const { config, settings, now } = around;
  const { server, epoch } = servingOf(settings, state, now);
  const explanation = explain(settings, state, now);
  const facts = {
    gateEnforced: config.gate.enforce,
    watchesOwnNetwork: watchesOwnNetwork(config) || neededReports(config) !== null,
  };
  const { health, disk, plan, errand } = state;
  const left = state.maintenanceUntil - now;
  return {
    kind: 'node',
    version: SNAPSHOT_VERSION,
    program: around.program,
    wall: around.wall,
    node: { role: settings.role, name: config.node.name, address: config.node.address },
    peer: { role: rivalOf(settings.role), name: config.peer.name, address: config.peer.address },
    headline: headlineOf(around, state, server, explanation),
    server,
    servesSince: around.servesSince,
    epoch,
    phase: state.phase.name,
    phaseText: phaseText(state, now),
    lease: leaseOf(state, now),
    gate: { open: state.gateOpen, enforced: config.gate.enforce },
    mode: inForce(disk.orders).mode,
    maintenance: left > 0 ? { leftMs: Math.round(left), reason: inForce(disk.orders).maintenanceReason } : null,
    needsAcknowledgement: disk.needsAcknowledgement,
    health: {
      verdict: health.verdict,
      sinceMs: Math.round(now - health.since),
      reason: health.reason,
      calls: health.calls,
      network: health.network,
    },
    samples: around.samples,
    other: otherOf(state, around.otherProven, now),
    voters: state.voters.map(({ name, answeredAt, lastWhy }) => ({
      name,
      // At its start the core counts voters as heard; until a first word came, nothing was.
      answeredMsAgo: answeredAt > state.startedAt ? since(answeredAt, now) : null,
      said: lastWhy,
    })),
    plan: {
      target: plan.target,
      steps: settings.plan.map(({ id }, index) => ({ id, status: plan.statuses[index] ?? 'to-do' })),
    },
    errand: errand === null ? null : { name: errand.name, leftMs: Math.round(errand.until - now) },
    explanation,
    protection: protectionOf(settings, state, facts),
    streams: around.streams,
    switches: around.switches,
    drill: around.drill,
    journal: { path: journalPath(config), trouble: around.journalTrouble },
    agent: around.agent,
  };
};
