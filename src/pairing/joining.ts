/** `dualtone join`: from a token to a machine that is part of a pair, or is as it was. */
import type { Change } from '../changes/change.ts';
import type { Changes } from '../changes/changes.ts';
import { readRaw } from '../config/edit.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { isRecord, type Millis, type Role, rivalOf } from '../core/words.ts';
import { joinPair } from './dial.ts';
import { takeLock } from './lock.ts';
import {
  interfaceOf,
  likelyAddress,
  likelyName,
  machineDigest,
  machineWith,
  networksFor,
  type Standing,
  standingOf,
} from './machine.ts';
import { type ManagerPlan, planManager } from './manager.ts';
import { notesOn, objectionTo } from './objections.ts';
import {
  checkpointFile,
  file,
  keyFilesOf,
  type Local,
  nodeFile,
  pathsOf,
  secretFile,
  virtualIpsOf,
  votersOf,
} from './plan.ts';
import {
  checkFile,
  notConfirmed,
  type OwnIdentity,
  openRecord,
  ownIdentity,
  previewLines,
  type Surroundings,
  settleNow,
} from './surroundings.ts';
import { checkpointSystem, nodeSystem } from './system.ts';
import { parseToken, type Token } from './token.ts';
import type { At, Facts, Grant, Kind, Offer } from './words.ts';

export interface JoinAnswers {
  /** Where the other machine is; null: where its token says. */
  readonly peer: { readonly address: string; readonly port: number | null } | null;
  readonly kind: Kind;
  /** Null: what is left. */
  readonly role: Role | null;
  readonly name: string | null;
  readonly address: string | null;
  readonly port: number;
  /** After a loss of the connection: how long it asks how it ended. 20 s. */
  readonly resumeMs?: Millis;
  /** A person ends it: everything or nothing is done then. */
  readonly signal?: AbortSignal;
}

export interface JoinedAs {
  /** The role, or the checkpoint’s name. */
  readonly as: string;
  readonly name: string;
  readonly address: string;
  readonly peer: string;
  /** Of the machine that invited. */
  readonly peerPin: string;
}

/** What was agreed on, while the keys are on their way. */
interface Agreement {
  readonly offer: Offer;
  readonly facts: Facts;
  readonly standing: Standing;
  readonly manager: ManagerPlan;
}

interface Stage {
  readonly answers: JoinAnswers;
  readonly around: Surroundings;
  readonly token: Token;
  readonly changes: Changes;
  readonly own: OwnIdentity;
  agreement: Agreement | null;
}

const factsOf = ({ answers, around }: Stage, offer: Offer, standing: Standing): Facts => {
  const { kind, port } = answers;
  const isCheckpoint = kind === 'checkpoint';
  const said = isCheckpoint ? votersOf(offer.shared).find(({ name }) => name === offer.as)?.address : undefined;
  const address = answers.address ?? said ?? likelyAddress(offer.facts.address) ?? '0.0.0.0';
  const fallback = isCheckpoint ? offer.as : likelyName(offer.as);
  return {
    kind,
    program: around.program,
    name: answers.name ?? (isCheckpoint || fallback !== offer.facts.name ? fallback : offer.as),
    address,
    port,
    role: isCheckpoint ? null : answers.role,
    networks: networksFor(address),
    machine: machineDigest(around.places),
    wall: Date.now(),
    pairedWith: isCheckpoint ? null : standing.pairedWith,
    serving: !isCheckpoint && standing.serving,
  };
};

const nodesOf = ({ main, standby }: Offer): Result<Readonly<Record<Role, At>>> =>
  main !== null && standby !== null
    ? ok({ main, standby })
    : fail(
        'pairing-node-first',
        'The other node has not joined yet.',
        'Join with the node first, then with the checkpoint.',
      );

