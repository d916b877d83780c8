import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import { databaseFiles, featureExtensions } from './database.ts';
import { modulesConf } from './modules.ts';
import { pjsipConf, section } from './pjsip.ts';
import {
  endpointsMost,
  mailboxPrefixes,
  managerSecret,
  managerUser,
  outsidePrefix,
  type PbxPlan,
  phoneAccounts,
  restSecret,
  services,
  shortOnes,
} from './plan.ts';
import { generatorPath, generatorScript, sipConf } from './sip.ts';

/** A file of a node's disk. */
export interface PbxFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly owner: string;
}

/** How a telephone is dialled, and a number at another server. */
const dialOf = (plan: PbxPlan): string => (plan.chanSip === true ? 'SIP' : 'PJSIP');
const farOf = (plan: PbxPlan, number: string, server: string): string =>
  plan.chanSip === true ? `SIP/${server}/${number}` : `PJSIP/${number}@${server}`;

const dialled = `\${EXTEN}`;
const dialledAfterPrefix = `\${EXTEN:1}`;

/** Numbers of five figures are there where they are needed. */
const longNumbers = (plan: PbxPlan): string =>
  plan.endpoints > shortOnes ? `exten = _1XXXX,1,Dial(${dialOf(plan)}/\${EXTEN},30)\n same = n,Hangup()\n` : '';

const extensionsConf = (plan: PbxPlan): string => {
  const { voicemail = false, mediaServers = [], ownAddress } = plan;
  const phones = dialOf(plan);
  return [
    '[general]\nstatic = yes\nwriteprotect = yes\n\n',
    '[phones]\n',
    ...(voicemail
      ? ['include = mailboxes\ninclude = features\n']
      : [`exten = _[1-4]XXX,1,Dial(${phones}/\${EXTEN},30)\n same = n,Hangup()\n`]),
    longNumbers(plan),
    `exten = ${services.echo},1,Answer()\n same = n,Echo()\n same = n,Hangup()\n`,
    `exten = ${services.silence},1,Answer()\n same = n,Wait(3600)\n same = n,Hangup()\n`,
    ...(ownAddress === undefined ? [] : [`exten = ${services.backup},1,Dial(PJSIP/backup,30)\n same = n,Hangup()\n`]),
    ...mediaServers.map(
      ({ name, prefix }) => `exten = _${prefix}XXX,1,Dial(${farOf(plan, dialled, name)},30)\n same = n,Hangup()\n`,
    ),
    `exten = _${outsidePrefix}X.,1,Dial(${farOf(plan, dialledAfterPrefix, 'trunk')},30)\n same = n,Hangup()\n\n`,
    '[from-trunk]\n',
    longNumbers(plan),
    `exten = _[1-4]XXX,1,Dial(${phones}/\${EXTEN},30)\n same = n,Hangup()\n`,
    `exten = ${services.echo},1,Goto(phones,${services.echo},1)\n`,
  ].join('');
};

/** Messages are left, and heard or deleted, by real calls; `listen` and `erase` press the keys of a person. */
const mailboxExtensions = (): string => {
  const { leave, hear } = mailboxPrefixes;
  return [
    '\n[mailboxes]\n',
    `exten = _${leave}XXX,1,Answer()\n same = n,VoiceMail(1\${EXTEN:1}@default,s)\n same = n,Hangup()\n`,
    `exten = _${hear}XXX,1,Answer()\n same = n,VoiceMailMain(1\${EXTEN:1}@default,s)\n same = n,Hangup()\n`,
    '[keys]\n',
    'exten = listen,1,Answer()\n same = n,Wait(2)\n same = n,SendDTMF(1)\n same = n,Wait(4)\n same = n,Hangup()\n',
    'exten = erase,1,Answer()\n same = n,Wait(2)\n same = n,SendDTMF(1)\n same = n,Wait(1)\n same = n,SendDTMF(7)\n',
    ' same = n,Wait(1)\n same = n,Hangup()\n',
  ].join('');
};

const voicemailConf = (plan: PbxPlan): string =>
  section('general', {
    format: 'wav',
    minsecs: 0,
    maxsilence: 0,
    maxmsg: 100,
    moveheard: 'yes',
    envelope: 'no',
    sayduration: 'no',
    review: 'no',
  }) +
  `[default]\n${phoneAccounts(plan)
    .map(({ user }) => `${user} => 1234,Telephone ${user}\n`)
    .join('')}`;

const queuesConf = (hasQueue: boolean): string =>
  `[general]\npersistentmembers = yes\n${hasQueue ? '[lab]\nstrategy = ringall\n' : ''}`;

