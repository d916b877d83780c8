/** `dualtone init` and `dualtone rejoin`: from a few answers to a machine that waits for the others, and is paired when they have come. */
import { rmSync } from 'node:fs';
import type { Change } from '../changes/change.ts';
import type { Changes } from '../changes/changes.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { type Role, rivalOf } from '../core/words.ts';
import { checkAdoption, joinerAgainstAdoption, startAdopting } from './adopting.ts';
import type { InviteState } from './invite.ts';
import { check, filesFor, type InviteAnswers, type Plan, planOf, somebody, systemFor } from './invite-plan.ts';
import { type Invitation, openInvitation, type Ticket } from './listen.ts';
import { type PairingLock, takeLock } from './lock.ts';
import { machineDigest, networksFor } from './machine.ts';
import { notesOn, objectionTo } from './objections.ts';
import { savePending } from './pending.ts';
import { pathsOf, virtualIpsOf, votersOf } from './plan.ts';
import { notConfirmed, openRecord, ownIdentity, previewLines, type Surroundings, settleNow } from './surroundings.ts';
import { newSecret, printToken } from './token.ts';
import type { At, Facts, Grant, Offer } from './words.ts';

export interface PrintedToken {
  readonly for: string;
  readonly kind: Ticket['kind'];
  readonly token: string;
}

/** A machine that has joined, for the journal. */
export interface Joined {
  /** The role, or the checkpoint’s name. */
  readonly as: string;
  readonly name: string;
  readonly address: string;
  readonly pin: string;
}

export interface Outcome {
  readonly joined: readonly Joined[];
  readonly missing: readonly string[];
}

export interface Inviting {
  readonly tokens: readonly PrintedToken[];
  readonly untilSeconds: number;
  /** Who has joined, and what failed. */
  readonly ended: Promise<Result<Outcome>>;
  cancel(): Promise<void>;
}

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
    around.system === null || !around.starts || standing.isRunning
      ? []
      : [
          answers.adopts
            ? '  ! Telephony serves here now, and goes on: the agent begins with the right to serve, once it has heard that nobody else has it.'
            : '  ! From its start the agent decides whether telephony is reachable here: calls are cut for some seconds until it serves.',
        ];
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

/** An agent that serves goes on serving: it is only told who the other node is now. False: it must be restarted. */
const goesOn = async ({ plan, around }: Stage): Promise<boolean> => {
  if (!plan.answers.replaces || !plan.standing.isRunning || around.takeUp === undefined) return false;
  const taken = await around.takeUp();
  if (!taken.ok) around.say(`The agent is restarted: ${taken.error.message}`);
  return taken.ok;
};

const startUnits = async (stage: Stage): Promise<Result<void>> => {
  if (stage.started) return ok(undefined);
  stage.started = true;
  const around = (await goesOn(stage)) ? { ...stage.around, starts: false } : stage.around;
  return startAdopting(stage.plan, around, () =>
    settleNow(stage.changes, systemFor(stage.plan, around), 'pairing: units'),
  );
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
  if (plan.answers.role !== 'main' && !plan.answers.replaces) return ok(undefined);
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

const summary = async (stage: Stage, state: InviteState): Promise<Result<Outcome>> => {
  const isIn = ({ phase }: InviteState['guests'][number]): boolean => phase === 'done' || phase === 'left';
  const joined = state.guests.filter(isIn).map(({ as, pin, facts }) => ({
    as,
    name: facts?.name ?? as,
    address: facts?.address ?? '',
    pin: pin ?? '',
  }));
  const missing = state.guests.filter((each) => !isIn(each)).map(({ as }) => as);
  const { pending } = pathsOf(stage.around.places);
  if (missing.length === 0) rmSync(pending, { force: true });
  if (stage.node === null)
    return state.failed === null
      ? fail(
          'pairing-nobody-came',
          'Nobody had joined when it ended; nothing was changed here.',
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

const begin = async (answers: InviteAnswers, around: Surroundings): Promise<Result<Inviting>> => {
  const changes = await openRecord(around);
  if (!changes.ok) return changes;
  const plan = await planOf(answers, around);
  if (!plan.ok) return plan;
  const fits = check(plan.value, somebody(plan.value), around);
  if (!fits.ok) return fits;
  const adoptable = await checkAdoption(plan.value, around);
  if (!adoptable.ok) return adoptable;
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
        virtualIps: virtualIpsOf(plan.value.shared),
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
      const both = joinerAgainstAdoption(plan.value, facts);
      if (both !== null) return both;
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

const heldUntil = async <T>(work: Promise<T>, lock: PairingLock): Promise<T> => {
  try {
    return await work;
  } finally {
    await lock.release();
  }
};

/**
 * Shows what will change, asks, and waits for the others; nothing changes before they have joined, but this machine gets a key of its own.
 * Faults: `pairing-…`, `change-…`, `identity-…`.
 */
export const beginInviting = async (answers: InviteAnswers, around: Surroundings): Promise<Result<Inviting>> => {
  const lock = await takeLock(around.places, answers.replaces ? 'dualtone rejoin' : 'dualtone init');
  if (!lock.ok) return lock;
  const begun = await begin(answers, around);
  if (begun.ok) {
    const ended = heldUntil(begun.value.ended, lock.value);
    const cancel = async (): Promise<void> => {
      await begun.value.cancel();
      await ended;
    };
    return ok({ ...begun.value, ended, cancel });
  }
  await lock.value.release();
  return begun;
};
