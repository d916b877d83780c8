/** `dualtone sync`: the main's key, let in at the standby for replication and nothing else. */
import { readFileSync } from 'node:fs';
import { fail, messageOf } from '../../core/result.ts';
import type { SyncDone } from '../../replicator/sync/by-person.ts';
import type { SyncRemoved } from '../../replicator/sync/remove.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type CommonOptions, type Output, orEnd, showFault, socketOf } from '../target.ts';
import { whoami } from './order.ts';
import { configOf } from './replicate.ts';

export interface InitOptions extends CommonOptions {
  readonly ssh?: boolean;
  readonly hostKey?: string;
}

/** The agents do not talk: then a person's own SSH is the way. */
const NO_AGENTS = new Set([
  'agent-unreachable',
  'agent-silent',
  'agent-gone',
  'no-streams',
  'peer-not-connected',
  'peer-no-answer',
  'replicator-ended',
  'replicator-not-running',
]);

const showDone = (done: SyncDone, options: CommonOptions, output: Output): ExitCode => {
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...done })}\n`);
  else output.out(`${done.text}\n  key       ${done.key}\n  host keys ${done.pinned.join('\n            ')}\n`);
  return EXIT.ok;
};

/** A host that is not known yet: by `--host-key`, or by a person who types `yes`. */
const createAsker = (options: InitOptions, output: Output) => async (address: string, known: readonly string[]) => {
  if (options.hostKey !== undefined) return known.includes(options.hostKey);
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  output.err(`The host key of ${address} is not pinned yet. Its fingerprints:\n  ${known.join('\n  ')}\n`);
  output.err('There, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows them too.\n');
  const { createInterface } = await import('node:readline/promises');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await asked.question('Are they the same? Type yes: ').catch(() => '');
  asked.close();
  return typed.trim() === 'yes';
};

const byPerson = async (options: InitOptions, output: Output): Promise<ExitCode> => {
  const config = await configOf(options, output);
  if (config.node.role !== 'main') {
    const message = 'It is the main that connects, with a key of its own';
    const remedy = 'give `dualtone sync init` on the main; here `dualtone sync authorize` lets its key in';
    return showFault({ code: 'sync-not-here', message, remedy }, options, output);
  }
  const { initSyncByPerson } = await import('../../replicator/sync/by-person.ts');
  const say = (line: string): void => output.err(`${line}\n`);
  const done = await initSyncByPerson(config, { knows: createAsker(options, output), say });
  return showDone(orEnd(done, options, output), options, output);
};

/** `dualtone sync init`, on the main: over the agents where they talk, else by the person's own SSH. */
export const init = async (options: InitOptions, output: Output): Promise<ExitCode> => {
  if (options.ssh === true) return byPerson(options, output);
  const { askWork } = await import('../../api/client.ts');
  const signal = AbortSignal.timeout(60_000);
  const by = `${whoami()} (command line)`;
  const done = await askWork(await socketOf(options, output), by, { name: 'sync-init' }, signal, () => undefined);
  if (done.ok) return showDone(done.value as SyncDone, options, output);
  if (!NO_AGENTS.has(done.error.code)) return showFault(done.error, options, output);
  output.err(`The agents cannot do it now: ${done.error.message.replace(/\.$/, '')}. By SSH then.\n`);
  return byPerson(options, output);
};

const keyText = async (file: string | undefined, output: Output): Promise<string> => {
  if (file !== undefined && file !== '-') return readFileSync(file, 'utf8');
  if (process.stdin.isTTY) output.err("Paste the main's public key (one line), then Ctrl-D:\n");
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const part of process.stdin) {
    text += String(part);
    if (text.length > 10_000) break;
  }
  return text;
};

const keyTextOrEnd = async (file: string | undefined, options: CommonOptions, output: Output): Promise<string> => {
  try {
    return (await keyText(file, output)).trim();
  } catch (error) {
    const why = messageOf(error);
    const message = `the key cannot be read: ${why}`;
    const fault = fail('file-unreadable', message, 'give its .pub file');
    return orEnd(fault, options, output);
  }
};

/** `dualtone sync authorize [file]`, on the standby. */
export const authorize = async (
  file: string | undefined,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const [{ authorizeKey, hostKeysOf }, { fingerprint }] = await Promise.all([
    import('../../replicator/sync/init.ts'),
    import('../../ssh/public-key.ts'),
  ]);
  const text = await keyTextOrEnd(file, options, output);
  const done = orEnd(authorizeKey(config, text), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...done })}\n`);
  else {
    output.out(`The key ${done.key} is ${done.added ? 'now' : 'already'} let in for replication and nothing else.\n`);
    output.out(`Host keys of this node, for the main to pin (\`dualtone sync init --host-key FINGERPRINT\`):\n`);
    for (const key of hostKeysOf(done)) output.out(`  ${key.type} ${fingerprint(key)}\n`);
  }
  return EXIT.ok;
};