/** This machine’s own file as it will be. `keyed`: with whom it gets a key of its own. */
const configText = (
  stage: Stage,
  { offer, facts, standing, manager }: Agreement,
  keyed: readonly string[],
): Result<string> => {
  const { places } = stage.around;
  const { name, address, port } = facts;
  if (facts.kind === 'checkpoint') {
    const nodes = nodesOf(offer);
    if (!nodes.ok) return nodes;
    const roles = (['main', 'standby'] as const).filter((role) => keyed.includes(role));
    return ok(
      checkpointFile(standing.checkpointConfig, { name, address, port }, nodes.value, offer.shared, roles, places),
    );
  }
  const role = rivalOf(offer.facts.role ?? 'main');
  // Keys that it has with checkpoints already stay as they are.
  const all = [...new Set([...keyed, ...keyFilesOf(readRaw(standing.config ?? '')).keys()])];
  const local: Local = {
    role,
    name,
    address,
    port,
    interface: interfaceOf(address),
    hasManager: manager.hasManager,
    keyed: all,
  };
  return ok(nodeFile(standing.config, local, { ...at(offer.facts), pin: stage.token.pin }, offer.shared, places));
};

const at = ({ name, address, port }: At): At => ({ name, address, port });

/** All files, with keys as they are granted; for the preview with none. */
const filesFor = (stage: Stage, agreement: Agreement, grant: Grant): Result<readonly Change[]> => {
  const paths = pathsOf(stage.around.places);
  const folder: Change = { kind: 'directory', path: stage.around.places.etcDir, mode: 0o755 };
  if (agreement.facts.kind === 'checkpoint') {
    const keys = Object.entries(grant.nodeKeys) as [Role, string][];
    const text = configText(
      stage,
      agreement,
      keys.map(([role]) => role),
    );
    if (!text.ok) return text;
    return ok([
      folder,
      ...keys.map(([role, key]) => secretFile(paths.nodeKey(role), key)),
      file(paths.checkpointConfig, text.value, 0o644),
    ]);
  }
  const keys = Object.entries(grant.checkpointKeys);
  const text = configText(
    stage,
    agreement,
    keys.map(([name]) => name),
  );
  if (!text.ok) return text;
  return ok([
    folder,
    ...(grant.pairKey === null ? [] : [secretFile(paths.pairKey, grant.pairKey)]),
    ...keys.map(([name, key]) => secretFile(paths.checkpointKey(name), key)),
    ...agreement.manager.changes,
    file(paths.config, text.value, 0o644),
  ]);
};

const systemFor = ({ around }: Stage, { offer, facts, standing }: Agreement): readonly Change[] => {
  if (around.system === null) return [];
  const start = !around.starts ? 'leave' : standing.isRunning ? 'restart' : 'start';
  if (facts.kind === 'checkpoint') return checkpointSystem(around.system, start);
  const isWarm = isRecord(offer.shared['virtual-ip']) && offer.shared['telephony'] !== 'cold';
  return nodeSystem(around.system, isWarm, start);
};

/** Keys that will come, for the preview: never written. */
const expectedGrant = ({ facts, offer }: Agreement): Grant => {
  const isNode = facts.kind === 'node';
  const voters = votersOf(offer.shared).map(({ name }) => [name, 'soon']);
  return {
    pairKey: isNode ? 'soon' : null,
    checkpointKeys: isNode ? (Object.fromEntries(voters) as Record<string, string>) : {},
    nodeKeys: isNode ? {} : { main: 'soon', standby: 'soon' },
  };
};

const objectionsOf = ({ token, own }: Stage, offer: Offer, facts: Facts) => {
  return objectionTo({
    inviter: offer.facts,
    joiner: facts,
    kind: token.kind,
    as: offer.as,
    virtualIps: virtualIpsOf(offer.shared),
    expected: null,
    replaces: offer.replaces,
    joinerPin: own.identity.pin,
    inviterPin: token.pin,
    nodes: { main: offer.main, standby: offer.standby },
  });
};

