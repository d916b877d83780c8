/** `status` as a tired person reads it: one line that matters, then the details, troubles first. */
import type { AgentHealth, CheckpointSnapshot, NodeSnapshot, Snapshot } from '../../api/snapshot.ts';
import { readinessLine } from './checks.ts';
import { printable } from './printable.ts';
import { streamLines, streamTroubles } from './streams.ts';
import type { Style } from './style.ts';
import { moment, span } from './time.ts';

const row = (name: string, text: string): string => `  ${name.padEnd(12)}${text}`;

const sinceText = ({ servesSince, wall }: NodeSnapshot): string =>
  servesSince === null ? '' : ` since ${moment(servesSince, wall)} (${span(wall - servesSince)})`;

const firstLine = (snapshot: Snapshot, style: Style): string => {
  const { level, who, ready } = snapshot.headline;
  const since =
    snapshot.kind === 'node' && (snapshot.server === 'this' || snapshot.server === 'other') ? sinceText(snapshot) : '';
  const end = ready.endsWith('.') ? '' : '.';
  return style[level](`${who}${since}; ${ready}${end}`);
};

const callsText = (calls: number): string => (calls < 0 ? '' : calls === 1 ? ', 1 call' : `, ${calls} calls`);

const leaseText = ({ lease, gate }: NodeSnapshot): string => {
  if (lease.name !== 'held') return lease.name === 'none' ? '' : `, ${lease.name} for the right to serve`;
  const left = lease.heldOpen ? 'held without end' : `lease ${span(lease.leftMs ?? 0)} left`;
  return `, ${left}, gate ${gate.open ? 'open' : 'closed'}${gate.enforced ? '' : ' (not enforced)'}`;
};

const thisRow = (snapshot: NodeSnapshot): string => {
  const { node, health, phaseText } = snapshot;
  const verdict = `telephony ${health.verdict}${health.verdict === 'up' ? '' : ` for ${span(health.sinceMs)}`}`;
  return row(
    'this node',
    `${node.name} (${node.role}, ${node.address}): ${phaseText}${leaseText(snapshot)}, ${verdict}${callsText(health.calls)}`,
  );
};

const otherRow = ({ peer, other }: NodeSnapshot): string => {
  const begin = `${peer.name} (${peer.role}, ${peer.address})`;
  if (other.heardMsAgo === null) {
    const through = other.relayedMsAgo === null ? '' : `, but a checkpoint heard it ${span(other.relayedMsAgo)} ago`;
    return row('other node', `${begin}: not heard since this agent started${through}`);
  }
  const doing = other.holding > 0 ? `active under epoch ${other.holding}` : 'passive';
  const well = other.well === null ? '' : other.well ? ', telephony well' : ', telephony NOT well';
  const through = other.relayedMsAgo === null ? '' : ` (through a checkpoint ${span(other.relayedMsAgo)} ago)`;
  return row(
    'other node',
    `${begin}: ${doing}${well}${callsText(other.calls)}, heard ${span(other.heardMsAgo)} ago${through}`,
  );
};

const checkpointRow = ({ voters }: NodeSnapshot): readonly string[] => {
  if (voters.length === 0) return [];
  const each = voters.map(({ name, answeredMsAgo }) =>
    answeredMsAgo === null ? `${name} has not answered` : `${name} answered ${span(answeredMsAgo)} ago`,
  );
  return [row('checkpoints', each.join(', '))];
};

const planRow = ({ plan }: NodeSnapshot): readonly string[] => {
  if (plan.steps.length === 0) return [];
  const open = plan.steps.filter(({ status }) => status !== 'done');
  const text =
    open.length === 0 ? `${plan.steps.length} steps done` : open.map(({ id, status }) => `${id} ${status}`).join(', ');
  return [row('plan', `${plan.target}: ${text}`)];
};

const agentTroubles = (agent: AgentHealth, journal: { readonly trouble: string | null }): readonly string[] => [
  ...(journal.trouble === null ? [] : [`the journal is kept in memory: ${journal.trouble}`]),
  ...(agent.memoryTrouble === null ? [] : [`the state cannot be kept: ${agent.memoryTrouble}`]),
  ...(agent.worstLagMs < 50 ? [] : [`the agent was late by up to ${span(agent.worstLagMs)} in the last minute`]),
  ...(Object.keys(agent.refused).length === 0
    ? []
    : [
        `refused datagrams: ${Object.entries(agent.refused)
          .map(([why, count]) => `${why} (${count})`)
          .join(', ')}`,
      ]),
];

