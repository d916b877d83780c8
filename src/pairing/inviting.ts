/** `dualtone init` and `dualtone rejoin`: from a few answers to a machine that waits for the others, and is paired when they have come. */
import { existsSync, rmSync } from 'node:fs';
import type { Change } from '../changes/change.ts';
import type { Changes } from '../changes/changes.ts';
import { readRaw } from '../config/edit.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { type Role, rivalOf } from '../core/words.ts';
import { generateKey } from '../peer/key.ts';
import type { InviteState } from './invite.ts';
import { type Invitation, openInvitation, type Ticket } from './listen.ts';
import {
  interfaceOf,
  machineDigest,
  machineWith,
  networksFor,
  readText,
  type Standing,
  standingOf,
} from './machine.ts';
import { planManager } from './manager.ts';
import { notesOn, objectionTo } from './objections.ts';
import { readPending, savePending } from './pending.ts';
import { file, keyFilesOf, type Local, nodeFile, type Other, pathsOf, secretFile, sharedOf, votersOf } from './plan.ts';
import {
  checkFile,
  notConfirmed,
  openRecord,
  ownIdentity,
  previewLines,
  type Surroundings,
  settleNow,
} from './surroundings.ts';
import { nodeSystem } from './system.ts';
import { newSecret, printToken } from './token.ts';
import type { At, Facts, Grant, Offer } from './words.ts';

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
}

export interface PrintedToken {
  readonly for: string;
  readonly kind: Ticket['kind'];
  readonly token: string;
}

export interface Inviting {
  readonly tokens: readonly PrintedToken[];
  readonly untilSeconds: number;
  /** Who has joined, and what failed. */
  readonly ended: Promise<Result<{ readonly joined: readonly string[]; readonly missing: readonly string[] }>>;
  cancel(): Promise<void>;
}

/** All that is known before anybody comes. */
interface Plan {
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

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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
    isMap(raw['arbiter']) && raw['arbiter']['kind'] === 'checkpoints' ? raw['arbiter'] : { kind: 'checkpoints' };
  const list: unknown = arbiter['checkpoints'];
  const entries = added.map(({ name, address, port }) => (port === 4577 ? { name, address } : { name, address, port }));
  return { ...raw, arbiter: { ...arbiter, checkpoints: [...(Array.isArray(list) ? list : []), ...entries] } };
};

const peerOf = (existing: string | null): Other | null => {
  const peer = readRaw(existing ?? '')['peer'];
  if (!isMap(peer)) return null;
  const { name, address, port = 4577, pin = null } = peer;
  return typeof name === 'string' && typeof address === 'string' && typeof port === 'number'
    ? { name, address, port, pin: typeof pin === 'string' ? pin : null }
    : null;
};

