/** Checks of what lies between the two nodes: heard, by the same key, at the same time, with a vote from outside. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { missingText } from '../../core/explain.ts';
import type { Around } from '../around.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';
import { connectOnce } from '../connect-once.ts';

/** With the agent's word; without it nothing is known. */
export const withAgent = async (around: Around, judge: (snapshot: NodeSnapshot) => Said): Promise<Said> => {
  const asked = await around.agent();
  return asked.ok ? judge(asked.value) : unknown(asked.error.message);
};

const agentRuns: Definition = {
  id: 'agent-runs',
  about: 'The agent of this node runs and answers.',
  severity: 'critical',
  scope: 'node',
  ...PACE.quick,
  remedy: 'Start it: `systemctl start dualtone`; see `journalctl -u dualtone` for why it ended.',
  try: async ({ agent }) => {
    const asked = await agent();
    if (!asked.ok) return failedBy(asked.error);
    const { phase, phaseText, agent: health } = asked.value;
    if (phase === 'halted') return failed(`it has halted itself: ${phaseText}`, 'See `dualtone explain`.');
    return passed(`pid ${health.pid}, ${phaseText}`);
  },
};

/** Later than this the other is silent for the agents themselves. */
const silentAfterMs = ({ config: { timing, watch } }: Around): number =>
  watch.kind === 'looks' ? Math.max(5000, 3 * timing.heartbeatMs) : Math.max(1000, 2 * timing.promiseMs);

const peerHeard: Definition = {
  id: 'peer-heard',
  about: "The other node's agent is heard directly: its datagrams arrive here.",
  severity: 'critical',
  scope: 'pair',
  ...PACE.quick,
  remedy: 'See that the other agent runs, and open UDP `listen.port` (4577) both ways between the nodes.',
  try: (around) =>
    withAgent(around, ({ other, peer }) => {
      const { heardMsAgo, relayedMsAgo } = other;
      const limit = silentAfterMs(around);
      if (heardMsAgo !== null && heardMsAgo <= limit) return passed(`${peer.name} heard ${heardMsAgo} ms ago`);
      const last = heardMsAgo === null ? 'was never heard' : `was last heard ${Math.round(heardMsAgo / 1000)} s ago`;
      return relayedMsAgo !== null && relayedMsAgo <= limit + 5000
        ? failed(
            `${peer.name} ${last}, but a checkpoint hears it: the way between the two nodes is cut`,
            'Look at the network between the two nodes, and at the firewalls for UDP `listen.port`.',
          )
        : failed(`${peer.name} ${last}`);
    }),
};

/** Refusals that tell of a difference between the two sides, and not of the network. */
const TELLING = ['bad-signature', 'other-version', 'other-timing', 'own-name', 'stranger', 'not-for-me'];

const REMEDY_BY_REASON: Readonly<Record<string, string>> = {
  'bad-signature': 'Copy the same key file (`key-file`) to both nodes and all checkpoints, then restart the agents.',
  'other-version': 'Upgrade both nodes and all checkpoints to the same version.',
  'other-timing': 'Give `timing` the same values everywhere, then restart the agents.',
  'own-name': 'Give one node the role main and the other standby.',
  stranger: "Compare `arbiter.checkpoints` with the checkpoint's `name`.",
  'not-for-me': "Compare `peer`, `arbiter.checkpoints` and the checkpoint's `name` on both sides.",
};

/** Counts since the agent's start: only what has grown since the last look is news. */
const createRefusalWatch = () => {
  let last: Readonly<Record<string, number>> | null = null;
  let pid = 0;
  return ({ agent }: NodeSnapshot) => {
    const isFirst = last === null || pid !== agent.pid;
    const before = isFirst ? {} : (last ?? {});
    last = agent.refused;
    pid = agent.pid;
    const grown = Object.entries(agent.refused)
      .map(([key, count]) => [key, count - (before[key] ?? 0)] as const)
      .filter(([key, more]) => more > 0 && TELLING.some((reason) => key.startsWith(`${reason} `)));
    return { grown, isFirst };
  };
};

/** A refusal's key is its reason and where it came from; strangers may knock as they like. */
const isOfOurs = ({ config: { peer, arbiter } }: Around, key: string): boolean => {
  const source = key.slice(key.indexOf(' ') + 1);
  const addresses = [
    peer.address,
    ...(arbiter.kind !== 'checkpoints' ? [] : arbiter.checkpoints.map((each) => each.address)),
  ];
  return addresses.some(
    (address) => source === address || source.startsWith(`${address}:`) || source.includes(`[${address}]`),
  );
};

const keyAgrees = (): Definition => {
  const watch = createRefusalWatch();
  return {
    id: 'wire-agrees',
    about:
      'Both nodes and all checkpoints speak with the same key, version and times: nothing of theirs is refused here.',
    severity: 'critical',
    scope: 'pair',
    everyMs: 30_000,
    timeoutMs: PACE.quick.timeoutMs,
    remedy: 'Copy the same key file (`key-file`) to both nodes and all checkpoints, then restart the agents.',
    try: (around) =>
      withAgent(around, (snapshot) => {
        const { grown, isFirst } = watch(snapshot);
        const ours = grown.filter(([key]) => isOfOurs(around, key));
        const [first] = ours;
        // What was refused before the first look may be mended by now: who has proved the key since is right.
        if (first !== undefined && !(isFirst && snapshot.other.proven)) {
          const told = ours.map(([key, count]) => `${key} (${count})`).join(', ');
          return failed(`refused here: ${told}`, REMEDY_BY_REASON[first[0].split(' ')[0] ?? ''] ?? null);
        }
        return snapshot.other.proven
          ? passed(`${snapshot.peer.name} has proved that it has the key`)
          : unknown(`${snapshot.peer.name} has not been heard since this agent started`);
      }),
  };
};

