/** Telephones that restart while the main is gone. */
import { octetByRole } from '../../network/addressing.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { deskPhoneStatePath, deskPhoneUnit, keptPath, lastAddressPath, phoneFilesPort } from '../../xivo/desk-phone.ts';
import { leasesPath } from '../../xivo/node-files.ts';
import {
  allCopied,
  exec,
  failback,
  mainLosesPower,
  mainServes,
  pause,
  says,
  standbyServes,
  switchover,
  takenOver,
} from '../phrases.ts';
import { plain } from './scenes.ts';

type Node = 'main' | 'standby';

/** From its boot: DHCP, whose server may just be starting; a provisioning server; a registrar that is gone; the other. */
const READY_MS = 20_000;

const shell = (on: string, text: string): Deed => exec(on, ['sh', '-ceu', text]);

/** The host's own network, without the last figure. */
const net = `net=$(ip -4 -o addr show eth0 | awk '{ split($4, at, "."); print at[1] "." at[2] "." at[3]; exit }')`;
const sql = (on: Node, statement: string): Deed =>
  shell(on, `${net}; runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d asterisk -c "${statement}"`);

/** As an administrator sets it on that node: this address is the node's own, and does not follow. */
const provisionedBy = (on: Node, who: keyof typeof octetByRole): Deed =>
  sql(on, `update provisioning set net4_ip = '$net.${octetByRole[who]}', http_port = ${phoneFilesPort}`);

/** DHCP of the main by its database, which follows to the standby. */
const dhcpOfMain = (byMain: keyof typeof octetByRole, byStandby: keyof typeof octetByRole): readonly Deed[] => [
  sql('main', "update dhcp set active = 1, pool_start = '$net.200', pool_end = '$net.240'"),
  provisionedBy('main', byMain),
  provisionedBy('standby', byStandby),
  ...allCopied,
  shell('main', 'xivo-create-config; xivo-update-config; systemctl restart isc-dhcp-server.service'),
];

/** What the former one said of itself goes first. */
const restarts: Deed = shell(
  'desk-phone',
  `systemctl stop ${deskPhoneUnit}; rm -f ${deskPhoneStatePath}; systemctl start ${deskPhoneUnit}`,
);
/** Out of its box. */
const isNew = shell('desk-phone', `systemctl stop ${deskPhoneUnit}; rm -f ${keptPath} ${lastAddressPath}`);
const isOff = exec('desk-phone', ['systemctl', 'stop', deskPhoneUnit]);

const at = (who: keyof typeof octetByRole): string => `[\\d.]+\\.${octetByRole[who]}`;

interface Boot {
  readonly address: 'as before' | 'new';
  /** Whose DHCP server, and at whose registrar. */
  readonly by: Node;
  readonly configuration: 'fetched' | 'kept, 404';
  readonly from: keyof typeof octetByRole;
}

const isReady = ({ address, by, configuration, from }: Boot): Deed =>
  says(
    `the telephone has its address from the ${by}, its configuration, and is registered there`,
    'desk-phone',
    ['cat', deskPhoneStatePath],
    new RegExp(
      `^[\\d.]+ \\(${address}\\) from ${at(by)}, configuration ${configuration} at http://${at(from)}:\\d+, registered at ${by} after (?<tookMs>\\d+) ms$`,
    ),
    READY_MS,
  );

/** Its answer is that it is busy: the call came to it. */
const isCalled: Deed = { do: 'refused-call', from: '1002', to: '804', says: /486/ };

/** So that no address is given twice. */
const leaseFollowed = says(
  'the standby knows who has the address',
  'standby',
  ['cat', leasesPath],
  /hardware ethernet 02:dc:[\da-f:]+:45;/,
  30_000,
);

/** As the standby's own check reads it of its database. */
const isSaid = (where: RegExp): Deed =>
  says(
    'the check says where telephones are sent',
    'standby',
    ['dualtone', 'check', '--only', 'xivo-restart-provisioned'],
    where,
    20_000,
  );

const bootsAtMain: readonly Deed[] = [
  isNew,
  ...dhcpOfMain('main', 'standby'),
  restarts,
  isReady({ address: 'new', by: 'main', configuration: 'fetched', from: 'main' }),
  isCalled,
  leaseFollowed,
  isSaid(/keeps the configuration that it has/),
];
const atStandby: Boot = { address: 'as before', by: 'standby', configuration: 'kept, 404', from: 'standby' };

/** DHCP, provisioning, registration and a call, each time from the telephone's side. */
export const xivoPhonesRestart: readonly Scenario[] = [
  {
    name: 'xivo-phone-restarts',
    text: 'the main dies, and a telephone restarts: it has its former address from the standby, goes by the configuration that it has kept, registers there and is called',
    ...plain,
    inbound: false,
    prepare: bootsAtMain,
    deeds: [mainLosesPower, standbyServes, restarts, isReady(atStandby), isCalled, isOff],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'xivo-phone-restarts-home',
    text: 'a telephone that restarted at the standby restarts after the failback: address, configuration and registration are the main’s again',
    ...plain,
    inbound: false,
    prepare: [...bootsAtMain, switchover, standbyServes, restarts, isReady(atStandby), pause(1500)],
    deeds: [
      failback,
      mainServes,
      restarts,
      isReady({ address: 'as before', by: 'main', configuration: 'fetched', from: 'main' }),
      isCalled,
      isOff,
    ],
    expected: { serving: 'main', outageMsMost: 600, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-phone-new',
    text: 'provisioning has an address of its own, which both nodes give: while the main is dead a telephone out of its box gets address and configuration, registers at the standby and is called',
    ...plain,
    inbound: false,
    prepare: [isNew, ...dhcpOfMain('provisioning', 'provisioning'), isSaid(/which is neither node's own/)],
    deeds: [
      mainLosesPower,
      standbyServes,
      restarts,
      isReady({ address: 'new', by: 'standby', configuration: 'fetched', from: 'provisioning' }),
      isCalled,
      isOff,
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
];
