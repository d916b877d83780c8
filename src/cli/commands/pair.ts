/** `dualtone init`, `join` and `rejoin`: two machines become a pair, and a lost one is replaced. */
import { readRaw } from '../../config/edit.ts';
import { printDuration } from '../../config/schema/scalars.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord, type Role } from '../../core/words.ts';
import type { InviteAnswers } from '../../pairing/invite-plan.ts';
import type { Inviting } from '../../pairing/inviting.ts';
import type { Surroundings } from '../../pairing/surroundings.ts';
import type { At } from '../../pairing/words.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createPrompter, type Prompter, readSecret } from '../prompt.ts';
import { type CommonOptions, type Output, orEnd } from '../target.ts';
import { askedBy, noteAct } from './pair-acts.ts';
import {
  type PlaceOptions,
  readAddress,
  readCheckpoint,
  readCidr,
  readLife,
  readOwnAddress,
  readPlace,
  readPort,
  readRole,
  surroundingsOf,
} from './pair-options.ts';

export interface InitOptions extends PlaceOptions {
  readonly role?: string;
  readonly name?: string;
  readonly address?: string;
  readonly port?: string;
  readonly peer?: string;
  readonly virtualIp?: readonly string[];
  readonly gateway?: string;
  readonly profile?: string;
  readonly preset?: string;
  readonly telephony?: string;
  readonly checkpoint?: readonly string[];
  /** A file with the section of an arbiter in etcd. */
  readonly etcd?: string;
  readonly pairingPort?: string;
  readonly valid?: string;
  /** Telephony serves here now, and goes on without a break. */
  readonly adopt?: boolean;
}

/** TCP, open to the joining machine while it joins, and never else. */
const PAIRING_PORT = 4578;

const textIn = (raw: unknown, key: string): string | null => {
  const value = isRecord(raw) ? raw[key] : null;
  return typeof value === 'string' ? value : null;
};

const checked =
  (read: (text: string) => Result<unknown>, mayBeEmpty = false) =>
  (answer: string): string | null => {
    if (answer === '' && mayBeEmpty) return null;
    const found = read(answer);
    return found.ok ? null : `${found.error.message} ${found.error.remedy}`;
  };

/** Of the addresses that were answered before, by whose they are. */
type Taken = ReadonlyMap<string, string>;

/** As `checked`, and not an address that another machine has by the answers before: asked again at once, not refused at the end. */
const checkedFree =
  (check: (answer: string) => string | null, taken: Taken) =>
  (answer: string): string | null => {
    const owner = taken.get(answer.split('/')[0] ?? '');
    return check(answer) ?? (owner === undefined ? null : `That is the address of ${owner}. Give another one.`);
  };

/** Sections that an option decides; the rest of the file stays. */
const sectionsOf = (options: InitOptions, virtualIps: readonly string[], gateway: string | null, former: unknown) => ({
  ...(options.preset === undefined ? {} : { preset: options.preset }),
  ...(options.profile === undefined ? {} : { profile: options.profile }),
  ...(options.telephony === undefined ? {} : { telephony: options.telephony }),
  ...(virtualIps.length === 0 ? {} : { 'virtual-ip': { ...(isRecord(former) ? former : {}), addresses: virtualIps } }),
  ...(gateway === null ? {} : { network: { gateway } }),
});

