/** What `init` and `rejoin` know and will do, before anybody comes. */
import type { Change } from '../changes/change.ts';
import { readRaw } from '../config/edit.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { isRecord, type Role, rivalOf } from '../core/words.ts';
import { generateKey } from '../peer/key.ts';
import { interfaceOf, machineWith, readText, type Standing, standingOf } from './machine.ts';
import { planManager } from './manager.ts';
import { readPending } from './pending.ts';
import { file, keyFilesOf, type Local, nodeFile, type Other, pathsOf, secretFile, sharedOf, votersOf } from './plan.ts';
import { checkFile, type Surroundings } from './surroundings.ts';
import { nodeSystem } from './system.ts';
import type { At } from './words.ts';

export interface InviteAnswers {
  readonly role: Role;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Null: whoever joins says it. */
  readonly peerAddress: string | null;
  /** Sections of the file that the answers decide, above what the file has; in the form of the file. */
  readonly sections: Readonly<Record<string, unknown>>;
  /** To be invited now, besides those that have not come yet. */
  readonly checkpoints: readonly At[];
  readonly pairingPort: number;
  readonly lifeMs: number;
  /** The other node is lost, and another machine takes its place. */
  readonly replaces: boolean;
  /** Telephony serves here now, and goes on without a break. */
  readonly adopts: boolean;
}

/** All that is known before anybody comes. */
export interface Plan {
  readonly answers: InviteAnswers;
  readonly standing: Standing;
  readonly local: Local;
  readonly shared: Readonly<Record<string, unknown>>;
  readonly peer: Other | null;
  readonly pairKey: string;
  /** This node’s own key with each checkpoint. */
  readonly ownKeys: ReadonlyMap<string, string>;
  /** The other node’s key with each checkpoint that is invited. */
  readonly otherKeys: ReadonlyMap<string, string>;
  readonly manager: readonly Change[];
}

/** The file’s sections with those of the answers above; checkpoints are added to those that it has. */
const rawOf = (
  existing: string | null,
  { sections, checkpoints }: InviteAnswers,
): Readonly<Record<string, unknown>> => {
  const raw = { ...readRaw(existing ?? ''), ...sections };
  const known = votersOf(raw).map(({ name }) => name);
  const added = checkpoints.filter(({ name }) => !known.includes(name));
  if (added.length === 0) return raw;
  const arbiter =
    isRecord(raw['arbiter']) && raw['arbiter']['kind'] === 'checkpoints' ? raw['arbiter'] : { kind: 'checkpoints' };
  const list: unknown = arbiter['checkpoints'];
  const entries = added.map(({ name, address, port }) => (port === 4577 ? { name, address } : { name, address, port }));
  return { ...raw, arbiter: { ...arbiter, checkpoints: [...(Array.isArray(list) ? list : []), ...entries] } };
};

const peerOf = (existing: string | null): Other | null => {
  const peer = readRaw(existing ?? '')['peer'];
  if (!isRecord(peer)) return null;
  const { name, address, port = 4577, pin = null } = peer;
  return typeof name === 'string' && typeof address === 'string' && typeof port === 'number'
    ? { name, address, port, pin: typeof pin === 'string' ? pin : null }
    : null;
};

export const planOf = async (answers: InviteAnswers, around: Surroundings): Promise<Result<Plan>> => {
  const { places } = around;
  const paths = pathsOf(places);
  const standing = await standingOf(places);
  const raw = rawOf(standing.config, answers);
  const voters = votersOf(raw).map(({ name }) => name);
  const pending = answers.replaces ? new Map<string, string>() : readPending(paths.pending);
  const files = keyFilesOf(raw);
  const invited = voters.filter(
    (name) => answers.replaces || pending.has(name) || answers.checkpoints.some((each) => each.name === name),
  );
  const keyed = voters.filter((name) => files.has(name) || invited.includes(name));
  const ownKeys = new Map(
    keyed.map((name) => [name, readText(files.get(name) ?? paths.checkpointKey(name)) ?? generateKey()]),
  );
  const manager = planManager(places, around.manager);
  const { role, name, address, port } = answers;
  const former = peerOf(standing.config);
  if (answers.replaces && former === null)
    return fail(
      'pairing-nothing-lost',
      'This node is not paired: there is nobody to replace.',
      'Begin with `dualtone init`.',
    );
  return ok({
    answers,
    standing,
    local: { role, name, address, port, interface: interfaceOf(address), hasManager: manager.hasManager, keyed },
    shared: sharedOf(raw),
    peer: former,
    pairKey: (answers.replaces ? null : readText(paths.pairKey)) ?? generateKey(),
    ownKeys,
    otherKeys: new Map(invited.map((each) => [each, pending.get(each) ?? generateKey()])),
    manager: manager.changes,
  });
};

const NOBODY = { v4: '203.0.113.254', v6: '2001:db8::fffe' } as const;

/** Stands for whoever joins, where nobody is known yet. */
export const somebody = ({ answers, peer }: Plan): Other => ({
  name: peer?.name ?? (answers.name === rivalOf(answers.role) ? 'other' : rivalOf(answers.role)),
  address: answers.peerAddress ?? peer?.address ?? (answers.address.includes(':') ? NOBODY.v6 : NOBODY.v4),
  port: peer?.port ?? 4577,
  pin: (answers.replaces ? null : peer?.pin) ?? `sha256:${'A'.repeat(43)}`,
});

export const configText = (plan: Plan, peer: Other, around: Surroundings): string =>
  nodeFile(plan.standing.config, plan.local, peer, plan.shared, around.places);

export const filesFor = (plan: Plan, peer: Other, around: Surroundings): readonly Change[] => {
  const paths = pathsOf(around.places);
  return [
    { kind: 'directory', path: around.places.etcDir, mode: 0o755 },
    secretFile(paths.pairKey, plan.pairKey),
    ...[...plan.ownKeys].map(([name, key]) =>
      secretFile(keyFilesOf(readRaw(plan.standing.config ?? '')).get(name) ?? paths.checkpointKey(name), key),
    ),
    ...plan.manager,
    file(paths.config, configText(plan, peer, around), 0o644),
  ];
};

/** Units and what belongs to them; nothing where the system is left alone. */
export const systemFor = (plan: Plan, around: Surroundings): readonly Change[] => {
  if (around.system === null) return [];
  const isWarm =
    plan.shared['virtual-ip'] !== undefined &&
    plan.shared['virtual-ip'] !== null &&
    plan.shared['telephony'] !== 'cold';
  return nodeSystem(around.system, isWarm, !around.starts ? 'leave' : plan.standing.isRunning ? 'restart' : 'start');
};

const plannedFiles = (plan: Plan, around: Surroundings): readonly string[] => {
  const { identity } = pathsOf(around.places);
  return [
    identity,
    ...filesFor(plan, somebody(plan), around).flatMap((each) => (each.kind === 'file' ? [each.path] : [])),
  ];
};

export const check = (plan: Plan, peer: Other, around: Surroundings): Result<void> =>
  checkFile('node', configText(plan, peer, around), machineWith(plannedFiles(plan, around), plan.answers.address));
