/** What Prometheus reads (text format 0.0.4), from the last view of the pair. */
import type { NodeSnapshot, PairView, StreamStatus } from '../contract.ts';
import { freshOf } from './state.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

export interface ServerFacts {
  readonly eventStreams: number;
  readonly requests: number;
  readonly refused: number;
  readonly version: string;
}

const escaped = (text: string): string =>
  text.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`);

const labelText = (labels: Labels): string => {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
};

const render = ({ name, help, type, samples }: Family): string =>
  samples.length === 0
    ? ''
    : [
        `# HELP dualtone_${name} ${help.replaceAll('\\', String.raw`\\`)}`,
        `# TYPE dualtone_${name} ${type}`,
        ...samples.map(({ labels, value }) => `dualtone_${name}${labelText(labels)} ${value}`),
        '',
      ].join('\n');

const one = (value: number | null, labels: Labels = {}): readonly Sample[] =>
  value === null || !Number.isFinite(value) ? [] : [{ labels, value }];

const flag = (value: boolean): number => (value ? 1 : 0);
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
});

/** Exactly one of the states is 1. */
const states = (name: string, all: readonly string[], now: string, labels: Labels = {}): readonly Sample[] =>
  all.map((each) => ({ labels: { ...labels, [name]: each }, value: flag(each === now) }));

const isStream = (value: unknown): value is StreamStatus =>
  typeof value === 'object' && value !== null && 'condition' in value && 'lagMs' in value && 'name' in value;

const servingFamilies = (node: NodeSnapshot): readonly Family[] => {
  const names = [
    {
      labels: { node: node.node.name, role: node.node.role },
      active: node.server === 'this' || node.server === 'both',
    },
    {
      labels: { node: node.peer.name, role: node.peer.role },
      active: node.server === 'other' || node.server === 'both',
    },
  ];
  const { explanation, protection, lease, gate, health, mode, maintenance, headline } = node;
  return [
    gauge(
      'active',
      'Which node serves, as this one knows.',
      names.map(({ labels, active }) => ({ labels, value: flag(active) })),
    ),
    gauge('epoch', 'Term of service of who serves.', one(node.epoch)),
    gauge('headline_level', '0 good, 1 warning, 2 alarm.', one(['good', 'warning', 'alarm'].indexOf(headline.level))),
    gauge(
      'could_take_over',
      'The passive node could take over now.',
      one(flag(explanation.ifOtherOrThisDied.takesOver)),
    ),
    gauge(
      'protection',
      'How far the pair is protected against two active nodes.',
      states('level', ['not-at-all', 'likely', 'always'], protection.level),
    ),
    gauge('lease_left_seconds', 'Until the lease of this node runs out.', one(seconds(lease.leftMs))),
    gauge('gate_open', 'The gate of this node lets telephony through.', one(flag(gate.open))),
    gauge(
      'health',
      "Verdict on this node's telephony.",
      states('verdict', ['up', 'degraded', 'down', 'unknown'], health.verdict),
    ),
    gauge('calls', 'Calls that are up on this node.', one(health.calls < 0 ? null : health.calls)),
    gauge('manual_mode', 'The pair is in manual mode.', one(flag(mode === 'manual'))),
    gauge('maintenance', 'A maintenance is on.', one(flag(maintenance !== null))),
    gauge(
      'needs_acknowledgement',
      'Too many switches: a person must acknowledge.',
      one(flag(node.needsAcknowledgement)),
    ),
  ];
};

const companyFamilies = ({ other, voters, samples }: NodeSnapshot): readonly Family[] => [
  gauge('peer_heard_seconds', 'Since the other node was heard.', one(seconds(other.heardMsAgo))),
  gauge(
    'voter_answered_seconds',
    'Since a voter answered.',
    voters.flatMap(({ name, answeredMsAgo }) => one(seconds(answeredMsAgo), { voter: name })),
  ),
  gauge(
    'probe_good',
    'The last answer of each probe of this node was good.',
    samples.map(({ probe, about, outcome }) => ({ labels: { probe, about }, value: flag(outcome === 'ok') })),
  ),
];

const streamFamilies = ({ streams }: NodeSnapshot): readonly Family[] => {
  const all = [...(isStream(streams.astdb) ? [streams.astdb] : []), ...streams.copied];
  const each = (pick: (stream: StreamStatus) => number | null) =>
    all.flatMap((stream) => one(pick(stream), { stream: stream.name, direction: stream.direction }));
  return [
    gauge(
      'stream_lag_seconds',
      'How much older the copy is than the original at most.',
      each(({ lagMs }) => seconds(lagMs)),
    ),
    gauge(
      'stream_failed',
      'The stream failed or is blocked.',
      each(({ condition }) => flag(condition === 'failed' || condition === 'blocked')),
    ),
    gauge(
      'stream_last_success_timestamp_seconds',
      'When the stream last succeeded.',
      each(({ lastSuccess }) => seconds(lastSuccess)),
    ),
  ];
};

const checkFamilies = ({ checks }: NodeSnapshot): readonly Family[] => {
  if (checks === null) return [];
  const reports = [checks.own, checks.other].filter((report) => report !== null);
  return [
    gauge(
      'readiness',
      'Could the passive node take over now.',
      states('state', ['ready', 'degraded', 'not-ready', 'unknown'], checks.readiness.state),
    ),
    gauge(
      'check_failed',
      'A prerequisite fails and is not accepted.',
      reports.flatMap(({ node, results }) =>
        results.map(({ id, severity, finding, accepted }) => ({
          labels: { check: id, severity, node },
          value: flag(finding.outcome === 'fail' && !accepted),
        })),
      ),
    ),
  ];
};

const agentFamilies = ({ agent, journal, program, node }: NodeSnapshot): readonly Family[] => [
  gauge('info', 'Program, node and role.', [{ labels: { program, node: node.name, role: node.role }, value: 1 }]),
  gauge('agent_start_timestamp_seconds', 'When the agent started.', one(seconds(agent.startedAt))),
  gauge('agent_memory_bytes', 'Memory of the agent.', one(agent.memoryMb * 1024 * 1024)),
  gauge('agent_cpu_ratio', 'Share of one core since the start.', one(agent.cpuPercent / 100)),
  gauge(
    'agent_worst_lag_seconds',
    'The longest that the agent was late within the last minute.',
    one(seconds(agent.worstLagMs)),
  ),
  gauge(
    'agent_trouble',
    'The memory or the journal cannot be written.',
    one(flag(agent.memoryTrouble !== null || journal.trouble !== null)),
  ),
];

/** `dualtone_agent_up` 0, and nothing of the node, where its agent says nothing: old values would lie. */
export const metricsText = (pair: PairView | null, facts: ServerFacts): string => {
  const node = freshOf(pair);
  const families: readonly Family[] = [
    gauge('agent_up', 'The agent of this node answers.', one(flag(node !== null))),
    ...(node === null
      ? []
      : [servingFamilies, companyFamilies, streamFamilies, checkFamilies, agentFamilies].flatMap((make) => make(node))),
    gauge(
      'peer_shown_seconds',
      'Since the other node showed itself whole.',
      one(seconds(pair?.other?.heardMsAgo ?? null)),
    ),
    gauge('web_event_streams', 'Open event streams of the web server.', one(facts.eventStreams)),
    { name: 'web_requests_total', help: 'Requests to the web server.', type: 'counter', samples: one(facts.requests) },
    {
      name: 'web_refused_total',
      help: 'Requests that the web server refused.',
      type: 'counter',
      samples: one(facts.refused),
    },
  ];
  return families.map(render).join('');
};