const managerConf = (plan: PbxPlan): string =>
  section('general', {
    enabled: 'yes',
    webenabled: 'no',
    bindaddr: '127.0.0.1',
    port: 5038,
    authtimeout: 5,
    displayconnects: 'no',
  }) +
  section(managerUser, {
    secret: managerSecret(plan),
    deny: '0.0.0.0/0.0.0.0',
    permit: '127.0.0.1/255.255.255.255',
    read: 'system,call,command,reporting,cdr',
    write: 'system,call,command,reporting,originate,config,user,agent',
    writetimeout: 1000,
  });

/** For those who are told of a contact at once, as queues are. */
const restFiles = (plan: PbxPlan): Readonly<Record<string, string>> => ({
  'http.conf': section('general', { enabled: 'yes', bindaddr: '127.0.0.1', bindport: 8088, sessionlimit: 20 }),
  'ari.conf':
    section('general', { enabled: 'yes' }) +
    section(managerUser, { type: 'user', read_only: 'no', password: restSecret(plan) }),
});

/** What an Asterisk has besides where there is a database. */
const dataFiles = (plan: PbxPlan): Readonly<Record<string, string>> => ({
  'voicemail.conf': voicemailConf(plan),
  ...databaseFiles,
  ...restFiles(plan),
});

const rtpConf = (plan: PbxPlan): string => {
  const { first, last } = plan.mediaPorts ?? { first: 10_000, last: 19_999 };
  return section('general', { rtpstart: first, rtpend: last, strictrtp: 'no', icesupport: 'no' });
};

const loggerConf = '[general]\n[logfiles]\nmessages.log = notice,warning,error,security\n';

const own = (name: string, text: string): PbxFile => ({
  path: `/etc/asterisk/${name}`,
  text,
  mode: 0o640,
  owner: 'asterisk',
});

/** Four files a call: the usual 1,024 end at 250 of them. More than this the machine may not allow, and Asterisk then takes none of it. */
const maxfiles = 16_384;

/** With what sip.conf is generated by. */
const chanSipFiles = (plan: PbxPlan): readonly PbxFile[] => [
  own('sip.conf', sipConf(plan)),
  { path: generatorPath, text: generatorScript, mode: 0o755, owner: 'root' },
];

/** Asterisk's whole configuration for one node, and the agent's copy of the manager secret. Pure. Fault: `pbx-plan-bad`. */
export const pbxFiles = (plan: PbxPlan): Result<readonly PbxFile[]> => {
  if (!Number.isInteger(plan.endpoints) || plan.endpoints < 1 || plan.endpoints > endpointsMost) {
    return fail(
      'pbx-plan-bad',
      `${plan.endpoints} telephones do not fit the numbers that there are`,
      `ask for 1 to ${endpointsMost}`,
    );
  }
  const voicemail = plan.voicemail === true;
  const chanSip = plan.chanSip === true;
  return ok([
    own('asterisk.conf', section('options', { maxfiles, ...(chanSip ? { execincludes: 'yes' } : {}) })),
    own('modules.conf', modulesConf({ voicemail, chanSip })),
    ...(chanSip ? chanSipFiles(plan) : [own('pjsip.conf', pjsipConf(plan))]),
    own(
      'extensions.conf',
      `${extensionsConf(plan)}${voicemail ? `${mailboxExtensions()}${featureExtensions(dialOf(plan))}` : ''}`,
    ),
    own('manager.conf', managerConf(plan)),
    own('rtp.conf', rtpConf(plan)),
    own('logger.conf', loggerConf),
    own('queues.conf', queuesConf(voicemail)),
    ...(voicemail ? Object.entries(dataFiles(plan)).map(([name, text]) => own(name, text)) : []),
    { path: '/etc/dualtone/ami.secret', text: `${managerSecret(plan)}\n`, mode: 0o600, owner: 'root' },
    ...(voicemail
      ? [{ path: '/etc/dualtone/ari.secret', text: `${restSecret(plan)}\n`, mode: 0o600, owner: 'root' }]
      : []),
  ]);
};

/** Puts the configuration on a node's disk, and has its Asterisk start at boot if so asked. The node may be on or off. */
export const installPbx = async (
  host: Host,
  plan: PbxPlan,
  options: { readonly startAtBoot?: boolean } = {},
): Promise<Result<void>> => {
  const files = pbxFiles(plan);
  if (!files.ok) return files;
  for (const { path, text, mode, owner } of files.value) {
    const written = await host.write(path, text, { mode, owner });
    if (!written.ok) return written;
  }
  return options.startAtBoot === true ? await host.enableUnit('asterisk.service') : ok(undefined);
};
