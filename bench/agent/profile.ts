import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usualSetup } from '../../lab/pair/setup.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { BenchOptions } from '../series.ts';
import { type AgentPart, agentParts } from './agent.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly where: string;
  readonly ms: number;
}

/** `function`, `file`: where the processor was; `ours`: which of our own functions called what ran, Node's inside included. */
export type Grouping = 'function' | 'file' | 'ours';

const place = '/opt/dualtone/';

const nameOf = ({ callFrame }: ProfileNode): string => {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === '' ? 'anonymous' : functionName;
  return url === ''
    ? name
    : `${name} ${url.slice(url.indexOf(place) + 1).replace(place.slice(1), '')}:${lineNumber + 1}`;
};

const isOurs = ({ callFrame: { url } }: ProfileNode): boolean => url.includes(place) && !url.includes('node_modules');

const whereOf = (node: ProfileNode, parentById: ReadonlyMap<number, ProfileNode>, by: Grouping): string => {
  if (by === 'function') return nameOf(node);
  if (by === 'file') return node.callFrame.url.replace(/^.*\/opt\/dualtone\//, '') || nameOf(node);
  let at: ProfileNode | undefined = node;
  while (at !== undefined && !isOurs(at)) at = parentById.get(at.id);
  return nameOf(at ?? node);
};

/** Time in each place itself, the largest first; idle time is left out. Pure. */
export const sharesOf = (profile: CpuProfile, by: Grouping): readonly Share[] => {
  const nodeById = new Map(profile.nodes.map((node) => [node.id, node]));
  const parentById = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)),
  );
  const msByWhere = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const node = nodeById.get(id);
    if (node === undefined || node.callFrame.functionName === '(idle)') continue;
    const where = whereOf(node, parentById, by);
    msByWhere.set(where, (msByWhere.get(where) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
  }
  return [...msByWhere].map(([where, ms]) => ({ where, ms })).toSorted((a, b) => b.ms - a.ms);
};

const profileFolder = '/run/lab/profiles';

/** Has a unit's Node write a profile at its end. */
const dropIn = `[Service]\nEnvironment=NODE_OPTIONS="--cpu-prof --cpu-prof-dir=${profileFolder}"\n`;

const fetchProfile = async (stage: Stage, part: AgentPart): Promise<Result<CpuProfile>> => {
  const host = stage.lab.host(part.host);
  const listed = await host.execChecked(['ls', profileFolder]);
  if (!listed.ok) return listed;
  const [name] = listed.value.stdout.split('\n').filter((each) => each.endsWith('.cpuprofile'));
  if (name === undefined) return fail('profile-none', `${part.name} wrote no profile`, 'see its journal');
  const text = await host.execChecked(['cat', join(profileFolder, name)], { maxOutputBytes: 256 * 2 ** 20 });
  if (!text.ok) return text;
  return ok(JSON.parse(text.value.stdout) as CpuProfile);
};

const profileAll = async (stage: Stage, seconds: number, options: BenchOptions): Promise<Result<void>> => {
  for (const { host, unit } of agentParts) {
    const written = await stage.lab.host(host).write(`/etc/systemd/system/${unit}.d/profile.conf`, dropIn);
    if (!written.ok) return written;
    for (const argv of [
      ['systemctl', 'daemon-reload'],
      ['rm', '-rf', profileFolder],
      ['systemctl', 'restart', unit],
    ]) {
      const done = await stage.lab.host(host).execChecked(argv);
      if (!done.ok) return done;
    }
  }
  await sleep(seconds * 1000, undefined, { signal: options.signal }).catch(() => undefined);
  for (const part of agentParts) {
    const stopped = await stage.lab.host(part.host).execChecked(['systemctl', 'stop', part.unit]);
    if (!stopped.ok) return stopped;
    const profile = await fetchProfile(stage, part);
    if (!profile.ok) return profile;
    for (const by of ['ours', 'function'] as const) {
      options.log(`${part.name}, by ${by}, ms of ${seconds} s:`);
      for (const { where, ms } of sharesOf(profile.value, by).slice(0, 25))
        options.log(`${ms.toFixed(0).padStart(8)}  ${where}`);
    }
  }
  return ok(undefined);
};

/** Tells where the agents' processor time goes, over so many seconds from their start on. For people; nothing is written. */
export const profileAgents = async (
  preset: 'fast' | 'quick',
  seconds: number,
  options: BenchOptions,
): Promise<Result<void>> => {
  const { signal, log } = options;
  const stage = await openStage({ endpoints: 20, needs: {}, first: { ...usualSetup, preset }, signal, log });
  if (!stage.ok) return stage;
  const done = await profileAll(stage.value, seconds, options);
  const closed = await stage.value.close();
  return done.ok ? closed : done;
};
