/** `dualtone sync`: the main's key, let in at the standby for replication and nothing else. */
import { readFileSync } from 'node:fs';
import type { SyncDone } from '../../replicator/sync-person.ts';
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
  const { initSyncByPerson } = await import('../../replicator/sync-person.ts');
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

/** `dualtone sync authorize [file]`, on the standby. */
export const authorize = async (
  file: string | undefined,
  options: CommonOptions,
  output: Output,
): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const [{ authorizeKey, hostKeysOf }, { fingerprint }] = await Promise.all([
    import('../../replicator/sync.ts'),
    import('../../ssh/public-key.ts'),
  ]);
  let text: string;
  try {
    text = await keyText(file, output);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fault = {
      code: 'ssh-file-unreadable',
      message: `the key cannot be read: ${why}`,
      remedy: 'give its .pub file',
    };
    return showFault(fault, options, output);
  }
  const done = orEnd(authorizeKey(config, text.trim()), options, output);
  if (options.json === true) output.out(`${JSON.stringify({ ok: true, ...done })}\n`);
  else {
    output.out(`The key ${done.key} is ${done.added ? 'now' : 'already'} let in for replication and nothing else.\n`);
    output.out(`Host keys of this node, for the main to pin (\`dualtone sync init --host-key FINGERPRINT\`):\n`);
    for (const key of hostKeysOf(done)) output.out(`  ${key.type} ${fingerprint(key)}\n`);
  }
  return EXIT.ok;
};

/** `dualtone sync status`, on the main: key, pinned host, whether the key is let in now. */
export const status = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const config = await configOf(options, output);
  const [{ personsTarget, checkKey }, { readPublicKey }, { pinnedKeys }, { fingerprint }] = await Promise.all([
    import('../../replicator/sync-person.ts'),
    import('../../ssh/key.ts'),
    import('../../ssh/known-hosts.ts'),
    import('../../ssh/public-key.ts'),
  ]);
  const target = personsTarget(config);
  const key = orEnd(readPublicKey(target.keyFile), options, output);
  const pinned = orEnd(pinnedKeys(target.knownHostsFile, target.hostAlias), options, output);
  const works = await checkKey(target);
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