export interface RemoveFlags extends CommonOptions {
  readonly preview?: boolean;
  readonly withKey?: boolean;
  readonly force?: boolean;
  readonly ssh?: boolean;
}

const showRemoved = (removed: SyncRemoved, options: CommonOptions, output: Output): ExitCode => {
  if (options.json === true) {
    output.out(`${JSON.stringify({ ok: true, ...removed })}\n`);
    return EXIT.ok;
  }
  const { preview, key, lines, others, here, uses } = removed;
  const verb = preview ? 'would go' : 'went';
  output.out(lines.length === 0 ? `The standby has no line of Dualtone for the key ${key}.\n` : '');
  for (const line of lines) output.out(`  - ${verb} at the standby: ${line}\n`);
  for (const thing of here) output.out(`  - ${verb} here: ${thing}\n`);
  if (others > 0) output.out(`  ! ${others} lines that Dualtone did not write let the same key in; they stay.\n`);
  if (preview && uses.length > 0) output.out(`  ! By this key go, and would stop: ${uses.join(', ')}.\n`);
  if (!preview) output.out('The standby refuses the key now; `dualtone sync init` has it let in again.\n');
  return EXIT.ok;
};

/** `dualtone sync remove`, on the main: over the agents where they talk, else by the person's own SSH. */
export const remove = async (options: RemoveFlags, output: Output): Promise<ExitCode> => {
  const wanted = {
    preview: options.preview === true,
    withKey: options.withKey === true,
    force: options.force === true,
  };
  if (options.ssh !== true) {
    const { askWork } = await import('../../api/client.ts');
    const work = { name: 'sync-remove', ...wanted } as const;
    const signal = AbortSignal.timeout(120_000);
    const by = `${whoami()} (command line)`;
    const done = await askWork(await socketOf(options, output), by, work, signal, () => undefined);
    if (done.ok) return showRemoved(done.value as SyncRemoved, options, output);
    if (!NO_AGENTS.has(done.error.code)) return showFault(done.error, options, output);
    output.err(`The agents cannot do it now: ${done.error.message.replace(/\.$/, '')}. By SSH then.\n`);
  }
  const config = await configOf(options, output);
  const { askByPerson, removeSync } = await import('../../replicator/sync/remove.ts');
  const ask = askByPerson(config, (line) => output.err(`${line}\n`));
  return showRemoved(orEnd(await removeSync(config, ask, wanted), options, output), options, output);
};

/** `dualtone sync deauthorize [file]`, on the standby. */
export const deauthorize = async (
  file: string | undefined,
  options: CommonOptions & { readonly preview?: boolean },
  output: Output,
): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const { deauthorizeKey } = await import('../../replicator/sync/remove.ts');
  const text = await keyTextOrEnd(file, options, output);
  const done = orEnd(deauthorizeKey(config, text, options.preview === true), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...done })}\n`);
  else {
    if (done.lines.length === 0) output.out('There is no line of Dualtone for this key.\n');
    for (const line of done.lines) output.out(`  - ${options.preview === true ? 'would go' : 'went'}: ${line}\n`);
    if (done.others > 0) output.out(`  ! ${done.others} other lines let the same key in; they stay.\n`);
  }
  return EXIT.ok;
};

/** `dualtone sync status`, on the main: key, pinned host, whether the key is let in now. */
export const status = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const [{ personsTarget, checkKey }, { readPublicKey }, { pinnedKeys }, { fingerprint }] = await Promise.all([
    import('../../replicator/sync/by-person.ts'),
    import('../../ssh/key.ts'),
    import('../../ssh/known-hosts.ts'),
    import('../../ssh/public-key.ts'),
  ]);
  const target = personsTarget(config);
  const key = orEnd(readPublicKey(target.keyFile), options, output);
  const pinned = orEnd(pinnedKeys(target.knownHostsFile, target.hostAlias), options, output);
  const works = await checkKey(target, key);
  if (options.json === true) {
    const told = { key: fingerprint(key), pinned: pinned.map(fingerprint), letIn: works.ok };
    output.out(`${JSON.stringify({ ok: works.ok, ...told, fault: works.ok ? null : works.error })}\n`);
    return works.ok ? EXIT.ok : EXIT.warning;
  }
  output.out(`key       ${fingerprint(key)} (${target.keyFile})\n`);
  output.out(`host keys ${pinned.length === 0 ? 'none pinned' : pinned.map(fingerprint).join('\n          ')}\n`);
  output.out(`access    ${works.ok ? `${target.user}@${target.address} lets it in` : works.error.message}\n`);
  if (!works.ok) output.out(`          ${works.error.remedy}\n`);
  return works.ok ? EXIT.ok : EXIT.warning;
};