const checkpointsHeard: Definition = {
  id: 'checkpoints-heard',
  about: 'Every checkpoint answers this node.',
  severity: 'warning',
  scope: 'node',
  ...PACE.quick,
  remedy: 'See that the checkpoint runs, and open its UDP port from both nodes and back.',
  try: (around) => {
    const { arbiter, timing } = around.config;
    if (arbiter.kind !== 'checkpoints') return Promise.resolve(notApplicable('no checkpoint is configured'));
    return withAgent(around, ({ voters, samples }) => {
      const limit = Math.max(1000, 2.5 * timing.heartbeatMs + timing.promiseMs);
      const silent = voters
        .filter(({ answeredMsAgo }) => answeredMsAgo === null || answeredMsAgo > limit)
        .map(({ name, answeredMsAgo }) =>
          answeredMsAgo === null
            ? `${name} has never answered`
            : `${name} last answered ${Math.round(answeredMsAgo / 1000)} s ago`,
        );
      const deaf = samples
        .filter(({ probe, outcome }) => probe.startsWith('ping-') && outcome !== 'ok')
        .map(({ probe, reason }) => `${probe.slice('ping-'.length)}: ${reason}`);
      const troubles = [...silent, ...deaf];
      if (troubles.length > 0) return failed(troubles.join('; '));
      return passed(`${arbiter.checkpoints.map(({ name }) => name).join(', ')} answer`);
    });
  },
};

const streamConnected: Definition = {
  id: 'pair-connected',
  about: "The pair's own stream is up: data, checks and questions pass between the nodes.",
  severity: 'warning',
  scope: 'pair',
  everyMs: 15_000,
  timeoutMs: 8000,
  remedy: 'Open TCP `listen.port` (4577) from main to standby, or with `streams.link: ssh` run `dualtone sync init`.',
  try: async ({ peer, config }) => {
    const asked = await peer.clock();
    if (!asked.ok)
      return asked.error.code === 'checks-no-peer' ? unknown(asked.error.message) : failed(asked.error.message);
    return passed(`${config.peer.name} answers in ${Math.round(asked.value.roundTripMs)} ms`);
  },
};

/** Above it, times in journals and calls of the two nodes no longer fit together. */
const CLOCK_LIMIT_MS = 1000;

const clocksAgree: Definition = {
  id: 'clocks-agree',
  about: 'The wall clocks of both nodes differ by less than a second.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'See to the time service (chrony, systemd-timesyncd) on both nodes.',
  try: async ({ peer }) => {
    const asked = await peer.clock();
    if (!asked.ok) return unknown(asked.error.message);
    const { aheadMs, roundTripMs } = asked.value;
    // What the round trip may hide is in favour of both.
    const sure = Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);
    const text = `the other's clock is ${(Math.abs(aheadMs) / 1000).toFixed(2)} s ${aheadMs >= 0 ? 'ahead' : 'behind'}`;
    return sure > CLOCK_LIMIT_MS ? failed(text) : passed(text);
  },
};

const streamPort: Definition = {
  id: 'stream-port-open',
  about: "From the main, the standby's TCP port for the pair's stream accepts connections.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy: 'Open TCP `peer.port` (4577) from main to standby, and see that the agent there runs.',
  try: async ({ config }, signal) => {
    if (config.node.role !== 'main') return notApplicable('the main connects');
    if (config.streams.link === 'ssh') return notApplicable('the stream goes through SSH (`streams.link: ssh`)');
    const { address, port } = config.peer;
    const connected = await connectOnce({ address, port, from: config.listen.address ?? config.node.address }, signal);
    return connected.ok ? passed(`${address} port ${port} accepts connections`) : failedBy(connected.error);
  },
};

const takeoverPossible: Definition = {
  id: 'takeover-rehearsed',
  about: 'The agents themselves see nothing in the way of a takeover: votes, health, holds, plans.',
  severity: 'critical',
  scope: 'pair',
  ...PACE.quick,
  remedy: 'See `dualtone explain`, which names what is in the way.',
  try: (around) =>
    withAgent(around, ({ explanation, mode }) => {
      const { takesOver, text, missing } = explanation.ifOtherOrThisDied;
      if (takesOver) return passed(text);
      // A person's hold is what the person wanted.
      if (mode === 'manual') return notApplicable(`manual mode: ${missingText(missing)}`);
      return failed(missingText(missing) || text);
    }),
};

const telephonyFit: Definition = {
  id: 'telephony-fit',
  about: 'The telephony of this node is well, as far as it runs here.',
  severity: 'critical',
  scope: 'node',
  ...PACE.quick,
  remedy: 'See `dualtone status` for the probes that fail, and the log of Asterisk.',
  try: (around) =>
    withAgent(around, ({ health, phase, samples }) => {
      if (around.config.telephony === 'cold' && phase === 'passive')
        return notApplicable('it is cold: it starts with a takeover');
      if (health.verdict === 'up') return passed(`${samples.length} probes, no trouble`);
      if (health.verdict === 'unknown') return unknown(health.reason || 'no look yet');
      return failed(`${health.verdict}: ${health.reason || 'no reason known'}`);
    }),
};

export const pairChecks = (): readonly Definition[] => [
  agentRuns,
  takeoverPossible,
  peerHeard,
  keyAgrees(),
  checkpointsHeard,
  telephonyFit,
  streamConnected,
  streamPort,
  clocksAgree,
];