const eachOf = <T>(texts: readonly string[], read: (text: string) => Result<T>): Result<readonly T[]> => {
  const values: T[] = [];
  for (const text of texts) {
    const value = read(text);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return ok(values);
};

const noRole = () =>
  fail(
    'option-wrong',
    'It is not said whether this machine is the main or the standby.',
    'Give --role main or --role standby.',
  );

/** The agent listens there: the next token would find it taken. */
const samePorts = (port: number) =>
  fail(
    'option-wrong',
    `Port ${port} cannot be the port of the agent and that of pairing.`,
    'Give another one with --pairing-port.',
  );

interface Who {
  readonly role: Role;
  readonly address: string;
  readonly peerAddress: string | null;
}

/** From options, the file that is there, and a person, in this order. */
const whoOf = async (
  options: InitOptions,
  existing: string | null,
  checkpoints: readonly At[],
  prompter: Prompter,
): Promise<Result<Who>> => {
  const { likelyAddress } = await import('../../pairing/machine.ts');
  const own = readRaw(existing ?? '')['node'];
  const word = options.role ?? textIn(own, 'role');
  if (word === null && !prompter.isThere) return noRole();
  const role = readRole(
    word ?? (await prompter.ask('Is this machine the main or the standby?', 'main', checked(readRole))),
  );
  if (!role.ok) return role;
  const said = options.address ?? textIn(own, 'address');
  const likely = likelyAddress(null) ?? '';
  const voters: Taken = new Map(checkpoints.map((each) => [each.address, `the checkpoint ${each.name}`]));
  const isOwn = checkedFree(checked(readOwnAddress), voters);
  const asked = said ?? (await prompter.ask('Its own address on the voice network', likely, isOwn));
  const address = readAddress(asked);
  if (!address.ok) return address;
  const question = 'Address of the other machine, or empty: whoever joins with the token';
  const known = options.peer ?? (existing === null ? null : '');
  const isFree = checkedFree(checked(readAddress, true), new Map([...voters, [address.value, 'this machine']]));
  const peer = known ?? (await prompter.ask(question, '', isFree));
  const peerAddress = peer === '' ? ok(null) : readAddress(peer);
  return peerAddress.ok
    ? ok({ role: role.value, address: address.value, peerAddress: peerAddress.value })
    : peerAddress;
};

/** Sections of a new file that are asked for; of an old one they stay. */
const askedSections = async (
  options: InitOptions,
  existing: string | null,
  { address, peerAddress }: Who,
  prompter: Prompter,
) => {
  const { gatewayNear } = await import('../../pairing/machine.ts');
  const question = 'Virtual IP that follows the active node, such as 10.0.0.10/24, or empty';
  const isAsked = options.virtualIp === undefined && existing === null;
  const taken: Taken = new Map([
    [address, 'this machine'],
    [peerAddress ?? '-', 'the other machine'],
  ]);
  const asked = isAsked ? await prompter.ask(question, '', checkedFree(checked(readCidr, true), taken)) : '';
  const virtualIps = options.virtualIp ?? (asked === '' ? [] : [asked]);
  const gateway = options.gateway ?? (existing === null ? gatewayNear(address) : null);
  return sectionsOf(options, virtualIps, gateway, readRaw(existing ?? '')['virtual-ip']);
};

const twoArbiters = () =>
  fail('option-wrong', 'Checkpoints and etcd cannot both vote for one pair.', 'Give --checkpoint or --etcd, not both.');

/** Sections of an arbiter in etcd; none where it is another. */
const etcdSections = async ({ etcd, checkpoint, preset }: InitOptions): Promise<Result<object>> => {
  if (etcd === undefined) return ok({});
  if (checkpoint !== undefined) return twoArbiters();
  const { readEtcdSections } = await import('./etcd-arbiter.ts');
  return readEtcdSections(etcd, preset);
};

/** Asked only where it may well be so: the main of a new pair without votes, on which the virtual IP is already. */
const adoptsOf = async (
  options: InitOptions,
  existing: string | null,
  role: Role,
  sections: Readonly<Record<string, unknown>>,
  prompter: Prompter,
): Promise<boolean> => {
  if (options.adopt !== undefined) return options.adopt;
  const votes = options.checkpoint !== undefined || options.etcd !== undefined;
  if (!prompter.isThere || existing !== null || role !== 'main' || votes) return false;
  const [{ ownAddresses }, { virtualIpsOf }] = await Promise.all([
    import('../../pairing/machine.ts'),
    import('../../pairing/plan.ts'),
  ]);
  const here = new Set(ownAddresses().map((each) => each.address));
  const wanted = virtualIpsOf(sections);
  if (wanted.length === 0 || !wanted.every((each) => here.has(each.split('/')[0] ?? ''))) return false;
  const check = (answer: string): string | null => (/^(y|yes|n|no)$/i.test(answer) ? null : 'Answer yes or no.');
  const question = 'The virtual IP is here: does telephony serve on this machine, and is to go on without a break?';
  return /^y/i.test(await prompter.ask(question, 'yes', check));
};

/** All that `init` needs to know. Faults: `option-wrong`, those of a cluster that is asked. */
const answersOf = async (
  options: InitOptions,
  existing: string | null,
  prompter: Prompter,
  replaces: boolean,
): Promise<Result<InviteAnswers>> => {
  const { likelyName } = await import('../../pairing/machine.ts');
  const checkpoints = eachOf(options.checkpoint ?? [], readCheckpoint);
  if (!checkpoints.ok) return checkpoints;
  const ports = eachOf([options.port ?? '4577', options.pairingPort ?? String(PAIRING_PORT)], readPort);
  if (!ports.ok) return ports;
  const life = readLife(options.valid ?? '10m');
  if (!life.ok) return life;
  const etcd = await etcdSections(options);
  if (!etcd.ok) return etcd;
  const who = await whoOf(options, existing, checkpoints.value, prompter);
  if (!who.ok) return who;
  const [port = 4577, pairingPort = PAIRING_PORT] = ports.value;
  if (port === pairingPort) return samePorts(port);
  const { role } = who.value;
  const sections = { ...(await askedSections(options, existing, who.value, prompter)), ...etcd.value };
  return ok({
    ...who.value,
    name: options.name ?? textIn(readRaw(existing ?? '')['node'], 'name') ?? likelyName(role),
    port,
    sections,
    checkpoints: checkpoints.value,
    pairingPort,
    lifeMs: life.value,
    replaces,
    adopts: replaces ? false : await adoptsOf(options, existing, role, sections, prompter),
  });
};

const showTokens = (
  { tokens, untilSeconds }: Inviting,
  { address, pairingPort, lifeMs }: InviteAnswers,
  options: CommonOptions,
  output: Output,
): void => {
  if (options.json === true) {
    output.out(
      `${JSON.stringify({ ok: true, type: 'tokens', address, until: new Date(untilSeconds * 1000).toISOString(), tokens })}\n`,
    );
    return;
  }
  const at =
    pairingPort === PAIRING_PORT
      ? address
      : address.includes(':')
        ? `[${address}]:${pairingPort}`
        : `${address}:${pairingPort}`;
  for (const { kind, for: as, token } of tokens) {
    const where = kind === 'node' ? `the ${as}` : `the checkpoint ${as}`;
    output.out(
      `On ${where}, as root:\n\n    dualtone join ${kind === 'checkpoint' ? '--checkpoint ' : ''}${at} -\n\nand give it this token (once, within ${printDuration(lifeMs)}):\n\n    ${token}\n\n`,
    );
  }
  output.err('Waiting for them; Ctrl-C ends it, and nothing is changed then.\n');
};

/** Calls `cancel` at Ctrl-C or SIGTERM, as long as the work lasts. */
const endable = async <T>(work: Promise<T>, cancel: () => void): Promise<T> => {
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    return await work;
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
};

const invite = async (options: InitOptions, output: Output, replaces: boolean): Promise<ExitCode> => {
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const [{ beginInviting }, { readText }, { pathsOf }, { keepProgress }] = await Promise.all([
    import('../../pairing/inviting.ts'),
    import('../../pairing/machine.ts'),
    import('../../pairing/plan.ts'),
    import('../../pairing/progress.ts'),
  ]);
  const around = surroundingsOf(options, output, prompter);
  const existing = readText(pathsOf(around.places).config);
  const answers = orEnd(await answersOf(options, existing, prompter, replaces), options, output);
  const inviting = orEnd(await beginInviting(answers, around), options, output);
  const progress = keepProgress(around.places, replaces ? 'replace' : 'invite', askedBy());
  progress.runs(
    inviting.untilSeconds * 1000,
    inviting.tokens.map(({ for: as, kind }) => ({ for: as, kind })),
  );
  showTokens(inviting, answers, options, output);
  const ended = progress.ended(await endable(inviting.ended, () => void inviting.cancel()), (outcome) => ({
    joined: outcome.joined.map(({ as }) => as),
    missing: outcome.missing,
  }));
  const { joined, missing } = orEnd(ended, options, output);
  const act = replaces ? 'rejoined' : 'paired';
  for (const { as, name, address, pin } of joined)
    await noteAct(around.places, act, `${name} (${address}) joined as ${as}, key ${pin}`);
  const names = joined.map(({ as }) => as);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, type: 'paired', joined: names, missing })}\n`);
  else {
    output.out(
      `Paired: ${names.join(', ')} joined. \`dualtone check\` tries what a takeover needs; \`dualtone disable\` undoes it.\n`,
    );
    if (missing.length > 0)
      output.out(`Not yet here: ${missing.join(', ')}. \`dualtone init\` makes new tokens for them.\n`);
  }
  return missing.length > 0 ? EXIT.warning : EXIT.ok;
};

