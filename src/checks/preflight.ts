/** What must be there before an agent starts, so that nothing is found missing in the night of a takeover. */
import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { type Config, neededReports } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { childEnv, missingProgram } from '../process/programs.ts';

const TMPFS = 0x01021994;

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** It is on the path, or where it says, and may be executed. */
export const programIsThere = (program: string): boolean => {
  if (program.includes('/')) return isExecutable(program);
  const folders = (childEnv()['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, program)));
};

const pings = ({ network, probes, arbiter, preset, watch }: Config): boolean =>
  network.gateway !== null ||
  probes.icmp.length > 0 ||
  (watch.kind === 'looks' && neededReports({ arbiter, preset }) === null) ||
  (arbiter.kind === 'checkpoints' && arbiter.checkpoints.some(({ kind }) => kind === 'ping'));

/** Programs of the site: without them it starts, and says so. */
const ownProgramsOf = ({ hooks, probes, alarms }: Config): readonly string[] => {
  const telling = alarms.channels.flatMap((channel) => (channel.kind === 'command' ? [channel] : []));
  return [...hooks, ...probes.command, ...telling].flatMap(({ run }) => run.slice(0, 1));
};

/** Programs that this configuration cannot do without. */
export const programsOf = (config: Config): readonly string[] => {
  const { gate, virtualIp, services } = config;
  const hosts = (virtualIp?.addresses ?? []).map((each) => each.slice(0, each.indexOf('/')));
  const all = [
    ...(gate.enforce ? ['nft', 'perl'] : []),
    ...(virtualIp === null ? [] : ['ip']),
    ...(hosts.some((host) => isIPv4(host)) ? ['arping'] : []),
    ...(hosts.some((host) => !isIPv4(host)) ? ['ndptool'] : []),
    ...(services.some((service) => 'unit' in service) ? ['systemctl'] : []),
    ...(services.some((service) => 'compose' in service) ? ['docker'] : []),
    ...(pings(config) ? ['fping'] : []),
    // Programs of the site run at the usual priority, not at the agent's.
    ...(ownProgramsOf(config).length > 0 || services.some((service) => 'init' in service || 'command' in service)
      ? ['chrt']
      : []),
    ...services.flatMap((service) =>
      'command' in service
        ? [service.command.start, service.command.stop, service.command.status].flatMap((argv) => argv.slice(0, 1))
        : [],
    ),
    ...services.flatMap((service) => ('init' in service ? [`/etc/init.d/${service.init}`] : [])),
  ];
  return [...new Set(all)];
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

/** By hand: Node's own recursive way never returns where the kernel says ENOENT for ever, as below /proc. */
const makeDirectory = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
};

/** Made where it is missing. A disk that became read-only or full is an alarm later on, and no reason not to serve. */
const usable = (key: string, path: string): Result<void> => {
  try {
    makeDirectory(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (error) {
    const code = codeOf(error);
    if (key === 'state-dir' && (code === 'EROFS' || code === 'ENOSPC')) return ok(undefined);
    const remedy = `run as root, or set ${key} to a directory that this user may write`;
    return fail('directory-unusable', `${key} ${path} cannot be used (${code})`, remedy);
  }
};

/** Fails with `directory-unusable`. */
export const checkDirectories = (config: { readonly runDir: string; readonly stateDir: string }): Result<void> => {
  const run = usable('run-dir', config.runDir);
  return run.ok ? usable('state-dir', config.stateDir) : run;
};

/** Worth a warning, and no reason not to start. */
export const notesOnDirectories = ({ runDir }: { readonly runDir: string }): readonly string[] =>
  statfsSync(runDir).type === TMPFS
    ? []
    : [`run-dir ${runDir} is not on tmpfs: each heartbeat goes to a disk, which may make it late.`];

/** The same, of a node. */
export const notesOnNode = (config: Config): readonly string[] => [
  ...notesOnDirectories(config),
  ...ownProgramsOf(config)
    .filter((program) => !programIsThere(program))
    .map((program) => `${program} of the configuration is not there, or may not be executed.`),
];

/** Fails with `directory-unusable` or `program-missing`. */
export const checkNode = (config: Config): Result<void> => {
  const directories = checkDirectories(config);
  if (!directories.ok) return directories;
  const absent = programsOf(config).find((program) => !programIsThere(program));
  return absent === undefined ? ok(undefined) : missingProgram(absent);
};
