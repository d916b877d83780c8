/** `dualtone agent` and `dualtone checkpoint`: from a file to a running process, or one clear sentence. */
import { flushCompileCache } from 'node:module';
import type { CheckpointConfig, Config } from '../config/config.ts';
import type { Parsed } from '../config/parse.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { loadProgram } from './built.ts';
import { keepConfig, recallConfig } from './config-cache.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { problemLines } from './problems.ts';
import { PROGRAM } from './program.ts';

const fatal = ({ code, message, remedy }: Fault): string =>
  `dualtone: ${message.replace(/\.$/, '')}.\n    ${remedy} [${code}]\n`;

type Start<C> = (config: C, program: string) => Promise<Result<void>>;

interface Kind<C> {
  readonly name: 'node' | 'checkpoint';
  readonly load: (path: string) => Promise<Parsed<C>>;
  readonly start: () => Promise<Start<C>>;
}

const ANEW = 'DUALTONE_BEGUN_ANEW';

/**
 * Reading a configuration takes 20 MB that are never given back. What was read is kept, so the program begins anew as the same
 * process, a quarter of a second later and once a boot, and recalls it.
 */
const beginAnew = (): void => {
  // Never twice, whatever there may be with the kept file.
  if (process.env[ANEW] !== undefined) return;
  const [, script = '', ...args] = process.argv;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, script, ...args], {
    ...process.env,
    [ANEW]: '1',
  });
};

const run = async <C extends { readonly runDir: string }>(kind: Kind<C>, path: string): Promise<ExitCode> => {
  // First of all, so that its compiled code is kept even where the file is of no use: packages are filled so.
  const start = await kind.start();
  const recalled = recallConfig(kind.name, path);
  const parsed: Parsed<C> =
    recalled === null ? await kind.load(path) : { ok: true, config: recalled.config as C, notes: recalled.notes };
  if (!parsed.ok) {
    process.stderr.write(await problemLines(path, parsed.problems));
    return EXIT.configInvalid;
  }
  if (recalled === null) keepConfig(kind.name, path, parsed.config, parsed.notes);
  // Kept now, since a long-lived process may end without a chance to: the next start takes a third of the time.
  flushCompileCache();
  if (recalled === null && recallConfig(kind.name, path) !== null) beginAnew();
  for (const note of parsed.notes) process.stderr.write(`dualtone: ${note}\n`);
  const ended = await start(parsed.config, PROGRAM);
  if (ended.ok) return EXIT.ok;
  process.stderr.write(fatal(ended.error));
  return EXIT.notStarted;
};

/** A process that has a node's file as its configuration. */
const runNodeProcess = (path: string, start: Kind<Config>['start']): Promise<ExitCode> =>
  run({ name: 'node', load: async (file) => (await import('../config/machine.ts')).loadConfig(file), start }, path);

/** What `bin/dualtone` gives to those alone that do a little ten times a second: see docs/adr/0070. */
const STEADY: ReadonlySet<string> = new Set(['--no-turbofan', '--min-semi-space-size=4']);

/** The flags of this process that are for another one of this program too. */
export const handedOn = (flags: readonly string[]): readonly string[] => flags.filter((flag) => !STEADY.has(flag));

/** This very program as another process, with the same configuration; its priority is never inherited. */
const besideArgv = (policy: 'other' | 'batch', name: string, path: string): readonly string[] => {
  const entry = process.argv[1] ?? '';
  return ['chrt', `--${policy}`, '0', process.execPath, ...handedOn(process.execArgv), entry, name, '--config', path];
};

/** At ordinary priority: what copies must never come before what keeps the lease. */
const replicatorArgv = (path: string): readonly string[] => besideArgv('other', 'replicator', path);

/** At ordinary priority: it waits for other machines, and telephony never for it. */
const switcherArgv = (path: string): readonly string[] => besideArgv('other', 'switcher', path);

/** At ordinary priority: it measures what telephones see. */
const drillerArgv = (path: string): readonly string[] => besideArgv('other', 'driller', path);

/** `dualtone driller`: started by the agent, never by hand. */
export const runDrillerProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => (await import('../drill/process.ts')).runDriller);

/** Below ordinary priority: what only looks comes after everything else. */
const checkerArgv = (path: string): readonly string[] => besideArgv('batch', 'checker', path);

/** `dualtone checker`: started by the agent, never by hand. */
export const runCheckerProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => {
    const { runChecker } = await import('../checks/process.ts');
    return (config, version) => runChecker(config, path, version);
  });

