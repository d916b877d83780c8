import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modulesConf } from '../../lab/asterisk/modules.ts';
import { type AmiConnection, connectAmi } from '../../src/ami/connection.ts';
import { until } from './namespace.ts';

const secret = 'only-for-tests';

export interface VoicemailAsteriskOptions {
  readonly tree: string;
  readonly managerPort: number;
  readonly sipPort: number;
  /** Mailboxes of the context `default`, each with the PIN 1234. */
  readonly mailboxes: readonly string[];
  readonly lockMode?: 'lockfile' | 'flock';
  readonly pollMailboxes?: boolean;
  readonly maxMessages?: number;
}

/** A real Asterisk with voicemail in this network namespace. */
export interface VoicemailAsterisk {
  readonly process: ChildProcess;
  readonly ami: AmiConnection;
  /** The spool, as this process reaches it. */
  readonly spool: string;
  readonly sipPort: number;
  stop(): Promise<void>;
}

/** What voicemail needs besides a PBX of telephones. */
const wanted = [
  'app_voicemail',
  'app_senddtmf',
  'app_originate',
  'codec_gsm',
  'format_gsm',
  'format_wav_gsm',
  'res_stasis_recording',
];

const dialplan = [
  '[default]',
  // Who calls 1XXX leaves a message; with `s` no prompt is played but the beep.
  'exten => _1XXX,1,Answer()',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk's own variable
  ' same => n,VoiceMail(${EXTEN}@default,s)',
  ' same => n,Hangup()',
  'exten => _9XXX,1,Answer()',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk's own variable
  ' same => n,VoiceMailMain(1${EXTEN:1}@default,s)',
  ' same => n,Hangup()',
  '[talk]',
  'exten => say,1,Answer()',
  ' same => n,Wait(0.5)',
  ' same => n,Playback(vm-goodbye)',
  ' same => n,Hangup()',
  // Presses 1 and hears the first new message to its end.
  'exten => listen,1,Answer()',
  ' same => n,Wait(1)',
  ' same => n,SendDTMF(1)',
  ' same => n,Wait(60)',
  ' same => n,Hangup()',
  '',
].join('\n');

const files = (options: VoicemailAsteriskOptions): Readonly<Record<string, string>> => ({
  'asterisk.conf': `[directories]\n[options]\nlockmode = ${options.lockMode ?? 'lockfile'}\nverbose = 5\n`,
  'manager.conf': `[general]\nenabled=yes\nport=${options.managerPort}\nbindaddr=127.0.0.1\n[dualtone]\nsecret=${secret}\nread=all\nwrite=all\n`,
  'modules.conf': `${modulesConf()}${wanted.map((name) => `load = ${name}.so\n`).join('')}`,
  'logger.conf': '[general]\n[logfiles]\nmessages.log = notice,warning,error,verbose(5)\n',
  'extensions.conf': dialplan,
  'voicemail.conf': [
    '[general]',
    'format = wav49|wav',
    'minsecs = 0',
    'maxsilence = 0',
    `maxmsg = ${options.maxMessages ?? 100}`,
    `pollmailboxes = ${options.pollMailboxes === true ? 'yes' : 'no'}`,
    'pollfreq = 3600',
    'moveheard = yes',
    'review = no',
    '[default]',
    ...options.mailboxes.map((mailbox) => `${mailbox} => 1234,User ${mailbox}`),
    '',
  ].join('\n'),
  'pjsip.conf': [
    `[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:${options.sipPort}\n`,
    ...options.mailboxes.map(
      (mailbox) =>
        `[${mailbox}]\ntype=endpoint\ncontext=default\ndisallow=all\nallow=ulaw\naors=${mailbox}\n${mailbox.endsWith('1') ? '' : `mailboxes=${mailbox}@default\n`}[${mailbox}]\ntype=aor\nmax_contacts=2\n${mailbox.endsWith('1') ? `mailboxes=${mailbox}@default\n` : ''}`,
    ),
  ].join(''),
});

/** Starts Asterisk from the lab's tree with a fresh spool and waits until it has fully booted. */
export const startVoicemailAsterisk = async (options: VoicemailAsteriskOptions): Promise<VoicemailAsterisk> => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-voicemail-'));
  for (const [name, text] of Object.entries(files(options))) writeFileSync(join(folder, name), text);
  const script = fileURLToPath(new URL('asterisk.sh', import.meta.url));
  const child = spawn('unshare', ['--mount', script, options.tree, folder], { stdio: 'ignore' });
  const manager = { host: '127.0.0.1', port: options.managerPort, user: 'dualtone', secret };
  let entered: AmiConnection | null = null;
  const stop = async (): Promise<void> => {
    entered?.close();
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const booted = async (): Promise<boolean> => {
    const connected = await connectAmi({ ...manager, connectTimeoutMs: 2_000, actionTimeoutMs: 10_000 });
    if (!connected.ok) return false;
    const asked = await connected.value.act('Command', [['Command', 'core waitfullybooted']]);
    if (asked.ok && asked.value.response.output.some((line) => line.includes('has fully booted'))) {
      entered = connected.value;
      return true;
    }
    connected.value.close();
    return false;
  };
  try {
    await until(booted, 60_000, `Asterisk at port ${options.managerPort} has booted`);
  } catch (error) {
    await stop();
    throw error;
  }
  if (entered === null) throw new Error('no manager');
  return {
    process: child,
    ami: entered,
    spool: `/proc/${child.pid}/root/var/spool/asterisk/voicemail`,
    sipPort: options.sipPort,
    stop,
  };
};