/** What wants a person's eye, in order of weight. */
const troublesOf = (snapshot: NodeSnapshot): readonly string[] => {
  const { health, maintenance, mode, needsAcknowledgement, plan, errand, gate, drill } = snapshot;
  const bad = snapshot.samples.filter(({ outcome, about }) => outcome !== 'ok' && about !== 'rival');
  const failed = plan.steps.filter(({ status }) => status === 'failed').map(({ id }) => id);
  return [
    ...(health.verdict === 'up' ? [] : [`telephony here is ${health.verdict}: ${health.reason || 'no reason known'}`]),
    ...(health.network === 'down' ? ["this node's own network is down"] : []),
    ...bad.map(({ probe, outcome, reason }) => `probe ${probe} ${outcome}: ${reason}`),
    ...(failed.length === 0 ? [] : [`steps failed: ${failed.join(', ')} (tried again each second)`]),
    ...switchTroubles(snapshot),
    ...streamTroubles(snapshot),
    ...(needsAcknowledgement ? ['too many switches: give `dualtone acknowledge` when you have seen why'] : []),
    ...(mode === 'manual' ? ['manual mode: only a person starts and stops service'] : []),
    ...(maintenance === null ? [] : [`maintenance for ${span(maintenance.leftMs)} more: ${maintenance.reason}`]),
    ...(drill?.run === null || drill?.run === undefined
      ? []
      : [`a ${drill.run.kind} drill is being made: ${drill.run.text} (\`dualtone drill stop\` ends it)`]),
    ...(errand === null ? [] : [`\`${errand.name}\` is under way, ${span(errand.leftMs)} left`]),
    ...(gate.enforced ? [] : ['the kernel gate is not enforced (gate.enforce: false)']),
    ...agentTroubles(snapshot.agent, snapshot.journal),
  ];
};

const agentRow = (
  { pid, startedAt, memoryMb, cpuPercent, worstLagMs }: AgentHealth,
  wall: number,
  program: string,
): string =>
  row(
    'agent',
    `${program}, pid ${pid}, up ${span(wall - startedAt)}, ${memoryMb} MB, ${cpuPercent} % of a core, late by ${worstLagMs} ms at most`,
  );

/** What still points elsewhere, or where nothing moves it. */
const switchTroubles = ({ switches }: NodeSnapshot): readonly string[] => {
  if (switches === null) return [];
  const failing = switches.all.flatMap(({ name, failed, trouble, remedy }) =>
    trouble === null ? [] : [`${name}: ${trouble} Tried ${failed} ${failed === 1 ? 'time' : 'times'}. ${remedy ?? ''}`],
  );
  const ended = switches.trouble === null ? [] : [`the switcher does not run: ${switches.trouble}`];
  return [...ended, ...failing];
};

const switchRow = ({ switches, wall }: NodeSnapshot): readonly string[] => {
  if (switches === null || switches.all.length === 0) return [];
  const wordOf = { done: 'done', trying: 'under way', waiting: 'waits' } as const;
  const each = switches.all.map(({ name, state, since }) => `${name} ${wordOf[state]} for ${span(wall - since)}`);
  return [row('switches', each.join(', '))];
};

const readinessRow = ({ checks }: NodeSnapshot): readonly string[] => {
  const text = readinessLine(checks);
  return text === null ? [] : [row('checks', text)];
};

const nodeLines = (snapshot: NodeSnapshot, style: Style): readonly string[] => [
  ...troublesOf(snapshot).map((text) => style.warning(`  ! ${printable(text)}`)),
  '',
  thisRow(snapshot),
  otherRow(snapshot),
  ...checkpointRow(snapshot),
  row('failover', snapshot.explanation.ifOtherOrThisDied.text),
  row('protection', snapshot.protection.text),
  ...readinessRow(snapshot),
  ...planRow(snapshot),
  ...switchRow(snapshot),
  ...streamLines(snapshot, style),
  style.faint(agentRow(snapshot.agent, snapshot.wall, snapshot.program)),
];

const checkpointLines = (snapshot: CheckpointSnapshot, style: Style): readonly string[] => {
  const { heard, promise, silentMs, agent, journal } = snapshot;
  const heardRow = (role: 'main' | 'standby'): string => {
    const { msAgo, holding, well } = heard[role];
    if (msAgo === null) return row(role, 'never heard since this checkpoint started');
    return row(
      role,
      `heard ${span(msAgo)} ago, ${holding > 0 ? `active under epoch ${holding}` : 'passive'}${well === false ? ', telephony NOT well' : ''}`,
    );
  };
  return [
    ...agentTroubles(agent, journal).map((text) => style.warning(`  ! ${printable(text)}`)),
    '',
    heardRow('main'),
    heardRow('standby'),
    row(
      'promise',
      promise === null ? 'none' : `to the ${promise.holder}, epoch ${promise.epoch}, for ${span(promise.leftMs)} more`,
    ),
    ...(silentMs > 0 ? [row('silent', `just started: gives no vote for ${span(silentMs)} more`)] : []),
    style.faint(agentRow(agent, snapshot.wall, snapshot.program)),
  ];
};

/** The whole of `status`, ending with a newline. */
export const renderStatus = (snapshot: Snapshot, style: Style): string => {
  const details = snapshot.kind === 'node' ? nodeLines(snapshot, style) : checkpointLines(snapshot, style);
  return `${[firstLine(snapshot, style), ...details].join('\n')}\n`;
};

/** The headline alone, for `watch` in a pipe. */
export const renderHeadline = (snapshot: Snapshot, style: Style): string => firstLine(snapshot, style);
