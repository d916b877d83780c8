import { readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { messageOf } from '../core/result.ts';
import { canonical } from './canonical.ts';
import type { AlarmsConfig, CheckpointConfig, Config } from './config.ts';
import { type Path, pathText } from './document.ts';
import { type Parsed, parseCheckpointConfig, parseConfig } from './parse.ts';
import { alarmSecrets } from './relations/alarms.ts';
import type { Clash } from './relations/clash.ts';

/** What a check of the configuration asks of the machine. */
export interface Machine {
  /** Mode and owner of a file, null where there is none or it cannot be seen. */
  file(path: string): { readonly mode: number; readonly uid: number; readonly regular: boolean } | null;
  /** The machine's own addresses. */
  addresses(): readonly string[];
  readonly uid: number;
}

/** The machine on which this runs. */
export const thisMachine: Machine = {
  file: (path) => {
    try {
      const found = statSync(path);
      return { mode: found.mode & 0o7777, uid: found.uid, regular: found.isFile() };
    } catch {
      return null;
    }
  },
  addresses: () => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((each) => each.address)),
  uid: process.getuid?.() ?? 0,
};

/** A file with a secret: it exists, nobody else reads or writes it, and it belongs to root or to this user. */
export const secretFileClash = (path: Path, file: string, machine: Machine, howToMake: string): readonly Clash[] => {
  const found = machine.file(file);
  if (found === null)
    return [{ path, message: `${pathText(path)}: ${file} does not exist or cannot be seen`, remedy: howToMake }];
  if (!found.regular) return [{ path, message: `${file} is not a file`, remedy: howToMake }];
  if ((found.mode & 0o077) !== 0) {
    const mode = found.mode.toString(8).padStart(4, '0');
    return [{ path, message: `${file} has mode ${mode}: others can read or change it`, remedy: `chmod 0600 ${file}` }];
  }
  if (found.uid !== 0 && found.uid !== machine.uid) {
    return [{ path, message: `${file} belongs to user ${found.uid}`, remedy: `chown root ${file}` }];
  }
  return [];
};

const KEY_REMEDY = 'make it on one node with `dualtone key generate`, and copy it to the others';

const PAIR_REMEDY = 'pair the machines again: `dualtone init` on one, `dualtone join` on the others';

const alarmFileClashes = (alarms: AlarmsConfig, machine: Machine): readonly Clash[] =>
  alarmSecrets(alarms).flatMap(({ path, file }) =>
    secretFileClash(path, file, machine, 'write the secret into it, mode 0600; see docs/alarms.md'),
  );

const etcdFileClashes = ({ arbiter }: Config, machine: Machine): readonly Clash[] => {
  if (arbiter.kind !== 'etcd') return [];
  const remedy = 'write the password of the user of etcd into it, mode 0600; see docs/etcd.md';
  const password = secretFileClash(['arbiter', 'password-file'], arbiter.passwordFile, machine, remedy);
  if (arbiter.keyFile === null) return password;
  const key = 'give the key of arbiter.certificate-file, mode 0600';
  return [...password, ...secretFileClash(['arbiter', 'key-file'], arbiter.keyFile, machine, key)];
};

