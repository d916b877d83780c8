/** A node on which all is well, for tests that plant one thing that is not. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { calmSnapshot } from '../../api/testing/snapshot.ts';
import type { Config } from '../../config/config.ts';
import { parseConfig, printProblem } from '../../config/parse.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type Run, run as runProgram } from '../../process/run.ts';
import { unitsBySystemctl } from '../../systemd/units.ts';
import { systemClock } from '../../time/clock.ts';
import type { Around } from '../around.ts';
import type { AsteriskSurvey } from '../asterisk-survey.ts';
import { bind, type Definition } from '../check.ts';
import { agreementOf, type Facts } from '../facts.ts';
import type { Finding } from '../report.ts';

/** A valid configuration of a node at loopback; `more` at its end. Throws when it is not valid. */
export const configWith = (more = '', role: 'main' | 'standby' = 'main'): Config => {
  const [own, there] = role === 'main' ? ['127.0.0.1', '127.0.0.2'] : ['127.0.0.2', '127.0.0.1'];
  const names = role === 'main' ? ['pbx1', 'pbx2'] : ['pbx2', 'pbx1'];
  const head = `node: { role: ${role}, name: ${names[0]}, address: ${own} }\npeer: { name: ${names[1]}, address: ${there} }\n`;
  const quiet = more.includes('streams:') ? '' : 'streams: { astdb: { enabled: false } }\n';
  const parsed = parseConfig(`${head}${quiet}${more}`);
  if (parsed.ok) return parsed.config;
  throw new Error(parsed.problems.map((problem) => printProblem('test', problem)).join('\n'));
};

export const goodSnapshot: NodeSnapshot = calmSnapshot('main');

export const goodSurvey: AsteriskSurvey = {
  version: '22.10.1',
  actions: ['corestatus', 'dbget', 'dbput', 'dbdel', 'queuestatus', 'pjsipqualify', 'command', 'coreshowchannels'],
  modules: ['app_dial.so', 'app_queue.so', 'res_pjsip.so'],
  registrations: [{ name: 'trunk', expirySeconds: 240, maxInitialDelaySeconds: 0, status: 'Registered' }],
  registrars: [{ name: '1001', minimumSeconds: 60, maximumSeconds: 300, defaultSeconds: 120 }],
  transports: [{ name: 'transport-udp', bind: '10.0.0.10:5060' }],
};

export const factsOf = (config: Config): Facts => ({
  program: 'dualtone test',
  agreement: agreementOf(config),
  hardwareAddresses: ['02:00:00:00:00:02'],
  asterisk: { version: goodSurvey.version, modules: goodSurvey.modules },
  database: null,
  edge: null,
  system: null,
});

export interface Planted {
  readonly config?: Config;
  readonly snapshot?: Partial<NodeSnapshot> | null;
  readonly facts?: Partial<Facts> | null;
  readonly aheadMs?: number;
  readonly survey?: Partial<AsteriskSurvey> | null;
  readonly phones?: readonly string[] | null;
  readonly run?: Run;
  readonly running?: ReturnType<Around['runningInterfaces']>;
  readonly root?: string;
  readonly configPath?: string | null;
  readonly configText?: string | null;
  readonly configInForce?: string | null;
}

const absent = (what: string): Result<never> => fail('test-absent', `${what} is absent.`, 'Nothing.');

/** Null for what is not there at all. */
export const aroundWith = (planted: Planted = {}): Around => {
  const config = planted.config ?? configWith();
  const { snapshot = {}, facts = {}, survey = {} } = planted;
  return {
    config,
    configPath: planted.configPath ?? null,
    configText: planted.configText ?? null,
    configInForce: () => planted.configInForce ?? null,
    program: 'dualtone test',
    clock: systemClock,
    run: planted.run ?? runProgram,
    units: unitsBySystemctl(planted.run ?? runProgram),
    runningInterfaces: () => planted.running ?? [],
    root: planted.root ?? '/',
    agent: async () => (snapshot === null ? absent('the agent') : ok({ ...goodSnapshot, ...snapshot })),
    peer: {
      facts: async () => (facts === null ? absent('the other node') : ok({ ...factsOf(config), ...facts })),
      clock: async () =>
        facts === null ? absent('the other node') : ok({ aheadMs: planted.aheadMs ?? 3, roundTripMs: 4 }),
    },
    refresh: () => undefined,
    phones: async () => (planted.phones === null ? absent('Asterisk') : ok(planted.phones ?? [])),
    asterisk: async () => (survey === null ? absent('Asterisk') : ok({ ...goodSurvey, ...survey })),
  };
};

const never = new AbortController().signal;

/** Runs one check by its id. */
export const find = async (
  definitions: readonly Definition[],
  id: string,
  planted: Planted = {},
  signal: AbortSignal = never,
): Promise<Finding> => {
  const definition = definitions.find((each) => each.id === id);
  if (definition === undefined) throw new Error(`there is no check ${id}`);
  return bind(definition, aroundWith(planted)).run(signal);
};

/** Outcome and words in one line: `fail: no link`. */
export const told = (finding: Finding): string =>
  `${finding.outcome}: ${finding.outcome === 'pass' || finding.outcome === 'fail' ? finding.evidence : finding.why}`;

/** A program of the system that answers by a rule; the rule is given the words. */
export const fakeRun =
  (
    answer: (
      argv: readonly string[],
      input: string,
    ) => { readonly exit?: number; readonly out?: string; readonly err?: string } | null,
  ): Run =>
  async (argv, { input = '' }) => {
    const said = answer(argv, input);
    if (said === null) return fail('program-missing', `The program ${argv[0]} is not installed.`, 'Install it.');
    return ok({ exitCode: said.exit ?? 0, endedBy: null, stdout: said.out ?? '', stderr: said.err ?? '', tookMs: 1 });
  };

export const temporary = (): string => mkdtempSync(join(tmpdir(), 'dualtone-checks-'));