/** `dualtone init`: this machine, and tokens for the others. */
export const init = (options: InitOptions, output: Output): Promise<ExitCode> => invite(options, output, false);

/** `dualtone rejoin`, on the node that remains: the other is lost, a new machine takes its place. */
export const rejoin = (options: InitOptions, output: Output): Promise<ExitCode> => invite(options, output, true);

export interface JoinOptions extends PlaceOptions {
  readonly checkpoint?: boolean;
  readonly role?: string;
  readonly name?: string;
  readonly address?: string;
  readonly port?: string;
}

const optional = <T>(text: string | undefined, read: (text: string) => Result<T>): Result<T | null> =>
  text === undefined ? ok(null) : read(text);

/** `dualtone join [address] [token]`; the token comes from standard input where it is `-` or absent. */
export const join = async (
  where: string | undefined,
  token: string | undefined,
  options: JoinOptions,
  output: Output,
): Promise<ExitCode> => {
  // A token alone is enough: it carries the address.
  const isTokenFirst = where?.startsWith('dt1-') === true || where === '-';
  const place = isTokenFirst ? undefined : where;
  const given = isTokenFirst ? where : token;
  const peer = orEnd(optional(place, readPlace), options, output);
  const role = orEnd(optional(options.role, readRole), options, output);
  const address = orEnd(optional(options.address, readAddress), options, output);
  const port = orEnd(optional(options.port, readPort), options, output);
  const text = given === undefined || given === '-' ? await readSecret('The token') : given;
  const prompter = createPrompter(options.yes !== true && options.json !== true);
  const [{ joinWith }, { keepProgress }] = await Promise.all([
    import('../../pairing/joining.ts'),
    import('../../pairing/progress.ts'),
  ]);
  const ending = new AbortController();
  const alone = surroundingsOf(options, output, prompter);
  const progress = keepProgress(alone.places, 'join', askedBy());
  const around: Surroundings = {
    ...alone,
    // Asked when no other command pairs this machine, and before its agent starts again.
    confirm: async (lines) => {
      const goes = await alone.confirm(lines);
      if (goes) progress.runs(null, []);
      return goes;
    },
  };
  const answers = {
    signal: ending.signal,
    peer,
    kind: options.checkpoint === true ? ('checkpoint' as const) : ('node' as const),
    role,
    name: options.name ?? null,
    address,
    port: port ?? 4577,
  };
  const end = (): void => {
    around.say('It ends with everything done, or nothing.');
    ending.abort();
  };
  const ended = await endable(joinWith(text, answers, around), end);
  const joined = orEnd(
    progress.ended(ended, ({ as }) => ({ joined: [as], missing: [] })),
    options,
    output,
  );
  const { name, as, peer: inviter, peerPin } = joined;
  await noteAct(around.places, 'joined', `${name} joined the pair of ${inviter} as ${as}, its key ${peerPin}`);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...joined })}\n`);
  else
    output.out(
      `${joined.name} (${joined.address}) is the ${options.checkpoint === true ? 'checkpoint' : joined.as} of the pair with ${joined.peer}. \`dualtone disable\` undoes it.\n`,
    );
  return EXIT.ok;
};