const nodeClashes = (config: Config, machine: Machine): readonly Clash[] => {
  const own = machine.addresses().map(canonical);
  const clashes = [...secretFileClash(['key-file'], config.keyFile, machine, KEY_REMEDY)];
  if (config.peer.pin !== null)
    clashes.push(...secretFileClash(['identity-file'], config.identityFile, machine, PAIR_REMEDY));
  if (config.arbiter.kind === 'checkpoints') {
    for (const [index, { keyFile }] of config.arbiter.checkpoints.entries())
      if (keyFile !== undefined)
        clashes.push(...secretFileClash(['arbiter', 'checkpoints', index, 'key-file'], keyFile, machine, PAIR_REMEDY));
  }
  clashes.push(...etcdFileClashes(config, machine));
  if (config.probes.ami !== null) {
    const remedy = 'write the secret of manager.conf into it, mode 0600, or set probes.ami to null';
    clashes.push(...secretFileClash(['probes', 'ami', 'secret-file'], config.probes.ami.secretFile, machine, remedy));
  }
  const { ari } = config.streams.astdb;
  if (ari !== null) {
    const remedy = 'write the password of ari.conf into it, mode 0600, or set streams.astdb.ari to null';
    clashes.push(...secretFileClash(['streams', 'astdb', 'ari', 'secret-file'], ari.secretFile, machine, remedy));
  }
  clashes.push(...alarmFileClashes(config.alarms, machine));
  if (config.web.key !== null)
    clashes.push(
      ...secretFileClash(['web', 'key'], config.web.key, machine, 'give the key of web.certificate, mode 0600'),
    );
  if (own.includes(canonical(config.peer.address))) {
    clashes.push({
      path: ['peer', 'address'],
      message: `the peer's address ${config.peer.address} is one of this machine's own`,
      remedy: 'give the address of the other server; node and peer may be exchanged',
    });
  }
  if (!own.includes(canonical(config.node.address))) {
    clashes.push({
      path: ['node', 'address'],
      message: `this machine does not have the address ${config.node.address}`,
      remedy: `its addresses are ${machine.addresses().join(', ')}`,
    });
  }
  return clashes;
};

/** Either a key with each node, or the one of the pair. */
const checkpointKeyClashes = ({ nodes, keyFile }: CheckpointConfig, machine: Machine): readonly Clash[] => {
  const own = (['main', 'standby'] as const).flatMap((role) => {
    const file = nodes[role].keyFile;
    return file === undefined ? [] : secretFileClash(['nodes', role, 'key-file'], file, machine, PAIR_REMEDY);
  });
  const hasAll = nodes.main.keyFile !== undefined && nodes.standby.keyFile !== undefined;
  return hasAll ? own : [...own, ...secretFileClash(['key-file'], keyFile, machine, KEY_REMEDY)];
};

type Opened = { readonly text: string } | { readonly text: null; readonly message: string };

const openFile = (path: string): Opened => {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { text: null, message: messageOf(error) };
  }
};

const unreadable = (message: string): Parsed<never> => ({
  ok: false,
  problems: [
    {
      line: 1,
      column: 1,
      path: '',
      message: `the file cannot be read: ${message}`,
      remedy: 'give the path of the configuration with --config',
    },
  ],
  notes: [],
});

const withClashes = <C>(
  parsed: ReturnType<typeof parseConfig> | ReturnType<typeof parseCheckpointConfig>,
  clashes: (config: C) => readonly Clash[],
): Parsed<C> => {
  const { source, ...rest } = parsed;
  if (!rest.ok) return rest;
  const problems = clashes(rest.config as C).map(({ path, message, remedy }) => ({
    ...source.place(path),
    path: pathText(path),
    message,
    remedy,
  }));
  return problems.length > 0 ? { ok: false, problems, notes: rest.notes } : { ...rest, config: rest.config as C };
};

/** Reads a node's file and checks it against this machine: key file, secrets, addresses. Synchronous; for starts and checks. */
export const loadConfig = (path: string, machine: Machine = thisMachine): Parsed<Config> => {
  const opened = openFile(path);
  if (opened.text === null) return unreadable(opened.message);
  return withClashes<Config>(parseConfig(opened.text), (config) => nodeClashes(config, machine));
};

/** Reads a checkpoint's file and checks its key file. */
export const loadCheckpointConfig = (path: string, machine: Machine = thisMachine): Parsed<CheckpointConfig> => {
  const opened = openFile(path);
  if (opened.text === null) return unreadable(opened.message);
  return withClashes<CheckpointConfig>(parseCheckpointConfig(opened.text), (config) => [
    ...checkpointKeyClashes(config, machine),
    ...alarmFileClashes(config.alarms, machine),
  ]);
};

/** What would be wrong with this text as the file of this machine. */
export const configProblems = (
  kind: 'node' | 'checkpoint',
  text: string,
  machine: Machine,
): Extract<Parsed<Config>, { ok: false }>['problems'] => {
  const parsed =
    kind === 'node'
      ? withClashes<Config>(parseConfig(text), (config) => nodeClashes(config, machine))
      : withClashes<CheckpointConfig>(parseCheckpointConfig(text), (config) => checkpointKeyClashes(config, machine));
  return parsed.ok ? [] : parsed.problems;
};
