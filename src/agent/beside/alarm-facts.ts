/** From what an agent shows of itself to the facts by which alarms open and end. */
import type { CheckpointFacts, NodeFacts, Troubles } from '../../alarms/protocol.ts';
import type { AgentHealth, CheckpointSnapshot, NodeSnapshot } from '../../api/snapshot.ts';
import type { State } from '../../core/state.ts';
import { rivalOf } from '../../core/words.ts';

const troublesOf = (agent: AgentHealth, journal: string | null, replicator: string | null): Troubles => ({
  memory: agent.memoryTrouble,
  journal,
  replicator,
});

interface StreamLike {
  readonly name: string;
  readonly condition: string;
  readonly text: string;
  readonly lastError?: { readonly message: string } | null;
}

const isStream = (value: unknown): value is StreamLike =>
  typeof value === 'object' && value !== null && 'condition' in value && 'text' in value && 'name' in value;

const streamsOf = ({ streams }: NodeSnapshot): NodeFacts['streams'] =>
  [streams.astdb, ...streams.copied].filter(isStream).map(({ name, condition, text, lastError }) => ({
    name,
    condition,
    text: condition === 'failed' ? (lastError?.message ?? text) : text,
  }));

const switchesOf = ({ switches }: NodeSnapshot): NodeFacts['switches'] =>
  (switches?.all ?? []).flatMap(({ name, trouble }) => (trouble === null ? [] : [{ name, trouble }]));

const readinessOf = ({ checks }: NodeSnapshot): NodeFacts['readiness'] => {
  if (checks === null || checks.readiness.state === 'unknown') return null;
  const { state, text, reasons } = checks.readiness;
  return { state, text, reasons };
};

/** How this node came by its term: seen while it asks. */
export interface TermWatch {
  see(state: State): void;
  came(): NodeFacts['came'];
}

export const createTermWatch = (): TermWatch => {
  let came: NodeFacts['came'] = 'taken';
  return {
    see: ({ lease }) => {
      if (lease.name === 'asking') came = lease.handed > 0 ? 'handed-over' : 'taken';
    },
    came: () => came,
  };
};

export const nodeFactsOf = (snapshot: NodeSnapshot, state: State, came: NodeFacts['came']): NodeFacts => {
  const { node, peer, server, health, other, explanation, streams, agent, journal } = snapshot;
  const { takesOver, missing } = explanation.ifOtherOrThisDied;
  const inTheWay = server === 'nobody' ? explanation.obstacles : missing;
  const loss = streams.loss;
  return {
    kind: 'node',
    wall: snapshot.wall,
    self: { role: node.role, name: node.name },
    peer: { role: rivalOf(node.role), name: peer.name },
    server,
    epoch: snapshot.epoch,
    servesSince: snapshot.servesSince,
    calls: server === 'this' ? health.calls : server === 'other' ? other.calls : -1,
    came,
    ordered: state.disk.pinned,
    halted: state.phase.name === 'halted' ? state.phase.because : null,
    manual: snapshot.mode === 'manual',
    maintenance: snapshot.maintenance !== null,
    needsAcknowledgement: snapshot.needsAcknowledgement,
    telephony: { verdict: health.verdict, reason: health.reason },
    otherHeardMsAgo: other.heardMsAgo,
    otherRelayedMsAgo: other.relayedMsAgo,
    takesOver,
    missing: inTheWay.map(({ rule, text }) => ({ rule, text })),
    checkpoints: snapshot.voters.map(({ name, answeredMsAgo }) => ({ name, answeredMsAgo })),
    streams: streamsOf(snapshot),
    switches: switchesOf(snapshot),
    lossAboveLimit: loss !== null && loss.move === 'takeover' && loss.exceedsLimit ? loss.text : null,
    readiness: readinessOf(snapshot),
    troubles: troublesOf(agent, journal.trouble, streams.trouble),
  };
};

export const checkpointFactsOf = ({
  wall,
  name,
  promise,
  heard,
  agent,
  journal,
}: CheckpointSnapshot): CheckpointFacts => ({
  kind: 'checkpoint',
  wall,
  name,
  votesFor: promise?.holder ?? null,
  heardMsAgo: { main: heard.main.msAgo, standby: heard.standby.msAgo },
  troubles: troublesOf(agent, journal.trouble, null),
});
