import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import type { Pair } from '../pair/pair.ts';
import type { Views } from '../pair/readiness.ts';
import { roles } from '../topology.ts';
import type { Observers } from './observers.ts';

/** Who answered within it is asked for. */
const WINDOW_MS = 200;

const holds = (node: NodeSnapshot | undefined): boolean => node?.lease.name === 'held';
const isOpen = (node: NodeSnapshot | undefined): boolean => node?.gate.open === true;

/** What the agents' own words show of an offence: one active node, one lease. Pure. */
const auditViews = ({ main, standby }: Views): readonly string[] => {
  const nodes = [main, standby];
  const problems: string[] = [];
  const active = nodes.filter(isOpen).length;
  if (active !== 1) problems.push(`${active} gates are open`);
  const holders = nodes.filter(holds).length;
  if (holders !== 1) problems.push(`${holders} leases are held`);
  if (main?.journal.trouble != null) problems.push(`main: ${main.journal.trouble}`);
  if (standby?.journal.trouble != null) problems.push(`standby: ${standby.journal.trouble}`);
  return problems;
};

const journalProblems = async (pair: Pair): Promise<readonly string[]> => {
  const found = await Promise.all(
    roles.map(async (role): Promise<readonly string[]> => {
      const verified = await pair.order(role, ['journal', 'verify']);
      if (!verified.ok) return [`${role}: ${verified.error.message}`];
      const { code, stdout, stderr } = verified.value;
      return code === 0 ? [] : [`${role}: journal verify ended with ${code}: ${(stderr || stdout).trim()}`];
    }),
  );
  return found.flat();
};

const packetProblems = async (observers: Observers): Promise<readonly string[]> => {
  const serving = await observers.serving(WINDOW_MS);
  if (!serving.ok) return [serving.error.message];
  return serving.value === 'both' || serving.value === 'nobody' ? [`by packets, ${serving.value} serve`] : [];
};

const trunkProblems = async (observers: Observers): Promise<readonly string[]> => {
  const [evidence, serving] = await Promise.all([
    observers.provider.ask('evidence', { sinceMs: Number.MAX_SAFE_INTEGER }),
    observers.serving(WINDOW_MS),
  ]);
  if (!evidence.ok || !serving.ok) return ['the provider or a witness does not answer'];
  const by = evidence.value.current?.by;
  return by?.endsWith(` ${serving.value}`) === true
    ? []
    : [`the trunk is registered by ${by ?? 'nobody'}, and the ${serving.value} serves`];
};

/**
 * The audit after every scenario, when everything is mended and the pair is at its start again: exactly one active node by its own
 * word and by packets, one lease, the trunk registered by that node, journals whole. What remains on the machine is asked when the
 * lab is taken away. Empty: all is well.
 */
export const audit = async (pair: Pair, observers: Observers, views: Views): Promise<readonly string[]> => {
  // Service may have come back in this very moment: what was answered before belongs to another node.
  await sleep(WINDOW_MS);
  const found = await Promise.all([packetProblems(observers), trunkProblems(observers), journalProblems(pair)]);
  return [...auditViews(views), ...found.flat()];
};
