import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AmiConnection, type AmiOptions, connectAmi } from '../../src/ami/connection.ts';
import { until } from './namespace.ts';

const secret = 'only-for-tests';

/** A real Asterisk in this network namespace, on the loopback. */
export interface TestAsterisk {
  readonly sipPort: number;
  readonly manager: Omit<AmiOptions, 'connectTimeoutMs' | 'actionTimeoutMs' | 'events'>;
  /** Its REST interface. */
  readonly ari: {
    readonly host: string;
    readonly port: number;
    readonly prefix: string;
    readonly user: string;
    readonly secret: string;
  };
  readonly process: ChildProcess;
  /** A connection of the test's own. */
  enter(): Promise<AmiConnection>;
  stop(): Promise<void>;
}

/** Without the modules that look for databases and hardware, it boots in about a second. */
const unwanted = [
  'app_voicemail*',
  'cdr_*',
  'cel_*',
  'chan_iax2',
  'chan_motif',
  'chan_unistim',
  'res_calendar*',
  'res_config_*',
  'res_hep*',
];

const files = (managerPort: number, sipPort: number): Readonly<Record<string, string>> => ({
  'manager.conf': `[general]\nenabled=yes\nport=${managerPort}\nbindaddr=127.0.0.1\n[dualtone]\nsecret=${secret}\nread=system,reporting\nwrite=system,reporting,command,agent,call\n`,
  'http.conf': `[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=${managerPort + 1}\n`,
  'ari.conf': `[general]\nenabled=yes\n[dualtone]\ntype=user\nread_only=no\npassword=${secret}\n`,
  'queues.conf': '[general]\npersistentmembers=yes\n[sales]\nstrategy=ringall\nmember=>PJSIP/102\n',
  'modules.conf': `[modules]\nautoload=yes\n${unwanted.map((name) => `noload=${name}.so\n`).join('')}`,
  'extensions.conf': '[phones]\nexten=>_X.,1,Hangup\n',
  'pjsip.conf': [
    ...['udp', 'tcp'].map(
      (protocol) => `[${protocol}]\ntype=transport\nprotocol=${protocol}\nbind=127.0.0.1:${sipPort}\n`,
    ),
    ...['100', '101', '102'].map(
      (name) =>
        `[${name}]\ntype=endpoint\ncontext=phones\ndisallow=all\nallow=ulaw\naors=${name}\n[${name}]\ntype=aor\nmax_contacts=2\nremove_existing=no\n`,
    ),
    // Asked again and again whether it is there.
    '[103]\ntype=endpoint\ncontext=phones\ndisallow=all\nallow=ulaw\naors=103\n[103]\ntype=aor\nmax_contacts=2\nqualify_frequency=60\n',
  ].join(''),
});

/** Starts an Asterisk from the lab's tree and waits until it has fully booted. `more`: what is added to its files. */
export const startAsterisk = async (
  tree: string,
  managerPort: number,
  sipPort: number,
  more: Readonly<Record<string, string>> = {},
): Promise<TestAsterisk> => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-asterisk-'));
  for (const [name, text] of Object.entries(files(managerPort, sipPort)))
    writeFileSync(join(folder, name), `${text}${more[name] ?? ''}`);
  const script = fileURLToPath(new URL('asterisk.sh', import.meta.url));
  const child = spawn('unshare', ['--mount', script, tree, folder], { stdio: 'ignore' });
  const manager = { host: '127.0.0.1', port: managerPort, user: 'dualtone', secret };
  const enter = async (): Promise<AmiConnection> => {
    const entered = await connectAmi({ ...manager, connectTimeoutMs: 2_000, actionTimeoutMs: 10_000 });
    if (!entered.ok) throw new Error(entered.error.message);
    return entered.value;
  };
  const booted = async (): Promise<boolean> => {
    const entered = await connectAmi({ ...manager, connectTimeoutMs: 2_000, actionTimeoutMs: 10_000 });
    if (!entered.ok) return false;
    const asked = await entered.value.act('Command', [['Command', 'core waitfullybooted']]);
    entered.value.close();
    return asked.ok && asked.value.response.output.some((line) => line.includes('has fully booted'));
  };
  await until(booted, 60_000, `Asterisk at port ${managerPort} has booted`);
  return {
    sipPort,
    manager,
    ari: { host: '127.0.0.1', port: managerPort + 1, prefix: '', user: 'dualtone', secret },
    process: child,
    enter,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