const planOf = async (answers: InviteAnswers, around: Surroundings): Promise<Result<Plan>> => {
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
const somebody = ({ answers, peer }: Plan): Other => ({
  name: peer?.name ?? (answers.name === rivalOf(answers.role) ? 'other' : rivalOf(answers.role)),
  address: answers.peerAddress ?? peer?.address ?? (answers.address.includes(':') ? NOBODY.v6 : NOBODY.v4),
  port: peer?.port ?? 4577,
  pin: peer?.pin ?? `sha256:${'A'.repeat(43)}`,
});

const configText = (plan: Plan, peer: Other, around: Surroundings): string =>
  nodeFile(plan.standing.config, plan.local, peer, plan.shared, around.places);

const filesFor = (plan: Plan, peer: Other, around: Surroundings): readonly Change[] => {
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
const systemFor = (plan: Plan, around: Surroundings): readonly Change[] => {
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

const check = (plan: Plan, peer: Other, around: Surroundings): Result<void> =>
  checkFile('node', configText(plan, peer, around), machineWith(plannedFiles(plan, around), plan.answers.address));

const factsOf = ({ answers, standing, local }: Plan, around: Surroundings): Facts => ({
  kind: 'node',
  program: around.program,
  name: local.name,
  address: local.address,
  port: local.port,
  role: answers.role,
  networks: networksFor(local.address),
  machine: machineDigest(around.places),
  wall: Date.now(),
  pairedWith: standing.pairedWith,
  serving: standing.serving,
});

const atOf = ({ name, address, port }: At): At => ({ name, address, port });

/** Where both nodes are, the joining one as far as it is known. */
const nodesOf = (plan: Plan, joined: Facts | null): Readonly<Record<Role, At | null>> => {
  const other = joined === null ? (plan.answers.replaces ? null : plan.peer) : joined;
  const at = {
    [plan.answers.role]: atOf(plan.local),
    [rivalOf(plan.answers.role)]: other === null ? null : atOf(other),
  };
  return at as Record<Role, At | null>;
};

const virtualIps = ({ shared }: Plan): readonly string[] => {
  const section = shared['virtual-ip'];
  const list: unknown = isMap(section) ? section['addresses'] : null;
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
};

/** What the person is shown before anything changes. */
const previewOf = async (
  plan: Plan,
  changes: Changes,
  identity: readonly Change[],
  around: Surroundings,
): Promise<Result<readonly string[]>> => {
  const wanted = [...identity, ...filesFor(plan, somebody(plan), around), ...systemFor(plan, around)];
  const lines = await previewLines(changes, wanted);
  if (!lines.ok) return lines;
  const { answers, local, standing, otherKeys } = plan;
  const gateNote =
    around.system !== null && around.starts && !standing.isRunning
      ? [
          '  ! From its start the agent decides whether telephony is reachable here: calls are cut for some seconds until it serves.',
        ]
      : [];
  const lost = answers.replaces
    ? [
        `  ! The former ${rivalOf(answers.role)} is let in no more as soon as the new one has joined.`,
        ...[...otherKeys.keys()].map(
          (name) => `  ! ${name} joins again too; until then it still knows the former key.`,
        ),
      ]
    : [];
  return ok([
    `This machine is the ${answers.role} ${local.name}, ${local.address}. When the ${rivalOf(answers.role)} has joined:`,
    ...lines.value,
    ...gateNote,
    ...lost,
  ]);
};

interface Stage {
  readonly plan: Plan;
  readonly around: Surroundings;
  readonly changes: Changes;
  /** The node that has joined. */
  node: Facts | null;
  started: boolean;
}

const startUnits = async (stage: Stage): Promise<Result<void>> => {
  if (stage.started) return ok(undefined);
  stage.started = true;
  return settleNow(stage.changes, systemFor(stage.plan, stage.around), 'pairing: units');
};

/** Writes this node’s own files for the node that has joined. The main starts before the standby does, so that it serves. */
const applyFor = async (stage: Stage, ticket: Ticket, facts: Facts, pin: string): Promise<Result<void>> => {
  const { plan, around, changes } = stage;
  if (ticket.kind === 'checkpoint') return ok(undefined);
  const peer = { ...atOf(facts), pin };
  const pending = savePending(pathsOf(around.places).pending, plan.otherKeys);
  if (!pending.ok) return pending;
  const done = await settleNow(changes, filesFor(plan, peer, around), plan.answers.replaces ? 'rejoin' : 'init');
  if (!done.ok) return done;
  stage.node = facts;
  around.say(`${facts.name} (${facts.address}) has joined as the ${ticket.as}.`);
  for (const note of notesOn(facts, Date.now())) around.say(`  ! ${note}`);
  if (plan.answers.role !== 'main') return ok(undefined);
  const started = await startUnits(stage);
  if (!started.ok) around.say(`The agent was not started: ${started.error.message} ${started.error.remedy}`);
  return ok(undefined);
};

const grantFor = ({ plan }: Stage, ticket: Ticket): Grant => {
  const { pairKey, ownKeys, otherKeys, answers } = plan;
  if (ticket.kind === 'node') return { pairKey, checkpointKeys: Object.fromEntries(otherKeys), nodeKeys: {} };
  const [own, other] = [ownKeys.get(ticket.as), otherKeys.get(ticket.as)];
  return {
    pairKey: null,
    checkpointKeys: {},
    nodeKeys: {
      ...(own === undefined ? {} : { [answers.role]: own }),
      ...(other === undefined ? {} : { [rivalOf(answers.role)]: other }),
    },
  };
};

const offerFor = ({ plan, around, node }: Stage, ticket: Ticket): Offer => {
  const facts = factsOf(plan, around);
  const nodes = nodesOf(plan, node);
  return {
    facts,
    as: ticket.as,
    main: nodes.main,
    standby: nodes.standby,
    shared: plan.shared,
    replaces: plan.answers.replaces,
  };
};

const summary = async (
  stage: Stage,
  state: InviteState,
): Promise<Result<{ joined: readonly string[]; missing: readonly string[] }>> => {
  const isIn = ({ phase }: InviteState['guests'][number]): boolean => phase === 'done' || phase === 'left';
  const joined = state.guests.filter(isIn).map(({ as }) => as);
  const missing = state.guests.filter((each) => !isIn(each)).map(({ as }) => as);
  const { pending } = pathsOf(stage.around.places);
  if (missing.length === 0) rmSync(pending, { force: true });
  if (stage.node === null)
    return state.failed === null
      ? fail(
          'pairing-nobody-came',
          'Nobody has joined within the time; nothing was changed here.',
          'Begin again with `dualtone init`.',
        )
      : { ok: false, error: state.failed };
  const started = await startUnits(stage);
  return started.ok ? ok({ joined, missing }) : started;
};

const ticketsOf = ({ answers, otherKeys }: Plan): readonly Ticket[] => [
  { kind: 'node', as: rivalOf(answers.role), secret: newSecret() },
  ...[...otherKeys.keys()].map((name): Ticket => ({ kind: 'checkpoint', as: name, secret: newSecret() })),
];

/**
 * Shows what will change, asks, and waits for the others; nothing changes before they have joined, but this machine gets a key of its own.
 * Faults: `pairing-…`, `change-…`, `identity-…`.
 */
export const beginInviting = async (answers: InviteAnswers, around: Surroundings): Promise<Result<Inviting>> => {
  const changes = await openRecord(around);
  if (!changes.ok) return changes;
  const plan = await planOf(answers, around);
  if (!plan.ok) return plan;
  const fits = check(plan.value, somebody(plan.value), around);
  if (!fits.ok) return fits;
  const own = ownIdentity(around.places);
  if (!own.ok) return own;
  const { identity } = own.value;
  const lines = await previewOf(plan.value, changes.value, own.value.changes, around);
  if (!lines.ok) return lines;
  if (!(await around.confirm(lines.value))) return notConfirmed();
  const settled = await settleNow(changes.value, own.value.changes, 'own key');
  if (!settled.ok) return settled;
  const stage: Stage = { plan: plan.value, around, changes: changes.value, node: null, started: false };
  const tickets = ticketsOf(plan.value);
  const opened = await openInvitation({
    listen: { address: answers.address, port: answers.pairingPort },
    identity,
    tickets,
    lifeMs: answers.lifeMs,
    objecting: (ticket, facts, pin) => {
      const objection = objectionTo({
        inviter: factsOf(plan.value, around),
        joiner: facts,
        kind: ticket.kind,
        as: ticket.as,
        virtualIps: virtualIps(plan.value),
        expected:
          ticket.kind === 'node'
            ? answers.peerAddress
            : (votersOf(plan.value.shared).find(({ name }) => name === ticket.as)?.address ?? null),
        replaces: answers.replaces,
        joinerPin: pin,
        inviterPin: identity.pin,
        nodes: nodesOf(plan.value, stage.node),
      });
      if (objection !== null || ticket.kind === 'checkpoint') return objection;
      const checked = check(plan.value, { ...atOf(facts), pin }, around);
      return checked.ok ? null : checked.error;
    },
    offerFor: (ticket) => offerFor(stage, ticket),
    grantFor: (ticket) => grantFor(stage, ticket),
    apply: (ticket, facts, pin) => applyFor(stage, ticket, facts, pin),
    tell: around.say,
  });
  return opened.ok ? ok(waiting(stage, opened.value, tickets, identity.pin)) : opened;
};

const waiting = (stage: Stage, invitation: Invitation, tickets: readonly Ticket[], pin: string): Inviting => {
  const { address, lifeMs } = stage.plan.answers;
  const untilSeconds = Math.floor((Date.now() + lifeMs) / 1000);
  const tokens = tickets.map(({ kind, as, secret }) => ({
    for: as,
    kind,
    token: printToken({ kind, address, port: invitation.port, pin, secret, untilSeconds }),
  }));
  const finish = async () => {
    const state = await invitation.ended;
    await invitation.close();
    return summary(stage, state);
  };
  return { tokens, untilSeconds, ended: finish(), cancel: () => invitation.close() };
};

/** Whether `init` has been here before: then its answers are in the file. */
export const isPaired = (places: Surroundings['places']): boolean => existsSync(pathsOf(places).config);
