/**
 * sip.conf of an Asterisk 16 with chan_sip. As on a XiVO its general section begins with what the configuration generator makes of the
 * database (`staticsip`); that generator is a stand-in.
 */
import { section } from './pjsip.ts';
import { type PbxPlan, phoneAccounts, type Way, waysOf } from './plan.ts';

/** What sip.conf has made each time it is read. */
export const generatorPath = '/usr/local/sbin/lab-confgen';

/** The stand-in for XiVO's generator: the general section's rows, or an empty section where there is no database yet. */
export const generatorScript = `#!/bin/sh
# A stand-in for XiVO's configuration generator: the rows of staticsip for [general].
echo '[general]'
psql -X -At -d asterisk -c "select var_name || ' = ' || var_val from staticsip where filename = 'sip.conf' and category = 'general' and commented = 0 and var_name like '%expiry'" 2> /dev/null
exit 0
`;

/** One address for UDP: a server that shall be reached at its virtual one must have that one. TCP is for those who ask from the node itself. */
const general = (plan: PbxPlan): Readonly<Record<string, string | number>> => ({
  context: 'none',
  useragent: plan.nodeName === undefined ? 'dualtone-lab' : `dualtone-lab ${plan.nodeName}`,
  udpbindaddr: `${plan.virtualAddress}:5060`,
  tcpenable: 'yes',
  tcpbindaddr: '127.0.0.1:5060',
  transport: 'udp',
  srvlookup: 'no',
  alwaysauthreject: 'yes',
  directmedia: 'no',
  disallow: 'all',
  allow: 'ulaw,alaw',
  media_address: plan.virtualAddress,
  // A mute standby fails at every try until its address arrives, and must never give up.
  registertimeout: 2,
  registerattempts: 0,
});

const registering = ({ address, account: { user, password } }: Way): string =>
  `register => ${user}:${password}@${address}/${user}\n`;

const peer = ({ name, address, account: { user, password } }: Way): string =>
  section(name, {
    type: 'peer',
    host: address,
    context: 'from-trunk',
    insecure: 'port,invite',
    defaultuser: user,
    fromuser: user,
    remotesecret: password,
    qualify: 'no',
  });

/** sip.conf: trunks with their registrations, telephones with digest. Pure. */
export const sipConf = (plan: PbxPlan): string =>
  [
    `#exec ${generatorPath}\n`,
    section('general', general(plan)).replace('[general]', '[general](+)').trimEnd(),
    '\n',
    ...waysOf(plan).map(registering),
    '\n',
    ...waysOf(plan).map(peer),
    section('phone', { type: 'friend', host: 'dynamic', context: 'phones', qualify: 'no' }).replace(']', '](!)'),
    ...phoneAccounts(plan).map(
      ({ user, password }) =>
        `[${user}](phone)\nsecret = ${password}\ncallerid = <${user}>\n${plan.voicemail === true ? `mailbox = ${user}@default\n` : ''}`,
    ),
  ].join('');