/** At ordinary priority, beside an agent or a checkpoint. */
const alarmsArgv = (path: string, kind: 'node' | 'checkpoint'): readonly string[] => [
  ...besideArgv('other', 'alarms', path),
  ...(kind === 'checkpoint' ? ['--checkpoint'] : []),
];

/** `dualtone alarms`: started by the agent or the checkpoint, never by hand. */
export const runAlarmsProcess = (path: string, kind: 'node' | 'checkpoint'): Promise<ExitCode> =>
  run<Config | CheckpointConfig>(
    {
      name: kind,
      load: async (file) => {
        const { loadConfig, loadCheckpointConfig } = await import('../config/machine.ts');
        return kind === 'node' ? loadConfig(file) : loadCheckpointConfig(file);
      },
      start: async () => (await import('../alarms/process.ts')).runAlarms,
    },
    path,
  );

/** Below ordinary priority: people can wait, a lease cannot. */
const webArgv = (path: string): readonly string[] => besideArgv('batch', 'web', path);

/** Likewise. */
const settingsArgv = (path: string): readonly string[] => besideArgv('batch', 'settings', path);

/** `dualtone settings`: started by the agent for one question of the other node. */
export const runSettingsProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => {
    const { answerOther } = await import('../web/keeper/settings-process.ts');
    return (config) => answerOther(config, path);
  });

/** `dualtone web`: started by the agent, never by hand. It starts `dualtone web-server`, which faces the network. */
export const runWebProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => {
    const { runKeeper } = await import('../web/keeper/process.ts');
    const entry = process.argv[1] ?? '';
    const serverArgv = [process.execPath, '--max-old-space-size=160', ...process.execArgv, entry, 'web-server'];
    return (config, version) => runKeeper(config, { configPath: path, serverArgv, version });
  });

/** Below ordinary priority: reports can wait. */
const reporterArgv = (path: string): readonly string[] => besideArgv('batch', 'reporter', path);

/** `dualtone reporter`: started by the agent, never by hand. */
export const runReporterProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => (await import('../reporting/process.ts')).runReporter);

/** `dualtone replicator`: started by the agent, never by hand. */
export const runReplicatorProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(
    path,
    async () => (await loadProgram('replicator', () => import('../replicator/process.ts'))).runReplicator,
  );

/** At ordinary priority: callers who are refused can wait for an agent, and not the other way round. */
const refuserArgv = (path: string): readonly string[] => besideArgv('other', 'refuser', path);

/** `dualtone refuser`: started by the agent, never by hand. */
export const runRefuserProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => (await import('../refuser/process.ts')).runRefuser);

/** `dualtone switcher`: started by the agent, never by hand. */
export const runSwitcherProcess = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => (await loadProgram('switcher', () => import('../switcher/process.ts'))).runSwitcher);

/** The file as another process has found it valid: parsing it here would hold up the loop. */
const rereadFrom = (path: string) => (): Result<Config> => {
  const recalled = recallConfig('node', path);
  return recalled === null
    ? fail('reload-unprepared', `What ${path} says now was not prepared.`, 'Restart the agent instead.')
    : ok(recalled.config as Config);
};

export const runAgent = (path: string): Promise<ExitCode> =>
  runNodeProcess(path, async () => {
    const { runNode } = await loadProgram('agent', () => import('../agent/node-process.ts'));
    return (config, version) =>
      runNode(config, {
        version,
        argv: replicatorArgv(path),
        alarmsArgv: alarmsArgv(path, 'node'),
        checkerArgv: checkerArgv(path),
        switcherArgv: switcherArgv(path),
        drillerArgv: drillerArgv(path),
        refuserArgv: refuserArgv(path),
        reread: rereadFrom(path),
        webArgv: webArgv(path),
        settingsArgv: settingsArgv(path),
        reporterArgv: reporterArgv(path),
      });
  });

export const runCheckpointAgent = (path: string): Promise<ExitCode> =>
  run(
    {
      name: 'checkpoint',
      load: async (file) => (await import('../config/machine.ts')).loadCheckpointConfig(file),
      start: async () => {
        const { runCheckpoint } = await loadProgram('checkpoint', () => import('../agent/checkpoint-process.ts'));
        return (config, version) => runCheckpoint(config, { version, alarmsArgv: alarmsArgv(path, 'checkpoint') });
      },
    },
    path,
  );
