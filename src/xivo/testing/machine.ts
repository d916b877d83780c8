/** A stand-in for a XiVO server as its commands see it: systemd's units, fping, neighbours, sendmail, files below a folder of its own. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail, ok } from '../../core/result.ts';
import type { Finished, Run } from '../../process/run.ts';
import { type Original, xivoOriginal } from '../../profiles/xivo/original.ts';
import type { AgentHere, Ground } from '../ground.ts';

export interface TestMachine {
  readonly ground: Ground;
  readonly root: string;
  /** Every program that was run, in order. */
  readonly calls: string[];
  /** Those that change something. */
  changes(): readonly string[];
  readonly said: string[];
  readonly mails: string[];
  readonly unitByName: Map<string, { active: boolean; enabled: boolean }>;
  /** Programs by their first words that fail, hang or say something. */
  readonly answerByCall: Map<string, Partial<Finished> | 'missing' | 'hangs'>;
  agent: AgentHere;
  config: Config | null;
  write(path: string, text: string): void;
  remove(): void;
}

const finished = (part: Partial<Finished>): Finished => ({
  exitCode: 0,
  endedBy: null,
  stdout: '',
  stderr: '',
  tookMs: 1,
  ...part,
});

const LOOKS = /^(systemctl (show|is-)|fping|ip )/;

type Units = TestMachine['unitByName'];

const show = (unitByName: Units): string =>
  [...unitByName]
    .map(([name, { active, enabled }]) => {
      const state = `ActiveState=${active ? 'active' : 'inactive'}\nUnitFileState=${enabled ? 'enabled' : 'disabled'}`;
      return `Id=${name}\nLoadState=loaded\n${state}\n`;
    })
    .join('\n');

/** `keeps`: a unit whose condition does not hold is not started, and that is no failure. */
const systemctl = (unitByName: Units, verb: string, name: string, keeps: (name: string) => boolean): Finished => {
  const unit = unitByName.get(name);
  if (verb === 'show') return finished({ stdout: show(unitByName) });
  if (unit === undefined) return finished({ exitCode: 5, stderr: `Unit ${name} not found.` });
  if (verb === 'start' && keeps(name)) return finished({});
  if (verb === 'start' || verb === 'stop') unit.active = verb === 'start';
  if (verb === 'enable' || verb === 'disable') unit.enabled = verb === 'enable';
  return finished({});
};

export const createTestMachine = (original: Original = xivoOriginal, serving = false): TestMachine => {
  const root = mkdtempSync(join(tmpdir(), 'dualtone-xivo-'));
  const units = [...original.services, original.dhcp];
  const unitByName = new Map(units.map((name) => [name, { active: serving, enabled: serving }]));
  const calls: string[] = [];
  const mails: string[] = [];
  const said: string[] = [];
  const answerByCall: TestMachine['answerByCall'] = new Map();

  const keeps = (name: string): boolean => existsSync(root + original.disabledFlag) && name !== original.dhcp;
  const run: Run = async (argv, options) => {
    const call = argv.join(' ');
    calls.push(call);
    const key = [...answerByCall.keys()].find((begin) => call.startsWith(begin));
    const answer = key === undefined ? undefined : answerByCall.get(key);
    if (answer === 'missing') return fail('program-missing', `The program ${argv[0]} is not installed.`, '-');
    if (answer === 'hangs')
      return fail('program-timeout', `The program ${argv[0]} did not end within ${options.timeoutMs} ms.`, '-');
    if (answer !== undefined) return ok(finished(answer));
    if (argv[0] === '/usr/sbin/sendmail') mails.push(options.input ?? '');
    if (argv[0] !== 'systemctl') return ok(finished({}));
    return ok(systemctl(unitByName, argv[1] ?? '', argv.at(-1) ?? '', keeps));
  };
  const machine: TestMachine = {
    root,
    calls,
    changes: () => calls.filter((call) => !LOOKS.test(call)),
    said,
    mails,
    unitByName,
    answerByCall,
    agent: 'none',
    config: null,
    write: (path, text) => {
      mkdirSync(dirname(root + path), { recursive: true });
      writeFileSync(root + path, text);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
    ground: {
      run,
      root,
      original,
      out: (line) => said.push(line),
      err: (line) => said.push(`! ${line}`),
      config: () => machine.config,
      socket: join(root, 'control.sock'),
      agent: async () => machine.agent,
      addresses: () => ['127.0.0.1', '192.168.1.11'],
      signal: new AbortController().signal,
    },
  };
  // A network of one gateway: 192.168.1.254.
  machine.write(
    '/proc/net/route',
    'Iface Destination Gateway\neth0 00000000 FE01A8C0 0003\neth0 0001A8C0 00000000 0001\n',
  );
  return machine;
};

export const reached = { exitCode: 0, stdout: '192.168.1.10 is alive\n' } as const;
export const unreached = { exitCode: 1, stdout: '192.168.1.10 is unreachable\n' } as const;