const decide = async (stage: Stage, offer: Offer): Promise<Result<Facts>> => {
  const { around, changes, own, token } = stage;
  const standing = await standingOf(around.places);
  const facts = factsOf(stage, offer, standing);
  const objection = objectionsOf(stage, offer, facts);
  if (objection !== null) return { ok: false, error: objection };
  const manager =
    facts.kind === 'node' ? planManager(around.places, around.manager) : { hasManager: false, changes: [] };
  const agreement: Agreement = { offer, facts, standing, manager };
  const files = filesFor(stage, agreement, expectedGrant(agreement));
  if (!files.ok) return files;
  const paths = files.value.flatMap((each) => (each.kind === 'file' ? [each.path] : []));
  const text = files.value.findLast((each) => each.kind === 'file')?.text ?? '';
  const checked = checkFile(facts.kind, text, machineWith([...paths, pathsOf(around.places).identity], facts.address));
  if (!checked.ok) return checked;
  const lines = await previewLines(changes, [...own.changes, ...files.value, ...systemFor(stage, agreement)]);
  if (!lines.ok) return lines;
  const what = facts.kind === 'node' ? `the ${offer.as}` : 'a checkpoint';
  const shown = [
    `${offer.facts.name} (the ${offer.facts.role ?? '?'}, ${offer.facts.address}) asks this machine to be ${what}: ${facts.name}, ${facts.address}.`,
    `  its key is ${token.pin}`,
    ...notesOn(offer.facts, Date.now()).map((note) => `  ! ${note}`),
    ...lines.value,
  ];
  if (!(await around.confirm(shown))) return notConfirmed();
  // It stays also where the rest is taken back: the other machine may know it already.
  const settled = await settleNow(changes, own.changes, 'own key');
  if (!settled.ok) return settled;
  stage.agreement = agreement;
  return ok(facts);
};

const apply = async (stage: Stage, grant: Grant): Promise<Result<void>> => {
  if (stage.agreement === null) throw new Error('keys came before it was agreed on');
  const files = filesFor(stage, stage.agreement, grant);
  return files.ok ? stage.changes.apply(files.value, 'join') : files;
};

const commit = async ({ changes, agreement, ...stage }: Stage): Promise<Result<void>> => {
  const done = await changes.commit();
  if (!done.ok || agreement === null) return done;
  return settleNow(changes, systemFor({ changes, agreement, ...stage }, agreement), 'pairing: units');
};

const wrongKind = (kind: Kind) =>
  fail(
    'pairing-other-kind',
    `The token is for a ${kind}.`,
    kind === 'node'
      ? 'Leave --checkpoint out, or use the token of the checkpoint.'
      : 'Add --checkpoint, or use the token of the node.',
  );

const joinLocked = async (token: Token, answers: JoinAnswers, around: Surroundings): Promise<Result<JoinedAs>> => {
  const changes = await openRecord(around);
  if (!changes.ok) return changes;
  const own = ownIdentity(around.places);
  if (!own.ok) return own;
  const port = answers.peer?.port ?? token.port;
  const stage: Stage = {
    answers,
    around,
    token: { ...token, port },
    changes: changes.value,
    own: own.value,
    agreement: null,
  };
  const joined = await joinPair({
    address: answers.peer?.address ?? token.address,
    token: stage.token,
    identity: own.value.identity,
    ...(answers.resumeMs === undefined ? {} : { resumeMs: answers.resumeMs }),
    ...(answers.signal === undefined ? {} : { signal: answers.signal }),
    decide: (offer) => decide(stage, offer),
    apply: (grant) => apply(stage, grant),
    commit: () => commit(stage),
    rollback: async () => {
      const back = await changes.value.rollback();
      return back.ok ? ok(undefined) : back;
    },
  });
  if (!joined.ok) return joined;
  const { offer, facts } = stage.agreement ?? { offer: null, facts: null };
  return ok({
    as: offer?.as ?? '',
    name: facts?.name ?? '',
    address: facts?.address ?? '',
    peer: offer?.facts.name ?? '',
    peerPin: token.pin,
  });
};

/** Faults: `pairing-…`, `change-…`, `identity-…`. */
export const joinWith = async (
  tokenText: string,
  answers: JoinAnswers,
  around: Surroundings,
): Promise<Result<JoinedAs>> => {
  const token = parseToken(tokenText);
  if (!token.ok) return token;
  if (token.value.kind !== answers.kind) return wrongKind(token.value.kind);
  const lock = await takeLock(around.places, 'dualtone join');
  if (!lock.ok) return lock;
  try {
    return await joinLocked(token.value, answers, around);
  } finally {
    await lock.value.release();
  }
};
