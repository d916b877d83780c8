/** A media server of a XiVO (XDS): a real Asterisk, at which the pair's active node registers. Its telephones are an echo. */
import type { Result } from '../../src/core/result.ts';
import { modulesConf } from '../asterisk/modules.ts';
import { section } from '../asterisk/pjsip.ts';
import { type MediaServer, mediaServerAccount, type PbxPlan } from '../asterisk/plan.ts';
import { type HostFile, installUnit } from '../hosts/files.ts';
import type { Host } from '../hosts/host.ts';
import type { LabPlaces } from '../places.ts';

const prefixByName = { mds1: '5', mds2: '6' } as const;

export const mediaServersOf = (lab: LabPlaces): readonly MediaServer[] =>
  Object.entries(prefixByName).map(([name, prefix]) => ({ name, prefix, address: lab.host(name).address.v4 }));

const pjsipConf = (host: Host, plan: PbxPlan): string => {
  const { user, password } = mediaServerAccount(plan, host.name);
  return [
    section('global', { type: 'global', user_agent: `dualtone-lab ${host.name}` }),
    section('transport-udp', { type: 'transport', protocol: 'udp', bind: `${host.address.v4}:5060` }),
    section(user, {
      type: 'endpoint',
      context: 'from-pair',
      disallow: 'all',
      allow: 'ulaw,alaw',
      direct_media: 'no',
      aors: user,
      auth: `${user}-auth`,
    }),
    section(user, { type: 'aor', max_contacts: 1, remove_existing: 'yes', minimum_expiration: 60 }),
    section(`${user}-auth`, { type: 'auth', auth_type: 'userpass', username: user, password }),
  ].join('');
};

const extensionsConf = '[from-pair]\nexten = _[56]XXX,1,Answer()\n same = n,Echo()\n same = n,Hangup()\n';

/** On its disk; it starts at boot. Faults: those of the host. */
export const installMediaServer = async (host: Host, plan: PbxPlan): Promise<Result<void>> => {
  const own = (name: string, text: string): HostFile => ({
    path: `/etc/asterisk/${name}`,
    text,
    mode: 0o640,
    owner: 'asterisk',
  });
  return await installUnit(host, 'asterisk.service', [
    own('modules.conf', modulesConf()),
    own('pjsip.conf', pjsipConf(host, plan)),
    own('extensions.conf', extensionsConf),
    own('logger.conf', '[general]\n[logfiles]\nmessages.log = notice,warning,error\n'),
  ]);
};
